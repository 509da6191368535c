//! Files of bounded size.

use crate::Error;
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

pub(crate) fn open(path: &Path) -> Result<File, Error> {
    File::open(path).map_err(|cause| unreadable(path, cause))
}

/// The bytes of `path`; one byte more than `most` where it is larger, so that the caller sees it.
pub(crate) fn read(path: &Path, most: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let enough = u64::try_from(most).map_or(u64::MAX, |most| most.saturating_add(1));
    open(path)?.take(enough).read_to_end(&mut bytes).map_err(|cause| unreadable(path, cause))?;
    Ok(bytes)
}

fn unreadable(path: &Path, cause: std::io::Error) -> Error {
    Error::Unreadable { path: PathBuf::from(path), cause }
}
