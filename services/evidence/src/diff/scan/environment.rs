//! Reads environment variables as a whole or those that hold secrets, or asks who and where it is.

use super::{Scan, language::Language, source::Source};
use crate::diff::facts::FindingType::Environment;

/// Parts of a variable's name that mean a secret.
const SECRET: &[&str] =
    &["TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "API_KEY", "APIKEY", "ACCESS_KEY", "PRIVATE_KEY"];
/// Beginnings of names that belong to a service's credentials and have none of the above in them.
const SERVICES: &[&str] = &["GOOGLE_APPLICATION", "NPM_CONFIG__AUTH"];
/// Members of `os` in Node that say who and where.
const NODE_HOST: &[&str] = &["userInfo", "hostname", "networkInterfaces"];
/// Functions of Python that say who and where, with their module.
const PYTHON_HOST: &[(&str, &str)] = &[
    ("getpass", "getuser"),
    ("socket", "gethostname"),
    ("socket", "getfqdn"),
    ("platform", "node"),
    ("os", "getlogin"),
];
const SHELL_WORDS: &[&str] = &["printenv", "whoami", "hostname", "ifconfig", "ipconfig"];
/// Tokens of a destructuring pattern that are looked at.
const PATTERN: usize = 60;

pub(super) fn look(source: &Source<'_>, scan: &mut Scan) {
    match source.language {
        Language::JavaScript => javascript(source, scan),
        Language::Python => python(source, scan),
        Language::Rust => rust(source, scan),
        Language::Shell => shell(source, scan),
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET.iter().any(|s| name.contains(s)) || SERVICES.iter().any(|s| name.starts_with(s))
}

fn javascript(source: &Source<'_>, scan: &mut Scan) {
    for (index, word) in source.words() {
        let member = source.member(index);
        match (word, member.as_ref().map(|(at, m)| (*at, &**m))) {
            ("process" | "Bun", Some((at, "env"))) => javascript_env(source, scan, at),
            ("Deno", Some((at, "env"))) => javascript_env(source, scan, at),
            ("os", Some((_, call))) if NODE_HOST.contains(&call) => {
                source.report(scan, Environment, index, &format!("asks os.{call}"));
            }
            _ => {}
        }
    }
}

/// `env` stands at `at`. In `["env"]` the bracket is closed first.
fn javascript_env(source: &Source<'_>, scan: &mut Scan, at: usize) {
    let end = if source.is_sign(at + 1, ']') { at + 1 } else { at };
    if let Some((_, name)) = source.member(end) {
        if is_secret(&name) {
            source.report(scan, Environment, at, &format!("reads {}", super::source::shown(&name)));
        }
        return;
    }
    // `env[name]` reads one variable, of which only the running program knows the name.
    if source.is_sign(end + 1, '[') || source.is_sign(end + 1, '?') {
        return;
    }
    match destructured(source, at) {
        Some(names) => {
            if let Some(name) = names.iter().find(|n| is_secret(n)) {
                source.report(scan, Environment, at, &format!("reads {name}"));
            }
        }
        None => source.report(scan, Environment, at, "reads the whole environment"),
    }
}

/// The names in `{ A, B: c } = process.env`.
fn destructured<'a>(source: &Source<'a>, env: usize) -> Option<Vec<&'a str>> {
    let equals = env.checked_sub(3).filter(|at| source.is_sign(*at, '='))?;
    if !source.is_sign(equals.checked_sub(1)?, '}') {
        return None;
    }
    let first = equals.saturating_sub(PATTERN);
    let open = (first..equals).rev().find(|at| source.is_sign(*at, '{'))?;
    // `...rest` takes the whole environment after all.
    let has_rest = (open..equals).any(|at| source.is_sign(at, '.'));
    (!has_rest).then(|| (open..equals).map(|at| source.raw(at)).collect())
}

fn python(source: &Source<'_>, scan: &mut Scan) {
    for (index, word) in source.words() {
        let member = source.member(index).map(|(_, m)| m);
        let pair = (word, member.as_deref().unwrap_or_default());
        if PYTHON_HOST.contains(&pair) {
            source.report(scan, Environment, index, &format!("asks {word}.{}", pair.1));
        }
        match word {
            "environ" | "environb" if source.owner(index) == Some("os") || !source.is_member(index) => {
                python_environ(source, scan, index);
            }
            "getenv" => {
                if let Some(name) = source.text_argument(index).filter(|n| is_secret(n)) {
                    source.report(scan, Environment, index, &format!("reads {}", super::source::shown(&name)));
                }
            }
            _ => {}
        }
    }
}

fn python_environ(source: &Source<'_>, scan: &mut Scan, index: usize) {
    if source.raw(index.wrapping_sub(1)) == "import" || source.is_declared(index) {
        return;
    }
    match source.member(index) {
        Some((at, call)) if matches!(&*call, "get" | "pop" | "setdefault") => {
            if let Some(name) = source.text_argument(at).filter(|n| is_secret(n)) {
                source.report(scan, Environment, index, &format!("reads {}", super::source::shown(&name)));
            }
        }
        Some((_, call)) if matches!(&*call, "copy" | "items" | "values") => {
            source.report(scan, Environment, index, "reads the whole environment");
        }
        Some((at, name)) if source.is_sign(at - 1, '[') && is_secret(&name) => {
            source.report(scan, Environment, index, &format!("reads {}", super::source::shown(&name)));
        }
        Some(_) => {}
        // `in os.environ`, `os.environ[name]` and assignments read one name or none; a bare one is passed on.
        None if source.is_sign(index + 1, '[') || source.is_sign(index + 1, ':') || source.is_sign(index + 1, '=') => {}
        None if source.owner(index) == Some("os") && source.raw(index.saturating_sub(3)) != "in" => {
            source.report(scan, Environment, index, "passes on the whole environment");
        }
        None => {}
    }
}

fn rust(source: &Source<'_>, scan: &mut Scan) {
    for (index, word) in source.words() {
        if source.owner(index) != Some("env") {
            continue;
        }
        match (word, source.text_argument(index)) {
            ("vars" | "vars_os", _) if source.is_called(index) => {
                source.report(scan, Environment, index, "reads the whole environment");
            }
            ("var" | "var_os", Some(name)) if is_secret(&name) => {
                source.report(scan, Environment, index, &format!("reads {}", super::source::shown(&name)));
            }
            _ => {}
        }
    }
}

fn shell(source: &Source<'_>, scan: &mut Scan) {
    for (index, word) in source.words() {
        let is_name =
            |i: usize| source.is_sign(i, '$') || source.is_sign(i, '{') && source.is_sign(i.wrapping_sub(1), '$');
        if SHELL_WORDS.contains(&word) {
            source.report(scan, Environment, index, &format!("runs {word}"));
        } else if index > 0 && is_name(index - 1) && is_secret(word) {
            source.report(scan, Environment, index, &format!("reads {}", super::source::shown(word)));
        }
    }
}
