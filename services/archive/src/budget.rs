//! What may still be unpacked, so that a bomb stops early and not when memory is full.

use crate::{Irregularity, Limits};

/// Counts bytes against [`Limits::total_bytes`] and [`Limits::ratio`].
#[derive(Debug)]
pub(crate) struct Budget {
    total_bytes: u64,
    ratio: u64,
    ratio_from: u64,
    /// Bytes unpacked so far.
    pub(crate) unpacked: u64,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { total_bytes: limits.total_bytes, ratio: limits.ratio, ratio_from: limits.ratio_from, unpacked: 0 }
    }

    /// Accounts for `bytes` more, unpacked from `packed` bytes since the beginning of the archive.
    ///
    /// # Errors
    /// The irregularity with which reading ends.
    pub(crate) fn charge(&mut self, bytes: usize, packed: u64) -> Result<(), Irregularity> {
        self.unpacked = self.unpacked.saturating_add(bytes as u64);
        if self.unpacked > self.total_bytes {
            return Err(Irregularity::TooLarge { limit: self.total_bytes });
        }
        if self.unpacked > self.ratio_from && self.unpacked / self.ratio > packed {
            return Err(Irregularity::Bomb { ratio: self.ratio });
        }
        Ok(())
    }
}
