//! Starts programs.

use super::{Scan, language::Language, source::Source};
use crate::diff::facts::FindingType::Process;

/// JavaScript modules that start programs.
const MODULES: &[&str] = &["child_process", "node:child_process", "cross-spawn", "execa", "shelljs", "zx"];
/// Members of `os` in Python that start programs; `exec*` and `spawn*` by their beginning.
const OS_CALLS: &[&str] = &["system", "popen", "posix_spawn", "posix_spawnp", "startfile"];
const ASYNCIO_CALLS: &[&str] = &["create_subprocess_exec", "create_subprocess_shell"];

pub(super) fn look(source: &Source<'_>, scan: &mut Scan) {
    match source.language {
        Language::JavaScript => javascript(source, scan),
        Language::Python => python(source, scan),
        Language::Rust => rust(source, scan),
        // A shell script starts programs with every line; what they are is told by the other families.
        Language::Shell => {}
    }
}

fn javascript(source: &Source<'_>, scan: &mut Scan) {
    for (index, text) in source.texts() {
        if MODULES.contains(&&*text) && super::network::is_module_name(source, index) {
            source.report(scan, Process, index, &format!("loads {text}"));
        }
    }
    for (index, word) in source.words() {
        let member = source.member(index).map(|(_, m)| m);
        match (word, member.as_deref()) {
            ("Deno", Some("Command" | "run")) | ("Bun", Some("spawn" | "spawnSync")) => {
                source.report(scan, Process, index, "starts a program");
            }
            _ => {}
        }
    }
}

fn python(source: &Source<'_>, scan: &mut Scan) {
    for (index, word) in source.words() {
        let member = source.member(index).map(|(_, m)| m);
        let is_import = index > 0 && matches!(source.raw(index - 1), "import" | "from");
        match (word, member.as_deref()) {
            ("subprocess" | "pty" | "pexpect", Some(call)) if !is_import && !is_constant(call) => {
                source.report(scan, Process, index, &format!("calls {word}.{call}"));
            }
            ("subprocess" | "pty" | "pexpect", None) if is_import => {
                source.report(scan, Process, index, &format!("imports {word}"));
            }
            ("os", Some(call)) if OS_CALLS.contains(&call) || call.starts_with("exec") || call.starts_with("spawn") => {
                source.report(scan, Process, index, &format!("calls os.{call}"));
            }
            ("asyncio", Some(call)) if ASYNCIO_CALLS.contains(&call) => {
                source.report(scan, Process, index, &format!("calls asyncio.{call}"));
            }
            _ => {}
        }
    }
}

/// Members of Python's subprocess that start nothing.
fn is_constant(member: &str) -> bool {
    matches!(member, "PIPE" | "DEVNULL" | "STDOUT") || member.ends_with("Error") || member.ends_with("Expired")
}

fn rust(source: &Source<'_>, scan: &mut Scan) {
    // Argument parsers have a `Command` too; the one that starts programs comes from a module `process`.
    if !source.words().any(|(_, word)| matches!(word, "process" | "async_process")) {
        return;
    }
    for (index, word) in source.words() {
        let member = source.member(index).map(|(_, m)| m);
        match (word, member.as_deref()) {
            ("Command", Some("new")) if source.owner(index) != Some("clap") => {
                source.report(scan, Process, index, "starts a program")
            }
            // The path in front of `Command::new`, which is reported for itself.
            ("process", Some("Command")) if source.owner(index) == Some("std") && !source.is_sign(index + 4, ':') => {
                source.report(scan, Process, index, "uses std::process::Command");
            }
            _ => {}
        }
    }
}
