//! `lockgate score`: what the classifier says of a new version, or of a list of them.

use super::print;
use crate::config::{ClassifierConfig, Config};
use anyhow::{Context, Result, ensure};
use lockgate_archive::{Contents, Format, Limits, read};
use lockgate_classifier::{Answer, Behaviour, Cause, Ecosystem, Library, Mode, Model, Pin, Subject, chunks};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    num::NonZero,
    panic::resume_unwind,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
};

/// Differences that are scored together.
const TOGETHER: usize = 16;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// npm, pypi or cargo.
    #[arg(long, required_unless_present = "list", requires = "new", value_parser = ecosystem)]
    ecosystem: Option<Ecosystem>,
    /// The archive of the version before; without it, all of the package counts as new.
    #[arg(long, requires = "new")]
    old: Option<PathBuf>,
    /// The archive of the new version.
    #[arg(long, required_unless_present = "list", requires = "ecosystem")]
    new: Option<PathBuf>,
    /// Lines `{"ecosystem": ..., "old": ARCHIVE or null, "new": ARCHIVE}`.
    #[arg(long, conflicts_with_all = ["ecosystem", "old", "new"])]
    list: Option<PathBuf>,
    /// The model; its SHA-256 is expected beside it, in a file of that name and `.sha256`.
    #[arg(long)]
    model: Option<PathBuf>,
    /// ONNX Runtime's shared library.
    #[arg(long)]
    library: Option<PathBuf>,
}

/// A line of a list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Pair {
    ecosystem: Ecosystem,
    old: Option<PathBuf>,
    new: PathBuf,
}

/// What is printed.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Line {
    Answer { score: f64, probability: f64, mode: Mode, hunks: Vec<Cause>, behaviours: Vec<Behaviour>, model: String },
    Error { error: String },
}

/// A JSON line for each pair, in order. What is wrong with a pair stands in its line; what is wrong with all of them is an
/// error, exit 2.
pub(super) fn run(config: &Path, arguments: &Arguments) -> Result<ExitCode> {
    let pairs = pairs(arguments)?;
    let mut model = model(config, arguments)?;
    for together in pairs.chunks(TOGETHER) {
        for line in score(&mut model, together) {
            print(&format!("{}\n", serde_json::to_string(&line)?))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn ecosystem(name: &str) -> Result<Ecosystem, String> {
    let names = "npm, pypi and cargo are known";
    serde_json::from_value(name.into()).map_err(|_| names.to_owned())
}

/// The pairs that are asked for, or why one is none.
fn pairs(arguments: &Arguments) -> Result<Vec<Result<Pair>>> {
    if let Some(list) = &arguments.list {
        let text = fs::read_to_string(list).with_context(|| format!("read the list {}", list.display()))?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let pair = |(number, line)| serde_json::from_str(line).with_context(|| format!("read line {}", number + 1));
        return Ok(lines.map(pair).collect());
    }
    let Arguments { ecosystem, old, new, .. } = arguments;
    let (ecosystem, new) = ecosystem.zip(new.clone()).context("--ecosystem and --new are needed, or --list")?;
    Ok(vec![Ok(Pair { ecosystem, old: old.clone(), new })])
}

fn model(config: &Path, arguments: &Arguments) -> Result<Model> {
    let config = config.exists().then(|| Config::load(config)).transpose()?;
    let policies = config.as_ref().and_then(|config| config.policy.dir.clone());
    let configured = config.map(|config| config.classifier).unwrap_or_default();
    let chosen = ClassifierConfig {
        model: arguments.model.clone().or(configured.model),
        library: arguments.library.clone().or(configured.library),
        ..ClassifierConfig::default()
    };
    let library = Library::load(&chosen.library())?;
    Ok(Model::open(&library, &chosen.model(policies.as_deref()), Pin::Beside)?)
}

/// A line for each pair.
fn score(model: &mut Model, pairs: &[Result<Pair>]) -> Vec<Line> {
    let subjects = subjects(pairs);
    let sound: Vec<Subject> = subjects.iter().flatten().cloned().collect();
    let mut answers = answers(model, &sound).into_iter();
    let line = |subject: Result<Subject, String>| match subject {
        Ok(_) => answers.next().unwrap_or_else(|| Line::Error { error: "the model gave no answer".into() }),
        Err(error) => Line::Error { error },
    };
    subjects.into_iter().map(line).collect()
}

/// In order; read on all processors.
fn subjects(pairs: &[Result<Pair>]) -> Vec<Result<Subject, String>> {
    let read = |pair: &Result<Pair>| {
        let pair = pair.as_ref().map_err(shown)?;
        subject(pair).map_err(|error| shown(&error))
    };
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let parts = pairs.chunks(pairs.len().div_ceil(processors).max(1));
        let readers: Vec<_> =
            parts.map(|part| scope.spawn(move || part.iter().map(read).collect::<Vec<_>>())).collect();
        let results = readers.into_iter().map(|reader| reader.join().unwrap_or_else(|panic| resume_unwind(panic)));
        results.flatten().collect()
    })
}

/// A line for each subject; those that fail together are asked alone.
fn answers(model: &mut Model, subjects: &[Subject]) -> Vec<Line> {
    match model.score(subjects) {
        Ok(answers) => answers.into_iter().map(line).collect(),
        Err(error) if subjects.len() == 1 => vec![Line::Error { error: error.to_string() }],
        Err(_) => subjects.iter().flat_map(|subject| answers(model, std::slice::from_ref(subject))).collect(),
    }
}

fn line(answer: Answer) -> Line {
    let Answer { mode, hunks, behaviours, model, .. } = answer;
    match answer.score.zip(answer.probability) {
        Some((score, probability)) => Line::Answer { score, probability, mode, hunks, behaviours, model },
        None => Line::Error { error: "the difference adds only what is no text, and the model reads text".into() },
    }
}

fn subject(pair: &Pair) -> Result<Subject> {
    let old = pair.old.as_deref().map(open).transpose()?;
    let new = open(&pair.new)?;
    let extract = chunks(old.as_ref(), &new);
    // Nothing that was read is not nothing.
    ensure!(
        !extract.chunks.is_empty() || new.is_complete(),
        "{} can be read in part only, and nothing new is in that part",
        pair.new.display()
    );
    let mode = if old.is_some() { Mode::Update } else { Mode::New };
    Ok(Subject { ecosystem: pair.ecosystem, mode, extract })
}

fn open(path: &Path) -> Result<Contents> {
    let bytes = fs::read(path).with_context(|| format!("read {}", path.display()))?;
    let format = Format::sniff(&bytes).with_context(|| format!("{} is no archive that is read", path.display()))?;
    let contents = read(&bytes, format, &Limits::default());
    ensure!(!contents.files.is_empty(), "{} holds no file that can be read", path.display());
    Ok(contents)
}

fn shown(error: &anyhow::Error) -> String {
    format!("{error:#}")
}
