//! Reads file paths, one a line, and writes what licences are detected in each, as JSON lines.

use lockgate_evidence::license::report_file;
use std::io::{BufRead, Write, stdin, stdout};

fn main() -> std::io::Result<()> {
    let mut out = stdout().lock();
    for path in stdin().lock().lines() {
        let path = path?;
        let begun = std::time::Instant::now();
        let report = report_file(&path, &std::fs::read(&path)?);
        let mut row = serde_json::to_value(report)?;
        row["milliseconds"] = begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX).into();
        writeln!(out, "{row}")?;
    }
    Ok(())
}
