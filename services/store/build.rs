//! A migration that is added must be built in, although no Rust file names it.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
