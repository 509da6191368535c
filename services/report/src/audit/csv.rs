//! Decisions as CSV (RFC 4180), one line each.

use super::{AuditRow, reasons};
use crate::plain::plain;

const HEADER: [&str; 14] = [
    "sequence",
    "id",
    "decided_at",
    "repository",
    "pull_request",
    "base",
    "head",
    "outcome",
    "reasons",
    "actor",
    "policy_digest",
    "evidence",
    "previous",
    "hash",
];

/// With a header line; lines end with CR LF.
pub fn csv(rows: &[AuditRow]) -> String {
    let header = HEADER.map(str::to_owned);
    let lines = std::iter::once(csv_line(&header)).chain(rows.iter().map(|row| csv_line(&fields(row))));
    lines.collect()
}

fn fields(row: &AuditRow) -> [String; 14] {
    let decision = &row.decision;
    [
        decision.sequence.to_string(),
        decision.id.to_string(),
        decision.decided_at.to_rfc3339(),
        decision.repository.to_string(),
        decision.pull_request.map(|number| number.to_string()).unwrap_or_default(),
        decision.base.to_string(),
        decision.head.to_string(),
        decision.decision.outcome().to_string(),
        reasons(decision).join("; "),
        decision.actor.clone(),
        decision.policy_digest.to_string(),
        row.evidence.iter().map(|e| format!("{} {}", e.collector, e.id)).collect::<Vec<_>>().join("; "),
        decision.previous.as_ref().map(ToString::to_string).unwrap_or_default(),
        decision.hash.to_string(),
    ]
}

/// One line of such a file, with its line end.
pub fn csv_line(fields: &[String]) -> String {
    fields.iter().map(|field| quoted(field)).collect::<Vec<_>>().join(",") + "\r\n"
}

/// Spreadsheets run a cell that begins like a formula, and package names and paths are a stranger's text: such a
/// cell gets an apostrophe in front. Every field is quoted.
fn quoted(field: &str) -> String {
    let field = plain(field);
    let begins_like_formula = field.trim_start().starts_with(['=', '+', '-', '@', '|', '%']);
    let guard = if begins_like_formula { "'" } else { "" };
    format!("\"{guard}{}\"", field.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        for (field, expected) in [
            ("=1+1", "\"'=1+1\""),
            ("  @SUM(A1)", "\"'  @SUM(A1)\""),
            ("-2", "\"'-2\""),
            ("\t=1", "\"\u{fffd}=1\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("a,b", "\"a,b\""),
        ] {
            assert_eq!(quoted(field), expected);
        }
    }
}
