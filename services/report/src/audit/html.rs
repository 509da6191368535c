//! Decisions as one page that needs nothing else: no script, no address.

use super::{AuditRow, reasons};
use crate::plain::plain;
use chrono::{DateTime, SecondsFormat, Utc};
use std::fmt::Write as _;

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Lockgate audit</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #1b1b1b; background: #fff }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem; border-bottom: 1px solid #ddd }
code { font-size: .85em; overflow-wrap: anywhere }
.deny { color: #a40000 } .incomplete { color: #7a5200 } .allow { color: #0a6b2d }
</style>
</head>
<body>
"#;

/// `rows` in sequence.
pub fn html(rows: &[AuditRow], since: DateTime<Utc>, exported_at: DateTime<Utc>) -> String {
    let mut page = HEAD.to_owned();
    let _ = writeln!(page, "<h1>Decisions since {}</h1>", time(since));
    let last = rows.last().map(|row| format!(" Last hash: <code>{}</code>.", row.decision.hash)).unwrap_or_default();
    let _ = writeln!(page, "<p>{} decisions, exported at {}.{last}</p>", rows.len(), time(exported_at));
    page.push_str("<table>\n<thead><tr><th>#</th><th>Decided</th><th>Repository</th><th>Outcome</th><th>Why</th>");
    page.push_str("<th>Releases</th><th>Asked by</th><th>Proof</th></tr></thead>\n<tbody>\n");
    rows.iter().for_each(|row| push_row(&mut page, row));
    page.push_str("</tbody>\n</table>\n</body>\n</html>\n");
    page
}

fn push_row(page: &mut String, row: &AuditRow) {
    let decision = &row.decision;
    let outcome = decision.decision.outcome();
    let pull_request = decision.pull_request.map(|number| format!(" #{number}")).unwrap_or_default();
    let why: Vec<String> = reasons(decision).iter().map(|reason| escaped(reason)).collect();
    let releases: Vec<String> = row.releases.iter().map(|release| escaped(&release.purl)).collect();
    let _ = writeln!(
        page,
        "<tr><td>{}</td><td>{}</td><td>{}{pull_request}<br><code>{} → {}</code></td>\
         <td class=\"{outcome}\">{outcome}</td><td>{}</td><td>{}</td><td>{}</td>\
         <td><code>{}</code><br>policy <code>{}</code><br>{} pieces of evidence</td></tr>",
        decision.sequence,
        time(decision.decided_at),
        escaped(decision.repository.as_str()),
        decision.base.short(),
        decision.head.short(),
        why.join("<br>"),
        releases.join("<br>"),
        escaped(&decision.actor),
        decision.hash,
        decision.policy_digest,
        row.evidence.len(),
    );
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
