//! Why nothing could be asked. What the signer or an attacker wrote never ends here.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("read {}: {cause}; name a file that is there", path.display())]
    Unreadable { path: PathBuf, cause: std::io::Error },
    #[error("trusted root {name}: larger than {most} bytes; name the trusted_root.json of a Sigstore instance")]
    RootTooLarge { name: String, most: usize },
    #[error("trusted root {name}: {cause}; name the trusted_root.json of a Sigstore instance")]
    BadRoot { name: String, cause: String },
    #[error(
        "trusted root {name}: it names logs, so it is not that of GitHub's own instance; verify by it without --github"
    )]
    RootWithLogs { name: String },
    #[error("public key {name}: {cause}; name a PEM file that begins with BEGIN PUBLIC KEY")]
    BadKey { name: String, cause: String },
    #[error("keys {name}: larger than {most} bytes; name the document that the registry serves as /-/npm/v1/keys")]
    KeysTooLarge { name: String, most: usize },
    #[error("keys {name}: {cause}; name the document that the registry serves as /-/npm/v1/keys")]
    BadKeys { name: String, cause: String },
    #[error("keyring {name}: {cause}; name what gpg --export writes: public keys, armored or not")]
    BadKeyring { name: String, cause: String },
    #[error("allowed signers {name}, line {line}: {cause}; ssh-keygen(1), ALLOWED SIGNERS, says what a line holds")]
    BadSigners { name: String, line: usize, cause: String },
    #[error("revoked keys {name}: {cause}; name a list of public keys, or what ssh-keygen -k writes")]
    BadRevoked { name: String, cause: String },
    #[error("read the artifact: {0}; try again")]
    Artifact(std::io::Error),
}
