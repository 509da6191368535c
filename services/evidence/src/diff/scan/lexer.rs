//! Cuts source into tokens, in one pass, for four families of languages.
//!
//! The lexer never fails. A quote without a partner on its line is taken for a sign of its own: text that
//! was mistaken for a string must not hide the code behind it.

use super::{
    language::Language,
    token::{Kind, Token},
};

/// Cuts `text` into tokens; comments and white space are dropped.
pub(super) fn tokens(text: &str, language: Language) -> Vec<Token> {
    let mut lexer = Lexer {
        bytes: text.as_bytes(),
        at: 0,
        line: 1,
        language,
        tokens: Vec::new(),
        parentheses: Vec::new(),
        braces: Vec::new(),
        regex_after_close: false,
        patience: text.len().saturating_mul(2),
    };
    while lexer.at < lexer.bytes.len() {
        lexer.step();
    }
    lexer.tokens
}

/// What an opening brace of JavaScript began.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Brace {
    Block,
    Value,
    /// `${` within a template.
    Template,
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
    language: Language,
    tokens: Vec<Token>,
    /// For each open parenthesis, whether it belongs to `if`, `while`, `for` or `with`.
    parentheses: Vec<bool>,
    braces: Vec<Brace>,
    /// The last `)` or `}` ended a head or a block, so that a slash begins a regular expression.
    regex_after_close: bool,
    /// Bytes that may still be looked at in vain for a closing quote. Without patience a quote is a sign of
    /// its own: what was a text is then looked at as code, so that more is seen and never less.
    patience: usize,
}

