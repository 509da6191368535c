//! Identifiers that come from outside, parsed at the door.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    #[error("{0:?} is not a repository name OWNER/NAME")]
    Repo(String),
    #[error("{0:?} is not a full commit id of 40 or 64 hexadecimal digits")]
    Sha(String),
    #[error("{0:?} is not a delivery id")]
    Delivery(String),
}

macro_rules! text_newtype {
    ($name:ident, $valid:expr, $error:path, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdentityError;

            fn from_str(text: &str) -> Result<Self, IdentityError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) { Ok(Self(text.to_owned())) } else { Err($error(text.chars().take(100).collect())) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdentityError;

            fn try_from(text: String) -> Result<Self, IdentityError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }
    };
}

text_newtype!(
    RepoId,
    is_repo,
    IdentityError::Repo,
    "A repository, `OWNER/NAME`. Never a path: neither part is `.` or `..`."
);
text_newtype!(CommitSha, is_sha, IdentityError::Sha, "A full commit id, SHA-1 or SHA-256, lower-case hexadecimal.");
text_newtype!(
    DeliveryId,
    is_delivery,
    IdentityError::Delivery,
    "The `X-GitHub-Delivery` header: letters, digits and `-`, at most 64."
);

fn is_repo(text: &str) -> bool {
    let part = |p: &str| {
        !p.is_empty()
            && p.len() <= 100
            && p != "."
            && p != ".."
            && p.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    matches!(text.split_once('/'), Some((owner, name)) if part(owner) && part(name))
}

fn is_sha(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_delivery(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

impl CommitSha {
    /// Git's all-zero id: "no commit", as a push that creates or deletes a branch sends it.
    pub fn is_zero(&self) -> bool {
        self.0.bytes().all(|b| b == b'0')
    }

    /// The first twelve digits, for people.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_names_cannot_be_paths() {
        for bad in ["", "a", "a/", "/b", "../b", "a/..", "a/b/c", "a b/c", "a/b\n"] {
            assert!(bad.parse::<RepoId>().is_err(), "{bad:?}");
        }
        assert!("octo-org/hello.world_1".parse::<RepoId>().is_ok());
    }

    #[test]
    fn abbreviated_commits_are_refused() {
        assert!("abc123".parse::<CommitSha>().is_err());
        assert!("0".repeat(40).parse::<CommitSha>().unwrap().is_zero());
    }
}
