//! The secrets of this process, recognised as they stand: a password has no shape.

use super::MARK;
use std::{
    collections::BTreeSet,
    sync::{PoisonError, RwLock},
};

/// Shorter ones would take ordinary words out of every text.
const SHORTEST: usize = 8;
/// Rotated secrets stay known; a process that reads more than this many has another problem.
const MOST: usize = 256;

static KNOWN: RwLock<BTreeSet<String>> = RwLock::new(BTreeSet::new());

/// From now on `secret` is taken out of every text, also as an address or a JSON text would write it. Of several lines (a key file)
/// each is a secret of its own. Secrets under 8 characters are not remembered.
pub fn know(secret: &str) {
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    for line in secret.lines().map(str::trim).filter(|line| line.len() >= SHORTEST && !line.starts_with("-----")) {
        if known.len() < MOST {
            known.insert(line.to_owned());
            known.insert(serde_json::Value::from(line).to_string().trim_matches('"').to_owned());
            let encoded: String = url::form_urlencoded::byte_serialize(line.as_bytes()).collect();
            known.insert(encoded.replace('+', "%20"));
        }
    }
}

/// `None` where no known secret stands in `text`. Longest secrets first, so that none is left half.
pub(super) fn redact(text: &str) -> Option<String> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let mut found: Vec<&String> = known.iter().filter(|secret| text.contains(secret.as_str())).collect();
    if found.is_empty() {
        return None;
    }
    found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    Some(found.into_iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), MARK)))
}
