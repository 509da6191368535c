//! Pickles as CPython writes them, honest and hostile; none is ever loaded.

use super::*;
use crate::fixtures::{fetched, inputs, tarball};
use lockgate_model::{Ecosystem, PublishedFileKind};

/// `{"a": [1, 2.5, None], "b": "text"}`, protocol 4.
const DATA: &[u8] = b"\x80\x04\x95&\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94]\x94(K\x01G@\x04\x00\x00\x00\x00\x00\x00Ne\x8c\x01b\x94\x8c\x04text\x94u.";
/// An `OrderedDict`, protocol 2.
const ORDERED: &[u8] = b"\x80\x02ccollections\nOrderedDict\nq\x00)Rq\x01.";
/// `os.system("id")`, protocol 0: `GLOBAL`.
const SYSTEM: &[u8] = b"cposix\nsystem\n(S'id'\ntR.";
/// The same by `STACK_GLOBAL`, the words fetched from the memo.
const BY_STACK: &[u8] = b"\x80\x04\x8c\x06system\x940\x8c\x05posix\x94\x8c\x01x0h\x00\x93\x8c\x02id\x85R.";
/// `INST`, and `builtins.eval`.
const BY_INST: &[u8] = b"(S'1'\ni__builtin__\neval\n.";

fn program(content: &[u8]) -> (Vec<String>, Reading) {
    let program = opcodes::read(content);
    let told = |import: Import| format!("{:?} {}.{}", import.kind, import.module, import.name);
    (program.imports.into_iter().map(told).collect(), program.end)
}

#[test]
fn plain_data_imports_nothing_that_counts() {
    assert_eq!(program(DATA), (vec![], Reading::Whole));
    assert_eq!(program(ORDERED), (vec!["Plain collections.OrderedDict".into()], Reading::Whole));
}

#[test]
fn what_runs_code_is_told_however_it_is_written() {
    for content in [SYSTEM, BY_STACK] {
        let (imports, _) = program(content);
        assert_eq!(imports, ["RunsCode posix.system"], "{content:?}");
    }
    assert_eq!(program(BY_INST).0, ["RunsCode __builtin__.eval"]);
    let hidden = b"\x80\x04K\x01K\x02\x93.";
    assert_eq!(program(hidden), (vec!["Hidden .".into()], Reading::Whole));
    assert_eq!(program(b"\x80\x02\x82\x07.").0, ["Hidden copyreg.extension 7"]);
}

#[test]
fn what_comes_before_a_fault_is_told_all_the_same() {
    let broken = [&SYSTEM[..SYSTEM.len() - 1], b"\xff"].concat();
    assert_eq!(program(&broken), (vec!["RunsCode posix.system".into()], Reading::Broken));
    assert_eq!(program(b""), (vec![], Reading::Broken));
}

#[test]
fn several_in_one_file_are_all_read() {
    let second = [b"\x80\x02".as_slice(), SYSTEM].concat();
    assert_eq!(program(&[DATA, &second].concat()).0, ["RunsCode posix.system"]);
    assert_eq!(program(&[DATA, b"raw weights"].concat()), (vec![], Reading::Whole));
}

fn facts(files: &[(&str, &[u8])], previous: Option<&[(&str, &[u8])]>) -> PickleFacts {
    let archive = |files: &[(&str, &[u8])]| {
        // Latin-1 would not survive a `str`, so the archive is built of bytes.
        let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        for (path, content) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, path, *content).unwrap();
        }
        fetched("a.tar.gz", PublishedFileKind::Sdist, builder.into_inner().unwrap().finish().unwrap().into())
    };
    let mut given = inputs(Ecosystem::Pypi, vec![archive(files)], &[]);
    given.previous = previous.map(|files| Ok(vec![archive(files)]));
    match Pickle.collect(&given).unwrap() {
        Observation::Observed { facts } => serde_json::from_value(facts).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn pickles_are_found_by_name_and_by_their_beginning() {
    let found =
        facts(&[("a/m.pkl", SYSTEM), ("a/weights", BY_STACK), ("a/x.py", b"import os"), ("a/d.pt", DATA)], None);
    let told: Vec<_> = found.files.iter().map(|file| (file.path.as_str(), file.new, file.imports.len())).collect();
    assert_eq!((found.pickles, told), (3, vec![("a/m.pkl", true, 1), ("a/weights", true, 1)]));
}

#[test]
fn a_pickle_of_the_version_before_is_not_new() {
    let found = facts(&[("a/m.pkl", SYSTEM), ("a/n.pkl", BY_INST)], Some(&[("b/old.pkl", SYSTEM)]));
    assert_eq!(found.files.iter().map(|file| file.new).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn the_pickle_within_a_zip_file_is_read() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("model/data.pkl", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut zip, SYSTEM).unwrap();
    let weights = zip.finish().unwrap().into_inner();
    let found = facts(&[("a/model.pt", &weights)], None);
    assert_eq!(found.files[0].path, "a/model.pt/model/data.pkl");
}

#[test]
fn an_artifact_without_pickles_has_none() {
    let mut given = inputs(Ecosystem::Npm, vec![], &[]);
    given.artifacts = Ok(vec![fetched("a.tgz", PublishedFileKind::NpmTarball, tarball(&[("package/a.js", "1")]))]);
    assert_eq!(
        Pickle.collect(&given).unwrap(),
        Observation::Observed { facts: serde_json::json!({"pickles": 0, "files": []}) }
    );
    given.artifacts = Err(crate::fixtures::upstream());
    assert!(Pickle.collect(&given).is_err());
}

proptest::proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(content: Vec<u8>, at in 0usize..60, byte: u8) {
        opcodes::read(&content);
        for seed in [DATA, ORDERED, SYSTEM, BY_STACK, BY_INST] {
            let mut changed = seed.to_vec();
            let at = at % changed.len();
            changed[at] = byte;
            opcodes::read(&changed);
        }
    }
}
