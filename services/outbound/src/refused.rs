//! Why an address is not asked.

use crate::Reach;
use std::{error::Error, net::IpAddr};

/// A connection that was not made. No text holds more of an address than its host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the host {host} is not one that the operator's configuration allows")]
    Host { host: String },
    #[error(
        "the host {host} resolves to the {} address {address}; if it belongs there, add {host} to outbound.private_hosts",
        reach.name()
    )]
    Address { host: String, address: IpAddr, reach: Reach },
    #[error("the address on {host} is not encrypted; give an https address, or add {host} to outbound.private_hosts")]
    Unencrypted { host: String },
    #[error("a {scheme} address is not asked; only https and http are")]
    Scheme { scheme: String },
}

/// The refusal behind an error of a client that this crate built.
pub fn refusal<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Refused> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(refused) = error.downcast_ref::<Refused>() {
            return Some(refused);
        }
        next = error.source();
    }
    None
}
