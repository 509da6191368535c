//! Hostile archives in; bounded files, and the difference of two, out.
//!
//! A package archive is written by whoever published it, so nothing in it is believed: not its sizes, not
//! its names, not its links. Nothing is executed and nothing touches the disk. What is wrong with an archive
//! is a fact about the release, so it is reported as an [`Irregularity`] beside the files that could be read
//! and never as an error: a caller cannot forget to look at an `Err` that does not exist, and
//! [`Contents::is_complete`] says whether something was left unread.
//!
//! Both formats are read here from the bytes up. The usual libraries answer "what is in the archive", and
//! hide what matters to us: that two headers disagree, that a name stands twice, that a second archive
//! follows the first. Where unpackers differ, an attacker shows one content to the scanner and another to
//! the installer.

mod assembly;
mod budget;
mod contents;
mod diff;
mod gunzip;
mod irregularity;
mod limits;
mod name;
#[cfg(test)]
mod properties;
mod tar;
mod zip;

pub use contents::{Contents, File};
pub use diff::{Changed, Diff, Hunk, Precision, diff};
pub use irregularity::Irregularity;
pub use limits::Limits;

/// How an archive is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// npm tarballs, crates, most sdists: tar within gzip (RFC 1952).
    TarGz,
    /// tar alone (POSIX.1-2001 pax interchange, ustar, GNU and v7).
    Tar,
    /// Wheels and some sdists (PKWARE APPNOTE 6.3).
    Zip,
}

impl Format {
    /// Recognises the format by its first bytes.
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x1f, 0x8b, ..] => Some(Self::TarGz),
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Self::Zip),
            _ if bytes.get(257..262) == Some(b"ustar") => Some(Self::Tar),
            _ => None,
        }
    }
}

/// Reads an archive within `limits`. Never fails and never panics: what is wrong is in
/// [`Contents::irregularities`], and what could be read until then is in [`Contents::files`].
pub fn read(bytes: &[u8], format: Format, limits: &Limits) -> Contents {
    match format {
        Format::TarGz => tar::read_gzip(bytes, limits),
        Format::Tar => tar::read_plain(bytes, limits),
        Format::Zip => zip::read(bytes, limits),
    }
}
