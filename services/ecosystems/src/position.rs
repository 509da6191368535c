//! From byte offsets to the lines and columns that people see.

use lockgate_model::LockfileError;

/// The line starts of one text; built once, asked for every entry.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<u32>,
}

impl<'a> Lines<'a> {
    /// `text` must be within [`crate::bounds::MAX_BYTES`]; offsets are kept in 32 bits.
    pub fn new(text: &'a str) -> Self {
        let mut starts = vec![0];
        for (offset, byte) in text.bytes().enumerate() {
            if byte == b'\n' {
                starts.push(u32::try_from(offset + 1).unwrap_or(u32::MAX));
            }
        }
        Self { text, starts }
    }

    /// 1-based line of a byte offset; offsets past the end belong to the last line.
    pub fn line(&self, offset: usize) -> u32 {
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        u32::try_from(self.starts.partition_point(|start| *start <= offset)).unwrap_or(u32::MAX)
    }

    /// 1-based column of a byte offset, counted in characters.
    pub fn column(&self, offset: usize) -> u32 {
        let offset = offset.min(self.text.len());
        let start = self.starts[self.line(offset) as usize - 1] as usize;
        let before = self.text.as_bytes().get(start..offset).unwrap_or_default();
        let characters = before.iter().filter(|byte| (**byte & 0xC0) != 0x80).count();
        u32::try_from(characters + 1).unwrap_or(u32::MAX)
    }

    /// The error of a lockfile at a byte offset of it.
    pub fn error(&self, path: &str, offset: usize, message: impl Into<String>) -> LockfileError {
        LockfileError {
            path: path.to_owned(),
            line: Some(self.line(offset)),
            column: Some(self.column(offset)),
            message: message.into(),
        }
    }
}

/// At most 80 characters of foreign text, for messages; control characters become spaces.
pub fn excerpt(text: &str) -> String {
    let mut short: String = text.chars().take(80).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(80).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_counted_from_one() {
        let lines = Lines::new("ab\nöc\n");
        for (offset, line, column) in [(0, 1, 1), (2, 1, 3), (3, 2, 1), (5, 2, 2), (6, 2, 3), (7, 3, 1), (900, 3, 1)] {
            assert_eq!((lines.line(offset), lines.column(offset)), (line, column), "offset {offset}");
        }
        assert_eq!(Lines::new("").line(0), 1);
    }

    #[test]
    fn an_offset_inside_a_character_does_not_panic() {
        assert_eq!(Lines::new("ö").column(1), 2);
    }

    #[test]
    fn excerpts_are_short_and_on_one_line() {
        assert_eq!(excerpt("a\nb"), "a b");
        assert_eq!(excerpt(&"é".repeat(81)).chars().count(), 81);
    }
}
