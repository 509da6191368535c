//! Models for tests: the toy of `services/classifier/tests/models`, which counts the sign U+0007 and takes off 4, with
//! whatever card a test needs. Another card is another model.

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
};

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../services/classifier/tests/models");

/// A model in a file, with its digest in the file beside it.
#[derive(Debug, Clone)]
pub struct Toy {
    pub file: PathBuf,
    /// SHA-256, as hex.
    pub digest: String,
}

impl Toy {
    /// Writes `NAME.onnx` into `folder`: the toy with a card that `change` has changed.
    pub fn write(folder: &Path, name: &str, change: impl FnOnce(&mut Value)) -> Self {
        let read = |name: &str| fs::read(Path::new(MODELS).join(name)).expect("the toy models are there");
        let (mut model, with_card) = (read("no-card.onnx"), read("toy.onnx"));
        // What the toy has more than its sister is the card, at the end.
        let text = &with_card[model.len()..];
        let text = &text[text.iter().position(|byte| *byte == b'{').expect("a card is an object")..];
        let mut card: Value = serde_json::from_slice(text).expect("a card is JSON");
        change(&mut card);
        model.extend(metadata(&card.to_string()));
        let digest = hex::encode(Sha256::digest(&model));
        let file = folder.join(format!("{name}.onnx"));
        fs::write(&file, model).expect("the folder is writable");
        fs::write(folder.join(format!("{name}.onnx.sha256")), &digest).expect("the folder is writable");
        Self { file, digest }
    }

    pub fn path(&self) -> String {
        self.file.display().to_string()
    }
}

/// The entry `lockgate` of a model's metadata (ONNX, onnx.proto: ModelProto.metadata_props, field 14), whose parts lie one
/// after the other.
fn metadata(card: &str) -> Vec<u8> {
    let entry = [field(1, b"lockgate"), field(2, card.as_bytes())].concat();
    field(14, &entry)
}

/// Number and length come first, in sevens of bits with the lowest in front (Protocol Buffers, encoding).
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length > 0x7f {
        bytes.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend(content);
    bytes
}
