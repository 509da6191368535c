//! Bundles verified in a second of one core, beside the bare cryptography that each of them needs, in the same run and by turns.
//! `cargo run --release -p lockgate-signature --example throughput [PYTHON]`; `PYTHON` is one in which sigstore 4.5 is
//! installed: it verifies the same bundles by the same trusted root, after our turns.
//!
//! What a bundle needs is counted from the specification: each signature that somebody made of it, once, over as many bytes
//! as in the bundle, and the bytes that are hashed for the tree. Who parses, compares, or verifies something twice is slower.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519, ParsedPublicKey, VerificationAlgorithm,
};
use lockgate_authority::{Authority, Content, Identity, Key, Recipe, sha256};
use lockgate_signature::bundle::{Artifact, Expected, Verification, Verifier};
use serde_json::Value;
use std::{error::Error, fmt, fs, path::Path, process::Command, time::Duration};

const ARTIFACT: &[u8] = b"left-pad 1.3.0";
/// Bundles of a kind, each by another certificate: no two verifications in a row are of the same one.
const DIFFERENT: usize = 32;
const TURNS: usize = 9;
const TURN: Duration = Duration::from_millis(700);

fn main() -> Result<(), Box<dyn Error>> {
    let python = std::env::args_os().nth(1);
    let authority = Authority::new();
    let root = authority.trusted_root().to_string();
    let verifier = Verifier::from_root("root.json", root.as_bytes())?;
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("root.json"), &root)?;
    fs::write(folder.path().join("artifact"), ARTIFACT)?;
    println!("a second of one core; medians of {TURNS} turns, and half the distance between the quartiles");
    let statement = provenance();
    for kind in [
        Kind::new(&authority, "message, Rekor v1", Content::Message(ARTIFACT), &Recipe::default()),
        Kind::new(&authority, "message, Rekor v2", Content::Message(ARTIFACT), &Recipe::second()),
        Kind::new(&authority, "statement, Rekor v1", Content::Statement(&statement), &Recipe::default()),
    ] {
        println!("\n{}, {} bytes of JSON: {}", kind.name, kind.bundles[0].len(), kind.work);
        let (mut ours, mut bare) = (vec![], vec![]);
        for _ in 0..TURNS {
            ours.push(rate(|at| kind.verify(&verifier, at)));
            bare.push(rate(|_| kind.work.once()));
        }
        let (ours, bare) = (Rate::of(ours), Rate::of(bare));
        println!("  lockgate     {ours}");
        println!("  bare         {bare}, of which we reach {:.0}%", 100.0 * ours.median / bare.median);
        if let Some(python) = &python {
            let peer = peer(python.as_ref(), folder.path(), &kind)?;
            println!("  sigstore 4.5 {peer:>6.0}/s, and we {:.1} times that", ours.median / peer);
        }
    }
    Ok(())
}

/// As long as those of small packages are.
fn provenance() -> String {
    serde_json::json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "left-pad", "digest": {"sha256": hex::encode(sha256(ARTIFACT))}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {"buildDefinition": "a dependency that was resolved, ".repeat(60)},
    })
    .to_string()
}

/// Bundles of one kind.
struct Kind {
    name: &'static str,
    bundles: Vec<String>,
    expected: Expected,
    work: Work,
}

impl Kind {
    fn new(authority: &Authority, name: &'static str, content: Content<'_>, recipe: &Recipe) -> Self {
        let identity = Identity::workflow("https://forge.example.test/owner/project");
        let made: Vec<Value> =
            (0..DIFFERENT).map(|_| authority.bundle(&authority.signer(&identity), content, recipe)).collect();
        Self {
            name,
            work: Work::of(&made[0], content.signed().len()),
            bundles: made.iter().map(Value::to_string).collect(),
            expected: Expected::Identity { identity: identity.name.as_str().to_owned(), issuer: identity.issuer },
        }
    }

    fn verify(&self, verifier: &Verifier, at: usize) {
        let bundle = self.bundles[at % DIFFERENT].as_bytes();
        let answer = verifier.verify(bundle, &Artifact::Bytes(ARTIFACT.to_vec()), &self.expected);
        assert!(matches!(answer, Ok(Verification::Verified(_))), "an honest bundle is verified");
    }
}

/// The cryptography that a bundle needs: keys, messages of the right lengths, and signatures.
struct Work {
    signatures: Vec<(ParsedPublicKey, Vec<u8>, Vec<u8>)>,
    counted: [usize; 3],
    /// The entry's body, which is the tree's leaf, and how many nodes lie above it.
    leaf: Vec<u8>,
    nodes: usize,
}

