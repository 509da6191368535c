//! The simple repository API in JSON (PEP 691, PEP 700): one page a project that lists its files.

use super::entry::is_name;
use super::file_name::{self, WheelName};
use crate::position::excerpt;
use crate::{MetadataRequest, RegistryProtocol};
use chrono::{DateTime, Utc};
use lockgate_model::{
    Cause, CauseKind, Claims, Digest, DigestAlgorithm, Ecosystem, PublishedFile, PublishedFileKind, PublishedPackage,
    PublishedRelease, Release,
};
use pep440_rs::Version;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use url::Url;

/// Every registry of Python packages.
#[derive(Debug, Clone, Copy)]
pub(super) struct SimpleIndex;

#[derive(Debug, Deserialize)]
struct Page {
    meta: Meta,
    files: Vec<File>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Meta {
    api_version: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    size: Option<u64>,
    upload_time: Option<DateTime<Utc>>,
    #[serde(default)]
    yanked: Yanked,
    /// PEP 740: where the file's provenance object is.
    provenance: Option<String>,
}

/// PEP 592: a flag, or the reason.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Yanked {
    Flag(bool),
    Reason(String),
}

impl Default for Yanked {
    fn default() -> Self {
        Self::Flag(false)
    }
}

impl RegistryProtocol for SimpleIndex {
    fn is_package_name(&self, package: &str) -> bool {
        is_name(package)
    }

    /// `<base>/<normalised name>/` (PEP 503).
    fn metadata_request(&self, base: &Url, package: &str) -> MetadataRequest {
        let mut url = base.clone();
        let folder = base.path().trim_end_matches('/');
        url.set_path(&format!("{folder}/{}/", Ecosystem::Pypi.normalize_name(package)));
        url.set_query(None);
        url.set_fragment(None);
        MetadataRequest { url, accept: "application/vnd.pypi.simple.v1+json" }
    }

    fn read_metadata(
        &self,
        base: &Url,
        package: &str,
        body: &[u8],
        _configuration: Option<&[u8]>,
    ) -> Result<PublishedPackage, Cause> {
        let malformed = |why: String| {
            let message = format!("read pypi {package}: the registry's answer is not the simple API in JSON: {why}");
            Cause::new(CauseKind::Malformed, message).with_remedy("configure a registry address that serves PEP 691")
        };
        let page: Page = serde_json::from_slice(body).map_err(|e| malformed(excerpt(&e.to_string())))?;
        if page.meta.api_version.split('.').next() != Some("1") {
            return Err(malformed(format!("its version is {}", excerpt(&page.meta.api_version))));
        }
        let request = self.metadata_request(base, package).url;
        let releases = releases(package, &request, page.files).map_err(malformed)?;
        Ok(PublishedPackage { name: Ecosystem::Pypi.normalize_name(package), releases })
    }

    /// The source distribution, and the wheel that most installations take.
    fn files_to_read<'a>(&self, release: &'a PublishedRelease) -> Vec<&'a PublishedFile> {
        let sdist = release.files.iter().find(|f| f.kind == PublishedFileKind::Sdist);
        let wheel = release
            .files
            .iter()
            .filter_map(|file| Some((file, WheelName::parse(&file.file)?)))
            // Of equals the first: `max_by_key` would take the last.
            .rev()
            .max_by_key(|(_, name)| preference(name))
            .map(|(file, _)| file);
        sdist.into_iter().chain(wheel).collect()
    }
}

/// Pure wheels first, for Python 3 if there is a choice; then Linux on x86-64, the newest CPython; then any.
fn preference(wheel: &WheelName<'_>) -> (u8, bool, u32) {
    if wheel.is_pure() {
        (2, wheel.python.contains('3'), 0)
    } else if wheel.is_manylinux_x86_64() {
        (1, !wheel.is_free_threaded(), wheel.cpython_minor())
    } else {
        (0, false, 0)
    }
}

