//! The authorities and logs together.

use crate::{
    CLOSED, Identity, Key, NEW_YEAR, OPENED, Signer,
    certificate::{Held, Template},
    log::Log,
    scts,
    timestamp::TimestampAuthority,
};

/// An instance of Sigstore. Its parts are free to be asked, exchanged and combined with those of another.
#[derive(Debug)]
pub struct Authority {
    pub root: Held,
    /// Issues the certificates of who signs.
    pub intermediate: Held,
    /// Publishes them.
    pub certificate_log: Key,
    /// The transparency log of the first generation.
    pub log: Log,
    /// The one of the second generation.
    pub second: Log,
    pub timestamps: TimestampAuthority,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    pub fn new() -> Self {
        let root = Template::authority("CN=root,O=authority.example.test", OPENED, CLOSED, Some(1));
        let root = Held::root(&root, Key::p384());
        let below = Template::intermediate("CN=intermediate,O=authority.example.test", OPENED, CLOSED, Some(0));
        Self {
            intermediate: root.below(&below, Key::p384()),
            root,
            certificate_log: Key::new(),
            log: Log::first("log.example.test"),
            second: Log::second("log2.example.test"),
            timestamps: TimestampAuthority::new("timestamp.example.test", OPENED, CLOSED),
        }
    }

    /// Who may sign as `identity` for ten minutes from [`NEW_YEAR`] on.
    pub fn signer(&self, identity: &Identity) -> Signer {
        self.signer_at(identity, NEW_YEAR)
    }

    /// The same from `at` on (seconds since 1970).
    pub fn signer_at(&self, identity: &Identity, at: i64) -> Signer {
        self.signer_by(&Template::leaf(identity, at))
    }

    /// Who has a new key and a certificate of this form, published and issued.
    pub fn signer_by(&self, template: &Template) -> Signer {
        let key = Key::new();
        let leaf = self.certify(template, &key);
        Signer::with_certificates(key, vec![leaf, self.intermediate.der.clone()])
    }

    /// A certificate of this form for `key`, published and issued.
    pub fn certify(&self, template: &Template, key: &Key) -> Vec<u8> {
        let tbs = self.intermediate.prepare(template, key);
        self.intermediate.sign(scts::published(tbs, &self.intermediate.key, &self.certificate_log, template.from))
    }
}
