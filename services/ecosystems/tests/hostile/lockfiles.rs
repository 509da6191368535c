//! Every lockfile format through the one door that all of them have.

use lockgate_ecosystems::{bounds, diff, parse};
use lockgate_model::{Lockfile, Origin, Release};

macro_rules! format {
    ($name:ident, $file:literal, [$($seed:expr),* $(,)?]) => {
        pub mod $name {
            pub fn check(data: &[u8]) {
                super::check($file, data);
            }

            pub fn seeds() -> Vec<Vec<u8>> {
                vec![$($seed.as_bytes().to_vec()),*]
            }
        }
    };
}

format!(
    npm,
    "package-lock.json",
    [
        r#"{"name":"a","version":"1.0.0","lockfileVersion":3,"packages":{"":{"dependencies":{"b":"^1"}},"node_modules/b":{"version":"1.2.3","resolved":"https://npm.example.test/b/-/b-1.2.3.tgz","integrity":"sha512-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==","dev":true,"hasInstallScript":true,"dependencies":{"@s/c":"*"}},"node_modules/b/node_modules/@s/c":{"version":"2.0.0","optional":true,"inBundle":true},"web":{"link":true,"resolved":"web"}}}"#,
        r#"{"lockfileVersion":1,"dependencies":{"a":{"version":"1.0.0","requires":{"b":"1"},"dependencies":{"b":{"version":"1.0.0","bundled":true}}},"g":{"version":"git+ssh://git@git.example.test/g.git#abc","from":"g"}}}"#,
        r#"{"lockfileVersion":2,"packages":{"node_modules/x":{"name":"y","version":"npm:z@1.0.0"}},"dependencies":{}}"#,
        r#"{"lockfileVersion":3,"packages":{"node_modules/a":{"version":"1.0.0"},"node_modules/a":{"version":"2.0.0"}}}"#,
    ]
);

format!(
    uv,
    "uv.lock",
    [
        "version = 1\nrevision = 2\nrequires-python = \">=3.11\"\n\n[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { registry = \"https://pypi.example.test/simple\" }\ndependencies = [{ name = \"b\", marker = \"os_name == 'nt'\" }]\nsdist = { url = \"https://files.example.test/a-1.0.tar.gz\", hash = \"sha256:0000000000000000000000000000000000000000000000000000000000000000\", size = 3 }\nwheels = [{ url = \"https://files.example.test/a-1.0-py3-none-any.whl\", hash = \"sha256:1111111111111111111111111111111111111111111111111111111111111111\" }]\n\n[[package]]\nname = \"b\"\nversion = \"2.0\"\nsource = { git = \"https://git.example.test/b?rev=1#2222222222222222222222222222222222222222\" }\n\n[[package]]\nname = \"root\"\nversion = \"0\"\nsource = { editable = \".\" }\n[package.optional-dependencies]\nx = [{ name = \"a\" }]\n[package.dev-dependencies]\ndev = [{ name = \"b\" }]\n",
        "version = 1\n[[package]]\nname = \"c\"\nsource = { path = \"../c.whl\" }\n",
    ]
);

format!(
    poetry,
    "poetry.lock",
    [
        "[[package]]\nname = \"a\"\nversion = \"1.0\"\ndescription = \"\"\noptional = false\npython-versions = \"*\"\ngroups = [\"main\", \"dev\"]\nfiles = [{file = \"a-1.0.tar.gz\", hash = \"sha256:0000000000000000000000000000000000000000000000000000000000000000\"}]\n\n[package.dependencies]\nb = {version = \">=1\", optional = true}\n\n[package.source]\ntype = \"legacy\"\nurl = \"https://pypi.example.test/simple\"\nreference = \"r\"\n\n[[package]]\nname = \"b\"\nversion = \"1\"\ncategory = \"dev\"\n\n[metadata]\nlock-version = \"2.1\"\npython-versions = \"*\"\ncontent-hash = \"x\"\n",
        "[[package]]\nname = \"g\"\nversion = \"1\"\n[package.source]\ntype = \"git\"\nurl = \"https://git.example.test/g.git\"\nreference = \"main\"\nresolved_reference = \"3333333333333333333333333333333333333333\"\n[metadata]\nlock-version = \"1.1\"\n[metadata.files]\ng = [{file = \"g.whl\", hash = \"md5:00\"}]\n",
    ]
);

