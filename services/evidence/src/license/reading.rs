//! The lenient reading: what publishers put into licence fields, brought to SPDX where it says one thing.
//!
//! SPDX is tried first. Then common names, cargo's `MIT/Apache-2.0`, commas, npm's `SEE LICENSE IN` and
//! `UNLICENSED`, registry classifiers, and addresses that end in a licence's id. Every liberty is recorded.

use super::{
    expression::{Expression, ExpressionError, MAX_LENGTH, Term},
    names, parse,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far a licence field is from SPDX.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Spdx,
    /// Valid, with ids that SPDX has withdrawn.
    Deprecated,
    /// Not SPDX, but it names its licences.
    Corrected,
}

/// A licence field that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub declared: Declared,
    pub standing: Standing,
    /// What was read as what, one sentence each; empty for SPDX.
    pub corrections: Vec<String>,
}

/// What a licence field says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Declared {
    Expression(Expression),
    /// The licence is in this file of the package (npm: `SEE LICENSE IN <file>`).
    File(String),
    /// The field says that it says nothing: empty, `NONE`, `NOASSERTION`.
    Nothing,
}

/// # Errors
/// When the field names something that is no known licence; see [`ExpressionError`].
pub fn read(text: &str) -> Result<Reading, ExpressionError> {
    let text = text.trim();
    if text.len() > MAX_LENGTH {
        return Err(ExpressionError::TooLong(text.len()));
    }
    match parse::parse(text) {
        Ok(strict) => Ok(spdx(strict)),
        Err(error) => says_no_expression(text).map_or_else(|| lenient(text, error), Ok),
    }
}

fn spdx(strict: parse::Strict) -> Reading {
    let standing = if strict.deprecated.is_empty() { Standing::Spdx } else { Standing::Deprecated };
    let corrections = strict.deprecated.iter().map(|id| format!("{id} is withdrawn by SPDX")).collect();
    Reading { declared: Declared::Expression(strict.expression), standing, corrections }
}

fn says_no_expression(text: &str) -> Option<Reading> {
    let declared = match text.to_ascii_lowercase().as_str() {
        "" | "none" | "noassertion" | "unknown" => Declared::Nothing,
        lower => {
            Declared::File(text.get(lower.strip_prefix("see license in ").map(|f| text.len() - f.len())?..)?.into())
        }
    };
    let corrections = vec![format!("{text:?} is no licence expression")];
    Some(Reading { declared, standing: Standing::Corrected, corrections })
}

/// `strict` is the error that the reader sees when the lenient reading fails too.
fn lenient(text: &str, strict: ExpressionError) -> Result<Reading, ExpressionError> {
    let bare = text.rsplit(" :: ").next().unwrap_or(text).trim();
    let expression = match whole(bare) {
        Some(term) => Expression::all_of([term]),
        None => compound(bare),
    };
    let expression = expression.ok_or(strict)?;
    let corrections = vec![format!("{text:?} is read as {expression}")];
    Ok(Reading { declared: Declared::Expression(expression), standing: Standing::Corrected, corrections })
}

/// The whole field as one licence: a common name, or an address that ends in an id.
fn whole(text: &str) -> Option<Term> {
    let name = match text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) {
        Some(address) => {
            let last = address.trim_end_matches('/').rsplit('/').next()?;
            [".txt", ".html", ".php"].iter().find_map(|end| last.strip_suffix(end)).unwrap_or(last)
        }
        None => text,
    };
    single(name)
}

/// One licence by id or name.
fn single(name: &str) -> Option<Term> {
    let spelled = match parse::spell(name) {
        Some((spelled, _)) => spelled,
        None => names::license(name)?.to_owned(),
    };
    let expression = parse::parse(&spelled).ok()?.expression;
    expression.terms().into_iter().next().cloned()
}

/// Several licences with operators between them, SPDX's or others.
fn compound(text: &str) -> Option<Expression> {
    let spaced = space_out(text);
    let (mut canonical, mut phrase): (Vec<String>, Vec<&str>) = (Vec::new(), Vec::new());
    for word in parse::words(&spaced) {
        let operator = operator(word);
        if operator.is_none() {
            phrase.push(word);
            continue;
        }
        close(&mut phrase, &mut canonical)?;
        canonical.extend(operator.map(str::to_owned));
    }
    close(&mut phrase, &mut canonical)?;
    parse::judge_grammar(&canonical.join(" "), text).ok()
}

