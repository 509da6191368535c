//! Each kind of damage, done to the files of a folder by hand.

use crate::{Check, Damage, Mirror, MirrorError, Pace, Place, Read, S3, Shard, Verified};
use bytes::Bytes;
use chrono::Utc;
use lockgate_model::{Digest, DigestAlgorithm};
use std::{fs, path::PathBuf};
use tempfile::TempDir;

const LIMIT: u64 = 1 << 20;

struct Stage {
    folder: TempDir,
    mirror: Mirror,
    object: Verified,
}

impl Stage {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mirror = Mirror::open(&Place::Folder(folder.path().join("mirror"))).expect("a folder can be opened");
        let object = Verified::naming(Bytes::from(vec![7; 100_000]));
        mirror.put(&object).await.expect("a folder takes an object");
        Self { folder, mirror, object }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("mirror").join(Mirror::path(self.object.sha256()))
    }

    async fn check(&self) -> Check {
        self.mirror.check(self.object.sha256(), 100_000, &mut Pace::new(0)).await.expect("the folder answers")
    }

    async fn read(&self) -> Read {
        self.mirror.read(self.object.sha256(), LIMIT).await.expect("the folder answers")
    }
}

#[tokio::test]
async fn what_is_put_is_read_back() {
    let stage = Stage::new().await;
    assert_eq!(stage.read().await, Read::Sound(stage.object.clone()));
    assert_eq!(stage.check().await, Check::Sound);
    let hex = stage.object.sha256().hex();
    assert!(stage.file().ends_with(format!("sha256/{}/{hex}", &hex[..2])), "{}", stage.file().display());
}

#[tokio::test]
async fn every_damage_is_told_apart_and_nothing_damaged_is_read() {
    let good = vec![7; 100_000];
    let mut flipped = good.clone();
    flipped[50_000] ^= 1;
    for (bytes, damage) in [
        (flipped, Damage::Altered),
        (good[..99_999].to_vec(), Damage::Truncated { kept: 100_000, found: 99_999 }),
        (Vec::new(), Damage::Truncated { kept: 100_000, found: 0 }),
        (good.iter().copied().chain([7]).collect(), Damage::Overlong { kept: 100_000, found: 100_001 }),
    ] {
        let stage = Stage::new().await;
        fs::write(stage.file(), bytes).unwrap();
        assert_eq!(stage.check().await, Check::Damaged(damage));
        assert!(matches!(stage.read().await, Read::Damaged(_)));
    }
    let stage = Stage::new().await;
    fs::remove_file(stage.file()).unwrap();
    assert_eq!(stage.check().await, Check::Damaged(Damage::Missing));
    assert_eq!(stage.read().await, Read::Damaged(Damage::Missing));
}

#[tokio::test]
async fn what_is_moved_aside_is_there_and_is_not_served() {
    let stage = Stage::new().await;
    let aside = stage.mirror.quarantine(&Mirror::path(stage.object.sha256()), Utc::now()).await.unwrap();
    assert_eq!(stage.read().await, Read::Damaged(Damage::Missing));
    assert!(aside.starts_with("quarantine/"), "{aside}");
    assert_eq!(fs::read(stage.folder.path().join("mirror").join(aside)).unwrap(), stage.object.bytes().to_vec());
    stage.mirror.put(&stage.object).await.unwrap();
    assert_eq!(stage.check().await, Check::Sound);
}

#[tokio::test]
async fn a_shard_lists_what_lies_in_it_and_knows_what_is_no_object() {
    let stage = Stage::new().await;
    let folder = stage.file().parent().unwrap().to_owned();
    fs::write(folder.join("notes.txt"), "x").unwrap();
    let number = u8::from_str_radix(&stage.object.sha256().hex()[..2], 16).unwrap();
    let shard = Shard::all().find(|shard| shard.number() == number).unwrap();
    let listed = stage.mirror.list(shard).await.unwrap();
    let found: Vec<_> = listed.iter().map(|l| l.sha256.clone()).collect();
    assert_eq!(found, [Some(stage.object.sha256().clone()), None]);
    let other = Shard::all().find(|shard| shard.number() != number).unwrap();
    assert!(stage.mirror.list(other).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_object_over_the_limit_is_not_read() {
    let stage = Stage::new().await;
    let error = stage.mirror.read(stage.object.sha256(), 99_999).await.unwrap_err();
    assert!(matches!(error, MirrorError::TooLarge { size: 100_000, limit: 99_999, .. }), "{error}");
}

#[test]
fn bytes_are_verified_under_the_algorithm_that_was_stated() {
    let bytes = Bytes::from_static(b"a");
    for algorithm in DigestAlgorithm::ALL {
        let verified = Verified::new(bytes.clone(), &Digest::of(algorithm, b"a")).unwrap();
        assert_eq!(verified.sha256(), &Digest::sha256(b"a"));
        let mismatch = Verified::new(bytes.clone(), &Digest::of(algorithm, b"b")).unwrap_err();
        assert_eq!(mismatch.found, Digest::of(algorithm, b"a"));
    }
}

#[test]
fn keys_do_not_travel_in_the_clear() {
    let s3 = |endpoint: &str| {
        Place::S3(Box::new(S3 {
            bucket: "b".into(),
            prefix: "p".into(),
            endpoint: endpoint.parse().unwrap(),
            region: "r".into(),
            access_key_id: "id".into(),
            secret_access_key: "hunter2".into(),
            user_agent: "test".into(),
        }))
    };
    let error = Mirror::open(&s3("http://s3.example.test/")).unwrap_err().to_string();
    assert!(error.contains("mirror.endpoint") && !error.contains("hunter2"), "{error}");
    assert!(Mirror::open(&s3("http://127.0.0.1:9000/")).is_ok());
    assert!(Mirror::open(&s3("https://s3.example.test/")).is_ok());
    assert!(!format!("{:?}", s3("https://s3.example.test/")).contains("hunter2"));
}
