//! Sign-in of people at an OpenID provider: the authorization code flow with PKCE, state and nonce (OpenID Connect Core,
//! section 3.1; RFC 7636; RFC 9700, section 2.1.1).
//!
//! The flow is ours, the cryptography is `jsonwebtoken`'s over aws-lc-rs. `openidconnect` 4 would bring a second stack of
//! cryptography (rsa, p256, p384, ed25519-dalek), and with it `rsa`'s unmended timing weakness RUSTSEC-2023-0071.

mod id_token;
mod provider;
mod refusal;

pub use provider::Provider;
pub(super) use provider::{Callback, Person};
pub(super) use refusal::Refusal;
