//! Where an object lies: `sha256/ab/abcd...`, so that no folder grows without bound and a look at all of them has 256 parts.

use lockgate_model::{Digest, DigestAlgorithm};
use object_store::path::Path;

/// The folder of what is served.
pub(crate) const KEPT: &str = "sha256";
/// The folder of what was moved aside.
pub(crate) const QUARANTINE: &str = "quarantine";

/// The objects whose names begin with the same two digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard(u8);

impl Shard {
    pub const COUNT: u16 = 256;

    /// All of them, in the order of their names.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).map(Self)
    }

    /// The shards that are not done when all names up to `reached` are.
    pub fn after(reached: &str) -> impl Iterator<Item = Self> + use<> {
        let reached = reached.to_owned();
        Self::all().filter(move |shard| shard.last() > reached)
    }

    pub fn number(self) -> u8 {
        self.0
    }

    /// No name of the shard comes before this text.
    pub fn first(self) -> String {
        format!("{KEPT}:{:02x}", self.0)
    }

    /// No name of the shard comes after this text.
    pub fn last(self) -> String {
        format!("{KEPT}:{:02x}{}", self.0, "f".repeat(62))
    }

    pub(crate) fn folder(self) -> Path {
        Path::from_iter([KEPT.to_owned(), format!("{:02x}", self.0)])
    }
}

/// Where the object of a SHA-256 lies.
pub(crate) fn path(sha256: &Digest) -> Path {
    let hex = sha256.hex();
    let folder = hex.get(..2).unwrap_or("00").to_owned();
    Path::from_iter([KEPT.to_owned(), folder, hex])
}

/// The digest that a path names, when it lies where [`path`] puts it.
pub(crate) fn digest(at: &Path) -> Option<Digest> {
    let digest = Digest::from_hex(DigestAlgorithm::Sha256, at.filename()?).ok()?;
    (path(&digest) == *at).then_some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_digest_and_nothing_else() {
        let sha256 = Digest::sha256(b"a");
        assert_eq!(digest(&path(&sha256)), Some(sha256.clone()));
        let hex = sha256.hex();
        for wrong in [format!("sha256/00/{hex}"), format!("sha256/{hex}"), "sha256/ca/x".to_owned()] {
            assert_eq!(digest(&Path::from(wrong)), None);
        }
        assert_eq!(digest(&Path::from(format!("sha256/ca/{}", hex.to_uppercase()))), None);
    }

    #[test]
    fn shards_hold_every_name_once_and_in_order() {
        let name = Digest::sha256(b"a").to_string();
        let holding: Vec<Shard> = Shard::all().filter(|s| s.first() <= name && name <= s.last()).collect();
        assert_eq!(holding.iter().map(|s| s.number()).collect::<Vec<_>>(), [0xca]);
        assert_eq!(Shard::after("").count(), usize::from(Shard::COUNT));
        assert_eq!(Shard::after(&name).next(), holding.first().copied(), "a shard that was begun is not done");
        assert_eq!(Shard::after(&Shard(0xca).last()).next(), Some(Shard(0xcb)));
    }
}
