//! What developers see, as snapshots.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "each test file uses its part of the fixture")]
mod fixture;

use fixture::{change, denied, malformed, meta, mixed, no_lockfile, report, unavailable};
use lockgate_model::{Change, Decision, Reason};
use lockgate_report::{CheckRunText, Color, Report, check_run, headline, provisional, text};

fn shown(run: &CheckRunText) -> String {
    let annotations: Vec<String> = run
        .annotations
        .iter()
        .map(|a| format!("{} {}:{}-{} {}\n{}", a.level.name(), a.path, a.start_line, a.end_line, a.title, a.message))
        .collect();
    format!("{}\n---\n{}---\n{}---\n{}", run.title, run.summary, run.text, annotations.join("\n"))
}

#[test]
fn the_first_lines_are_those_of_the_design() {
    let run = check_run(&report(&denied()));
    let expected = "\
Lockgate: 1 of 3 releases denied
npm left-pay 1.0.1 (new, web/package-lock.json:812)
  one letter from left-pad, which has 4,000,000 times its downloads; adds a preinstall script (package.json:14)
  do: did you mean left-pad? Otherwise ask for a waiver below.
2 releases allowed · 2 new obligations: ship the licence text of b, @scope/c · evidence: https://gate.example.test/d/7f3a
";
    assert_eq!(run.summary, expected);
    assert_eq!(text(&report(&denied()), Color::Never).replace(" [install-hook-added]", ""), expected);
}

#[test]
fn a_denied_check_run() {
    insta::assert_snapshot!(shown(&check_run(&report(&mixed()))));
}

#[test]
fn an_incomplete_check_run() {
    let decision = Decision::from_reasons(Vec::new(), vec![unavailable()]);
    insta::assert_snapshot!(shown(&check_run(&report(&decision))));
}

#[test]
fn an_allowed_check_run() {
    insta::assert_snapshot!(shown(&check_run(&report(&Decision::Allow))));
}

#[test]
fn a_check_run_about_an_unreadable_lockfile() {
    insta::assert_snapshot!(shown(&check_run(&malformed())));
}

#[test]
fn a_check_run_without_lockfile() {
    insta::assert_snapshot!(shown(&check_run(&no_lockfile())));
}

#[test]
fn provisional_check_runs() {
    let nothing = Change { lockfiles: Vec::new(), ..change() };
    insta::assert_snapshot!(
        [provisional(&change(), &[], 0), provisional(&nothing, &[], 0)].map(|run| shown(&run)).join("\n\n")
    );
}

#[test]
fn the_terminal_in_colour() {
    let text = text(&report(&mixed()), Color::Always).replace('\u{1b}', "ESC");
    insta::assert_snapshot!(text);
}

#[test]
fn a_stranger_cannot_write_a_line_of_ours() {
    let run = check_run(&report(&mixed()));
    assert!(!run.summary.lines().any(|line| line.starts_with('#')));
    assert!(!run.summary.contains("<img") && !run.summary.contains("[all good](") && !run.summary.contains("@octocat"));
    assert!(!text(&report(&mixed()), Color::Never).contains('\u{1b}'));
}

#[test]
fn a_huge_report_keeps_its_first_and_last_line_and_the_bounds() {
    let reason = |index: usize| Reason { message: format!("{index} {}", "x".repeat(1500)), ..fixture::typosquat() };
    let run = check_run(&report(&Decision::from_reasons((0..400).map(reason).collect(), Vec::new())));
    assert!(run.summary.starts_with("Lockgate: 1 of 3 releases denied\n"));
    assert!(run.summary.trim_end().ends_with("https://gate.example.test/d/7f3a"));
    assert!(run.summary.contains("1 more is explained on the page alone"));
    assert!(run.summary.len() <= 65_535 && run.text.len() <= 65_535);
    assert!(run.annotations.len() <= 250);
    assert!(run.annotations.iter().all(|a| a.title.chars().count() <= 255 && a.message.len() <= 64 * 1024));
}

#[test]
fn headlines() {
    let of = |decision: &Decision| headline(&report(decision));
    let whole = Reason { purl: String::new(), lockfile: String::new(), ..unavailable() };
    assert_eq!(of(&Decision::Allow), "3 releases allowed");
    assert_eq!(of(&mixed()), "2 of 3 releases denied, 1 incomplete");
    assert_eq!(of(&Decision::from_reasons(Vec::new(), vec![whole])), "Incomplete: the change cannot be judged");
    assert_eq!(headline(&no_lockfile()), "No lockfile changes");
}

#[test]
fn no_reason_is_lost() {
    let stray = Reason { purl: "pkg:npm/elsewhere@1.0.0".into(), ..unavailable() };
    let report = Report::new(&fixture::assessment(), &Decision::from_reasons(vec![stray], Vec::new()), &meta());
    assert_eq!(report.reasons.len(), 1);
    assert!(check_run(&report).summary.contains("registry answered 503"));
}

#[test]
fn the_schema_of_the_report_is_committed() {
    current("report-v1.json", &lockgate_report::schema());
    current("audit-v1.json", &lockgate_report::audit::schema());
}

fn current(file: &str, schema: &schemars::Schema) {
    let path = format!("{}/schema/{file}", env!("CARGO_MANIFEST_DIR"));
    let schema = serde_json::to_string_pretty(schema).unwrap() + "\n";
    if std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always") {
        std::fs::write(&path, &schema).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), schema, "run the tests with INSTA_UPDATE=always");
}

#[test]
fn the_report_round_trips() {
    let report = report(&mixed());
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    assert!(text.starts_with("{\"version\":1,"));
}
