//! Text as tokens: words by the hash of their spelling, everything else by what it is.
//!
//! The languages of packages differ less than their grammars: a call, a name and a string look alike in all of them. A
//! token says which word stands there or what kind of thing (a long number, an address, a run of base64), and never
//! holds the text itself: features may be kept and handed on where the text may not.

/// A number below [`VOCABULARY`]. 0 is not a token; it fills chunks up.
pub type Token = u16;

/// Tokens there can be.
pub const VOCABULARY: u16 = 16_384;

/// Below are ASCII's signs by their own code.
pub(crate) const LINE: Token = 128;
const NOT_ASCII: Token = 129;
const INTEGER: Token = 130;
const LONG_INTEGER: Token = 131;
const FRACTION: Token = 132;
const HEXADECIMAL: Token = 133;
const STRING_END: Token = 134;
/// `\x41`, `\u0041`, `\101`: a letter that does not want to be read.
const ESCAPE: Token = 135;
const WEB_ADDRESS: Token = 136;
const NETWORK_ADDRESS: Token = 137;
/// Lines that are not new lie between.
pub(crate) const GAP: Token = 138;
/// By length: eight of them.
const STRING: Token = 144;
/// A run that is no word, by length: eight of them; and by how even its letters are distributed: eight.
const OPAQUE: Token = 152;
const EVENNESS: Token = 160;
/// Words lie from here on.
const WORDS: Token = 256;

/// A run of letters and digits of this length is no word any more.
const LONGEST_WORD: usize = 40;

/// The tokens of `text`, in order, each with the offset at which it begins.
pub fn tokenize(text: &str) -> Vec<(usize, Token)> {
    let mut lexer = Lexer { text, at: 0, quote: None, tokens: Vec::new() };
    while lexer.at < text.len() {
        lexer.step();
    }
    lexer.tokens
}

/// Whether a run of 64 letters or more stands there that is as even as base64: 5 bits a letter.
pub(crate) fn is_encoded(tokens: &[Token]) -> bool {
    let long = OPAQUE + 4..EVENNESS;
    let even = EVENNESS + 6..EVENNESS + 8;
    tokens.windows(2).any(|pair| long.contains(&pair[0]) && even.contains(&pair[1]))
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// The sign that ends the string in which we are, and where the string began.
    quote: Option<u8>,
    tokens: Vec<(usize, Token)>,
}

impl Lexer<'_> {
    fn step(&mut self) {
        let byte = self.text.as_bytes()[self.at];
        match byte {
            b'\n' => self.line(),
            b' ' | b'\t' | b'\r' => self.at += 1,
            b'"' | b'\'' | b'`' => self.quote(byte),
            b'\\' => self.escape(),
            b'0'..=b'9' => self.number(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' => self.word(),
            0x80.. => self.other_script(),
            _ => self.push(1, Token::from(byte)),
        }
    }

    fn push(&mut self, length: usize, token: Token) {
        self.tokens.push((self.at, token));
        self.at += length;
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// Only a template string goes on in the next line; another quotation mark was an apostrophe.
    fn line(&mut self) {
        if self.quote.is_some_and(|quote| quote != b'`') {
            self.quote = None;
        }
        if self.tokens.last().is_some_and(|(_, last)| *last != LINE) {
            self.push(1, LINE);
        } else {
            self.at += 1;
        }
    }

    fn quote(&mut self, mark: u8) {
        match self.quote {
            Some(open) if open == mark => {
                self.quote = None;
                self.push(1, STRING_END);
            }
            Some(_) => self.push(1, Token::from(mark)),
            None => {
                let length = string_length(&self.rest().as_bytes()[1..], mark);
                self.quote = length.is_some().then_some(mark);
                self.push(1, length.map_or(Token::from(mark), |length| STRING + magnitude(length)));
            }
        }
    }

    fn escape(&mut self) {
        let bytes = &self.rest().as_bytes()[1..];
        let digits = |most: usize, is: fn(&u8) -> bool| bytes.iter().skip(1).take(most).take_while(|b| is(b)).count();
        let length = match bytes.first() {
            Some(b'x') => 1 + digits(2, u8::is_ascii_hexdigit),
            Some(b'u') => 1 + digits(8, |b| b.is_ascii_hexdigit() || matches!(b, b'{' | b'}')),
            Some(b'0'..=b'7') => 1 + digits(2, |b| matches!(b, b'0'..=b'7')),
            // An escaped quotation mark ends no string.
            Some(b) if b.is_ascii() => 1,
            _ => 0,
        };
        let token = if length > 1 { ESCAPE } else { Token::from(b'\\') };
        self.push(1 + length, token);
    }

    fn number(&mut self) {
        let whole = run(self.rest(), |b| b.is_ascii_alphanumeric());
        if whole.len() >= LONGEST_WORD && !whole.bytes().all(|b| b.is_ascii_digit()) {
            return self.opaque();
        }
        let run = run(self.rest(), |b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_').trim_end_matches('.');
        if is_network_address(run) {
            return self.push(run.len(), NETWORK_ADDRESS);
        }
        let hexadecimal = run.strip_prefix("0x").or_else(|| run.strip_prefix("0X"));
        let token = match hexadecimal {
            Some(_) => HEXADECIMAL,
            None if run.contains('.') => FRACTION,
            None if run.len() > 4 => LONG_INTEGER,
            None => INTEGER,
        };
        self.push(run.len().max(1), token);
    }

    fn word(&mut self) {
        let rest = self.rest();
        for scheme in ["https://", "http://", "wss://", "ws://", "ftp://"] {
            if rest.len() > scheme.len() && rest.as_bytes()[..scheme.len()].eq_ignore_ascii_case(scheme.as_bytes()) {
                // The parts of the address follow as what they are.
                return self.push(scheme.len(), WEB_ADDRESS);
            }
        }
        let word = run(rest, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$'));
        if word.len() >= LONGEST_WORD {
            return self.opaque();
        }
        let (length, token) = (word.len(), WORDS + hash(word.as_bytes()) % (VOCABULARY - WORDS));
        self.push(length, token);
    }

    /// What nobody reads: an encoding, a key, a digest.
    fn opaque(&mut self) {
        let run =
            run(self.rest(), |b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'_' | b'-' | b'$'));
        let (length, evenness) = (run.len(), evenness(run.as_bytes()));
        self.tokens.push((self.at, OPAQUE + magnitude(length)));
        self.push(length, EVENNESS + evenness);
    }

    fn other_script(&mut self) {
        let length = self.rest().bytes().take_while(|b| !b.is_ascii()).count();
        self.push(length, NOT_ASCII);
    }
}

fn run(text: &str, is: impl Fn(u8) -> bool) -> &str {
    &text[..text.bytes().take_while(|b| is(*b)).count()]
}

/// Up to the mark that ends the string; `None` when this line does not end it.
fn string_length(rest: &[u8], mark: u8) -> Option<usize> {
    let mut escaped = false;
    for (length, byte) in rest.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'\n' if mark != b'`' => return None,
            _ if *byte == mark => return Some(length),
            _ => {}
        }
    }
    None
}

