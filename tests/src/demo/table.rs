//! The decisions as a table.

use super::pulls::Pull;
use crate::fake_github::CheckRun;

/// Prints one line a pull request: conclusion, title, what the check says, and its page below.
pub fn print(runs: &[(&Pull, CheckRun)]) {
    let width = runs.iter().map(|(pull, _)| pull.title.chars().count()).max().unwrap_or_default();
    println!("\n{:<11} {:<width$}  check", "decision", "pull request");
    for (pull, run) in runs {
        let title = run.title.as_deref().unwrap_or_default();
        println!("{:<11} {:<width$}  {title}", decision(run), pull.title);
        if run.conclusion.as_deref() != Some("success") {
            for line in why(run) {
                println!("{:<11} {:<width$}    {line}", "", "");
            }
        }
        if let Some(page) = &run.details_url {
            println!("{:<11} {:<width$}    {page}", "", "");
        }
    }
}

fn decision(run: &CheckRun) -> &'static str {
    match run.conclusion.as_deref() {
        Some("success") => "allowed",
        Some("failure") => "denied",
        Some("action_required") => "incomplete",
        _ => "?",
    }
}

/// The first reason and its remedy, without markup.
fn why(run: &CheckRun) -> Vec<String> {
    let summary = run.summary.as_deref().unwrap_or_default();
    let lines = summary.lines().skip(2).take_while(|line| !line.is_empty());
    lines
        .take(3)
        .map(|line| line.replace(['`', '*', '\\', '\u{200b}'], "").trim().chars().take(150).collect())
        .collect()
}
