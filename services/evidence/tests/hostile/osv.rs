//! OSV records, and whether they cover a release.

use lockgate_evidence::advisory::{FeedFile, MatchResult, Prepared, RangeKind, Record, read_record, read_zip};
use lockgate_model::{Ecosystem, Release, VersionOrder};
use std::sync::Arc;

/// `versions` is the order of each ecosystem, which this crate is given.
pub fn check_with(data: &[u8], versions: fn(Ecosystem) -> &'static dyn VersionOrder) {
    if data.starts_with(b"PK") {
        if let Ok(feed) = read_zip(data) {
            assert!(feed.records.len() <= data.len());
        }
        return;
    }
    if let FeedFile::Record(record) = read_record("x.json", data) {
        assert!(!record.packages.is_empty() && record.packages.windows(2).all(|w| w[0] < w[1]));
        assert!(!record.id.is_empty() && record.id.len() <= 200);
    }
    let Ok(value) = serde_json::from_slice(data) else { return };
    let Ok(record) = Record::from_value(&value) else { return };
    for affected in &record.affected {
        let Some(package) = &affected.package else { continue };
        let order = versions(package.ecosystem);
        let prepared = Prepared::new(record.clone(), &Arc::new(package.clone()), order);
        let events = affected.ranges.iter().flat_map(|r| &r.events).map(|e| e.version());
        for version in affected.versions.iter().map(String::as_str).chain(events).chain(["1.0.0", "0"]).take(12) {
            let release = Release::new(package.ecosystem, &package.name, version);
            let found = prepared.matches(&release, order);
            if affected.versions.iter().any(|v| v == version) {
                assert!(matches!(found, MatchResult::Affected { .. }), "a listed version is affected: {version:?}");
            }
            let unknown = |r: &lockgate_evidence::advisory::Range| matches!(r.kind, RangeKind::Unknown(_));
            if affected.ranges.iter().any(unknown) {
                assert!(found != MatchResult::NotAffected, "what cannot be told is not \"not affected\"");
            }
            if let MatchResult::Affected { entry, fixed } = found {
                assert!(entry < record.affected.len() && fixed.len() <= data.len());
            }
        }
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let cargo = lockgate_model::Ecosystem::Cargo.osv_name();
    let mut seeds: Vec<Vec<u8>> = vec![
        br#"{"id":"T-1","modified":"2026-01-01T00:00:00Z","aliases":["CVE-1"],"summary":"s","severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],"references":[{"type":"ADVISORY","url":"https://a.example.test/"}],"affected":[{"package":{"ecosystem":"npm","name":"@a/b","purl":"pkg:npm/%40a/b"},"versions":["1.0.0"],"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.3"},{"introduced":"2.0.0-rc.1"},{"last_affected":"2.1.0"}]}],"database_specific":{"severity":"HIGH"}}]}"#.to_vec(),
        br#"{"id":"T-2","modified":"2026-01-01T00:00:00Z","withdrawn":"2026-01-02T00:00:00Z","affected":[{"package":{"ecosystem":"PyPI","name":"Zope.Interface"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0","fixed":"1.0.post1"},{"limit":"2.0a1"}]},{"type":"GIT","repo":"x","events":[{"introduced":"0"}]}]}]}"#.to_vec(),
        br#"{"id":"MAL-3","modified":"2026-01-01T00:00:00+01:00","affected":[{"package":{"purl":"pkg:npm/x"},"ranges":[{"type":"ODD","events":[{"introduced":"1"}]}]},{"package":{"ecosystem":"Go","name":"g"}}]}"#.to_vec(),
    ];
    seeds.push(String::from_utf8_lossy(&seeds[0]).replace("\"npm\"", &format!("\"{cargo}\"")).into_bytes());
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (n, seed) in seeds.iter().enumerate() {
        archive.start_file(format!("{n}.json"), zip::write::SimpleFileOptions::default()).expect("memory takes it");
        std::io::Write::write_all(&mut archive, seed).expect("memory takes it");
    }
    seeds.push(archive.finish().expect("memory takes it").into_inner());
    seeds
}
