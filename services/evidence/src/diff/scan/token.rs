//! Tokens: words, texts, and the signs between them.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An identifier or keyword; in shells any word without quotes.
    Word,
    /// A string literal; the token's range is what stands between the quotes.
    Text,
    Number,
    /// One sign.
    Sign,
}

/// A token by its place in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Byte offsets.
    pub(super) start: u32,
    pub(super) end: u32,
    /// 1-based.
    pub(super) line: u32,
}
