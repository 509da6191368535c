//! Runs text or data as code.

use super::{Scan, language::Language, source::Source, token::Kind};
use crate::diff::facts::FindingType::{DynamicCode, Obfuscation};

/// Members of Node's `vm` that run a text.
const VM_CALLS: &[&str] =
    &["runInThisContext", "runInNewContext", "runInContext", "compileFunction", "Script", "SourceTextModule"];
/// Python modules whose `load` and `loads` run what they read.
const PICKLES: &[&str] = &["marshal", "pickle", "cPickle", "_pickle", "dill", "cloudpickle", "shelve", "jsonpickle"];
/// Names that turn data to text: what they give to `eval` was hidden.
const DECODERS: &[&str] = &[
    "atob",
    "base64",
    "b64decode",
    "b32decode",
    "a85decode",
    "b85decode",
    "unhexlify",
    "fromhex",
    "decompress",
    "fromCharCode",
    "unescape",
    "decodeURIComponent",
    "rot13",
    "rot_13",
    "inflateSync",
    "gunzipSync",
    "brotliDecompressSync",
];
/// Tokens of an argument that are looked at.
const ARGUMENT: usize = 60;

pub(super) fn look(source: &Source<'_>, scan: &mut Scan) {
    match source.language {
        Language::JavaScript => javascript(source, scan),
        Language::Python => python(source, scan),
        Language::Rust => rust(source, scan),
        Language::Shell => shell(source, scan),
    }
}

fn javascript(source: &Source<'_>, scan: &mut Scan) {
    for (index, text) in source.texts() {
        if matches!(&*text, "vm" | "node:vm") && super::network::is_module_name(source, index) {
            source.report(scan, DynamicCode, index, "loads vm");
        }
    }
    for (index, word) in source.words() {
        let is_new = index > 0 && source.raw(index - 1) == "new";
        let is_free = !source.is_member(index)
            || matches!(source.owner(index), Some("globalThis" | "window" | "global" | "self"));
        let is_called = source.is_called(index) && !source.is_declared(index);
        match word {
            "eval" if is_free && is_called || is_indirect(source, index) => {
                run(source, scan, index, "calls eval");
            }
            "Function" if is_free && is_called && makes_code(source, index, is_new) => {
                run(source, scan, index, "makes a function of a text");
            }
            "setTimeout" | "setInterval" if source.text_argument(index).is_some_and(|t| t.contains(['(', '='])) => {
                run(source, scan, index, "runs a text later");
            }
            "_compile" if source.is_member(index) && is_called => {
                run(source, scan, index, "compiles a module of a text")
            }
            "binding" | "dlopen" | "_linkedBinding" if source.owner(index) == Some("process") && is_called => {
                run(source, scan, index, &format!("calls process.{word}"));
            }
            _ if VM_CALLS.contains(&word) && is_called && source.owner(index) == Some("vm") => {
                run(source, scan, index, &format!("calls vm.{word}"));
            }
            _ => {}
        }
    }
}

/// `(0, eval)(text)`: the way to run a text in the global scope.
fn is_indirect(source: &Source<'_>, index: usize) -> bool {
    index > 0 && source.is_sign(index - 1, ',') && source.is_sign(index + 1, ')') && source.is_sign(index + 2, '(')
}

/// `Function("return this")` is how old libraries find the global object, and `Function()` makes nothing.
fn makes_code(source: &Source<'_>, index: usize, is_new: bool) -> bool {
    match source.text_argument(index) {
        Some(text) if source.is_sign(index + 3, ')') => text.trim_end_matches(';').trim() != "return this",
        // In TypeScript `Function(` without `new` is mostly a type; with an argument it is a call.
        _ => !source.is_sign(index + 2, ')') && (is_new || source.kind(index + 2).is_some()),
    }
}

