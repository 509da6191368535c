//! Who a certificate is for.

use crate::extension;
use der::asn1::ObjectIdentifier;

/// The subject alternative name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    Uri(String),
    Email(String),
}

impl Name {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Uri(text) | Self::Email(text) => text,
        }
    }
}

/// What the certificate authority was told. Fields are free: nobody here checks that they fit each other.
#[derive(Debug, Clone)]
pub struct Identity {
    pub name: Name,
    /// The OpenID provider's address.
    pub issuer: String,
    /// Further extensions by [`crate::extension`]'s names, the issuer's not among them.
    pub extensions: Vec<(ObjectIdentifier, String)>,
}

impl Identity {
    pub fn new(name: Name, issuer: &str) -> Self {
        Self { name, issuer: issuer.to_owned(), extensions: Vec::new() }
    }

    pub fn email(address: &str) -> Self {
        Self::new(Name::Email(address.to_owned()), "https://accounts.example.test")
    }

    /// The workflow `release.yml` on the branch `main` of `repository` (an address), with all that a forge says of it.
    pub fn workflow(repository: &str) -> Self {
        Self::workflow_at(repository, ".github/workflows/release.yml", "refs/heads/main", &"1".repeat(40))
    }

    /// A workflow's file at a ref and commit of `repository` (an address such as `https://forge.example.test/owner/name`).
    pub fn workflow_at(repository: &str, file: &str, reference: &str, commit: &str) -> Self {
        let built = format!("{repository}/{file}@{reference}");
        let (owner, _) = repository.rsplit_once('/').expect("a repository has an owner");
        let short = repository.splitn(4, '/').nth(3).expect("an address has a path");
        let mut identity = Self::new(Name::Uri(built.clone()), "https://token.actions.example.test");
        identity.extensions = [
            (extension::TRIGGER_BARE, "push"),
            (extension::SHA_BARE, commit),
            (extension::WORKFLOW_BARE, "release"),
            (extension::REPOSITORY_BARE, short),
            (extension::REF_BARE, reference),
            (extension::BUILD_SIGNER_URI, &built),
            (extension::BUILD_SIGNER_DIGEST, commit),
            (extension::RUNNER_ENVIRONMENT, "github-hosted"),
            (extension::SOURCE_REPOSITORY_URI, repository),
            (extension::SOURCE_REPOSITORY_DIGEST, commit),
            (extension::SOURCE_REPOSITORY_REF, reference),
            (extension::SOURCE_REPOSITORY_IDENTIFIER, "1001"),
            (extension::SOURCE_OWNER_URI, owner),
            (extension::SOURCE_OWNER_IDENTIFIER, "2001"),
            (extension::BUILD_CONFIG_URI, &built),
            (extension::BUILD_CONFIG_DIGEST, commit),
            (extension::BUILD_TRIGGER, "push"),
            (extension::RUN_INVOCATION_URI, &format!("{repository}/actions/runs/3001/attempts/1")),
            (extension::SOURCE_VISIBILITY, "public"),
        ]
        .map(|(oid, text)| (oid, text.to_owned()))
        .to_vec();
        identity
    }

    /// The same with another text in an extension, or with one more.
    #[must_use]
    pub fn with(mut self, oid: ObjectIdentifier, text: &str) -> Self {
        self.extensions.retain(|(known, _)| *known != oid);
        self.extensions.push((oid, text.to_owned()));
        self
    }

    /// The same without an extension.
    #[must_use]
    pub fn without(mut self, oid: ObjectIdentifier) -> Self {
        self.extensions.retain(|(known, _)| *known != oid);
        self
    }

    /// The same, vouched for by another.
    #[must_use]
    pub fn issued_by(mut self, issuer: &str) -> Self {
        issuer.clone_into(&mut self.issuer);
        self
    }
}
