//! Where the program may go: the only place that builds HTTP clients.
//!
//! Who could attack: whoever writes an address that we follow (a registry's answer, a redirect, a discovery document) or
//! answers for a name (DNS). They would like us to ask a host of the operator's own network, or to carry a token to
//! theirs. So a client reaches the hosts that it was built for and no other; a redirect is never followed unseen; a name
//! that resolves to a private, link-local or loopback address is not connected to unless the operator's configuration
//! says that this host lives there; and plain http is for such hosts alone. The check of a resolved address is made in
//! the resolver that the connection is made from, so a name that changes its answer in between gains nothing.
//!
//! It is a crate so that nothing else needs to build a client: `source` hands its rules to gix, `ecosystems` and `gate`
//! take theirs ready-made, and a test fails on any other builder.

mod address;
mod client;
mod hosts;
mod network;
mod refused;
mod resolver;
mod trust;

#[cfg(test)]
mod tests;

pub use address::{Reach, reach};
pub use client::{Client, Settings, blocking, restrict_blocking};
pub use hosts::{Hosts, is_loopback, shown};
pub use network::Network;
pub use refused::{Refused, refusal};
pub use resolver::resolves_privately;
