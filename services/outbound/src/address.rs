//! Which internet addresses are somebody's inside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far an address reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Public,
    /// This machine.
    Loopback,
    /// Of an organisation's own network (RFC 1918, RFC 4193, RFC 6598).
    Private,
    /// Of the cable, where cloud machines find their credentials (RFC 3927, RFC 4291).
    LinkLocal,
    /// Names no single machine: unspecified, multicast, broadcast, reserved.
    Nowhere,
}

impl Reach {
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::LinkLocal => "link-local",
            Self::Nowhere => "unusable",
        }
    }
}

/// The reach of `address`; an IPv6 address that carries an IPv4 one reaches as far as that.
pub fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(v4) => of_v4(v4),
        IpAddr::V6(v6) => embedded(v6).map_or_else(|| of_v6(v6), of_v4),
    }
}

fn of_v4(address: Ipv4Addr) -> Reach {
    let [a, b, ..] = address.octets();
    match (a, b) {
        (127, _) => Reach::Loopback,
        (169, 254) => Reach::LinkLocal,
        (10, _) | (192, 168) => Reach::Private,
        (172, 16..=31) | (100, 64..=127) | (198, 18..=19) => Reach::Private,
        (0 | 224..=255, _) => Reach::Nowhere,
        _ => Reach::Public,
    }
}

fn of_v6(address: Ipv6Addr) -> Reach {
    let first = address.segments()[0];
    if address.is_loopback() {
        Reach::Loopback
    } else if address.is_unspecified() || address.is_multicast() {
        Reach::Nowhere
    } else if first & 0xffc0 == 0xfe80 {
        Reach::LinkLocal
    } else if first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfec0 {
        Reach::Private
    } else {
        Reach::Public
    }
}

/// The IPv4 address inside: mapped (RFC 4291), compatible, NAT64 (RFC 6052), 6to4 (RFC 3056).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = address.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match s {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}
