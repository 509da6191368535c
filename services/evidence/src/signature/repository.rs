//! Whether the repository that a manifest names is the one that built the release.

use super::{FileAttestation, Finding, builds::build};

/// Nothing to say where no repository is named, or the name is that of something else, as a web page.
pub(super) fn differs(claimed: Option<&str>, attestations: &[FileAttestation]) -> Option<Finding> {
    let claimed = claimed.and_then(place)?;
    let mut built = attestations.iter().filter_map(|one| place(&build(&one.attestation)?.source));
    let differs = |built: &String| !claimed.eq_ignore_ascii_case(built);
    let built = built.find(differs)?;
    Some(Finding::SourceDiffersFromClaim { claimed, built })
}

/// `HOST/OWNER/NAME` of an address in any of the forms that manifests have: with `git+`, by ssh, with `.git`, with a folder.
fn place(address: &str) -> Option<String> {
    let address = address.trim().trim_start_matches("git+");
    let rest = match address.split_once("://") {
        Some(("https" | "http" | "git" | "ssh", rest)) => rest.to_owned(),
        Some(_) => return None,
        // git@HOST:OWNER/NAME
        None => address.split_once('@')?.1.replacen(':', "/", 1),
    };
    let rest = rest.rsplit_once('@').map_or(rest.as_str(), |(_, rest)| rest);
    let mut parts = rest.split(['?', '#']).next()?.split('/').filter(|part| !part.is_empty());
    let (host, owner, name) = (parts.next()?, parts.next()?, parts.next()?);
    let host = host.split(':').next()?.trim_start_matches("www.");
    Some(format!("{host}/{owner}/{}", name.trim_end_matches(".git")))
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_repository_is_known_in_every_form() {
        for address in [
            "https://forge.example.test/o/n",
            "git+https://forge.example.test/o/n.git",
            "git://forge.example.test/o/n.git#main",
            "ssh://git@forge.example.test/o/n.git",
            "git+ssh://git@forge.example.test:22/o/n",
            "git@forge.example.test:o/n.git",
            "https://www.forge.example.test/o/n/tree/main/packages/a",
            "https://someone@forge.example.test/o/n?tab=readme",
        ] {
            assert_eq!(place(address).as_deref(), Some("forge.example.test/o/n"), "{address}");
        }
        for address in ["", "n", "https://forge.example.test/", "https://forge.example.test/o", "file:///o/n/m"] {
            assert_eq!(place(address), None, "{address}");
        }
    }
}
