//! `cargo xtask attestations CHECKOUT...`: attestations of real releases, as the tests of other projects hold them, shown to
//! `lockgate verify-pypi` and `verify-bundle`. Checkouts of pypi-attestations, warehouse and GitHub's command
//! line (cli) are known; of each only the files named here are read, and nothing of them is kept.
//!
//! Each good one is asked again for another file, which must be refused.

use crate::conformance;
use anyhow::{Context, Result, ensure};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

const ACTIONS: &str = "https://token.actions.githubusercontent.com";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Checkouts, as many as are at hand.
    #[arg(required = true)]
    checkouts: Vec<PathBuf>,
}

/// One attestation: where it and its artifact lie, and who signed.
struct Case {
    folder: &'static str,
    attestation: &'static str,
    artifact: &'static str,
    how: How,
    identity: &'static str,
    expected: Expected,
}

#[derive(Clone, Copy)]
enum How {
    Pypi,
    PypiOfStaging,
    Bundle,
    BundleOfGitHub,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Verified,
    Refused,
}

const PYPI: &str = "test/assets";
const GITHUB: &str = "pkg/cmd/attestation/test/data";
const SDIST: &str = "pypi_attestations-0.0.19.tar.gz";
const RELEASE: &str = "https://github.com/trailofbits/pypi-attestations/.github/workflows/release.yml";
const DEMO: &str = "github_provenance_demo-0.0.12-py3-none-any.whl";
const DEMO_BUNDLE: &str = "github_provenance_demo-0.0.12-py3-none-any-bundle.jsonl";
const DEMO_WORKFLOW: &str = "https://github.com/actions/attest-demo/.github/workflows/build-python.yml@refs/heads/main";

const CASES: [Case; 11] = [
    case(PYPI, "pypi_attestations-0.0.19.tar.gz.publish.attestation", SDIST, How::Pypi, RELEASE, Expected::Verified),
    case(PYPI, "pypi_attestations-0.0.19.tar.gz.slsa.attestation", SDIST, How::Pypi, RELEASE, Expected::Verified),
    case(PYPI, "pypi_attestations-0.0.19.tar.gz.provenance", SDIST, How::Pypi, RELEASE, Expected::Verified),
    case(
        PYPI,
        "pypi_attestations-0.0.19.tar.gz.provenance",
        SDIST,
        How::Pypi,
        "https://github.com/trailofbits/pypi-attestations/.github/workflows/tests.yml",
        Expected::Refused,
    ),
    case(
        PYPI,
        "gitlab_oidc_project-0.0.3.tar.gz.publish.attestation",
        "gitlab_oidc_project-0.0.3.tar.gz",
        How::Pypi,
        "https://gitlab.com/facutuesca/gitlab-oidc-project//.gitlab-ci.yml",
        Expected::Verified,
    ),
    case(
        PYPI,
        "rfc8785-0.1.2-py3-none-any.whl.publish.attestation",
        "rfc8785-0.1.2-py3-none-any.whl",
        How::PypiOfStaging,
        "william@yossarian.net",
        Expected::Verified,
    ),
    case(
        PYPI,
        "rfc8785-0.1.2-py3-none-any.whl.publish.attestation",
        "rfc8785-0.1.2-py3-none-any.whl",
        How::Pypi,
        "william@yossarian.net",
        Expected::Refused,
    ),
    case(
        "tests/functional/_fixtures",
        "sampleproject-3.0.0.tar.gz.publish.attestation",
        "sampleproject-3.0.0.tar.gz",
        How::Pypi,
        "919436158236-compute@developer.gserviceaccount.com",
        Expected::Verified,
    ),
    case(GITHUB, DEMO_BUNDLE, DEMO, How::BundleOfGitHub, DEMO_WORKFLOW, Expected::Verified),
    case(GITHUB, DEMO_BUNDLE, DEMO, How::Bundle, DEMO_WORKFLOW, Expected::Refused),
    case(
        GITHUB,
        "reusable-workflow-attestation.sigstore.json",
        "reusable-workflow-artifact",
        How::Bundle,
        "https://github.com/github/artifact-attestations-workflows/.github/workflows/attest.yml@\
         09b495c3f12c7881b3cc17209a327792065c1a1d",
        Expected::Verified,
    ),
];

const fn case(
    folder: &'static str,
    attestation: &'static str,
    artifact: &'static str,
    how: How,
    identity: &'static str,
    expected: Expected,
) -> Case {
    Case { folder, attestation, artifact, how, identity, expected }
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let lockgate = conformance::build()?;
    let (mut asked, mut missed) = (0, 0);
    for checkout in &arguments.checkouts {
        let mut here = CASES.iter().filter(|case| case.of(checkout).exists()).peekable();
        ensure!(here.peek().is_some(), "{} holds no attestation that is known here", checkout.display());
        for case in here {
            // What signs itself is certainly not what the signature is for.
            let other = (case.expected == Expected::Verified).then(|| (case.of(checkout), Expected::Refused));
            let own = (checkout.join(case.folder).join(case.artifact), case.expected);
            for (artifact, expected) in [Some(own), other].into_iter().flatten() {
                asked += 1;
                missed += usize::from(!case.is_answered(&lockgate, checkout, &artifact, expected)?);
            }
        }
    }
    println!("{} of {asked} as expected", asked - missed);
    ensure!(missed == 0, "{missed} answers were not as expected; they are named above");
    Ok(())
}

impl Case {
    fn of(&self, checkout: &Path) -> PathBuf {
        checkout.join(self.folder).join(self.attestation)
    }

    /// Whether the answer is the expected one; if not, says so.
    fn is_answered(&self, lockgate: &Path, checkout: &Path, artifact: &Path, expected: Expected) -> Result<bool> {
        let mut command = Command::new(lockgate);
        match self.how {
            How::Pypi | How::PypiOfStaging => {
                command
                    .arg("verify-pypi")
                    .arg("--attestation")
                    .arg(self.of(checkout))
                    .args(["--identity", self.identity]);
            }
            How::Bundle | How::BundleOfGitHub => {
                command.arg("verify-bundle").arg("--bundle").arg(self.of(checkout));
                command.args(["--certificate-identity", self.identity, "--certificate-oidc-issuer", ACTIONS]);
            }
        }
        match self.how {
            How::PypiOfStaging => drop(command.arg("--staging")),
            How::BundleOfGitHub => drop(command.arg("--github")),
            How::Pypi | How::Bundle => {}
        }
        let output = command.arg(artifact).output().with_context(|| format!("start {}", lockgate.display()))?;
        let right = output.status.code() == Some(if expected == Expected::Verified { 0 } else { 1 });
        if !right {
            let said = [output.stdout, output.stderr].concat();
            println!(
                "{} for {}: {}; {}",
                self.attestation,
                artifact.display(),
                output.status,
                String::from_utf8_lossy(&said)
            );
        }
        Ok(right)
    }
}
