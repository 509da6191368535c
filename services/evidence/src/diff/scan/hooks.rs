//! What runs when a package is installed or built, without being asked for.

use super::{Scan, language::Language, manifest, source::Source};
use crate::diff::facts::FindingType::{BuildScript, InstallHook};

/// npm's life cycle scripts of an installed dependency, in the order in which they run.
const NPM_HOOKS: &[&str] = &["preinstall", "install", "postinstall"];
/// Modules that every Python interpreter imports at its start, when they can be found (site, CPython).
const STARTUP: &[&str] = &["sitecustomize.py", "usercustomize.py"];

/// Commands of setuptools that every installation from source runs (build_ext compiles, and is replaced by
/// most packages that have something to compile).
const SETUP_COMMANDS: &[&str] =
    &["install", "develop", "egg_info", "build_py", "install_lib", "install_scripts", "bdist_wheel", "build"];

/// `path` is below the top folder of the archive.
pub(super) fn look(path: &str, text: &str, scan: &mut Scan) {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name {
        "package.json" if is_installed(folder) => package_json(text, scan),
        // npm runs `node-gyp rebuild` where this file is and no script says otherwise.
        "binding.gyp" if folder.is_empty() => {
            scan.add_file(InstallHook, 1, "binding.gyp: node-gyp rebuild", "binding.gyp")
        }
        "setup.py" if folder.is_empty() => setup_py(text, scan),
        "build.rs" if folder.is_empty() => {
            scan.add_file(BuildScript, 1, "build.rs runs when the crate is built", "build.rs")
        }
        "Cargo.toml" if folder.is_empty() => cargo_toml(text, scan),
        "pyproject.toml" if folder.is_empty() => pyproject_toml(text, scan),
        _ if STARTUP.contains(&name) && folder.is_empty() => {
            scan.add_file(InstallHook, 1, &format!("{name} runs with every Python interpreter"), name);
        }
        _ if name.ends_with(".pth") => pth(text, scan),
        _ => {}
    }
}

/// The package itself, or one that is bundled with it: npm runs the scripts of both.
fn is_installed(folder: &str) -> bool {
    let Some((before, last)) = folder.rsplit_once('/') else { return folder.is_empty() };
    let parent = before.rsplit('/').next();
    !last.is_empty() && (parent == Some("node_modules") || parent.is_some_and(|p| p.starts_with('@')))
}

fn package_json(text: &str, scan: &mut Scan) {
    let Ok(manifest) = serde_json::from_str::<serde_json::Value>(text.trim_start_matches('\u{feff}')) else { return };
    let scripts = manifest.get("scripts");
    for hook in NPM_HOOKS {
        let Some(command) = scripts.and_then(|s| s.get(hook)).and_then(|c| c.as_str()).filter(|c| !c.trim().is_empty())
        else {
            continue;
        };
        let line = manifest::line_of_key(text, "scripts", hook);
        scan.add_file(InstallHook, line, &format!("{hook}: {command}"), &format!("{hook}\0{command}"));
        look_at_command(command, line, scan);
    }
}

/// The command is a line of shell: what it does stands in it, or in the file that it names.
fn look_at_command(command: &str, line: u32, scan: &mut Scan) {
    let source = Source::new(command, Language::Shell);
    let mut inner = Scan::default();
    super::network::look(&source, &mut inner);
    super::environment::look(&source, &mut inner);
    super::dynamic_code::look(&source, &mut inner);
    super::credentials::look(&source, &mut inner);
    for mut sighting in inner.sightings {
        (sighting.line, sighting.end_line) = (line, line);
        scan.add(sighting);
    }
}

fn setup_py(text: &str, scan: &mut Scan) {
    scan.add_file(BuildScript, 1, "setup.py runs when the package is built from source", "setup.py");
    let source = Source::new(text, Language::Python);
    for (index, word) in source.words() {
        let follows = |token: &str| index > 0 && source.raw(index - 1) == token;
        // `class Custom(install):`, also as `command.install`.
        let is_base =
            SETUP_COMMANDS.contains(&word) && source.is_sign(index + 1, ')') && (follows("(") || follows("."));
        let line = source.tokens[index].line;
        let in_class =
            (index.saturating_sub(8)..index).any(|at| source.raw(at) == "class" && source.tokens[at].line == line);
        if is_base && in_class {
            source.report(scan, InstallHook, index, &format!("replaces the command {word}"));
        }
    }
}

fn cargo_toml(text: &str, scan: &mut Scan) {
    let Ok(manifest) = text.parse::<toml::Table>() else { return };
    let library = manifest.get("lib");
    let is_macro = ["proc-macro", "proc_macro"].iter().any(|k| library.and_then(|l| l.get(k)?.as_bool()) == Some(true));
    if is_macro {
        let line = manifest::line_with(text, &["proc-macro", "proc_macro"]);
        scan.add_file(BuildScript, line, "a procedural macro runs within the compiler", "proc-macro");
    }
    let build = manifest.get("package").and_then(|p| p.get("build")?.as_str()).filter(|b| *b != "build.rs");
    if let Some(script) = build {
        let line = manifest::line_with(text, &["build"]);
        scan.add_file(BuildScript, line, &format!("{script} runs when the crate is built"), script);
    }
}

fn pyproject_toml(text: &str, scan: &mut Scan) {
    let Ok(manifest) = text.parse::<toml::Table>() else { return };
    if manifest.get("build-system").is_some_and(|b| b.get("backend-path").is_some()) {
        let line = manifest::line_with(text, &["backend-path"]);
        scan.add_file(BuildScript, line, "builds with a backend of its own (PEP 517 backend-path)", "backend-path");
    }
}

/// Lines that begin with `import` are executed at the start of every interpreter (site, CPython).
fn pth(text: &str, scan: &mut Scan) {
    for (line, number) in text.lines().zip(1u32..) {
        if line.starts_with("import ") || line.starts_with("import\t") {
            scan.add_file(
                InstallHook,
                number,
                &format!("runs with every Python interpreter: {line}"),
                line.get(..200).unwrap_or(line),
            );
        }
    }
}