/// 0 below 8, 1 below 16, and so on to 7.
fn magnitude(length: usize) -> Token {
    let doublings = (length / 8).checked_ilog2().map_or(0, |log| log + 1);
    Token::try_from(doublings.min(7)).unwrap_or(7)
}

/// Shannon's entropy of the bytes, 0 to 6 bits and more, as 0 to 7.
fn evenness(bytes: &[u8]) -> Token {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let all = f64::from(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    let bits: f64 =
        counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / all).map(|p| -p * p.log2()).sum();
    let passed = [2.0, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5].iter().filter(|bound| bits >= **bound).count();
    Token::try_from(passed).unwrap_or(7)
}

fn is_network_address(run: &str) -> bool {
    let parts: Vec<&str> = run.split('.').collect();
    parts.len() == 4 && parts.iter().all(|part| part.parse::<u8>().is_ok())
}

/// FNV-1a (Fowler, Noll, Vo; 32 bits), folded: the same on every machine and for ever.
fn hash(bytes: &[u8]) -> u16 {
    let hash = bytes.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    u16::try_from((hash >> 16) ^ (hash & 0xffff)).expect("both halves are of 16 bits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tokens(text: &str) -> Vec<Token> {
        tokenize(text).into_iter().map(|(_, token)| token).collect()
    }

    fn word(text: &str) -> Token {
        WORDS + hash(text.as_bytes()) % (VOCABULARY - WORDS)
    }

    #[test]
    fn a_call_is_its_words_and_signs() {
        let signs = |sign: u8| Token::from(sign);
        assert_eq!(
            tokens("os.system('curl x')\n\nn = 12"),
            [
                word("os"),
                signs(b'.'),
                word("system"),
                signs(b'('),
                STRING,
                word("curl"),
                word("x"),
                STRING_END,
                signs(b')'),
                LINE,
                word("n"),
                signs(b'='),
                INTEGER,
            ]
        );
    }

    #[test]
    fn what_is_no_word_is_told_by_its_kind() {
        assert_eq!(tokens("http://192.0.2.7:8080"), [WEB_ADDRESS, NETWORK_ADDRESS, Token::from(b':'), INTEGER]);
        assert_eq!(tokens("1.5 0xdead 123456"), [FRACTION, HEXADECIMAL, LONG_INTEGER]);
        assert_eq!(tokens(r"\x41\u0041\n"), [ESCAPE, ESCAPE, Token::from(b'\\')]);
        assert_eq!(tokens("é"), [NOT_ASCII]);
        let blob = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ego9";
        let found = tokens(&format!("'{blob}'"));
        assert_eq!((found[0], found[1], found.len()), (STRING + 4, OPAQUE + 4, 4));
        assert!(found[2] > tokens(&"a".repeat(72))[1], "base64 is more even than one letter");
        assert!(is_encoded(&found) && !is_encoded(&tokens(&"a".repeat(72))));
    }

    #[test]
    fn an_apostrophe_opens_no_string() {
        assert_eq!(tokens("don't\nrun")[1], Token::from(b'\''));
        assert_eq!(tokens("'a\\'b' c").iter().filter(|t| **t == STRING_END).count(), 1);
    }

    #[test]
    fn a_hash_is_the_same_for_ever() {
        // `training/tests/` holds the same numbers.
        assert_eq!((word("subprocess"), word("exec")), (12511, 6231));
        assert_eq!(hash(b""), 0x811c ^ 0x9dc5);
    }

    proptest! {
        #[test]
        fn every_text_has_tokens_in_order(text in "\\PC{0,200}|[ -~\n]{0,400}") {
            let tokens = tokenize(&text);
            prop_assert!(tokens.iter().all(|(at, token)| text.is_char_boundary(*at) && (1..VOCABULARY).contains(token)));
            prop_assert!(tokens.windows(2).all(|pair| pair[0].0 <= pair[1].0));
            prop_assert!(tokens.len() <= text.len());
        }

        #[test]
        fn signs_and_kinds_are_not_words(word in "[a-z]{1,39}") {
            prop_assert!(tokens(&word).iter().all(|token| *token >= WORDS));
        }
    }
}
