//! One registry, several addresses: what a lockfile calls it, and what the operator configured.

use lockgate_model::{Ecosystem, Lockfile, Origin};

#[derive(Debug, Clone, Default)]
pub struct RegistryAliases {
    /// Ecosystem, the address in lockfiles, the configured address.
    aliases: Vec<(Ecosystem, String, String)>,
    /// Configured addresses, and hosts of artifacts, by ecosystem.
    known: Vec<(Ecosystem, String)>,
}

impl RegistryAliases {
    /// `aliases`: ecosystem, the address in lockfiles, the configured address. `known`: configured addresses, and hosts
    /// of artifacts, by ecosystem.
    pub fn new(aliases: Vec<(Ecosystem, String, String)>, known: Vec<(Ecosystem, String)>) -> Self {
        Self { aliases, known }
    }

    /// Addresses and hosts from which releases of an ecosystem may come without being news.
    pub(super) fn known(&self, ecosystem: Ecosystem) -> Vec<String> {
        self.known.iter().filter(|(e, _)| *e == ecosystem).map(|(_, address)| address.clone()).collect()
    }

    /// Replaces each alias by the configured address. The whole address must agree, but for a final `/`: a
    /// host alone would let a lockfile point at any repository on that host.
    #[must_use]
    pub fn resolve(&self, mut lockfile: Lockfile) -> Lockfile {
        let ecosystem = lockfile.format.ecosystem();
        for entry in &mut lockfile.releases {
            let Origin::Registry { url: Some(url) } = &mut entry.origin else { continue };
            let found = self.aliases.iter().find(|(e, alias, _)| *e == ecosystem && bare(alias) == bare(url));
            if let Some((_, _, configured)) = found {
                url.clone_from(configured);
            }
        }
        lockfile
    }
}

fn bare(address: &str) -> &str {
    address.trim_start_matches("registry+").trim_start_matches("sparse+").trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin_after(url: &str) -> String {
        let text =
            format!("version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+{url}\"\n");
        let alias =
            (Ecosystem::Cargo, "https://git.example.test/index".to_owned(), "https://index.example.test/".to_owned());
        let aliases = RegistryAliases::new(vec![alias], Vec::new());
        let lockfile = aliases.resolve(lockgate_ecosystems::parse("Cargo.lock", text.as_bytes()).unwrap());
        match &lockfile.releases[0].origin {
            Origin::Registry { url: Some(url) } => url.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_the_whole_address_is_an_alias() {
        assert_eq!(origin_after("https://git.example.test/index"), "https://index.example.test/");
        assert_eq!(origin_after("https://git.example.test/evil"), "https://git.example.test/evil");
    }
}
