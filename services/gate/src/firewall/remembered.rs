//! In memory: what stands about a file, and the bytes that were asked for lately.

use super::judge::{Refusal, Wanted};
use lockgate_mirror::Verified;
use lockgate_model::Digest;
use quick_cache::{
    DefaultHashBuilder, OptionsBuilder, Weighter,
    sync::{Cache, DefaultLifecycle},
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// Files of which it is remembered what stands.
const FILES: usize = 100_000;
/// What an object weighs beside its bytes.
const OVERHEAD: u64 = 200;

/// Under which an answer was given; it stands as long as these are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Basis {
    pub policy: Digest,
    /// Of the imported advisories.
    pub revision: i64,
}

/// What stands about a file.
#[derive(Debug, Clone)]
pub(super) enum Verdict {
    Passed { sha256: Digest },
    Refused { refusal: Arc<Refusal>, until: Instant },
}

#[derive(Debug)]
pub(super) struct Remembered {
    standing: Cache<Wanted, (Basis, Verdict)>,
    objects: Cache<Digest, Verified, Weight>,
}

#[derive(Debug, Clone)]
struct Weight;

impl Weighter<Digest, Verified> for Weight {
    fn weight(&self, _: &Digest, object: &Verified) -> u64 {
        OVERHEAD + object.bytes().len() as u64
    }
}

impl Remembered {
    pub(super) fn new(bytes: u64) -> Self {
        // Few shards: an object must fit into the share of one.
        let options = OptionsBuilder::new().shards(4).estimated_items_capacity(1000).weight_capacity(bytes).build();
        let objects = Cache::with_options(
            options.expect("everything is given"),
            Weight,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        );
        Self { standing: Cache::new(FILES), objects }
    }

    /// What stands about a file on this basis.
    pub(super) fn verdict(&self, wanted: &Wanted, basis: &Basis) -> Option<Verdict> {
        let (of, verdict) = self.standing.get(wanted)?;
        match verdict {
            Verdict::Refused { until, .. } if until <= Instant::now() => None,
            verdict => (of == *basis).then_some(verdict),
        }
    }

    pub(super) fn passed(&self, wanted: Wanted, basis: Basis, object: &Verified) {
        self.objects.insert(object.sha256().clone(), object.clone());
        self.standing.insert(wanted, (basis, Verdict::Passed { sha256: object.sha256().clone() }));
    }

    pub(super) fn refused(&self, wanted: Wanted, basis: Basis, refusal: Arc<Refusal>, for_how_long: Duration) {
        let until = Instant::now() + for_how_long;
        self.standing.insert(wanted, (basis, Verdict::Refused { refusal, until }));
    }

    pub(super) fn object(&self, sha256: &Digest) -> Option<Verified> {
        self.objects.get(sha256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use lockgate_model::Ecosystem;

    fn wanted() -> Wanted {
        Wanted { ecosystem: Ecosystem::Npm, name: "a".into(), file: "a-1.0.0.tgz".into() }
    }

    fn basis(policy: &[u8], revision: i64) -> Basis {
        Basis { policy: Digest::sha256(policy), revision }
    }

    #[tokio::test]
    async fn what_passed_stands_as_long_as_its_basis() {
        let remembered = Remembered::new(1 << 20);
        let object = Verified::naming(Bytes::from_static(b"a"));
        remembered.passed(wanted(), basis(b"p", 1), &object);
        assert_eq!(remembered.object(object.sha256()), Some(object));
        assert!(matches!(remembered.verdict(&wanted(), &basis(b"p", 1)), Some(Verdict::Passed { .. })));
        assert!(remembered.verdict(&wanted(), &basis(b"other", 1)).is_none());
        assert!(remembered.verdict(&wanted(), &basis(b"p", 2)).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_looked_at_again() {
        let remembered = Remembered::new(1 << 20);
        let refusal =
            Arc::new(Refusal { subject: "npm a 1.0.0".into(), id: None, denied: true, why: "because".into() });
        remembered.refused(wanted(), basis(b"p", 1), refusal, Duration::from_secs(5));
        assert!(remembered.verdict(&wanted(), &basis(b"p", 1)).is_some());
        tokio::time::advance(Duration::from_secs(6)).await;
        assert!(remembered.verdict(&wanted(), &basis(b"p", 1)).is_none());
    }

    #[test]
    fn memory_is_bounded_by_bytes() {
        let remembered = Remembered::new(100_000);
        for number in 0..100_u8 {
            let object = Verified::naming(Bytes::from(vec![number; 10_000]));
            remembered.objects.insert(object.sha256().clone(), object);
        }
        let bytes: usize = remembered.objects.iter().map(|(_, object)| object.bytes().len()).sum();
        assert!(bytes <= 100_000 && bytes > 0, "{bytes}");
    }
}
