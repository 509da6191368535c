//! A registry's documents as they are sent, for whoever hands them on instead of reading them.

use super::{Ask, Client, Reply, adapter, cache::Validators, exchange};
use bytes::Bytes;
use lockgate_model::{Cause, CauseKind, Ecosystem, PublishedFile, Release};

/// What an answer is asked for again with: [`Client::document`] of the same document.
#[derive(Debug, Clone, Default)]
pub struct Revision(Validators);

/// A registry's answer.
#[derive(Debug, Clone)]
pub enum Document {
    Body {
        bytes: Bytes,
        revision: Revision,
    },
    /// The one of the revision that was named still holds.
    NotModified,
}

impl Client {
    /// The metadata of a package in the form of this media type, bounded as [`Client::package`]'s is, and not read.
    ///
    /// # Errors
    /// As [`Client::package`].
    pub async fn document(
        &self,
        ecosystem: Ecosystem,
        name: &str,
        accept: &'static str,
        known: Option<&Revision>,
    ) -> Result<Document, Cause> {
        let registry = self.shared.registry(ecosystem)?;
        let name = ecosystem.normalize_name(name);
        let protocol = adapter(ecosystem).protocol();
        let subject = format!("fetch {ecosystem} {}", crate::position::excerpt(&name));
        if !protocol.is_package_name(&name) {
            return Err(Cause::new(CauseKind::Malformed, format!("{subject}: this is no package name of {ecosystem}")));
        }
        let ask = Ask {
            subject: &subject,
            url: &protocol.metadata_request(&registry.config.url, &name).url,
            accept,
            limit: registry.config.limits.metadata_bytes,
            artifact: false,
            validators: known.map(|revision| &revision.0),
        };
        match self.shared.exchange.ask(registry, ask).await? {
            Reply::Body { bytes, validators } => Ok(Document::Body { bytes, revision: Revision(validators) }),
            Reply::NotModified if known.is_some() => Ok(Document::NotModified),
            Reply::NotModified => Err(exchange::unasked_for(&subject)),
        }
    }

    /// What stands beside a file under its name and `.metadata` (PEP 658).
    ///
    /// # Errors
    /// As [`Client::artifact`].
    pub async fn metadata_of(&self, release: &Release, file: &PublishedFile) -> Result<Bytes, Cause> {
        let registry = self.shared.registry(release.ecosystem)?;
        let subject = format!("fetch {release} {}.metadata", crate::position::excerpt(&file.file));
        let mut url = file.url.clone();
        url.set_path(&format!("{}.metadata", file.url.path()));
        let limit = registry.config.limits.metadata_bytes;
        let ask = Ask { subject: &subject, url: &url, accept: "*/*", limit, artifact: true, validators: None };
        match self.shared.exchange.ask(registry, ask).await? {
            Reply::Body { bytes, .. } => Ok(bytes),
            Reply::NotModified => Err(exchange::unasked_for(&subject)),
        }
    }
}
