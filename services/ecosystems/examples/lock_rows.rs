//! Prints the releases of a lockfile, one JSON line each, so that scripts can compare with the ecosystems' own
//! tools. The argument is the path of the lockfile; the time that reading took goes to standard error.

use lockgate_ecosystems::parse;
use std::io::Write;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("give the path of a lockfile")?;
    let text = std::fs::read(&path)?;
    let start = Instant::now();
    let lockfile = parse(&path, &text)?;
    eprintln!("{} entries in {:?}", lockfile.releases.len(), start.elapsed());
    let mut out = std::io::stdout().lock();
    for release in &lockfile.releases {
        writeln!(out, "{}", serde_json::to_string(release)?)?;
    }
    Ok(())
}
