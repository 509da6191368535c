//! Licence expressions: strict and lenient reading, their algebra, and allow lists.

use lockgate_evidence::license::{
    AllowList, AllowOutcome, MAX_LENGTH, algebra::Equivalence, judge_expression, parse::parse, reading,
};

pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(strict) = parse(text) {
        let expression = strict.expression;
        let written = expression.to_string();
        assert!(written.len() <= 8 * data.len() + 64, "{} bytes are written of {}", written.len(), data.len());
        if written.len() <= MAX_LENGTH {
            let again = parse(&written).unwrap_or_else(|e| panic!("{written:?} was written and is not read: {e}"));
            assert_ne!(again.expression.equivalence(&expression), Equivalence::Different, "{written:?}");
        }
        for way in expression.ways().into_iter().flatten() {
            let terms: Vec<String> = way.iter().map(ToString::to_string).collect();
            let allow = AllowList::parse(&terms).expect("a term is a licence");
            assert!(allow.missing(&expression).is_empty(), "each way fulfils {written:?}: {terms:?}");
        }
        if let Some(simple) = expression.simplified() {
            assert_ne!(simple.equivalence(&expression), Equivalence::Different, "{written:?}");
        }
        let nothing: [&str; 0] = [];
        let report = judge_expression(text, &nothing);
        assert_eq!(report.outcome, AllowOutcome::NotSatisfied, "an empty list allows nothing: {text:?}");
        assert!(!report.missing.is_empty());
    }
    let _ = reading::read(text);
    let report = judge_expression(text, &["MIT", "Apache-2.0 WITH LLVM-exception", "GPL-2.0-or-later"]);
    assert_eq!(report.outcome == AllowOutcome::Unreadable, report.error.is_some() && report.normalized.is_none());
    assert!(report.outcome != AllowOutcome::Satisfied || report.missing.is_empty());
}

pub fn seeds() -> Vec<Vec<u8>> {
    [
        "MIT",
        "MIT OR Apache-2.0",
        "(MIT OR GPL-3.0-only) AND ISC",
        "Apache-2.0 WITH LLVM-exception",
        "GPL-2.0+",
        "LicenseRef-a AND DocumentRef-b:LicenseRef-c",
        "MIT/Apache-2.0",
        "SEE LICENSE IN LICENSE.txt",
        "UNLICENSED",
        "License :: OSI Approved :: MIT License",
        "https://opensource.example.test/licenses/MIT",
        "NOASSERTION",
        "(A OR B) AND (MIT OR ISC) AND (MIT OR BSD-3-Clause) AND (Zlib OR 0BSD)",
        "mit and (apache-2.0 or bsd-2-clause)",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}
