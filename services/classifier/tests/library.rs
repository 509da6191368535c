//! Whatever stands where ONNX Runtime should be: an error that says what to do. In one test, since a process has one library.

use lockgate_classifier::{Error, Library};
use std::{fs, path::Path};

#[test]
fn a_library_is_loaded_once_or_refused_by_name() {
    let missing = Library::load(Path::new("/nowhere/libonnxruntime.so")).expect_err("nothing is there");
    assert!(matches!(missing, Error::NoLibrary { .. }));
    assert_eq!(
        missing.to_string(),
        "ONNX Runtime: /nowhere/libonnxruntime.so is not there; set LOCKGATE_ONNXRUNTIME to a library of 1.24 or \
         later, or run `cargo xtask onnxruntime`"
    );

    let folder = tempfile::tempdir().expect("a folder");
    let text = folder.path().join("libonnxruntime.so");
    fs::write(&text, "no library").expect("written");
    assert!(matches!(Library::load(&text), Err(Error::BadLibrary { path, .. }) if path == text));

    // A library, but not that one.
    let maps = fs::read_to_string("/proc/self/maps").expect("Linux");
    let libc = maps.lines().filter_map(|line| line.split_whitespace().last()).find(|path| path.contains("libc.so"));
    let other = Library::load(Path::new(libc.expect("libc is loaded"))).expect_err("libc is no ONNX Runtime");
    assert!(matches!(other, Error::BadLibrary { .. }), "{other}");

    let path = Library::usual_path();
    Library::load(&path).unwrap_or_else(|error| panic!("{error}"));
    Library::load(&path).expect("the same again");
    assert!(matches!(Library::load(&text), Err(Error::OtherLibrary { loaded, .. }) if loaded == path));
}
