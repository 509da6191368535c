//! Machine tokens: `lgt_` and 256 random bits. The prefix lets secret scanners find one that was committed.

use super::secret::{self, Opaque};
use anyhow::Result;
use lockgate_store::access::Hash;

const PREFIX: &str = "lgt_";

/// The secret itself: shown once, when it is made.
#[derive(Debug, Clone)]
pub struct MachineToken(Opaque);

impl MachineToken {
    /// # Errors
    /// When the machine has no randomness.
    pub fn random() -> Result<Self> {
        Ok(Self(Opaque::random()?))
    }

    /// `None` when `text` has not the shape of a token.
    pub fn parse(text: &str) -> Option<Self> {
        Opaque::parse(text.trim().strip_prefix(PREFIX)?).map(Self)
    }

    /// The text that its bearer keeps.
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}", self.0.expose())
    }

    /// What is stored: SHA-256 of the text.
    pub fn hash(&self) -> Hash {
        secret::hash(self.expose().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_nothing_else_is() {
        let token = MachineToken::random().unwrap();
        let text = token.expose();
        assert!(text.starts_with("lgt_") && text.len() == 47);
        assert_eq!(MachineToken::parse(&format!("{text}\n")).unwrap().hash(), token.hash());
        assert!(!format!("{token:?}").contains(&text[4..]));
        for wrong in ["", "lgt_", "Lgt_aaaa", &text[1..], &text[..46]] {
            assert!(MachineToken::parse(wrong).is_none(), "{wrong}");
        }
    }
}
