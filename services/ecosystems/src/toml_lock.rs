//! Reading a TOML lockfile into typed tables, with the place of what is wrong.
//!
//! The parser bounds nesting itself (80 levels unless its `unbounded` feature is on, which it must not be).

use crate::position::{Lines, excerpt};
use lockgate_model::LockfileError;
use serde::de::DeserializeOwned;

/// Most separators (white space, brackets, quotes, commas…) of one lockfile. The parser keeps some 90 bytes for
/// each, whatever stands between them; a lockfile of 630 packages with all their wheels has 500,000.
const MAX_SEPARATORS: usize = 6_000_000;

/// Reads `text` as TOML and then as `T`.
///
/// # Errors
/// When the text is not TOML or a value has another type: path, line, column, and what was expected.
pub(crate) fn read<T: DeserializeOwned>(path: &str, text: &str, lines: &Lines<'_>) -> Result<T, LockfileError> {
    let separators = text.bytes().filter(|b| b" \t\r\n,[]{}=.#\"'".contains(b)).count();
    if separators > MAX_SEPARATORS {
        let message = "it holds too many values to be read; split the project into several lockfiles".to_owned();
        return Err(LockfileError { path: path.to_owned(), line: None, column: None, message });
    }
    toml::from_str(text).map_err(|e| {
        let message = format!("it is not a valid lockfile: {}", excerpt(e.message()));
        match e.span() {
            Some(span) => lines.error(path, span.start, message),
            None => LockfileError { path: path.to_owned(), line: None, column: None, message },
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use toml::Spanned;

    #[derive(Debug, Deserialize)]
    struct File {
        package: Vec<Spanned<Package>>,
    }

    #[derive(Debug, Deserialize)]
    struct Package {
        #[expect(dead_code, reason = "only its type matters here")]
        name: String,
    }

    fn file(text: &str) -> Result<File, LockfileError> {
        read("a.lock", text, &Lines::new(text))
    }

    #[test]
    fn a_table_begins_at_its_header() {
        let text = "# c\n\n[[package]]\nname = \"a\"\n\n[[package]]\nname = \"b\"\n";
        let lines: Vec<u32> =
            file(text).unwrap().package.iter().map(|p| Lines::new(text).line(p.span().start)).collect();
        assert_eq!(lines, [3, 6]);
    }

    #[test]
    fn errors_name_line_and_column() {
        let broken = file("[[package]]\nname = \"a\n").unwrap_err();
        assert_eq!((broken.line, broken.column), (Some(2), Some(10)), "{broken}");
        let wrong = file("[[package]]\nname = 7\n").unwrap_err();
        assert_eq!((wrong.line, wrong.column), (Some(2), Some(8)), "{wrong}");
    }

    #[test]
    fn a_text_that_would_fill_the_memory_is_refused_unread() {
        let error = file(&format!("package = [{}]", "[],".repeat(2_000_000))).unwrap_err();
        assert!(error.message.contains("too many values"), "{error}");
    }

    #[test]
    fn deep_nesting_is_refused_without_recursion() {
        for (open, close) in [("[", "]"), ("{a=", "}")] {
            let text = format!("package = {}{}", open.repeat(200_000), close.repeat(200_000));
            assert!(file(&text).is_err());
        }
        assert!(file(&format!("{}a = 1", "a.".repeat(200_000))).is_err());
    }
}
