//! The strict reading: SPDX expressions as annex D of SPDX 2.3 defines them, and nothing looser.
//!
//! Ids match in any case of letters, operators are all upper or all lower case (SPDX 3.0.1, annex B), and
//! withdrawn ids stay valid but are written as today's.

use super::{
    expression::{Expression, ExpressionError, MAX_LENGTH},
    identifiers::{self, Listed},
};
use spdx::ParseMode;

/// What a valid SPDX expression says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strict {
    pub expression: Expression,
    /// Withdrawn ids that were used, as written.
    pub deprecated: Vec<String>,
}

/// Grammar as SPDX has it; withdrawn ids without a successor still pass.
const GRAMMAR: ParseMode = ParseMode { allow_deprecated: true, ..ParseMode::STRICT };

/// # Errors
/// When `text` is no SPDX expression or longer than [`MAX_LENGTH`].
pub fn parse(text: &str) -> Result<Strict, ExpressionError> {
    if text.len() > MAX_LENGTH {
        return Err(ExpressionError::TooLong(text.len()));
    }
    let (mut canonical, mut deprecated, mut after_with) = (Vec::new(), Vec::new(), false);
    for word in words(text) {
        let spelled = match word {
            "(" | ")" => word.to_owned(),
            "AND" | "and" | "OR" | "or" | "WITH" | "with" => word.to_ascii_uppercase(),
            _ if after_with => exception(word)?,
            _ => license(word, &mut deprecated)?,
        };
        after_with = spelled == "WITH";
        canonical.push(spelled);
    }
    let expression = judge_grammar(&canonical.join(" "), text)?;
    Ok(Strict { expression, deprecated })
}

/// Hands canonical text to the grammar's authority.
pub(super) fn judge_grammar(canonical: &str, original: &str) -> Result<Expression, ExpressionError> {
    if canonical.is_empty() {
        return Err(ExpressionError::Empty);
    }
    let refuse = |why: String| ExpressionError::Grammar { expression: original.to_owned(), why };
    let parsed = spdx::Expression::parse_mode(canonical, GRAMMAR).map_err(|error| refuse(error.reason.to_string()))?;
    Expression::from_postfix(parsed.iter()).ok_or_else(|| refuse("operators and licences do not add up".into()))
}

/// Words and single parentheses.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().flat_map(|chunk| chunk.split_inclusive(['(', ')']).flat_map(split_parenthesis))
}

fn split_parenthesis(piece: &str) -> impl Iterator<Item = &str> {
    let cut = if piece.ends_with(['(', ')']) { piece.len() - 1 } else { piece.len() };
    [&piece[..cut], &piece[cut..]].into_iter().filter(|part| !part.is_empty())
}

fn license(word: &str, deprecated: &mut Vec<String>) -> Result<String, ExpressionError> {
    let unknown = || ExpressionError::UnknownLicense(word.to_owned());
    if let Some(reference) = reference(word, "LicenseRef-") {
        return reference.ok_or_else(unknown);
    }
    let (spelled, was_deprecated) = spell(word).ok_or_else(unknown)?;
    if was_deprecated {
        deprecated.push(word.to_owned());
    }
    Ok(spelled)
}

/// The id as it is written today, and whether the one given was withdrawn.
pub(super) fn spell(word: &str) -> Option<(String, bool)> {
    match (identifiers::license(word), word.strip_suffix('+')) {
        (Some(Listed::Current(id)), _) => Some((id.to_owned(), false)),
        (Some(Listed::Deprecated { now }), _) => Some((now.to_owned(), true)),
        (None, Some(base)) => spell_or_later(base),
        (None, None) => None,
    }
}

/// `base+`. GNU ids take `-or-later` for it; ids that say `-only` or `-or-later` themselves take no `+`.
fn spell_or_later(base: &str) -> Option<(String, bool)> {
    match identifiers::license(base)? {
        Listed::Current(id) if id.ends_with("-only") || id.ends_with("-or-later") => None,
        Listed::Current(id) => Some((format!("{id}+"), false)),
        Listed::Deprecated { now } if now.contains("-only") => Some((now.replacen("-only", "-or-later", 1), true)),
        Listed::Deprecated { now } if now.contains(' ') => None,
        Listed::Deprecated { now } => Some((format!("{now}+"), true)),
    }
}

