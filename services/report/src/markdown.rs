//! Strangers' text within our Markdown.
//!
//! A publisher chooses names, versions, licence fields and advisory summaries. None of it may open a link, an
//! image, HTML, a heading or a line of its own in a check run, where readers take every word for ours.

use crate::plain::plain;

/// A sentence that may quote a stranger: no markup, no mention.
pub(crate) fn sentence(text: &str) -> String {
    escape(text, Mention::Broken)
}

/// A name or a path. `@` stays as it is: npm scopes begin with it, and check runs notify nobody.
pub(crate) fn name(text: &str) -> String {
    escape(text, Mention::Kept)
}

/// A cell of a table.
pub(crate) fn cell(text: &str) -> String {
    name(text)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mention {
    Broken,
    Kept,
}

fn escape(text: &str, mention: Mention) -> String {
    let text = plain(text);
    let characters: Vec<char> = text.chars().collect();
    let mut escaped = String::with_capacity(text.len() + 8);
    for (index, &c) in characters.iter().enumerate() {
        let inner = index > 0 && characters[index - 1].is_alphanumeric();
        let inner = inner && characters.get(index + 1).is_some_and(|next| next.is_alphanumeric());
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '@' if mention == Mention::Broken => escaped.push_str("@\u{200b}"),
            '\\' | '`' | '*' | '[' | ']' | '|' | '~' | '#' => escaped.extend(['\\', c]),
            // Within a word it is no emphasis.
            '_' if !inner => escaped.extend(['\\', c]),
            // At the beginning of a line they would make a list or a heading of it.
            '-' | '+' | '=' if index == 0 => escaped.extend(['\\', c]),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_stay_as_they_are() {
        for text in ["npm left-pad 1.3.0", "@scope/name", "snake_case", "web/package-lock.json:812", "1.0.0-rc.1+b"] {
            assert_eq!(name(text), text);
        }
    }

    #[test]
    fn markup_becomes_text() {
        for (text, expected) in [
            ("[click](https://evil.example.test)", r"\[click\](https://evil.example.test)"),
            ("<img src=x>", "&lt;img src=x&gt;"),
            ("# heading", r"\# heading"),
            ("- item", r"\- item"),
            ("`code` **bold** _it_ |", r"\`code\` \*\*bold\*\* \_it\_ \|"),
            ("a\nb", "a\u{fffd}b"),
            ("by @octocat", "by @\u{200b}octocat"),
        ] {
            assert_eq!(sentence(text), expected);
        }
    }
}
