//! What an object may turn out to be.

use crate::Verified;
use std::fmt;

/// How an object is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// As long as it was, and other bytes.
    Altered,
    /// Bytes are missing.
    Truncated { kept: u64, found: u64 },
    /// There are more bytes than were kept.
    Overlong { kept: u64, found: u64 },
    /// It is not there.
    Missing,
    /// It is there, and nobody kept it.
    Extra,
}

impl Damage {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Altered => "altered",
            Self::Truncated { .. } => "truncated",
            Self::Overlong { .. } => "overlong",
            Self::Missing => "missing",
            Self::Extra => "extra",
        }
    }

    /// Of bytes that hash to another name. `kept`: how long the object was when it was kept, where that is known.
    pub(crate) fn of_length(kept: Option<u64>, found: u64) -> Self {
        match kept {
            Some(kept) if found < kept => Self::Truncated { kept, found },
            Some(kept) if found > kept => Self::Overlong { kept, found },
            _ => Self::Altered,
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered => f.write_str("its bytes are not those that were kept"),
            Self::Truncated { kept, found } => write!(f, "it was cut off: {found} of {kept} bytes are there"),
            Self::Overlong { kept, found } => write!(f, "it grew: {found} bytes are there, {kept} were kept"),
            Self::Missing => f.write_str("it is not there"),
            Self::Extra => f.write_str("nobody kept it"),
        }
    }
}

/// What looking at an object found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    Sound,
    Damaged(Damage),
}

/// What reading an object gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    Sound(Verified),
    Damaged(Damage),
}
