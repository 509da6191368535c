//! Contents for tests.

use bytes::Bytes;
use lockgate_archive::{Contents, File};

/// Files below the top folder `package/`.
pub(crate) fn contents(files: &[(&str, &[u8])]) -> Contents {
    let file = |(path, content): &(&str, &[u8])| File {
        path: format!("package/{path}"),
        size: content.len() as u64,
        content: Bytes::copy_from_slice(content),
        executable: false,
    };
    let mut files: Vec<File> = files.iter().map(file).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Contents { files, irregularities: vec![] }
}
