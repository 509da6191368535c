//! Fixed differences, their tokens and what the model in `models/` says of them, to the digit that is promised. After a
//! change that is meant: `LOCKGATE_GOLDEN=write cargo nextest run -p lockgate-classifier --test golden`, and read the diff.

mod differences;

use differences::DIFFERENCES;
use lockgate_archive::{Contents, File};
use lockgate_classifier::{Extract, Library, Mode, Model, Pin, Subject, chunks};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fs, path::PathBuf};

/// How far a score may be from its golden one.
const NEAR: f64 = 1e-3;

#[derive(Debug, Serialize, Deserialize)]
struct Golden {
    /// SHA-256 over roles and tokens: of another digest, the extractor is another one.
    tokens: String,
    score: f64,
    probability: f64,
    /// File and first line of the strongest place.
    worst: Option<(String, u32)>,
}

fn contents(files: &[(&str, &str)]) -> Contents {
    let file = |(path, text): &(&str, &str)| File {
        path: format!("package/{path}"),
        size: text.len() as u64,
        content: text.as_bytes().to_vec().into(),
        executable: false,
    };
    let mut files: Vec<File> = files.iter().map(file).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Contents { files, irregularities: vec![] }
}

fn tokens(extract: &Extract) -> String {
    let mut digest = Sha256::new();
    for chunk in &extract.chunks {
        digest.update([chunk.role.number()]);
        chunk.tokens.iter().for_each(|token| digest.update(token.to_le_bytes()));
    }
    hex::encode(digest.finalize())
}

fn found() -> BTreeMap<String, Golden> {
    let model = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/models/classifier.onnx"));
    let library = Library::load(&Library::usual_path()).unwrap_or_else(|error| panic!("{error}"));
    let mut model = Model::open(&library, &model, Pin::Beside).unwrap_or_else(|error| panic!("{error}"));
    let subjects: Vec<Subject> = DIFFERENCES
        .iter()
        .map(|difference| {
            let old = (!difference.old.is_empty()).then(|| contents(difference.old));
            let mode = if old.is_some() { Mode::Update } else { Mode::New };
            let extract = chunks(old.as_ref(), &contents(difference.new));
            Subject { ecosystem: difference.ecosystem, mode, extract }
        })
        .collect();
    let answers = model.score(&subjects).expect("answers");
    let golden =
        |((difference, subject), answer): ((&differences::Difference, &Subject), lockgate_classifier::Answer)| {
            let golden = Golden {
                tokens: tokens(&subject.extract),
                score: answer.score.expect("text"),
                probability: answer.probability.expect("text"),
                worst: answer.hunks.first().map(|hunk| (hunk.file.clone(), hunk.first_line)),
            };
            (difference.name.to_owned(), golden)
        };
    DIFFERENCES.iter().zip(&subjects).zip(answers).map(golden).collect()
}

#[test]
fn the_model_answers_what_it_did() {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/scores.json"));
    let found = found();
    if std::env::var_os("LOCKGATE_GOLDEN").is_some_and(|value| value == "write") {
        fs::write(&path, serde_json::to_string_pretty(&found).expect("plain") + "\n").expect("written");
    }
    let golden: BTreeMap<String, Golden> =
        serde_json::from_slice(&fs::read(&path).expect("scores.json")).expect("golden scores");
    assert_eq!(golden.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>());
    for (name, golden) in &golden {
        let found = &found[name];
        assert_eq!(found.tokens, golden.tokens, "{name}: the extractor reads it otherwise; raise VERSION");
        assert!((found.score - golden.score).abs() <= NEAR, "{name}: {} instead of {}", found.score, golden.score);
        assert!((found.probability - golden.probability).abs() <= NEAR, "{name}");
        assert_eq!(found.worst, golden.worst, "{name}");
    }
}

#[test]
fn what_is_malicious_scores_above_what_is_not() {
    let found = found();
    let of =
        |malicious: bool| DIFFERENCES.iter().filter(move |d| d.malicious == malicious).map(|d| found[d.name].score);
    let (lowest, highest) = (of(true).fold(f64::INFINITY, f64::min), of(false).fold(f64::NEG_INFINITY, f64::max));
    assert!(lowest > highest, "the lowest of the malicious ones is {lowest}, the highest of the benign ones {highest}");
}