format!(
    pylock,
    "pylock.toml",
    [
        "lock-version = \"1.0\"\ncreated-by = \"x\"\nrequires-python = \">=3.9\"\n\n[[packages]]\nname = \"a\"\nversion = \"1.0\"\nindex = \"https://pypi.example.test/simple\"\ndependencies = [{ name = \"b\" }]\n[packages.sdist]\nname = \"a-1.0.tar.gz\"\nurl = \"https://files.example.test/a-1.0.tar.gz\"\n[packages.sdist.hashes]\nsha256 = \"0000000000000000000000000000000000000000000000000000000000000000\"\n[[packages.wheels]]\nname = \"a-1.0-py3-none-any.whl\"\nurl = \"a.whl\"\nhashes = {sha256 = \"1111111111111111111111111111111111111111111111111111111111111111\"}\n\n[[packages]]\nname = \"b\"\n[packages.vcs]\ntype = \"git\"\nurl = \"https://git.example.test/b\"\ncommit-id = \"4444444444444444444444444444444444444444\"\n\n[[packages]]\nname = \"d\"\n[packages.directory]\npath = \"d\"\neditable = true\n\n[[packages]]\nname = \"e\"\n[packages.archive]\nurl = \"https://files.example.test/e.zip\"\nhashes = {sha512 = \"00\"}\n",
    ]
);

format!(
    requirements,
    "requirements.txt",
    [
        "--index-url https://pypi.example.test/simple\na==1.0 \\\n    --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000 \\\n    --hash=sha512:11\n# comment\nb[x,y]==2.0 ; python_version < '3.9'  # tail\n-r other.txt\n-e git+https://git.example.test/g@5555555555555555555555555555555555555555#egg=g\nc @ https://files.example.test/c-1.0.zip#sha256=22\n./local.whl\nD_e.F>=1,<2\n",
        "a===1.0\r\n\tb == 1\\\r\n.0\n--no-binary :all:\nhttps://user:secret@files.example.test/x.whl\n",
    ]
);

format!(
    cargo,
    "Cargo.lock",
    [
        "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+https://crates.example.test/index\"\nchecksum = \"0000000000000000000000000000000000000000000000000000000000000000\"\ndependencies = [\n \"b 1.0.0\",\n \"b 2.0.0 (git+https://git.example.test/b?branch=x#6666666666666666666666666666666666666666)\",\n]\n\n[[package]]\nname = \"b\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\nsource = \"git+https://git.example.test/b?branch=x#6666666666666666666666666666666666666666\"\n",
        "[root]\nname = \"r\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"c\"\nversion = \"1.0.0\"\nsource = \"registry+https://crates.example.test/index\"\n\n[metadata]\n\"checksum c 1.0.0 (registry+https://crates.example.test/index)\" = \"1111111111111111111111111111111111111111111111111111111111111111\"\n",
    ]
);

fn check(path: &str, data: &[u8]) {
    match parse(path, data) {
        Ok(lockfile) => holds(&lockfile, data),
        Err(error) => {
            let text = error.to_string();
            assert!(
                text.starts_with(path) && text.chars().count() <= 600,
                "an error names the file and is short: {text}"
            );
            assert!(!text.contains('\n') && error.line.is_none_or(|line| line >= 1), "{text:?}");
        }
    }
}

fn holds(lockfile: &Lockfile, data: &[u8]) {
    let count = lockfile.releases.len();
    assert!(count <= bounds::MAX_ENTRIES && count <= data.len());
    let lines = data.iter().filter(|b| **b == b'\n').count() + 1;
    for entry in &lockfile.releases {
        assert!((1..=lines as u64 + 1).contains(&u64::from(entry.line)), "line {} of {lines}", entry.line);
        assert!(entry.depends_on.iter().all(|at| (*at as usize) < count), "an edge leads to an entry");
        assert!(entry.depends_on.windows(2).all(|w| w[0] < w[1]), "edges are sorted, each once");
        if let Ok(read) = entry.release.purl().parse::<Release>() {
            assert_eq!(read, entry.release, "a package URL names the release that it was made of");
        }
        if let Origin::Registry { url: Some(url) } | Origin::Git { url, .. } | Origin::Url { url } = &entry.origin {
            let authority = url.split_once("://").and_then(|(_, rest)| rest.split('/').next());
            assert!(!authority.is_some_and(|a| a.contains('@')), "credentials are left out: {url:?}");
        }
    }
    let written = serde_json::to_vec(lockfile).expect("a lockfile is written");
    // Keys of each entry, and each text escaped.
    bounded_entries(written.len(), count, data);
    let read: Lockfile = serde_json::from_slice(&written).expect("what was written is read");
    assert_eq!(&read, lockfile);
    assert!(diff(Some(lockfile), Some(lockfile)).is_empty(), "a lockfile does not differ from itself");
    assert!(diff(None, Some(lockfile)).len() <= count);
}

/// 400 bytes of keys an entry, and six bytes (`\u0000`) for each of the input's, which may stand in four fields.
fn bounded_entries(written: usize, count: usize, data: &[u8]) {
    let edges = 8 * data.len();
    let limit = 400 * count + 24 * data.len() + edges + 4096;
    assert!(written <= limit, "{written} bytes for {count} entries of {} bytes", data.len());
}
