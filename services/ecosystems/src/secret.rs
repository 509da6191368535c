//! Text that must never reach a log line.

use std::fmt;

/// A secret, such as a registry token. `Debug` shows nothing of it, and it has no `Display` and no
/// `Serialize`: the only way to its text is [`Secret::reveal`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The secret itself; for a request header and nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        let token = Secret::new("hunter2");
        assert_eq!(format!("{token:?}"), "Secret(..)");
        assert_eq!(token.reveal(), "hunter2");
    }
}