impl Lexer<'_> {
    fn step(&mut self) {
        let byte = self.bytes[self.at];
        match byte {
            b'\n' => {
                self.line += 1;
                self.at += 1;
            }
            b' ' | b'\t' | b'\r' | 0x0b | 0x0c => self.at += 1,
            _ if self.comment() => {}
            b'"' | b'\'' => self.quoted(byte),
            b'`' if self.language == Language::JavaScript => {
                self.at += 1;
                self.template();
            }
            b'/' if self.language == Language::JavaScript && self.regex_may_begin() => self.regex(),
            b'0'..=b'9' => self.word(Kind::Number),
            _ if self.is_word(byte) => self.word(Kind::Word),
            _ => self.sign(byte),
        }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn is_word(&self, byte: u8) -> bool {
        let common = byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
        common
            || match self.language {
                Language::JavaScript => matches!(byte, b'$' | b'\\' | b'#'),
                Language::Shell => matches!(byte, b'-' | b'.' | b'/' | b':' | b'~' | b'\\' | b'@' | b'%' | b'+' | b','),
                Language::Python | Language::Rust => false,
            }
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize, line: u32) {
        // Sources are bounded to 16 MiB, so offsets fit.
        let place = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.tokens.push(Token { kind, start: place(start), end: place(end), line });
    }

    /// Skips a comment that begins here.
    fn comment(&mut self) -> bool {
        let (byte, next) = (self.bytes[self.at], self.peek(1));
        let at_start_of_word = self.at == 0 || self.bytes[self.at - 1].is_ascii_whitespace();
        match self.language {
            Language::JavaScript | Language::Rust => match (byte, next) {
                (b'/', b'/') => self.skip_line(),
                (b'/', b'*') => self.skip_block(),
                (b'#', b'!') if self.at == 0 => self.skip_line(),
                _ => return false,
            },
            Language::Python if byte == b'#' => self.skip_line(),
            Language::Shell if byte == b'#' && at_start_of_word => self.skip_line(),
            Language::Shell if self.is_batch_remark() => self.skip_line(),
            Language::Python | Language::Shell => return false,
        }
        true
    }

    /// `rem` and `::` at the beginning of a line.
    fn is_batch_remark(&self) -> bool {
        let at_start_of_line = self.at == 0 || self.bytes[self.at - 1] == b'\n';
        let (first, fourth) = (self.bytes.get(self.at..self.at + 3).unwrap_or_default(), self.peek(3));
        at_start_of_line
            && (first.starts_with(b"::") || first.eq_ignore_ascii_case(b"rem") && fourth.is_ascii_whitespace())
    }

    fn skip_line(&mut self) {
        while self.at < self.bytes.len() && self.bytes[self.at] != b'\n' {
            self.at += 1;
        }
    }

    /// A block comment; Rust's nest.
    fn skip_block(&mut self) {
        let nests = self.language == Language::Rust;
        let mut depth = 0u32;
        while self.at < self.bytes.len() {
            match (self.bytes[self.at], self.peek(1)) {
                (b'/', b'*') if nests || depth == 0 => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', b'/') => {
                    depth = depth.saturating_sub(1);
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                (byte, _) => {
                    self.line += u32::from(byte == b'\n');
                    self.at += 1;
                }
            }
        }
    }

    fn quoted(&mut self, quote: u8) {
        if self.language == Language::Python && self.peek(1) == quote && self.peek(2) == quote {
            return self.long_text(&[quote; 3], 3);
        }
        if self.language == Language::Rust {
            if let Some(hashes) = self.raw_hashes() {
                let end: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
                return self.long_text(&end, 1);
            }
            if quote == b'\'' {
                return self.character();
            }
        }
        let may_break = matches!(self.language, Language::Rust | Language::Shell);
        match self.closing(quote, may_break) {
            Some(end) => self.text_until(end),
            None => self.sign(quote),
        }
    }

    /// Where the text that begins here ends.
    fn closing(&mut self, quote: u8, may_break: bool) -> Option<usize> {
        let escapes = !(self.language == Language::Shell && quote == b'\'');
        let mut at = self.at + 1;
        while let Some(byte) = self.bytes.get(at).filter(|_| self.patience > 0) {
            match byte {
                b'\\' if escapes => at += 1,
                b'\n' if !may_break => break,
                _ if *byte == quote => return Some(at),
                _ => {}
            }
            at += 1;
        }
        self.patience = self.patience.saturating_sub(at - self.at);
        None
    }

    fn text_until(&mut self, end: usize) {
        let (start, line) = (self.at + 1, self.line);
        self.line += count_lines(&self.bytes[start..end]);
        self.push(Kind::Text, start, end, line);
        self.at = end + 1;
    }

    /// A text that ends with `end`, begins `skip` bytes from here and may hold line breaks.
    fn long_text(&mut self, end: &[u8], skip: usize) {
        let start = self.at + skip;
        let mut at = start;
        let escapes = self.language == Language::Python;
        while at < self.bytes.len() && !self.bytes[at..].starts_with(end) {
            at += if escapes && self.bytes[at] == b'\\' { 2 } else { 1 };
        }
        let stop = at.min(self.bytes.len());
        let start = start.min(stop);
        let line = self.line;
        self.line += count_lines(&self.bytes[start..stop]);
        self.push(Kind::Text, start, stop, line);
        self.at = (stop + end.len()).min(self.bytes.len());
    }

    /// `r#"`: the number of `#` where the word before the quote made it raw.
    fn raw_hashes(&mut self) -> Option<usize> {
        let before = &self.bytes[..self.at];
        let hashes = before.iter().rev().take_while(|b| **b == b'#').count();
        let word = before.len().checked_sub(hashes + 1)?;
        (before[word] == b'r' && self.bytes[self.at] == b'"').then_some(hashes)
    }

    /// A Rust character, or the quote of a lifetime.
    fn character(&mut self) {
        let length = if self.peek(1) == b'\\' { 3 } else { 2 };
        match (length..12)
            .find(|n| self.peek(*n) == b'\'')
            .filter(|n| *n == length || self.peek(1) >= 0x80 || self.peek(1) == b'\\')
        {
            Some(end) => self.text_until(self.at + end),
            None => self.sign(b'\''),
        }
    }

    /// The rest of a template literal, up to its end or to the next `${`.
    fn template(&mut self) {
        let (start, line) = (self.at, self.line);
        while self.at < self.bytes.len() {
            match (self.bytes[self.at], self.peek(1)) {
                (b'\\', next) => {
                    self.line += u32::from(next == b'\n');
                    self.at += 2;
                }
                (b'`', _) => {
                    self.push(Kind::Text, start, self.at, line);
                    self.at += 1;
                    return;
                }
                (b'$', b'{') => {
                    self.push(Kind::Text, start, self.at, line);
                    self.braces.push(Brace::Template);
                    self.at += 2;
                    return;
                }
                (byte, _) => {
                    self.line += u32::from(byte == b'\n');
                    self.at += 1;
                }
            }
        }
        self.at = self.bytes.len();
        self.push(Kind::Text, start.min(self.at), self.at, line);
    }

    /// Whether a slash divides here or begins a regular expression: by what stands before it.
    fn regex_may_begin(&self) -> bool {
        let Some(last) = self.tokens.last() else { return true };
        let text = &self.bytes[last.start as usize..last.end as usize];
        match last.kind {
            Kind::Text | Kind::Number => false,
            Kind::Word => is_operator_word(text),
            Kind::Sign => match text {
                b")" | b"}" => self.regex_after_close,
                b"]" => false,
                _ => true,
            },
        }
    }

    /// A regular expression literal; only its place is kept, as a number of no value.
    fn regex(&mut self) {
        let (start, mut in_class) = (self.at, false);
        let mut at = start + 1;
        while let Some(byte) = self.bytes.get(at).filter(|_| self.patience > 0) {
            match byte {
                b'\\' => at += 1,
                b'\n' => break,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => {
                    self.at = at + 1;
                    self.push(Kind::Number, start, start + 1, self.line);
                    return;
                }
                _ => {}
            }
            at += 1;
        }
        self.patience = self.patience.saturating_sub(at - start);
        self.sign(b'/');
    }

    fn word(&mut self, kind: Kind) {
        let start = self.at;
        self.at += 1;
        while self.at < self.bytes.len() && (self.is_word(self.bytes[self.at]) || self.continues_number(kind)) {
            self.at += 1;
        }
        self.push(kind, start, self.at, self.line);
    }

    fn continues_number(&self, kind: Kind) -> bool {
        kind == Kind::Number && self.bytes[self.at] == b'.' && self.peek(1).is_ascii_digit()
    }

    fn sign(&mut self, byte: u8) {
        if self.language == Language::JavaScript && self.bracket(byte) {
            return;
        }
        self.push(Kind::Sign, self.at, self.at + 1, self.line);
        self.at += 1;
    }

    /// Keeps track of brackets. True when the sign was dealt with.
    fn bracket(&mut self, byte: u8) -> bool {
        match byte {
            b'(' => {
                let head = self.last_is_word(&[b"if", b"while", b"for", b"with"]);
                self.parentheses.push(head);
            }
            b')' => self.regex_after_close = self.parentheses.pop().unwrap_or(false),
            b'{' => self.braces.push(if self.block_may_begin() { Brace::Block } else { Brace::Value }),
            b'}' => match self.braces.pop() {
                Some(Brace::Template) => {
                    // The signs around an expression in a template stand for a sum of texts.
                    self.at += 1;
                    self.template();
                    return true;
                }
                ended => self.regex_after_close = ended != Some(Brace::Value),
            },
            _ => {}
        }
        false
    }

    fn last_is_word(&self, words: &[&[u8]]) -> bool {
        let text = |t: &Token| &self.bytes[t.start as usize..t.end as usize];
        self.tokens.last().is_some_and(|t| t.kind == Kind::Word && words.contains(&text(t)))
    }

    fn block_may_begin(&self) -> bool {
        let Some(last) = self.tokens.last() else { return true };
        match (last.kind, &self.bytes[last.start as usize..last.end as usize]) {
            (Kind::Sign, b")" | b";" | b"{" | b"}" | b">") => true,
            (Kind::Word, b"else" | b"do" | b"try" | b"finally" | b"catch") => true,
            (Kind::Word, word) => !is_operator_word(word),
            _ => false,
        }
    }
}

