//! ASCII armor (RFC 9580, 6): base64 between two lines.

use base64::{Engine, engine::general_purpose::STANDARD};

/// What stands between the lines `BEGIN kind` and `END kind`, and what follows. The checksum, if there is one, must fit.
pub(super) fn decode<'a>(text: &'a str, kind: &str) -> Result<(Vec<u8>, &'a str), &'static str> {
    let text = text.trim_start().strip_prefix(&format!("-----BEGIN {kind}-----")).ok_or("its armor does not begin")?;
    let (inside, rest) = text.split_once(&format!("\n-----END {kind}-----")).ok_or("its armor does not end")?;
    let mut lines = inside.split('\n').map(|line| line.trim_end_matches([' ', '\t', '\r']));
    if lines.next() != Some("") {
        return Err("its armor's first line does not end");
    }
    let mut lines = lines.skip_while(|line| line.contains(':')).peekable();
    lines.next_if(|line| line.is_empty()).ok_or("its armor has no empty line before the data")?;
    let (mut base64, mut checksum) = (String::new(), None);
    for line in lines {
        match line.strip_prefix('=') {
            _ if checksum.is_some() => return Err("its armor goes on after the checksum"),
            Some(sum) => checksum = Some(sum),
            None => base64.push_str(line),
        }
    }
    let bytes = STANDARD.decode(base64).map_err(|_| "its armor is not base64")?;
    if let Some(sum) = checksum {
        let sum = STANDARD.decode(sum).map_err(|_| "its armor's checksum is not base64")?;
        if sum != crc24(&bytes) {
            return Err("its armor's checksum does not fit");
        }
    }
    Ok((bytes, rest))
}

/// RFC 9580, 6.1.1.
fn crc24(bytes: &[u8]) -> [u8; 3] {
    let mut sum: u32 = 0x00b7_04ce;
    for byte in bytes {
        sum ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            sum = (sum << 1) ^ if sum & 0x0080_0000 == 0 { 0 } else { 0x0186_4cfb };
        }
    }
    let [_, high, middle, low] = sum.to_be_bytes();
    [high, middle, low]
}
