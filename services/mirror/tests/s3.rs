//! The mirror in a bucket of a real server that speaks S3 and knows its account; signatures it does not compute. The server is
//! the program that `LOCKGATE_S3RVER` names (`cargo xtask test` provides it); without it this is not tested, and says so.

use bytes::Bytes;
use chrono::Utc;
use lockgate_mirror::{Check, Damage, Mirror, MirrorError, Pace, Place, Read, S3, Shard, Verified};
use std::{
    fs,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

const BUCKET: &str = "artifacts";
/// The server's only account.
const KEY: &str = "S3RVER";

struct Server {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// `None`, loudly, where no program was provided.
    async fn start() -> Option<Self> {
        let Some(program) = std::env::var_os("LOCKGATE_S3RVER") else {
            eprintln!("NOT TESTED: set LOCKGATE_S3RVER to the program of npm's s3rver, or run `cargo xtask test`");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let mut command = Command::new(program);
        command.arg("-d").arg(folder.path()).args(["-a", "127.0.0.1", "-p", &port.to_string(), "--no-vhost-buckets"]);
        command.args(["--configure-bucket", BUCKET]).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Self { child: command.spawn().expect("the server starts"), folder, port };
        for _ in 0..100 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Some(server);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the S3 server does not listen within 10 s");
    }

    fn mirror(&self, account: &str) -> Mirror {
        let place = Place::S3(Box::new(S3 {
            bucket: BUCKET.into(),
            prefix: "lockgate/kept".into(),
            endpoint: format!("http://127.0.0.1:{}/", self.port).parse().expect("an address"),
            region: "us-east-1".into(),
            access_key_id: account.into(),
            secret_access_key: KEY.into(),
            user_agent: "lockgate-test".into(),
        }));
        Mirror::open(&place).expect("a bucket can be opened")
    }

    /// The file in which the server keeps an object's bytes.
    fn file(&self, object: &Verified) -> PathBuf {
        let path = format!("{BUCKET}/lockgate/kept/{}._S3rver_object", Mirror::path(object.sha256()));
        self.folder.path().join(path)
    }
}

async fn check(mirror: &Mirror, object: &Verified) -> Check {
    let size = object.bytes().len() as u64;
    mirror.check(object.sha256(), size, &mut Pace::new(0)).await.expect("the server answers")
}

#[tokio::test]
async fn a_bucket_keeps_finds_moves_and_lists() {
    let Some(server) = Server::start().await else { return };
    let mirror = server.mirror(KEY);
    let object = Verified::naming(Bytes::from(vec![7; 300_000]));
    assert_eq!(check(&mirror, &object).await, Check::Damaged(Damage::Missing));
    mirror.put(&object).await.unwrap();
    assert_eq!(mirror.read(object.sha256(), 1 << 20).await.unwrap(), Read::Sound(object.clone()));
    let shard = Shard::all().find(|shard| shard.last() >= object.sha256().to_string()).unwrap();
    let listed = mirror.list(shard).await.unwrap();
    assert_eq!(listed.iter().map(|l| l.sha256.clone()).collect::<Vec<_>>(), [Some(object.sha256().clone())]);

    let mut flipped = object.bytes().to_vec();
    flipped[150_000] ^= 1;
    fs::write(server.file(&object), &flipped).expect("the server keeps an object in a file");
    assert_eq!(check(&mirror, &object).await, Check::Damaged(Damage::Altered));
    assert_eq!(mirror.read(object.sha256(), 1 << 20).await.unwrap(), Read::Damaged(Damage::Altered));

    let aside = mirror.quarantine(&Mirror::path(object.sha256()), Utc::now()).await.unwrap();
    assert!(aside.starts_with("quarantine/"), "{aside}");
    assert_eq!(check(&mirror, &object).await, Check::Damaged(Damage::Missing));
    assert!(mirror.list(shard).await.unwrap().is_empty());
    mirror.put(&object).await.unwrap();
    assert_eq!(check(&mirror, &object).await, Check::Sound);
}

#[tokio::test]
async fn an_unknown_account_is_an_error_that_names_what_was_done() {
    let Some(server) = Server::start().await else { return };
    let object = Verified::naming(Bytes::from_static(b"a"));
    let error = server.mirror("nobody").put(&object).await.unwrap_err();
    assert!(matches!(error, MirrorError::Store { .. }), "{error}");
    let text = error.to_string();
    assert!(text.starts_with(&format!("keep {} in the mirror: ", object.sha256())), "{text}");
    assert_eq!(check(&server.mirror(KEY), &object).await, Check::Damaged(Damage::Missing));
}

#[tokio::test]
async fn a_server_that_is_gone_is_an_error_and_not_a_missing_object() {
    let Some(server) = Server::start().await else { return };
    let (mirror, object) = (server.mirror(KEY), Verified::naming(Bytes::from_static(b"a")));
    drop(server);
    let checked = mirror.check(object.sha256(), 1, &mut Pace::new(0)).await;
    assert!(matches!(checked, Err(MirrorError::Store { .. })), "{checked:?}");
}