/// Files grouped by the version in their names, in the registry's order. Files whose name tells no version are
/// left out, as installers leave them out.
fn releases(package: &str, request: &Url, files: Vec<File>) -> Result<Vec<PublishedRelease>, String> {
    let mut releases: Vec<PublishedRelease> = Vec::new();
    let mut index: HashMap<Version, usize> = HashMap::new();
    for file in files {
        // What leads into a folder is no file's name (found by fuzzing): nothing may be looked up or shown by it.
        if file.filename.contains(['/', '\\']) || file.filename.contains(char::is_control) {
            continue;
        }
        let Some((kind, version)) = file_name::read(package, &file.filename) else { continue };
        let at = *index.entry(version).or_insert_with_key(|version| {
            releases.push(PublishedRelease {
                release: Release::new(Ecosystem::Pypi, package, &version.to_string()),
                files: Vec::new(),
                claims: Claims::default(),
                published_at: None,
                yanked: None,
            });
            releases.len() - 1
        });
        let release = &mut releases[at];
        // The newest file's time: a file added to an old release is as young as a new release.
        release.published_at = release.published_at.max(file.upload_time);
        release.yanked = release.yanked.take().or(match &file.yanked {
            Yanked::Flag(false) => None,
            Yanked::Flag(true) => Some(String::new()),
            Yanked::Reason(reason) => Some(reason.clone()),
        });
        release.files.push(published(kind, request, file)?);
    }
    Ok(releases)
}