impl Work {
    /// Of a bundle; `content` is how much was signed.
    fn of(bundle: &Value, content: usize) -> Self {
        let material = &bundle["verificationMaterial"];
        let entry = &material["tlogEntries"][0];
        let length = |base64: &Value| base64.as_str().map_or(0, |text| text.len() / 4 * 3);
        // A certificate less its own signature; less the list of timestamps in it; and what is said of these in 44 bytes.
        let certificate = length(&material["certificate"]["rawBytes"]) - 120;
        let published = certificate - 150 + 44;
        let stamp = &material["timestampVerificationData"]["rfc3161Timestamps"][0]["signedTimestamp"];
        let body = length(&entry["canonicalizedBody"]);
        let (time, checkpoint) = match stamp {
            // The promise is over the body in base64, and little else; a Rekor v1 checkpoint is signed by ECDSA.
            Value::Null => (vec![body / 3 * 4 + 150, 100], 0),
            // The attributes that a timestamp's signature is over, and the certificate of who made it.
            _ => (vec![90, 340], 1),
        };
        let p256 = [vec![published, content], time].concat();
        let signed = |length: usize, key: Key, algorithm: &'static dyn VerificationAlgorithm| {
            let message = vec![7; length];
            let signature = key.sign(&message);
            (ParsedPublicKey::new(algorithm, key.raw()).expect("a public key"), message, signature)
        };
        let mut signatures = vec![signed(certificate, Key::p384(), &ECDSA_P384_SHA384_ASN1)];
        signatures.extend(p256.iter().map(|&length| signed(length, Key::new(), &ECDSA_P256_SHA256_ASN1)));
        signatures.extend((0..checkpoint).map(|_| signed(100, Key::ed25519(), &ED25519)));
        Self {
            counted: [1, p256.len(), checkpoint],
            signatures,
            leaf: vec![7; body],
            nodes: entry["inclusionProof"]["hashes"].as_array().map_or(0, Vec::len),
        }
    }

    fn once(&self) {
        for (key, message, signature) in &self.signatures {
            key.verify_sig(message, signature).expect("it was made for it");
        }
        let mut hash = sha256(&self.leaf);
        for _ in 0..self.nodes {
            hash = sha256(&[&[1], &hash[..], &hash[..]].concat());
        }
        assert_ne!(hash, [0; 32]);
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p384, p256, ed25519] = self.counted;
        let under: usize = self.signatures.iter().map(|(_, message, _)| message.len()).sum();
        let tree = self.leaf.len() + self.nodes * 65;
        write!(
            f,
            "{p384} P-384, {p256} P-256 and {ed25519} Ed25519 signatures over {under} bytes, {tree} hashed for the tree"
        )
    }
}

/// Times that `one` can be done in a second of a core.
fn rate(one: impl Fn(usize)) -> f64 {
    let started = busy();
    let mut done = 0_u32;
    loop {
        one(done as usize);
        done += 1;
        let taken = busy() - started;
        if taken > TURN {
            return f64::from(done) / taken.as_secs_f64();
        }
    }
}

/// How long this thread has been on a core: others may be at work on it in between.
fn busy() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux counts it");
    let nanoseconds = text.split(' ').next().and_then(|text| text.parse().ok()).expect("its first number");
    Duration::from_nanos(nanoseconds)
}

struct Rate {
    median: f64,
    stray: f64,
}

impl Rate {
    fn of(mut rates: Vec<f64>) -> Self {
        rates.sort_by(f64::total_cmp);
        let at = |quarter: usize| rates[rates.len() * quarter / 4];
        Self { median: at(2), stray: (at(3) - at(1)) / 2.0 }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>6.0}/s ±{:.0}", self.median, self.stray)
    }
}

/// The rate of sigstore for Python, which is all that the script prints.
fn peer(python: &Path, folder: &Path, kind: &Kind) -> Result<f64, Box<dyn Error>> {
    for (at, bundle) in kind.bundles.iter().enumerate() {
        fs::write(folder.join(format!("{at}.sigstore.json")), bundle)?;
    }
    let Expected::Identity { identity, issuer } = &kind.expected else { return Err("an identity is expected".into()) };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/throughput.py");
    let output = Command::new(python).arg(script).arg(folder).args([identity, issuer]).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim().parse().map_err(|_| format!("{said}{}", String::from_utf8_lossy(&output.stderr)).into())
}
