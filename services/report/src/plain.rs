//! One line of harmless characters, whatever the text was.

/// Control characters could rewrite a terminal or forge a line; bidirectional and invisible ones make a name
/// look like another (Unicode TR 36, section 3). Both become U+FFFD.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || is_deceptive(c) { '\u{fffd}' } else { c }).collect()
}

fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// At most `limit` characters; what was cut shows as `…`.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    text.chars().take(limit.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deceptive_characters_are_shown() {
        assert_eq!(plain("a\u{1b}[2K\n\u{202e}b"), "a\u{fffd}[2K\u{fffd}\u{fffd}b");
        assert_eq!(plain("müller"), "müller");
    }

    #[test]
    fn long_text_shows_that_it_was_cut() {
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("abc", 3), "abc");
    }
}
