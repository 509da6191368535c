//! Writes the list of the default bundle's files, so that the binary carries it and works without the folder.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

fn main() {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../policies");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    for part in ["lockgate", "data"] {
        let entries = fs::read_dir(folder.join(part)).expect("the default bundle's folders are in the repository");
        for entry in entries {
            let file = entry.expect("the folder can be listed").file_name().into_string().expect("names are UTF-8");
            if is_bundled(part, &file) {
                files.push(format!("{part}/{file}"));
            }
        }
    }
    files.sort();
    let lines: String = files
        .iter()
        .map(|file| format!("    ({file:?}, include_str!({:?})),\n", folder.join(file).display().to_string()))
        .collect();
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it")).join("embedded.rs");
    fs::write(out, format!("&[\n{lines}]\n")).expect("the output folder can be written");
}

fn is_bundled(part: &str, file: &str) -> bool {
    match part {
        "data" => file.ends_with(".json"),
        _ => file.ends_with(".rego") && !file.ends_with("_test.rego"),
    }
}
