//! Names places where secrets are kept.

use super::{Scan, language::Language, source::Source};
use crate::diff::facts::FindingType::CredentialPath;

/// Parts of paths, and what is kept there. Compared without case, with `/` for every separator.
const PATHS: &[(&str, &str)] = &[
    (".ssh/", "SSH keys"),
    ("id_rsa", "SSH keys"),
    ("id_ed25519", "SSH keys"),
    (".npmrc", "npm's token"),
    (".yarnrc", "yarn's token"),
    (".pypirc", "the token for uploads of Python packages"),
    (".cargo/credentials", "cargo's token"),
    (".gem/credentials", "RubyGems' token"),
    (".aws/credentials", "AWS keys"),
    (".aws/config", "AWS settings"),
    (".config/gcloud", "Google Cloud credentials"),
    (".azure/", "Azure credentials"),
    (".kube/config", "Kubernetes credentials"),
    (".docker/config.json", "container registry credentials"),
    (".git-credentials", "git's passwords"),
    (".config/gh/hosts", "GitHub's token"),
    (".netrc", "passwords"),
    (".pgpass", "database passwords"),
    (".gnupg", "PGP keys"),
    ("/etc/shadow", "password hashes"),
    ("login data", "browser passwords"),
    ("key4.db", "browser passwords"),
    ("logins.json", "browser passwords"),
    ("cookies.sqlite", "browser cookies"),
    ("local storage/leveldb", "browser storage"),
    ("local extension settings", "browser wallets"),
    ("wallet.dat", "a wallet"),
    (".config/solana", "a wallet"),
    (".electrum", "a wallet"),
    ("exodus.wallet", "a wallet"),
    ("/serviceaccount/token", "a Kubernetes token"),
    ("169.254.169.254", "cloud machine credentials"),
];
/// Longest text that is taken for a path; longer ones are prose.
const PATH_BYTES: usize = 260;

pub(super) fn look(source: &Source<'_>, scan: &mut Scan) {
    for (index, text) in source.texts() {
        report(source, scan, index, &text);
    }
    if source.is(Language::Shell) {
        for (index, word) in source.words() {
            report(source, scan, index, word);
        }
    }
}

fn report(source: &Source<'_>, scan: &mut Scan, index: usize, text: &str) {
    if text.len() > PATH_BYTES || text.len() < 4 || text.contains('\n') || is_prose(text) {
        return;
    }
    let path = text.to_ascii_lowercase().replace('\\', "/");
    let named = PATHS.iter().find(|(part, _)| path.contains(part) || part.strip_suffix('/') == Some(path.as_str()));
    if let Some((part, what)) = named {
        source.report(scan, CredentialPath, index, &format!("names {} ({what})", part.trim_end_matches('/')));
    }
}

/// A sentence has several spaces; "Local Extension Settings" has two.
fn is_prose(text: &str) -> bool {
    text.bytes().filter(|b| *b == b' ').count() > 4
}
