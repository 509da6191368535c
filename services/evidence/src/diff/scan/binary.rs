//! Machine code, known by its first bytes.

use super::Scan;
use crate::diff::facts::FindingType::Binary;
use lockgate_archive::File;

/// First bytes, and what they begin.
const MAGIC: &[(&[u8], &str)] = &[
    (b"\x7fELF", "ELF machine code"),
    (b"\xfe\xed\xfa\xce", "Mach-O machine code"),
    (b"\xfe\xed\xfa\xcf", "Mach-O machine code"),
    (b"\xce\xfa\xed\xfe", "Mach-O machine code"),
    (b"\xcf\xfa\xed\xfe", "Mach-O machine code"),
    (b"\xca\xfe\xba\xbe", "Mach-O machine code or a Java class"),
    (b"\0asm", "WebAssembly"),
    (b"dex\n", "Android machine code"),
];

pub(super) fn look(path: &str, file: &File, scan: &mut Scan) {
    if let Some(what) = kind(path, &file.content) {
        scan.add_file(Binary, 0, &format!("{what}, {} bytes", file.size), what);
    }
}

fn kind(path: &str, content: &[u8]) -> Option<&'static str> {
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| content.starts_with(magic)) {
        return Some(what);
    }
    if is_portable_executable(content) {
        return Some("Windows machine code");
    }
    let ending = path.rsplit('.').next().unwrap_or_default();
    // CPython: two bytes of version, then a line end (importlib's MAGIC_NUMBER).
    (matches!(ending, "pyc" | "pyo") && content.get(2..4) == Some(b"\r\n")).then_some("Python byte code")
}

/// `MZ`, and at the place it names, `PE\0\0` (Microsoft, PE Format).
fn is_portable_executable(content: &[u8]) -> bool {
    let place = content.get(60..64).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    let signature = place.and_then(|at| content.get(at as usize..)?.get(..4));
    content.starts_with(b"MZ") && signature == Some(b"PE\0\0")
}
