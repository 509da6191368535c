//! Every kind of file through the one door that all of them have.

use lockgate_pins::{FileKind, changes, read};

macro_rules! file {
    ($name:ident, $kind:expr, [$($seed:expr),* $(,)?]) => {
        pub mod $name {
            pub fn check(data: &[u8]) {
                super::check($kind, data);
            }

            pub fn seeds() -> Vec<Vec<u8>> {
                vec![$($seed.as_bytes().to_vec()),*]
            }
        }
    };
}

file!(
    workflow,
    super::FileKind::Workflow,
    [
        "on: push\njobs:\n  build:\n    container: {image: 'debian:12'}\n    services: {db: {image: postgres}}\n    steps:\n      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2\n      - uses: docker://alpine@sha256:0a\n      - *step\n",
        "x: &a [&b {uses: a/b@v1}, *b]\njobs:\n  call:\n    uses: octo-org/x/.github/workflows/r.yml@${{ github.ref }}\n    with: {uses: no}\n---\n- ? a\n  : |\n    uses: x\n",
    ]
);
file!(
    action,
    super::FileKind::Action,
    [
        "runs:\n  using: composite\n  steps:\n    - uses: a/b\n    - {uses: 'a/c@abc1234'}\n",
        "runs: {image: docker://debian:12}\n"
    ]
);
file!(
    container,
    super::FileKind::Container,
    [
        "# syntax=docker/dockerfile:1\n# escape=`\nARG V=12\nFROM --platform=$P debian:${V:-11} AS b\nRUN --mount=type=bind,from=golang:1,target=/x <<EOF `\n cat\nFROM x\nEOF\nCOPY --from=b / /\n",
        "FROM \\\n  # c\n a@sha256:0000000000000000000000000000000000000000000000000000000000000000\nCOPY <<-\"A\" <<B /\nA\nB\n",
    ]
);
file!(
    compose,
    super::FileKind::Compose,
    [
        "x-a: &a\n  image: redis:7\nservices:\n  db: {image: 'postgres:16@sha256:00', build: .}\n  c:\n    <<: *a\n    image: ${I}\n"
    ]
);
file!(
    hooks,
    super::FileKind::Hooks,
    [
        "repos:\n- repo: https://u:p@git.example.test/a?x#y\n  rev: v1 # frozen: v2\n- repo: local\n- repo: git@git.example.test:a\n"
    ]
);

/// Read twice it says the same; its lines are in the file; compared with itself nothing comes in, with nothing all does.
fn check(kind: FileKind, data: &[u8]) {
    let Ok(pins) = read(kind, data) else { return };
    assert_eq!(read(kind, data).as_ref(), Ok(&pins));
    let lines = data.iter().filter(|b| matches!(b, b'\n' | b'\r')).count() + 1;
    for pin in &pins {
        assert!(pin.line >= 1 && pin.line as usize <= lines, "{pin:?} of {lines} lines");
        assert!(!has_user(&pin.name), "{pin:?}");
    }
    assert_eq!(changes("f", &pins, &pins), []);
    assert_eq!(changes("f", &[], &pins).len(), pins.len());
}

/// Whether the host of an address has a user before it, who may be a secret.
fn has_user(address: &str) -> bool {
    address.split_once("://").is_some_and(|(_, rest)| rest.split('/').next().unwrap_or_default().contains('@'))
}

pub mod modules {
    use lockgate_pins::submodules;

    pub fn check(data: &[u8]) {
        for submodule in submodules(data).values() {
            assert!(submodule.line >= 1 && !super::has_user(&submodule.address), "{submodule:?}");
        }
    }

    pub fn seeds() -> Vec<Vec<u8>> {
        vec![b"[submodule \"a\"]\n\tpath = lib/a\n\turl = https://u:secret@git.example.test/a.git\n[submodule \"b\"]\n url=../b\npath=\"b\"\n".to_vec()]
    }
}
