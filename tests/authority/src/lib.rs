//! A whole Sigstore instance in memory, made afresh: authorities that tests can ask for anything.
//!
//! Who signs gets a certificate ([`certificate`]) which a certificate log has published ([`scts`]); what is signed is
//! entered in a transparency log of either generation ([`log`], [`entry`]) and its time is vouched for ([`timestamp`]).
//! [`Authority::bundle`] does all of it and [`Authority::trusted_root`] says whom to trust; each step can be asked for by
//! itself, with anything in it, which is how forgeries are made. It depends on none of our crates, so that it cannot share
//! a mistake with what it tests.
//!
//! ```
//! use lockgate_authority::{Authority, Content, Identity, Recipe};
//!
//! let authority = Authority::new();
//! let signer = authority.signer(&Identity::workflow("https://forge.example.test/owner/project"));
//! let bundle = authority.bundle(&signer, Content::Message(b"an artifact"), &Recipe::default());
//! assert_eq!(bundle["mediaType"], "application/vnd.dev.sigstore.bundle.v0.3+json");
//! ```

mod authority;
mod bundle;
pub mod certificate;
pub mod entry;
pub mod extension;
mod identity;
mod key;
pub mod log;
mod root;
pub mod scts;
pub mod timestamp;

pub use authority::Authority;
pub use bundle::{Content, IN_TOTO, Material, Recipe, Signer, Time, Version, pae};
pub use der::asn1::ObjectIdentifier;
pub use entry::Kind;
pub use identity::{Identity, Name};
pub use key::{Key, sha256};
pub use root::window;
pub use x509_cert::TbsCertificate;

/// When things happen unless said otherwise: 2024-01-01T00:00:00Z, in seconds since 1970.
pub const NEW_YEAR: i64 = 1_704_067_200;
/// Since when the authorities and logs are: 2020-01-01T00:00:00Z.
pub const OPENED: i64 = 1_577_836_800;
/// Until when their certificates hold: 2040-01-01T00:00:00Z.
pub const CLOSED: i64 = 2_208_988_800;
