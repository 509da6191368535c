//! A repository with commits signed by the real tools, in a folder of its own.

use chrono::{DateTime, Utc};
use lockgate_signature::commit::{Kind, Raw, Trust, Verification, gpg::Keyring, ssh};
use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};
use tempfile::TempDir;

/// Runs a tool with `input`; a missing one fails the test with the package to install.
fn run(mut command: Command, input: &[u8]) -> Output {
    let name = command.get_program().to_string_lossy().into_owned();
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.unwrap_or_else(|error| {
        panic!("{name}: {error}; install git, gnupg and openssh-client, with which these tests compare")
    });
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn must(command: Command, input: &[u8]) -> Vec<u8> {
    let described = format!("{command:?}");
    let output = run(command, input);
    assert!(output.status.success(), "{described}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn line(output: Vec<u8>) -> String {
    String::from_utf8(output).unwrap().trim().to_owned()
}

pub(crate) struct Repo {
    folder: TempDir,
}

impl Repo {
    pub(crate) fn new() -> Self {
        let repo = Self { folder: TempDir::new().unwrap() };
        repo.git(&["init", "--quiet", "--initial-branch=main"], b"");
        for (name, value) in [("user.name", "Mona"), ("user.email", "mona@example.test")] {
            repo.set(name, value);
        }
        repo
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn set(&self, name: &str, value: &str) {
        self.git(&["config", name, value], b"");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.current_dir(self.path()).args(arguments);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
        command
    }

    pub(crate) fn git(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        must(self.command(arguments), input)
    }

    /// A new commit, signed as the repository is configured; `at` is its time, in seconds.
    pub(crate) fn commit(&self, at: i64, options: &[&str]) -> String {
        let at = format!("{at} +0000");
        let mut command = self.command(&["commit", "--quiet", "--allow-empty", "-S", "-m", "m"]);
        command.args(options).env("GIT_COMMITTER_DATE", &at).env("GIT_AUTHOR_DATE", &at);
        must(command, b"");
        line(self.git(&["rev-parse", "HEAD"], b""))
    }

    pub(crate) fn tag(&self, name: &str, options: &[&str]) -> String {
        self.git(&[&["tag", "-m", "m"], options, &[name]].concat(), b"");
        line(self.git(&["rev-parse", name], b""))
    }

    pub(crate) fn object(&self, id: &str) -> Object {
        let kind = line(self.git(&["cat-file", "-t", id], b""));
        let bytes = self.git(&["cat-file", &kind, id], b"");
        Object { id: id.to_owned(), kind: if kind == "tag" { Kind::Tag } else { Kind::Commit }, bytes, name: None }
    }

    /// Puts the bytes into the repository, whatever git thinks of them.
    pub(crate) fn put(&self, kind: Kind, bytes: Vec<u8>) -> Object {
        let name = if kind == Kind::Tag { "tag" } else { "commit" };
        let id = self.git(&["hash-object", "--literally", "-w", "-t", name, "--stdin"], &bytes);
        Object { id: line(id), kind, bytes, name: None }
    }

    /// What `git verify-commit` or `git verify-tag` says.
    pub(crate) fn git_accepts(&self, object: &Object) -> bool {
        let command = if object.kind == Kind::Tag { "verify-tag" } else { "verify-commit" };
        run(self.command(&[command, &object.id]), b"").status.success()
    }
}

#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) bytes: Vec<u8>,
    pub(crate) name: Option<String>,
}

impl Object {
    /// `verified`, `unsigned`, or the reason of the rejection.
    pub(crate) fn answer(&self, trust: &Trust) -> String {
        match self.verify(trust) {
            Verification::Verified(_) => "verified".to_owned(),
            Verification::Unsigned => "unsigned".to_owned(),
            Verification::Rejected(rejection) => rejection.reason().to_owned(),
        }
    }

    pub(crate) fn verify(&self, trust: &Trust) -> Verification {
        trust.verify(&Raw { kind: self.kind, id: &self.id, bytes: &self.bytes, name: self.name.as_deref() })
    }

    /// The bytes with the first `old` replaced by `new`.
    pub(crate) fn with(&self, old: &str, new: &str) -> Vec<u8> {
        let at = self.bytes.windows(old.len()).position(|part| part == old.as_bytes());
        let at = at.unwrap_or_else(|| panic!("{old:?} is not in {}", String::from_utf8_lossy(&self.bytes)));
        [&self.bytes[..at], new.as_bytes(), &self.bytes[at + old.len()..]].concat()
    }
}

/// Nobody is trusted.
pub(crate) fn nobody() -> Trust {
    Trust { keyring: None, signers: None, revoked: ssh::Revoked::default(), authority: None, now: now() }
}

pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A home of GnuPG, with its agent, which ends with it.
pub(crate) struct GnuPg {
    home: TempDir,
}

impl GnuPg {
    pub(crate) fn new() -> Self {
        let home = TempDir::new().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
        Self { home }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("gpg");
        command.env("GNUPGHOME", self.home.path()).env("LC_ALL", "C");
        command.args(["--batch", "--no-tty", "--quiet", "--yes", "--pinentry-mode", "loopback", "--passphrase", ""]);
        command.args(arguments);
        command
    }

    pub(crate) fn gpg(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        must(self.command(arguments), input)
    }

    /// A key that `options` and the time of making (in seconds) describe; its fingerprint.
    pub(crate) fn key(&self, user: &str, algorithm: &str, usage: &str, expires: &str, options: &[&str]) -> String {
        self.gpg(&[options, &["--quick-gen-key", user, algorithm, usage, expires]].concat(), b"");
        let listed = line(self.gpg(&["--list-keys", "--with-colons", &format!("={user}")], b""));
        let fingerprint = listed.lines().find_map(|line| line.strip_prefix("fpr:::::::::"));
        fingerprint.unwrap().trim_end_matches(':').to_owned()
    }

    pub(crate) fn export(&self, keys: &[&str]) -> Vec<u8> {
        self.gpg(&[&["--armor", "--export"], keys].concat(), b"")
    }

    pub(crate) fn keyring(&self) -> Keyring {
        Keyring::read("keyring", &self.export(&[])).unwrap()
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust { keyring: Some(self.keyring()), ..nobody() }
    }

    /// The fingerprints of the subkeys, in the order in which they were made.
    pub(crate) fn subkeys(&self, key: &str) -> Vec<String> {
        let listed = line(self.gpg(&["--list-keys", "--with-colons", key], b""));
        let lines: Vec<_> = listed.lines().collect();
        let subkeys = lines.windows(2).filter(|pair| pair[0].starts_with("sub:"));
        let fingerprint = |pair: &[&str]| pair[1].trim_start_matches("fpr").trim_matches(':').to_owned();
        subkeys.map(fingerprint).collect()
    }

    /// Answers what `gpg --edit-key` asks.
    pub(crate) fn edit(&self, key: &str, answers: &[&str]) {
        let answers = answers.join("\n") + "\n";
        let mut command = self.command(&[]);
        command.args(["--no-batch", "--command-fd", "0", "--edit-key", key]);
        must(command, answers.as_bytes());
    }

    /// By the certificate of revocation that gpg wrote when the key was made.
    pub(crate) fn revoke(&self, key: &str) {
        let path = self.home.path().join("openpgp-revocs.d").join(format!("{key}.rev"));
        let certificate = fs::read_to_string(path).unwrap().replace(":-----BEGIN", "-----BEGIN");
        self.gpg(&["--import"], certificate.as_bytes());
    }

    /// Has git sign in `repo` with `key` of this home; `options` go to gpg.
    pub(crate) fn signs(&self, repo: &Repo, key: &str, options: &[&str]) {
        let home = self.home.path().display();
        let options = options.join(" ");
        let script = format!("#!/bin/sh\nGNUPGHOME='{home}' exec gpg --batch {options} \"$@\"\n");
        let path = repo.file("gpg.sh", script.as_bytes());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        repo.set("gpg.format", "openpgp");
        repo.set("gpg.program", path.to_str().unwrap());
        repo.set("user.signingkey", &format!("{key}!"));
    }
}

impl Drop for GnuPg {
    fn drop(&mut self) {
        let mut command = Command::new("gpgconf");
        command.args(["--kill", "all"]).env("GNUPGHOME", self.home.path());
        let _ = command.output();
    }
}

/// `ssh-keygen` in the repository's folder.
pub(crate) fn ssh_keygen(repo: &Repo, arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new("ssh-keygen");
    command.current_dir(repo.path()).args(["-q"]).args(arguments).env("TZ", "UTC");
    must(command, b"")
}
