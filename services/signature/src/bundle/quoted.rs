//! Words that may quote the bundle, which an attacker wrote.

use std::fmt;

/// Characters that are kept; the library quotes some fields whole, and those are as long as a bundle.
const MOST: usize = 400;

/// One line of bounded length: control characters could rewrite a terminal, or forge a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted(String);

impl From<String> for Quoted {
    fn from(text: String) -> Self {
        let harmless = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        let mut kept: String = text.chars().take(MOST).map(harmless).collect();
        if text.chars().nth(MOST).is_some() {
            kept.push('…');
        }
        Self(kept)
    }
}

impl Quoted {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
