//! The audit bundle: nothing but what was exported verifies.

use super::fixture::{at, chain, denied, mixed};
use lockgate_model::Decision;
use lockgate_report::audit::{Bundle, json, verify};

pub fn check(data: &[u8]) {
    let Ok(verified) = verify(data) else { return };
    let bundle: Bundle = serde_json::from_slice(data).expect("what verifies is a bundle");
    assert_eq!(bundle.rows.len() as u64, verified.decisions);
    let written = json(&bundle.rows, bundle.since, bundle.exported_at);
    assert_eq!(verify(written.as_bytes()), Ok(verified), "what verifies is written again and verifies");
}

pub fn seeds() -> Vec<Vec<u8>> {
    let exported = |rows: &[_]| json(rows, at(0), at(30)).into_bytes();
    vec![
        exported(&[]),
        exported(&chain(1, &[Decision::Allow])),
        exported(&chain(3, &[denied(), Decision::Allow, mixed()])),
    ]
}
