//! Models as people name them, and opened from what is kept of them.

use crate::config::Config;
use anyhow::{Context, Result, bail};
use lockgate_classifier::{Library, Model};
use lockgate_store::{PgPool, models};

/// Fewer digits may soon mean another model.
const FEWEST: usize = 6;
const DIGITS: usize = 64;

/// Enough of a digest to tell one model from the others at a glance.
pub(in crate::cli) fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// Whether `text` may be the beginning of a digest.
pub(super) fn is_digest(text: &str) -> bool {
    (FEWEST..=DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The one model whose digest begins with `digits`.
pub(super) async fn find(pool: &PgPool, digits: &str) -> Result<models::Model> {
    one(models::list(pool).await?, digits)
}

fn one(kept: Vec<models::Model>, digits: &str) -> Result<models::Model> {
    const SHOWN: &str = "`lockgate model list` shows those that are kept";
    if !is_digest(digits) {
        bail!("{digits:?} is no digest; give {FEWEST} to {DIGITS} of its hex digits; {SHOWN}");
    }
    let digits = digits.to_ascii_lowercase();
    let mut found = kept.into_iter().filter(|model| model.digest.starts_with(&digits));
    let first = found.next().with_context(|| format!("no model's digest begins with {digits}; {SHOWN}"))?;
    match found.next() {
        None => Ok(first),
        Some(second) => bail!("{digits} may be {} or {}; give more digits", first.digest, second.digest),
    }
}

/// Opens a model that is kept.
///
/// # Errors
/// When ONNX Runtime is not there, or the model cannot be used by this version.
pub(in crate::cli) async fn open(config: &Config, pool: &PgPool, digest: &str) -> Result<Model> {
    let library = Library::load(&config.classifier.library()).context("load the classifier's library")?;
    let bytes =
        models::onnx(pool, digest).await?.with_context(|| format!("load the model {digest}: it is not kept"))?;
    Ok(Model::from_bytes(&library, short(digest), &bytes, digest)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(digest: &str) -> models::Model {
        models::Model {
            digest: format!("{digest:0<64}"),
            card: serde_json::Value::Null,
            added_by: "cli:uid-1".to_owned(),
            added_at: chrono::DateTime::UNIX_EPOCH,
            place: None,
            since: None,
        }
    }

    #[test]
    fn a_beginning_names_a_model_where_it_names_one_alone() {
        let kept = || ["abcdef1", "abcdef2", "fedcba9"].map(model).to_vec();
        assert_eq!(one(kept(), "FEDCBA").unwrap().digest, model("fedcba9").digest);
        assert_eq!(one(kept(), "abcdef1").unwrap().digest, model("abcdef1").digest);
        assert_eq!(one(kept(), &model("abcdef2").digest).unwrap().digest, model("abcdef2").digest);
        for (digits, why) in [
            ("fedcb", "give 6 to 64"),
            ("model.onnx", "is no digest"),
            ("abcdef", "give more digits"),
            ("000000", "no model's digest begins with 000000"),
        ] {
            assert!(one(kept(), digits).unwrap_err().to_string().contains(why), "{digits}");
        }
    }
}
