//! How much of an archive is read before reading stops.

/// Bounds of one [`crate::read`]. Whatever exceeds one is an irregularity, and reading ends or skips the entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes unpacked in all, kept or not.
    pub total_bytes: u64,
    /// Bytes kept of one file; a larger file is listed without its content.
    pub file_bytes: u64,
    /// Entries, files and others.
    pub files: usize,
    /// Components of a path.
    pub path_depth: usize,
    /// Bytes of a path.
    pub path_bytes: usize,
    /// Unpacked bytes for one packed byte, applied once [`Self::ratio_from`] bytes are unpacked.
    pub ratio: u64,
    /// Unpacked bytes below which no ratio is too high: small text files compress well.
    pub ratio_from: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total_bytes: 512 << 20,
            file_bytes: 64 << 20,
            files: 100_000,
            path_depth: 64,
            path_bytes: 1024,
            ratio: 200,
            ratio_from: 10 << 20,
        }
    }
}
