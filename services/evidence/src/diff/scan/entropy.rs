//! Long texts that are packed or encrypted data.

use super::{Scan, source::Source};
use crate::diff::facts::FindingType::HighEntropy;

/// Shorter texts are keys, digests and identifiers.
const LONG: usize = 400;
/// Bits for each character (Shannon, 1948). English has about 4.2, base64 of packed data about 6.
const BITS: f64 = 5.2;
/// Hexadecimal digits hold four bits at most.
const HEX_BITS: f64 = 3.7;
/// Characters that are counted; more add nothing.
const COUNTED: usize = 64 << 10;

pub(super) fn look(source: &Source<'_>, scan: &mut Scan) {
    for index in 0..source.tokens.len() {
        let text = source.raw(index);
        if text.len() < LONG || source.kind(index) != Some(super::token::Kind::Text) || is_known_data(text) {
            continue;
        }
        let sample = &text.as_bytes()[..text.len().min(COUNTED)];
        // Other scripts use more letters; packed data are written in ASCII.
        if sample.iter().any(|b| b.is_ascii_whitespace() || !b.is_ascii()) {
            continue;
        }
        let bits = entropy(sample);
        let is_hex = sample.iter().all(u8::is_ascii_hexdigit);
        if bits >= BITS || is_hex && bits >= HEX_BITS {
            let what = format!("{} characters with {bits:.1} bits each", text.len());
            source.report(scan, HighEntropy, index, &what);
        }
    }
}

/// Pictures and fonts within a style sheet say what they are; code cannot hide as one without being decoded,
/// which is seen elsewhere.
fn is_known_data(text: &str) -> bool {
    ["data:image/", "data:font/", "data:application/font", "data:application/x-font"]
        .iter()
        .any(|p| text.starts_with(p))
}

/// Shannon entropy of the bytes, in bits.
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "a sample has at most 65,536 bytes")]
    let total = bytes.len() as f64;
    counts.iter().filter(|c| **c > 0).map(|c| f64::from(*c) / total).map(|p| -p * p.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_of_known_texts() {
        assert!(entropy(b"aaaaaaaa").abs() < 1e-9);
        assert!((entropy(b"abcdabcd") - 2.0).abs() < 1e-9);
        assert!((entropy(&(0..=255).collect::<Vec<u8>>()) - 8.0).abs() < 1e-9);
    }
}