fn python(source: &Source<'_>, scan: &mut Scan) {
    for (index, word) in source.words() {
        let is_free = !source.is_member(index) || matches!(source.owner(index), Some("builtins" | "__builtins__"));
        let is_called = source.is_called(index) && !source.is_declared(index);
        if !is_called {
            continue;
        }
        match word {
            "eval" | "exec" | "execfile" if is_free => run(source, scan, index, &format!("calls {word}")),
            "compile" if is_free => run(source, scan, index, "compiles a text"),
            "__import__" if is_free => run(source, scan, index, "calls __import__"),
            "import_module" if source.kind(index + 2) != Some(Kind::Text) => {
                run(source, scan, index, "imports a module by a name that is computed");
            }
            "load" | "loads" | "Unpickler" if source.owner(index).is_some_and(|o| PICKLES.contains(&o)) => {
                let module = source.owner(index).unwrap_or_default();
                source.report(scan, DynamicCode, index, &format!("calls {module}.{word}"));
            }
            "CodeType" | "FunctionType" => run(source, scan, index, &format!("makes code with {word}")),
            "CDLL" | "WinDLL" | "PyDLL" => source.report(scan, DynamicCode, index, "loads machine code"),
            _ => {}
        }
    }
}

fn rust(source: &Source<'_>, scan: &mut Scan) {
    for (index, word) in source.words() {
        let is_used = (source.member(index).is_some() || source.is_called(index)) && !source.is_declared(index);
        if matches!(word, "libloading" | "dlopen" | "dlsym" | "LoadLibraryA" | "LoadLibraryW") && is_used {
            run(source, scan, index, "loads machine code");
        }
    }
}

fn shell(source: &Source<'_>, scan: &mut Scan) {
    for (index, word) in source.words() {
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "sh" | "bash" | "zsh" | "python" | "python3" | "node" | "perl" if is_piped_into(source, index) => {
                run(source, scan, index, &format!("runs what is piped into {lower}"));
            }
            "eval" if starts_command(source, index) => run(source, scan, index, "calls eval"),
            "iex" | "invoke-expression" => run(source, scan, index, &format!("calls {lower}")),
            "-enc" | "-encodedcommand" => source.report(scan, Obfuscation, index, "runs an encoded command"),
            "-e" | "-c" | "--eval" if runs_inline(source, index, &lower) => {
                run(source, scan, index, &format!("runs a text with {}", source.raw(index - 1)));
            }
            _ => {}
        }
    }
}

fn is_piped_into(source: &Source<'_>, index: usize) -> bool {
    let before = |n: usize| index.checked_sub(n).is_some_and(|at| source.is_sign(at, '|'));
    before(1) && !before(2) || index > 1 && source.raw(index - 1) == "sudo" && before(2)
}

fn starts_command(source: &Source<'_>, index: usize) -> bool {
    index == 0
        || source.kind(index - 1) == Some(Kind::Sign)
        || source.tokens[index - 1].line < source.tokens[index].line
}

fn runs_inline(source: &Source<'_>, index: usize, option: &str) -> bool {
    let program = index.checked_sub(1).map(|at| source.raw(at)).unwrap_or_default();
    match option {
        "-c" => matches!(program, "python" | "python3" | "py"),
        _ => matches!(program, "node" | "perl" | "ruby" | "deno" | "bun"),
    }
}

/// Reports, and says so where the text that is run was hidden before.
fn run(source: &Source<'_>, scan: &mut Scan, index: usize, what: &str) {
    if scan.is_full(DynamicCode) {
        return;
    }
    let decoder = (index + 1..(index + ARGUMENT).min(source.tokens.len()))
        .take_while(|at| !source.is_sign(*at, ';') && source.tokens[*at].line <= source.tokens[index].line + 3)
        .find(|at| DECODERS.contains(&source.raw(*at)));
    if let Some(at) = decoder.filter(|_| !source.is(Language::Rust)) {
        source.report(scan, Obfuscation, index, &format!("{what} on what {} gives", source.raw(at)));
    }
    source.report(scan, DynamicCode, index, what);
}