/// `/` and `|` give the choice, as cargo once had it; a comma or `;` gives none, so both licences bind.
fn operator(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "(" => "(",
        ")" => ")",
        "or" | "/" | "|" | "||" => "OR",
        "and" | "," | ";" | "&" | "&&" => "AND",
        "with" | "w" => "WITH",
        _ => return None,
    })
}

/// Ends a licence's words: they become one id, or one exception after `WITH`.
fn close(phrase: &mut Vec<&str>, canonical: &mut Vec<String>) -> Option<()> {
    if phrase.is_empty() {
        return Some(());
    }
    let name = phrase.join(" ");
    phrase.clear();
    canonical.push(match canonical.last().map(String::as_str) {
        Some("WITH") => parse::exception(&name).ok()?,
        _ => match parse::parse(&name) {
            Ok(strict) => strict.expression.to_string(),
            Err(_) => single(&name)?.to_string(),
        },
    });
    Some(())
}

/// Puts blanks around signs that stand for operators, and turns "or later" into `+` so that its "or" is none.
fn space_out(text: &str) -> String {
    let mut spaced = text.to_owned();
    for phrase in [" or any later version", " or later", " or newer", " or greater"] {
        while let Some(at) = spaced.to_ascii_lowercase().find(phrase) {
            spaced.replace_range(at..at + phrase.len(), "+");
        }
    }
    spaced.replace('/', " / ").replace(',', " , ").replace(';', " ; ").replace('&', " & ").replace('|', " | ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn normal(text: &str) -> String {
        match read(text).unwrap_or_else(|e| panic!("{text}: {e}")).declared {
            Declared::Expression(expression) => expression.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn fields_in_use_are_read() {
        for (text, expected) in [
            ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
            ("Apache-2.0 / MIT", "Apache-2.0 OR MIT"),
            ("MIT, BSD 3-Clause", "MIT AND BSD-3-Clause"),
            ("(MIT Or GPLv3+)", "MIT OR GPL-3.0-or-later"),
            ("GPL v2 or later or MIT", "GPL-2.0-or-later OR MIT"),
            ("Apache License 2.0 with LLVM-exception", "Apache-2.0 WITH LLVM-exception"),
            ("License :: OSI Approved :: MIT License", "MIT"),
            ("https://example.test/licenses/MIT.txt", "MIT"),
            ("BSD", "LicenseRef-BSD"),
            ("UNLICENSED", "LicenseRef-UNLICENSED"),
            ("SEE LICENSE IN docs/LICENSE.txt", "File(\"docs/LICENSE.txt\")"),
            ("NONE", "Nothing"),
            ("", "Nothing"),
            ("GPL-2.0", "GPL-2.0-only"),
        ] {
            assert_eq!(normal(text), expected);
        }
    }

    #[test]
    fn the_standing_tells_spdx_from_the_rest() {
        assert_eq!(read("MIT OR ISC").unwrap().standing, Standing::Spdx);
        assert_eq!(read("GPL-2.0+").unwrap().standing, Standing::Deprecated);
        let corrected = read("Apache 2.0").unwrap();
        assert_eq!(corrected.standing, Standing::Corrected);
        assert_eq!(corrected.corrections, ["\"Apache 2.0\" is read as Apache-2.0"]);
    }

    #[test]
    fn what_names_no_licence_is_refused() {
        for text in ["MIT but not for Bob", "n/a", "Copyright 2020 Foo", "MIT OR", "see LICENSE", "/", "MIT WITH love"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }

    fn token() -> impl Strategy<Value = String> {
        prop::sample::select(vec![
            "MIT",
            "mit",
            "Apache-2.0",
            "GPL-2.0+",
            "GPL-2.0",
            "GPLv3",
            "BSD",
            "LicenseRef-x",
            "AND",
            "or",
            "OR",
            "WITH",
            "Classpath-exception-2.0",
            "(",
            ")",
            "/",
            ",",
            "+",
            "Or later",
            "Apache-2.0+",
            "License",
            "\u{e9}",
            "\u{130}",
        ])
        .prop_map(str::to_owned)
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = read(&text);
            let _ = parse::parse(&text);
        }

        #[test]
        fn normalising_twice_is_normalising_once(tokens in prop::collection::vec(token(), 1..24)) {
            if let Ok(Reading { declared: Declared::Expression(expression), .. }) = read(&tokens.join(" ")) {
                let again = parse::parse(&expression.to_string()).unwrap();
                prop_assert_eq!(again.expression, expression);
                prop_assert!(again.deprecated.is_empty());
            }
        }
    }
}
