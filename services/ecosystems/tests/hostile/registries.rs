//! What registries answer: npm packuments, PyPI's simple JSON, cargo's sparse index.

use lockgate_ecosystems::adapter;
use lockgate_model::Ecosystem;
use url::Url;

macro_rules! registry {
    ($name:ident, $ecosystem:expr, $package:literal, [$($seed:expr),* $(,)?]) => {
        pub mod $name {
            pub fn check(data: &[u8]) {
                super::check($ecosystem, $package, data);
            }

            pub fn seeds() -> Vec<Vec<u8>> {
                vec![$($seed.as_bytes().to_vec()),*]
            }
        }
    };
}

registry!(
    npm,
    lockgate_model::Ecosystem::Npm,
    "left-pad",
    [
        r#"{"name":"left-pad","dist-tags":{"latest":"1.3.0"},"time":{"1.3.0":"2026-01-01T00:00:00.000Z"},"versions":{"1.3.0":{"name":"left-pad","version":"1.3.0","license":"MIT","repository":{"type":"git","url":"git://git.example.test/l.git"},"deprecated":"no","scripts":{"preinstall":"node x"},"dist":{"integrity":"sha512-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==","shasum":"0000000000000000000000000000000000000000","tarball":"https://npm.example.test/left-pad/-/left-pad-1.3.0.tgz","unpackedSize":3}}}}"#,
        r#"{"name":"left-pad","versions":{"1.0.0":{"name":"left-pad","version":"2.0.0","dist":{"tarball":"../x.tgz"}}}}"#,
    ]
);

registry!(
    pypi,
    lockgate_model::Ecosystem::Pypi,
    "left-pad",
    [
        r##"{"meta":{"api-version":"1.1"},"name":"left-pad","versions":["1.0"],"files":[{"filename":"left_pad-1.0.tar.gz","url":"https://files.example.test/left_pad-1.0.tar.gz","hashes":{"sha256":"0000000000000000000000000000000000000000000000000000000000000000"},"size":3,"upload-time":"2026-01-01T00:00:00Z","yanked":"broken","requires-python":">=3"},{"filename":"left_pad-1.0-py3-none-any.whl","url":"../files/left_pad-1.0-py3-none-any.whl#sha256=00","hashes":{},"yanked":false}]}"##,
        r#"{"meta":{"api-version":"1.0"},"name":"Left.Pad","files":[{"filename":"left-pad-1.0.zip","url":"x","hashes":{"md5":"0"}}]}"#,
    ]
);

registry!(
    cargo,
    lockgate_model::Ecosystem::Cargo,
    "left-pad",
    [
        "{\"name\":\"left-pad\",\"vers\":\"1.0.0\",\"deps\":[{\"name\":\"a\",\"req\":\"^1\",\"features\":[],\"optional\":false,\"default_features\":true,\"target\":null,\"kind\":\"normal\"}],\"cksum\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"features\":{},\"yanked\":false,\"pubtime\":\"2026-01-01T00:00:00Z\"}\n{\"name\":\"left-pad\",\"vers\":\"1.0.1+b\",\"deps\":[],\"cksum\":\"1111111111111111111111111111111111111111111111111111111111111111\",\"features\":{},\"yanked\":true,\"v\":2,\"features2\":{}}\n",
        "{\"name\":\"other\",\"vers\":\"1\"}\n\n{",
    ]
);

fn check(ecosystem: Ecosystem, package: &str, data: &[u8]) {
    let base: Url = "https://registry.example.test/index/".parse().expect("a constant address");
    let protocol = adapter(ecosystem).protocol();
    let configuration = br#"{"dl":"https://files.example.test/{crate}/{version}/download","api":null}"#;
    let configuration = (ecosystem == Ecosystem::Cargo).then_some(&configuration[..]);
    let Ok(read) = protocol.read_metadata(&base, package, data, configuration) else { return };
    assert_eq!(ecosystem.normalize_name(&read.name), package, "the answer is about what was asked");
    assert!(read.releases.len() <= data.len());
    let mut files = 0;
    for release in &read.releases {
        assert_eq!(release.release.ecosystem, ecosystem);
        assert_eq!(release.release.name, package);
        files += release.files.len();
        for file in &release.files {
            assert!(!file.file.contains(['/', '\\', '\0']), "a file name has no folders: {:?}", file.file);
        }
        assert!(protocol.files_to_read(release).len() <= release.files.len());
    }
    assert!(files <= data.len());
    let written = serde_json::to_vec(&read).expect("metadata is written");
    let limit = 900 * (read.releases.len() + files) + 24 * data.len() + 4096;
    assert!(written.len() <= limit, "{} bytes of {} bytes", written.len(), data.len());
    let again: lockgate_model::PublishedPackage = serde_json::from_slice(&written).expect("what was written is read");
    assert_eq!(again, read);
    // Their configuration is as hostile as their metadata.
    if ecosystem == Ecosystem::Cargo {
        let _ = protocol.read_metadata(&base, package, configuration.unwrap_or_default(), Some(data));
    }
}
