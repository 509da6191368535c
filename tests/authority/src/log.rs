//! A transparency log: a Merkle tree (RFC 6962) whose head the log signs as a note (C2SP `tlog-checkpoint`).

use crate::{
    Key, Kind,
    key::{base64, sha256},
};
use serde_json::{Value, json};
use std::sync::Mutex;

/// Of the first generation ([`Log::first`]): it says when it takes an entry in, and promises to. Of the second
/// ([`Log::second`]): it says neither.
#[derive(Debug)]
pub struct Log {
    pub key: Key,
    pub host: String,
    /// The first line of its checkpoints.
    pub origin: String,
    /// What entries and the trusted root call it by.
    pub id: [u8; 32],
    /// What its indices begin with; those of its tree begin with 0.
    pub first_index: u64,
    leaves: Mutex<Vec<[u8; 32]>>,
}

/// A tree's head and the way to it from a leaf.
#[derive(Debug, Clone)]
pub struct Proof {
    pub index: u64,
    pub size: u64,
    pub root: [u8; 32],
    pub hashes: Vec<[u8; 32]>,
}

impl Log {
    /// Rekor v1: ECDSA, called by its key's digest, and holding the entries of earlier trees before its own.
    pub fn first(host: &str) -> Self {
        let key = Key::new();
        Self::holding(key.id(), key, host, &format!("{host} - 1193050959916656506"), 4_163_431)
    }

    /// Rekor v2: Ed25519, called by what C2SP `signed-note` calls a key.
    pub fn second(host: &str) -> Self {
        let key = Key::ed25519();
        let id = sha256(&[host.as_bytes(), b"\n\x01", &key.raw()].concat());
        Self::holding(id, key, host, host, 0)
    }

    fn holding(id: [u8; 32], key: Key, host: &str, origin: &str, first_index: u64) -> Self {
        let leaves = (0..5).map(|others: u8| leaf(&[others])).collect();
        Self { key, host: host.to_owned(), origin: origin.to_owned(), id, first_index, leaves: Mutex::new(leaves) }
    }

    /// Takes `body` in, and two others after it, so that it is neither the only leaf nor the last.
    pub fn append(&self, body: &[u8]) -> Proof {
        let mut leaves = self.leaves.lock().expect("no test panics within");
        let index = leaves.len();
        leaves.push(leaf(body));
        leaves.extend([leaf(b"one after"), leaf(b"another after")]);
        Proof { index: index as u64, size: leaves.len() as u64, root: root(&leaves), hashes: path(index, &leaves) }
    }

    /// The signed head of a tree.
    pub fn checkpoint(&self, size: u64, root: &[u8; 32]) -> String {
        self.note(&format!("{}\n{size}\n{}\n", self.origin, base64(root)))
    }

    /// `text`, which ends with a line's end, signed: after an empty line, the name, and the hint with the signature.
    pub fn note(&self, text: &str) -> String {
        let signature = base64([&self.id[..4], &self.key.sign(text.as_bytes())].concat());
        format!("{text}\n\u{2014} {} {signature}\n", self.host)
    }

    /// The promise to take `body` in at `index`: a signature over the canonical JSON of all that the log says of it.
    pub fn promise(&self, body: &[u8], index: u64, at: i64) -> Vec<u8> {
        let id = hex::encode(self.id);
        let body = base64(body);
        let said = format!(r#"{{"body":"{body}","integratedTime":{at},"logID":"{id}","logIndex":{index}}}"#);
        self.key.sign(said.as_bytes())
    }

    /// An entry of a bundle for `body`, with a proof and, of a log of the first generation, a promise and `at`.
    pub fn enter(&self, kind: Kind, body: &Value, at: i64) -> Value {
        let body = body.to_string().into_bytes();
        let proof = self.append(&body);
        let index = self.first_index + proof.index;
        let (kind, version) = kind.names();
        let mut entry = json!({
            "logIndex": index.to_string(),
            "logId": {"keyId": base64(self.id)},
            "kindVersion": {"kind": kind, "version": version},
            "integratedTime": "0",
            "inclusionProof": self.proof(&proof),
            "canonicalizedBody": base64(&body),
        });
        if self.promises() {
            entry["integratedTime"] = at.to_string().into();
            entry["inclusionPromise"] = json!({"signedEntryTimestamp": base64(self.promise(&body, index, at))});
        }
        entry
    }

    /// A proof as bundles hold it.
    pub fn proof(&self, proof: &Proof) -> Value {
        json!({
            "logIndex": proof.index.to_string(),
            "rootHash": base64(proof.root),
            "treeSize": proof.size.to_string(),
            "hashes": proof.hashes.iter().map(base64).collect::<Vec<_>>(),
            "checkpoint": {"envelope": self.checkpoint(proof.size, &proof.root)},
        })
    }

    /// Whether it says when it takes an entry in: those of the first generation do, which have entries of earlier trees.
    fn promises(&self) -> bool {
        self.first_index > 0
    }
}

fn leaf(body: &[u8]) -> [u8; 32] {
    sha256(&[&[0], body].concat())
}

fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    sha256(&[&[1], &left[..], right].concat())
}

/// RFC 6962, section 2.1: the left part is the largest complete tree that leaves something for the right one.
fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [only] => *only,
        _ => {
            let (left, right) = leaves.split_at(half(leaves.len()));
            node(&root(left), &root(right))
        }
    }
}

/// RFC 6962, section 2.1.1: from the leaf up, the root of each other half.
fn path(index: usize, leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let half = half(leaves.len());
    let (left, right) = leaves.split_at(half);
    let (mut hashes, other) =
        if index < half { (path(index, left), root(right)) } else { (path(index - half, right), root(left)) };
    hashes.push(other);
    hashes
}

/// The largest power of two below `length`, which is at least two.
fn half(length: usize) -> usize {
    length.next_power_of_two() / 2
}

#[cfg(test)]
mod tests {
    use super::{leaf, node, path, root};

    /// The way up from each leaf of each small tree leads to the root, by the directions that its index gives.
    #[test]
    fn each_path_leads_to_the_root() {
        for size in 1..20_usize {
            let leaves: Vec<_> = (0..size).map(|i| leaf(&i.to_be_bytes())).collect();
            for index in 0..size {
                let (mut hash, mut at, mut last) = (leaves[index], index, size - 1);
                for other in path(index, &leaves) {
                    while at % 2 == 0 && at == last && last > 0 {
                        (at, last) = (at / 2, last / 2);
                    }
                    hash = if at % 2 == 1 { node(&other, &hash) } else { node(&hash, &other) };
                    (at, last) = (at / 2, last / 2);
                }
                assert_eq!(hash, root(&leaves), "leaf {index} of {size}");
            }
        }
    }

    /// The first values of the well-known test vectors for RFC 6962.
    #[test]
    fn roots_are_those_of_the_rfc() {
        assert_eq!(hex::encode(leaf(b"")), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        let leaves = [leaf(b""), leaf(&[0])];
        assert_eq!(hex::encode(root(&leaves)), "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
    }
}
