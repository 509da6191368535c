//! Shows what the model would read: `chunks [--old ARCHIVE] NEW...` prints a line for each chunk, and what it cost.

use lockgate_archive::{Contents, Format, Limits, read};
use lockgate_classifier::chunks;
use std::{env, fs, time::Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths = env::args().skip(1).peekable();
    let old = match paths.next_if(|word| word == "--old") {
        Some(_) => Some(open(&paths.next().ok_or("--old needs an archive")?)?),
        None => None,
    };
    for path in paths {
        let new = open(&path)?;
        let started = Instant::now();
        let extract = chunks(old.as_ref(), &new);
        let took = started.elapsed();
        let tokens: usize = extract.chunks.iter().map(|chunk| chunk.tokens.len()).sum();
        for chunk in &extract.chunks {
            println!("{:?} {}:{}-{} {}", chunk.role, chunk.path, chunk.first_line, chunk.last_line, chunk.tokens.len());
        }
        let bytes: u64 = new.files.iter().map(|file| file.size).sum();
        eprintln!(
            "{path}: {} files, {} kB: {} chunks, {tokens} tokens, {} files left out, {:.1} ms",
            new.files.len(),
            bytes / 1000,
            extract.chunks.len(),
            extract.left_out,
            took.as_secs_f64() * 1000.0
        );
    }
    Ok(())
}

fn open(path: &str) -> Result<Contents, Box<dyn std::error::Error>> {
    let bytes = fs::read(path).map_err(|error| format!("read {path}: {error}"))?;
    let format = Format::sniff(&bytes).ok_or_else(|| format!("{path} is no archive that is read"))?;
    Ok(read(&bytes, format, &Limits::default()))
}
