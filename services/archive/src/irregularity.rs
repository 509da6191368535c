//! What can be wrong with an archive.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A fact about a hostile or broken archive. Paths are as written in the archive, cut to 1,024 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Irregularity {
    /// A path with a `..` component: an unpacker that follows it writes outside its folder.
    ParentPath {
        path: String,
    },
    /// A path that begins at the root of a file system or a drive.
    AbsolutePath {
        path: String,
    },
    /// A name with a control, bidirectional or zero-width character, or a backslash: people and tools read it
    /// differently.
    AmbiguousName {
        path: String,
    },
    /// A name that is not UTF-8; shown with replacement characters.
    NonUtf8Name {
        path: String,
    },
    /// An entry without a name.
    EmptyName {
        entry: u64,
    },
    Symlink {
        path: String,
        target: String,
    },
    Hardlink {
        path: String,
        target: String,
    },
    /// A link whose target is outside the archive.
    LinkOut {
        path: String,
        target: String,
    },
    /// A path that leads through a link of the same archive.
    ThroughLink {
        path: String,
        link: String,
    },
    /// A device, a pipe or another kind of entry that no package needs.
    Device {
        path: String,
        kind: String,
    },
    /// Two entries of one name: which one wins differs between unpackers.
    DuplicateName {
        path: String,
    },
    /// Two names that are one file where case does not count (macOS, Windows).
    CaseCollision {
        path: String,
        other: String,
    },
    /// A file that is also a folder of another file.
    FileAsFolder {
        path: String,
    },
    /// A header states a size, a name or a checksum and the archive shows another.
    LyingHeader {
        path: String,
        what: String,
        stated: String,
        found: String,
    },
    /// A file in the archive that its directory does not list: readers that stream see it, others do not.
    UnlistedEntry {
        at: u64,
    },
    /// Two entries share bytes of the archive (the overlapping zip bomb).
    Overlap {
        path: String,
    },
    /// The content cannot be read without a password.
    Encrypted {
        path: String,
    },
    /// Packed in a way that is not read here.
    UnknownCompression {
        path: String,
        method: String,
    },
    /// The archive ends within an entry; `at`: bytes unpacked until then.
    Truncated {
        at: u64,
    },
    /// The packed data make no sense; `at`: bytes unpacked until then.
    Corrupt {
        at: u64,
        why: String,
    },
    /// More bytes in all than are read.
    TooLarge {
        limit: u64,
    },
    /// One file with more bytes than are kept; its content is left out.
    FileTooLarge {
        path: String,
        limit: u64,
    },
    TooManyFiles {
        limit: u64,
    },
    TooDeep {
        path: String,
    },
    NameTooLong {
        path: String,
        bytes: u64,
    },
    /// The data unpack to more than `ratio` times their size.
    Bomb {
        ratio: u64,
    },
    /// Not an archive of the format that its kind promises.
    NotAnArchive {
        why: String,
    },
    /// Bytes after the end of the archive, which another reader may see as an archive of its own.
    TrailingData {
        bytes: u64,
    },
    /// Bytes before the beginning of the archive.
    LeadingData {
        bytes: u64,
    },
    /// More irregularities than are listed.
    More {
        count: u64,
    },
}

impl Irregularity {
    /// Whether content was left unread because of it, so that "nothing was found" would be no statement.
    pub fn leaves_unread(&self) -> bool {
        match self {
            Self::ParentPath { .. }
            | Self::AbsolutePath { .. }
            | Self::AmbiguousName { .. }
            | Self::NonUtf8Name { .. }
            | Self::Symlink { .. }
            | Self::Hardlink { .. }
            | Self::LinkOut { .. }
            | Self::ThroughLink { .. }
            | Self::Device { .. }
            | Self::CaseCollision { .. }
            | Self::FileAsFolder { .. }
            | Self::LeadingData { .. } => false,
            Self::EmptyName { .. }
            | Self::DuplicateName { .. }
            | Self::LyingHeader { .. }
            | Self::UnlistedEntry { .. }
            | Self::Overlap { .. }
            | Self::Encrypted { .. }
            | Self::UnknownCompression { .. }
            | Self::Truncated { .. }
            | Self::Corrupt { .. }
            | Self::TooLarge { .. }
            | Self::FileTooLarge { .. }
            | Self::TooManyFiles { .. }
            | Self::TooDeep { .. }
            | Self::NameTooLong { .. }
            | Self::Bomb { .. }
            | Self::NotAnArchive { .. }
            | Self::TrailingData { .. }
            | Self::More { .. } => true,
        }
    }

    /// Whether reading ended with it: never crowded out of the list by smaller things.
    pub(crate) fn ends_reading(&self) -> bool {
        matches!(
            self,
            Self::Truncated { .. }
                | Self::Corrupt { .. }
                | Self::TooLarge { .. }
                | Self::TooManyFiles { .. }
                | Self::Bomb { .. }
                | Self::NotAnArchive { .. }
                | Self::TrailingData { .. }
        )
    }
}
