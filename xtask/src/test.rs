//! Every check and test, in the order in which a failure is cheapest.

use crate::{
    cargo::{self, command},
    deny, descriptions, onnxruntime, prepare, provide, s3rver, train,
};
use anyhow::Result;

pub(crate) fn run() -> Result<()> {
    provide::rust_tools()?;
    provide::programs()?;
    provide::signers()?;
    provide::browser()?;
    cargo::run("rustfmt", command("cargo").args(["fmt", "--all", "--check"]))?;
    deny::run()?;
    step("clippy", &["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    prepare::run(true)?;
    let mut nextest = command("cargo");
    nextest.args(["nextest", "run", "--locked", "--workspace", "--no-fail-fast"]).envs(descriptions::provide()?);
    nextest.env("LOCKGATE_ONNXRUNTIME", onnxruntime::provided()?);
    nextest.env("LOCKGATE_S3RVER", s3rver::provided()?);
    cargo::run("nextest: arrows, pipeline, browser and the rest", &mut nextest)?;
    train::test()?;
    let mut examples = command("cargo");
    examples.args(["run", "--quiet", "--locked", "-p", "lockgate-github", "--example", "webhook_examples", "--"]);
    cargo::run("GitHub's example events", examples.arg(descriptions::examples()?))?;
    image()
}

fn step(what: &str, arguments: &[&str]) -> Result<()> {
    cargo::run(what, command("cargo").args(arguments))
}

/// What the Containerfile's build stage runs, the policies' tests included, and that it takes no unpinned base.
fn image() -> Result<()> {
    let out = cargo::cache().join("image");
    let mut compile = command("deploy/compile");
    compile.arg(&out).arg("dev");
    cargo::run("the image's build stage and the policies' tests", &mut compile)?;
    let mut unpinned = command("deploy/build");
    unpinned.env("BUILD_IMAGE", "rust:latest").env("RUNTIME_IMAGE", "debian:latest").arg("lockgate:test");
    let refused = unpinned.output()?;
    anyhow::ensure!(refused.status.code() == Some(2), "deploy/build takes a base image that is not pinned by digest");
    Ok(())
}
