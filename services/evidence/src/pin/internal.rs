//! The operator's own names: a package that is called so comes from the operator's registry or is an intruder.
//!
//! Whoever registers an internal name in a public registry is installed instead where a client asks both (Birsan, 2021).

use super::facts::Finding;
use lockgate_model::{Digest, Ecosystem, LockedRelease, Origin};
use std::collections::BTreeMap;
use url::Url;

/// Names that are the operator's own in one ecosystem, and the only registry that may serve them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InternalNames {
    pub ecosystem: Ecosystem,
    /// Names, or patterns with `*` for any characters: `@acme/*`, `acme-*`.
    pub names: Vec<String>,
    pub registry: Url,
}

/// Why a pattern would not do what it seems to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("internal {ecosystem} names are empty; name at least one")]
    NoNames { ecosystem: Ecosystem },
    #[error("the internal {ecosystem} name {pattern:?} would be every name; write at least two characters beside `*`")]
    Everything { ecosystem: Ecosystem, pattern: String },
}

/// What the operator says of names and registries.
#[derive(Debug, Clone)]
pub struct PinSettings {
    internal: Vec<InternalNames>,
    /// The registry that is asked for each ecosystem: what a lockfile leaves unsaid comes from there.
    configured: BTreeMap<Ecosystem, Url>,
    digest: Digest,
}

impl Default for PinSettings {
    fn default() -> Self {
        Self::of(Vec::new(), BTreeMap::new())
    }
}

impl PinSettings {
    /// # Errors
    /// When a pattern is empty or fits every name.
    pub fn new(internal: Vec<InternalNames>, configured: BTreeMap<Ecosystem, Url>) -> Result<Self, SettingsError> {
        for InternalNames { ecosystem, names, .. } in &internal {
            if names.is_empty() {
                return Err(SettingsError::NoNames { ecosystem: *ecosystem });
            }
            if let Some(pattern) = names.iter().find(|name| name.chars().filter(|c| c.is_alphanumeric()).count() < 2) {
                return Err(SettingsError::Everything { ecosystem: *ecosystem, pattern: pattern.clone() });
            }
        }
        Ok(Self::of(internal, configured))
    }

    fn of(internal: Vec<InternalNames>, configured: BTreeMap<Ecosystem, Url>) -> Self {
        let rows: Vec<_> = internal.iter().map(|i| (i.ecosystem, &i.names, i.registry.as_str())).collect();
        let registries: Vec<_> = configured.iter().map(|(ecosystem, url)| (ecosystem, url.as_str())).collect();
        let said = serde_json::json!([rows, registries]);
        Self { digest: Digest::sha256(said.to_string().as_bytes()), internal, configured }
    }

    /// Names the settings: another answer may follow from others.
    pub(super) fn digest(&self) -> &Digest {
        &self.digest
    }

    pub(super) fn look(&self, entry: &LockedRelease) -> Option<Finding> {
        let (internal, pattern) = self.internal.iter().find_map(|i| Some((i, i.fitting(entry)?)))?;
        let (names, registry) = (pattern.to_owned(), internal.registry.to_string());
        let outside = |address: &str| Finding::InternalFromOutside {
            names: names.clone(),
            registry: registry.clone(),
            address: address.to_owned(),
        };
        match &entry.origin {
            Origin::Registry { url: Some(url) } if is_below(url, &internal.registry) => None,
            Origin::Registry { url: Some(url) } | Origin::Url { url } | Origin::Git { url, .. } => Some(outside(url)),
            // What is not said is taken from the configured registry, by the client as by us.
            Origin::Registry { url: None } if self.configured.get(&internal.ecosystem) == Some(&internal.registry) => {
                None
            }
            Origin::Registry { url: None } => Some(Finding::InternalFromUnstated { names, registry }),
            Origin::Path { .. } | Origin::Bundled { .. } => None,
        }
    }
}

impl InternalNames {
    /// The pattern that the entry's name fits. npm's names are compared without regard to case: what differs in case
    /// alone is a deception.
    fn fitting(&self, entry: &LockedRelease) -> Option<&str> {
        if entry.release.ecosystem != self.ecosystem {
            return None;
        }
        let spelled = |text: &str| self.ecosystem.normalize_name(text).to_lowercase();
        let name = spelled(&entry.release.name);
        self.names.iter().map(String::as_str).find(|pattern| fits(&spelled(pattern), &name))
    }
}

/// Whether `name` is `pattern`, where `*` stands for any characters.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(last)
}

/// Whether an address is the registry's or below it: same scheme, host and port, and its path begins the other's at a
/// whole part.
fn is_below(address: &str, registry: &Url) -> bool {
    let address = address.trim_start_matches("registry+").trim_start_matches("sparse+");
    let Ok(address) = Url::parse(address) else { return false };
    if address.origin() != registry.origin() {
        return false;
    }
    // The parser has taken `..` out, encoded or not.
    let path = address.path().strip_prefix(registry.path().trim_end_matches('/'));
    path.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_names() {
        for (pattern, name, expected) in [
            ("@acme/*", "@acme/ui", true),
            ("@acme/*", "@acme-evil/ui", false),
            ("acme-*", "acme-ui", true),
            ("acme-*", "not-acme-ui", false),
            ("*-acme-*", "a-acme-b", true),
            ("*-acme", "a-acme-b", false),
            ("acme", "acme", true),
            ("acme", "acme2", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn an_address_is_below_its_registry_by_whole_parts() {
        let registry = Url::parse("https://npm.example.test/acme/").unwrap();
        for (address, expected) in [
            ("https://npm.example.test/acme/ui/-/ui-1.0.0.tgz", true),
            ("https://npm.example.test/acme", true),
            ("sparse+https://npm.example.test/acme/", true),
            ("https://npm.example.test/acme-evil/ui", false),
            ("https://npm.example.test/acme/../evil/ui", false),
            ("https://npm.example.test/acme/%2e%2e/evil/ui", false),
            ("http://npm.example.test/acme/ui", false),
            ("https://npm.example.test:8443/acme/ui", false),
            ("https://npm.example.test@evil.example.test/acme/ui", false),
            ("acme/ui", false),
        ] {
            assert_eq!(is_below(address, &registry), expected, "{address}");
        }
    }

    #[test]
    fn a_pattern_for_everything_is_refused() {
        let of = |names: &[&str]| {
            let names = names.iter().map(|n| (*n).to_owned()).collect();
            let registry = Url::parse("https://npm.example.test/").unwrap();
            PinSettings::new(vec![InternalNames { ecosystem: Ecosystem::Npm, names, registry }], BTreeMap::new())
        };
        assert!(matches!(of(&[]), Err(SettingsError::NoNames { .. })));
        for pattern in ["*", "", "a*", "**", "@*/*"] {
            assert!(matches!(of(&[pattern]), Err(SettingsError::Everything { .. })), "{pattern}");
        }
        assert!(of(&["ab*"]).is_ok());
    }
}