fn published(kind: PublishedFileKind, request: &Url, file: File) -> Result<PublishedFile, String> {
    let mut url = request.join(&file.url).map_err(|e| format!("address of {}: {e}", excerpt(&file.filename)))?;
    url.set_fragment(None);
    let mut digests = Vec::new();
    for (name, hash) in &file.hashes {
        // Algorithms that are not known here (md5, blake2b) prove nothing to us.
        let Ok(algorithm) = name.parse::<DigestAlgorithm>() else { continue };
        let digest = Digest::from_hex(algorithm, hash).map_err(|e| format!("{}: {e}", excerpt(&file.filename)))?;
        digests.push(digest);
    }
    // An address that cannot be read must not become "there is none".
    let provenance = file.provenance.filter(|address| !address.is_empty()).map(|address| request.join(&address));
    let attestations = provenance.transpose().map_err(|e| format!("provenance of {}: {e}", excerpt(&file.filename)))?;
    Ok(PublishedFile { file: file.filename, kind, url, digests, size: file.size, signatures: Vec::new(), attestations })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn base() -> Url {
        "https://index.example.test/team/simple".parse().unwrap()
    }

    fn read(page: &serde_json::Value) -> Result<PublishedPackage, Cause> {
        SimpleIndex.read_metadata(&base(), "Foo_Bar", page.to_string().as_bytes(), None)
    }

    fn file(name: &str) -> serde_json::Value {
        json!({"filename": name, "url": format!("../../files/{name}#sha256=0"), "hashes": {"sha256": "0a".repeat(32), "blake2b": "00"}})
    }

    fn page(files: &[&str]) -> serde_json::Value {
        json!({"meta": {"api-version": "1.4"}, "name": "foo-bar", "files": files.iter().map(|f| file(f)).collect::<Vec<_>>()})
    }

    #[test]
    fn the_request_keeps_the_path_and_normalises_the_name() {
        for base in ["https://index.example.test/team/simple", "https://index.example.test/team/simple/"] {
            let request = SimpleIndex.metadata_request(&base.parse().unwrap(), "Foo_Bar");
            assert_eq!(request.url.as_str(), "https://index.example.test/team/simple/foo-bar/");
            assert_eq!(request.accept, "application/vnd.pypi.simple.v1+json");
        }
    }

    #[test]
    fn files_become_releases() {
        let read = read(&page(&[
            "foo_bar-1.0.tar.gz",
            "foo.bar-2.0rc1-py3-none-any.whl",
            "foo_bar-1.0.0-py3-none-any.whl",
            "foo_bar-1.0.win32.exe",
            "other-1.0.tar.gz",
            "foo_bar-3.0-py/-none-any.whl",
            "foo_bar-3.0-py3-none-a\\ny.whl",
        ]))
        .unwrap();
        let versions: Vec<_> = read
            .releases
            .iter()
            .map(|r| (r.release.version.as_str(), r.files.len(), r.release.name.as_str()))
            .collect();
        assert_eq!(versions, [("1.0", 2, "foo-bar"), ("2.0rc1", 1, "foo-bar")]);
        let file = &read.releases[0].files[0];
        assert_eq!(file.url.as_str(), "https://index.example.test/team/files/foo_bar-1.0.tar.gz");
        assert_eq!((file.kind, file.digests.len(), file.size), (PublishedFileKind::Sdist, 1, None));
    }

    #[test]
    fn a_file_added_later_makes_the_release_young_and_one_withdrawn_withdraws_it() {
        let mut page = page(&["foo_bar-1.tar.gz", "foo_bar-1-py3-none-any.whl", "foo_bar-2.tar.gz"]);
        page["files"][0]["upload-time"] = json!("2020-01-01T00:00:00.123456Z");
        page["files"][1]["upload-time"] = json!("2024-01-01T00:00:00Z");
        page["files"][1]["yanked"] = json!("broken");
        page["files"][2]["yanked"] = json!(true);
        page["files"][2]["size"] = json!(7);
        let releases = read(&page).unwrap().releases;
        assert_eq!(releases[0].published_at.unwrap().to_rfc3339(), "2024-01-01T00:00:00+00:00");
        assert_eq!(releases[0].yanked.as_deref(), Some("broken"));
        assert_eq!(releases[1].yanked.as_deref(), Some(""));
        assert_eq!((releases[1].published_at, releases[1].files[0].size), (None, Some(7)));
    }

    #[test]
    fn provenance_is_where_the_page_says() {
        let mut page = page(&["foo_bar-1.tar.gz", "foo_bar-2.tar.gz"]);
        page["files"][0]["provenance"] = json!("/integrity/foo-bar/1/foo_bar-1.tar.gz/provenance");
        page["files"][1]["provenance"] = json!(null);
        let releases = read(&page).unwrap().releases;
        let address = |at: usize| releases[at].files[0].attestations.as_ref().map(Url::as_str);
        let expected = "https://index.example.test/integrity/foo-bar/1/foo_bar-1.tar.gz/provenance";
        assert_eq!((address(0), address(1)), (Some(expected), None));
    }

    #[test]
    fn what_is_not_the_protocol_is_malformed() {
        let mut provenance = page(&["foo_bar-1.tar.gz"]);
        provenance["files"][0]["provenance"] = json!("https://[");
        let mut newer = page(&[]);
        newer["meta"]["api-version"] = json!("2.0");
        let mut digest = page(&["foo_bar-1.tar.gz"]);
        digest["files"][0]["hashes"]["sha256"] = json!("00");
        let mut address = page(&["foo_bar-1.tar.gz"]);
        address["files"][0]["url"] = json!("https://[");
        for page in [provenance, newer, digest, address, json!({}), json!("<html>")] {
            let cause = read(&page).unwrap_err();
            assert_eq!(cause.kind, CauseKind::Malformed);
            assert!(cause.message.contains("Foo_Bar"), "{cause}");
        }
    }

    #[test]
    fn one_wheel_and_the_source_are_read() {
        for (files, expected) in [
            (
                &["foo_bar-1-py2-none-any.whl", "foo_bar-1-py3-none-any.whl", "foo_bar-1.tar.gz"][..],
                &["foo_bar-1.tar.gz", "foo_bar-1-py3-none-any.whl"][..],
            ),
            (
                &[
                    "foo_bar-1-cp314-cp314-win_amd64.whl",
                    "foo_bar-1-cp39-cp39-manylinux2014_x86_64.whl",
                    "foo_bar-1-cp310-cp310-manylinux_2_17_x86_64.whl",
                    "foo_bar-1-cp313-cp313t-manylinux_2_17_x86_64.whl",
                ],
                &["foo_bar-1-cp310-cp310-manylinux_2_17_x86_64.whl"],
            ),
            (
                &["foo_bar-1-cp310-cp310-win32.whl", "foo_bar-1-cp311-cp311-win32.whl"],
                &["foo_bar-1-cp310-cp310-win32.whl"],
            ),
            (&["foo_bar-1.tar.bz2"], &[]),
        ] {
            let read = read(&page(files)).unwrap();
            let chosen: Vec<_> =
                SimpleIndex.files_to_read(&read.releases[0]).into_iter().map(|f| f.file.as_str()).collect();
            assert_eq!(chosen, expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(body: Vec<u8>) {
            let _ = SimpleIndex.read_metadata(&base(), "a", &body, None);
        }
    }
}
