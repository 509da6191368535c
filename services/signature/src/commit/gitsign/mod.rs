//! Signatures by gitsign: CMS (RFC 5652) by a certificate of Sigstore, with the log's proof within.
//!
//! The certificate signs a few attributes, of which one is the digest of the object. These attributes are the artifact of a
//! Sigstore bundle whose other parts lie in the CMS: the certificate, and the log's entry as an attribute that is not
//! signed. So a bundle is made of them, and verified as every other one ([`crate::bundle`]): chain, publication of the
//! certificate, the log's proof, identity and issuer. What is added here is that the attributes are about this object.
//!
//! The log's entry is stored without its body, so the body is made of what the signature holds; any other body would not
//! be the one in the log. Where no entry is stored (gitsign asks the log for it, over the network), nothing shows that the
//! signature is in the log, and it does not count. Certificates of another authority (S/MIME) are refused by the chain.

mod authority;
mod cms;
mod der;
mod entry;

pub use authority::Authority;

/// What begins a signature of this kind.
pub(super) const MARK: &[u8] = b"-----BEGIN SIGNED MESSAGE-----";
