//! Toy models (`tests/models/make.py`) through the real runtime. Without the library the tests fail and say what to run.

mod acceptance;
mod answers;
mod refusals;
mod service;

use lockgate_classifier::{Chunk, Ecosystem, Error, Extract, Library, Mode, Model, Pin, Role, Subject};
use std::path::PathBuf;

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models")).join(name)
}

fn library() -> Library {
    Library::load(&Library::usual_path()).unwrap_or_else(|error| panic!("{error}"))
}

fn open(name: &str) -> Result<Model, Error> {
    Model::open(&library(), &path(name), Pin::Beside)
}

fn toy() -> Model {
    open("toy.onnx").unwrap_or_else(|error| panic!("{error}"))
}

/// A difference of chunks with so many sevens each: what the toys count.
fn subject(sevens: &[usize]) -> Subject {
    let chunk = |(place, sevens): (usize, &usize)| Chunk {
        path: format!("src/{place}.js"),
        role: Role::Source,
        first_line: 10 + place as u32,
        last_line: 20,
        tokens: [vec![7; *sevens], vec![3]].concat(),
    };
    let chunks = sevens.iter().enumerate().map(chunk).collect();
    let extract = Extract { chunks, ..Extract::default() };
    Subject { ecosystem: Ecosystem::Npm, mode: Mode::New, extract }
}
