//! One 512-byte tar header (POSIX.1-2001 ustar; GNU tar manual, "Basic Tar Format").

pub(crate) const BLOCK: usize = 512;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
    Symlink,
    Hardlink,
    Pax,
    PaxGlobal,
    LongName,
    LongLink,
    Sparse,
    Other(u8),
}

impl Kind {
    fn read(flag: u8) -> Self {
        match flag {
            b'0' | 0 | b'7' => Self::File,
            b'1' => Self::Hardlink,
            b'2' => Self::Symlink,
            b'5' => Self::Folder,
            b'x' | b'X' => Self::Pax,
            b'g' => Self::PaxGlobal,
            b'L' => Self::LongName,
            b'K' => Self::LongLink,
            b'S' => Self::Sparse,
            other => Self::Other(other),
        }
    }

    pub(crate) fn describe(self) -> String {
        match self {
            Self::Other(b'3') => "character device".to_owned(),
            Self::Other(b'4') => "block device".to_owned(),
            Self::Other(b'6') => "named pipe".to_owned(),
            Self::Other(flag) => format!("entry type {:?}", char::from(flag)),
            other => format!("{other:?}"),
        }
    }
}

/// The fields that are used.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    /// With the ustar prefix.
    pub(crate) name: Vec<u8>,
    pub(crate) link: Vec<u8>,
    pub(crate) size: u64,
    pub(crate) executable: bool,
    /// GNU: a further sparse map follows.
    pub(crate) sparse_continues: bool,
}

impl Header {
    /// # Errors
    /// What is wrong with the block.
    pub(crate) fn parse(block: &[u8]) -> Result<Self, &'static str> {
        let block: &[u8; BLOCK] = block.try_into().map_err(|_| "a header is shorter than 512 bytes")?;
        if !checksum_holds(block) {
            return Err("the checksum of a header is wrong");
        }
        let mut name = text(&block[..100]);
        // GNU puts other things where ustar has the prefix; its magic ends with a space.
        let prefix = text(&block[345..500]);
        if &block[257..263] == b"ustar\0" && !prefix.is_empty() {
            name = [prefix.as_slice(), b"/", name.as_slice()].concat();
        }
        Ok(Self {
            kind: Kind::read(block[156]),
            name,
            link: text(&block[157..257]),
            size: number(&block[124..136]).ok_or("a size is not a number")?,
            executable: number(&block[100..108]).is_some_and(|mode| mode & 0o111 != 0),
            sparse_continues: block[482] != 0,
        })
    }
}

fn text(field: &[u8]) -> Vec<u8> {
    field.iter().copied().take_while(|b| *b != 0).collect()
}

/// Octal digits between spaces and NULs, or GNU's base-256 when the first bit is set. Negative numbers are
/// refused.
fn number(field: &[u8]) -> Option<u64> {
    let (first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        let mut value = u64::from(first & 0x7f);
        for byte in rest {
            value = value.checked_mul(256)?.checked_add(u64::from(*byte))?;
        }
        return (first & 0x40 == 0).then_some(value);
    }
    let digits = std::str::from_utf8(field).ok()?.trim_matches([' ', '\0']);
    if digits.is_empty() {
        return Some(0);
    }
    digits.bytes().all(|b| matches!(b, b'0'..=b'7')).then(|| u64::from_str_radix(digits, 8).ok())?
}

/// The sum of all bytes, the checksum field taken as spaces; some old writers summed signed bytes.
fn checksum_holds(block: &[u8; BLOCK]) -> bool {
    let Some(stated) = number(&block[148..156]) else { return false };
    let field = |i: usize| (148..156).contains(&i);
    let bytes = || block.iter().enumerate().map(|(i, b)| if field(i) { b' ' } else { *b });
    let unsigned: u64 = bytes().map(u64::from).sum();
    let signed: i64 = bytes().map(|b| i64::from(b.cast_signed())).sum();
    stated == unsigned || i64::try_from(stated) == Ok(signed)
}
