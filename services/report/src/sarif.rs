//! Report -> SARIF 2.1.0 (OASIS, errata 01), for code scanning and other viewers.

use crate::{
    ReasonReport, ReleaseReport, Report,
    plain::plain,
    rules::describe,
    wording::{message, title},
};
use lockgate_model::{Digest, Outcome};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fmt::Write as _};

/// The rule under which new licence obligations are told.
const OBLIGATION: &str = "new-obligation";

/// One run: a rule for each code, a result for each reason and each new obligation.
pub fn sarif(report: &Report) -> String {
    let results = results(report);
    let codes: BTreeSet<&str> = results.iter().map(|result| result.code.as_str()).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "Lockgate",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| rule(code)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "automationDetails": {"id": format!("lockgate/{}", report.repository)},
            "properties": {
                "outcome": report.outcome,
                "repository": report.repository,
                "base": report.base,
                "head": report.head,
                "policyDigest": report.policy_digest,
            },
            "results": results.iter().map(|result| result.render(&codes)).collect::<Vec<_>>(),
        }],
    });
    serde_json::to_string_pretty(&log).expect("a log has only string keys")
}

fn rule(code: &str) -> Value {
    let rule = describe(code);
    let level = if code == OBLIGATION { "note" } else { "error" };
    json!({
        "id": code,
        "shortDescription": {"text": rule.short},
        "fullDescription": {"text": rule.help},
        "help": {"text": rule.help},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": ["supply-chain", "security"]},
    })
}

struct Finding {
    code: String,
    level: &'static str,
    text: String,
    path: String,
    line: u32,
    purl: String,
}

impl Finding {
    fn render(&self, codes: &[&str]) -> Value {
        let mut result = json!({
            "ruleId": self.code,
            "ruleIndex": codes.binary_search(&self.code.as_str()).ok(),
            "level": self.level,
            "message": {"text": unlinked(&self.text)},
            "partialFingerprints": {"lockgate/v1": self.fingerprint()},
            "properties": {"purl": self.purl},
        });
        if !self.path.is_empty() {
            result["locations"] = json!([{"physicalLocation": {
                "artifactLocation": {"uri": relative_uri(&self.path), "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": self.line.max(1)},
            }}]);
        }
        result
    }

    /// Stays the same when lines move, so that a viewer recognises what it has shown before. One file may show the same
    /// of several things that are no releases: those are told apart by the text.
    fn fingerprint(&self) -> String {
        let subject = if self.purl.is_empty() { &self.text } else { &self.purl };
        Digest::sha256(format!("{}\0{subject}\0{}", self.code, self.path).as_bytes()).hex()
    }
}

fn results(report: &Report) -> Vec<Finding> {
    // A reason about the whole change is shown at the first lockfile: viewers drop results without a place.
    let first = report.lockfiles.first().map(|lockfile| lockfile.path.clone()).unwrap_or_default();
    let whole = report.reasons.iter().map(|reason| of_reason(reason, None, &first));
    let releases = report.releases.iter();
    let reasons = releases.clone().flat_map(|r| r.reasons.iter().map(|reason| of_reason(reason, Some(r), &first)));
    let obligations = releases.flat_map(of_obligations);
    whole.chain(reasons).chain(obligations).collect()
}

fn of_reason(reason: &ReasonReport, release: Option<&ReleaseReport>, first: &str) -> Finding {
    let name = release.map(|release| format!("{}: ", title(release))).unwrap_or_default();
    let path = if reason.lockfile.is_empty() { first } else { &reason.lockfile };
    Finding {
        code: reason.code.clone(),
        level: if reason.outcome == Outcome::Deny { "error" } else { "warning" },
        text: format!("{name}{}. Do: {}", message(reason), reason.remedy),
        path: path.to_owned(),
        line: reason.line,
        purl: release.map(|release| release.purl.clone()).unwrap_or_default(),
    }
}

fn of_obligations(release: &ReleaseReport) -> impl Iterator<Item = Finding> {
    release.obligations.iter().filter(|obligation| obligation.new).map(|obligation| Finding {
        code: OBLIGATION.to_owned(),
        level: "note",
        text: format!("{}: {} ({})", title(release), obligation.kind.replace('_', " "), obligation.licenses.join(", ")),
        path: release.lockfile.clone(),
        line: release.line,
        purl: release.purl.clone(),
    })
}

/// `[text](address)` in a message is a link (SARIF 2.1.0, section 3.11.6); a stranger's text makes none.
fn unlinked(text: &str) -> String {
    plain(text).replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

/// RFC 3986: everything but unreserved characters and `/` is encoded, so that no path is read as a scheme, a
/// query or a fragment.
fn relative_uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