pub(super) fn exception(word: &str) -> Result<String, ExpressionError> {
    let unknown = || ExpressionError::UnknownException(word.to_owned());
    match reference(word, "AdditionRef-") {
        Some(reference) => reference.ok_or_else(unknown),
        None => identifiers::exception(word).map(str::to_owned).ok_or_else(unknown),
    }
}

/// `[DocumentRef-<id>:]<prefix><id>`: `None` when `word` does not begin so, `Some(None)` when an id is not one
/// or more of letters, digits, `-` and `.`.
fn reference(word: &str, prefix: &str) -> Option<Option<String>> {
    let is_id = |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
    let (document, rest) = match word.split_once(':') {
        Some((document, rest)) => (Some(strip_prefix_in_any_case(document, "DocumentRef-")?), rest),
        None => (None, word),
    };
    let id = strip_prefix_in_any_case(rest, prefix)?;
    Some(match document {
        _ if !is_id(id) => None,
        Some(document) => is_id(document).then(|| format!("DocumentRef-{document}:{prefix}{id}")),
        None => Some(format!("{prefix}{id}")),
    })
}

fn strip_prefix_in_any_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> String {
        parse(text).unwrap().expression.to_string()
    }

    #[test]
    fn expressions_take_one_normal_form() {
        for (text, expected) in [
            ("MIT", "MIT"),
            ("mit or apache-2.0", "MIT OR Apache-2.0"),
            ("(MIT OR (Apache-2.0))", "MIT OR Apache-2.0"),
            ("MIT AND (MIT AND ISC)", "MIT AND ISC"),
            ("MIT OR ISC AND Zlib", "MIT OR ISC AND Zlib"),
            ("(MIT OR ISC) AND Zlib", "(MIT OR ISC) AND Zlib"),
            ("gpl-2.0+ with classpath-exception-2.0", "GPL-2.0-or-later WITH Classpath-exception-2.0"),
            ("GPL-2.0-with-classpath-exception OR MIT", "GPL-2.0-only WITH Classpath-exception-2.0 OR MIT"),
            ("Apache-2.0+", "Apache-2.0+"),
            ("licenseref-Mine AND documentref-a.b:LicenseRef-c", "LicenseRef-Mine AND DocumentRef-a.b:LicenseRef-c"),
            ("Apache-2.0 WITH AdditionRef-ours", "Apache-2.0 WITH AdditionRef-ours"),
        ] {
            assert_eq!(normal(text), expected);
            assert_eq!(normal(expected), expected);
        }
    }

    #[test]
    fn withdrawn_ids_are_named() {
        assert_eq!(parse("GPL-2.0 OR MIT").unwrap().deprecated, ["GPL-2.0"]);
    }

    #[test]
    fn what_is_not_spdx_is_refused() {
        for text in [
            "",
            " ",
            "()",
            "MIT OR",
            "OR MIT",
            "MIT MIT",
            "MIT Or ISC",
            "MIT/ISC",
            "(MIT",
            "MIT)",
            "MIT WITH MIT",
            "MIT WITH Classpath-exception-2.0 WITH LLVM-exception",
            "Classpath-exception-2.0",
            "LicenseRef-",
            "LicenseRef-a_b",
            "DocumentRef-:LicenseRef-x",
            "GPL-2.0-only+",
            "GPL-3.0-or-later+",
            "MIT +",
            "MIT++",
            "NONE",
            "NOASSERTION",
            "Apache 2.0",
            "(MIT) WITH Classpath-exception-2.0",
            "MIT OR \u{85}\u{1F980}",
            "GPL-2.0-with-classpath-exception WITH LLVM-exception",
        ] {
            assert!(parse(text).is_err(), "{text:?} passed");
        }
        assert_eq!(parse(&"(".repeat(MAX_LENGTH + 1)), Err(ExpressionError::TooLong(MAX_LENGTH + 1)));
        assert!(parse(&"(".repeat(MAX_LENGTH)).is_err());
    }

    #[test]
    fn the_deepest_nesting_is_survived() {
        let levels = 300;
        let text = format!("{}MIT{}", "X11 OR(ISC AND(".repeat(levels / 2), "))".repeat(levels / 2));
        let expression = parse(&text).unwrap().expression;
        assert_eq!(normal(&expression.to_string()), expression.to_string());
    }
}