/// Words after which a value begins.
fn is_operator_word(word: &[u8]) -> bool {
    matches!(
        word,
        b"return"
            | b"typeof"
            | b"case"
            | b"in"
            | b"of"
            | b"delete"
            | b"void"
            | b"throw"
            | b"new"
            | b"else"
            | b"do"
            | b"instanceof"
            | b"await"
            | b"yield"
    )
}

fn count_lines(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.iter().filter(|b| **b == b'\n').count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lex(text: &str, language: Language) -> Vec<String> {
        tokens(text, language).iter().map(|t| text[t.start as usize..t.end as usize].to_owned()).collect()
    }

    #[test]
    fn comments_are_skipped_and_strings_kept_whole() {
        let text = "// a 'quote\nf('x /* no */', \"y\"); /* b */ g";
        assert_eq!(lex(text, Language::JavaScript), ["f", "(", "x /* no */", ",", "y", ")", ";", "g"]);
        assert_eq!(lex("# 'c\nf('''a\n'b''') # d", Language::Python), ["f", "(", "a\n'b", ")"]);
        let text = "/* a /* b */ c */ r#\"d\"e\"# 'x' &'a";
        assert_eq!(lex(text, Language::Rust), ["r", "#", "d\"e", "x", "&", "'", "a"]);
        assert_eq!(lex("a # b\ncurl -s http://x#y", Language::Shell), ["a", "curl", "-s", "http://x", "#", "y"]);
    }

    #[test]
    fn a_regular_expression_hides_no_code() {
        for text in [
            "if(x)/'/.test(y);evil();/'/",
            "a={};/'/;evil();/'/;",
            "function f(){}/'/;evil();/'/;",
            "x=/[/']/;evil();y=/'/",
        ] {
            assert!(lex(text, Language::JavaScript).contains(&"evil".to_owned()), "{text}");
        }
        assert!(lex("a = b / c; evil(d / e)", Language::JavaScript).contains(&"evil".to_owned()));
        assert!(lex("<p>don't</p>;evil()", Language::JavaScript).contains(&"evil".to_owned()));
    }

    #[test]
    fn code_within_templates_is_code() {
        assert_eq!(
            lex("`a${evil(`b${c}`)}d`;e", Language::JavaScript),
            ["a", "evil", "(", "b", "c", "", ")", "d", ";", "e"]
        );
    }

    proptest! {
        #[test]
        fn any_text_gives_tokens_in_order(text in "[a'\"`/*#r${}()\\\\\n\u{e9} ]{0,60}", index in 0usize..4) {
            let language = [Language::JavaScript, Language::Python, Language::Rust, Language::Shell][index];
            let mut end = 0;
            for token in tokens(&text, language) {
                prop_assert!(token.start <= token.end && token.start >= end && token.end as usize <= text.len());
                prop_assert!(text.get(token.start as usize..token.end as usize).is_some());
                end = token.end;
            }
        }
    }
}
