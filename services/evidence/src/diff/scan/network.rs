//! Speaks to the network.

use super::{Scan, language::Language, source::Source};
use crate::diff::facts::FindingType::Network;
use std::net::Ipv4Addr;

const JAVASCRIPT_MODULES: &[&str] = &[
    "http",
    "https",
    "http2",
    "net",
    "tls",
    "dgram",
    "dns",
    "node:http",
    "node:https",
    "node:http2",
    "node:net",
    "node:tls",
    "node:dgram",
    "node:dns",
    "dns/promises",
    "node:dns/promises",
    "undici",
    "axios",
    "node-fetch",
    "got",
    "request",
    "superagent",
    "needle",
    "ws",
    "socket.io-client",
    "nodemailer",
    "ssh2",
];
const JAVASCRIPT_CALLS: &[&str] = &["fetch", "XMLHttpRequest", "WebSocket", "EventSource", "WebTransport"];
const GLOBALS: &[&str] = &["globalThis", "window", "self", "global"];
const PYTHON_MODULES: &[&str] = &[
    "requests",
    "urllib2",
    "urllib3",
    "httplib",
    "httpx",
    "aiohttp",
    "socket",
    "ftplib",
    "smtplib",
    "telnetlib",
    "paramiko",
    "websocket",
    "websockets",
    "pycurl",
    "httplib2",
    "socketserver",
    "xmlrpc",
];
/// Dotted modules, of which the last name decides.
const PYTHON_SUBMODULES: &[(&str, &str)] = &[("urllib", "request"), ("http", "client"), ("http", "server")];
const RUST_WORDS: &[&str] = &["TcpStream", "TcpListener", "UdpSocket"];
const RUST_CRATES: &[&str] =
    &["reqwest", "ureq", "hyper", "curl", "isahc", "surf", "attohttpc", "minreq", "tungstenite"];
const SHELL_WORDS: &[&str] = &[
    "curl",
    "wget",
    "nc",
    "ncat",
    "netcat",
    "socat",
    "ssh",
    "scp",
    "sftp",
    "ftp",
    "telnet",
    "nslookup",
    "dig",
    "invoke-webrequest",
    "invoke-restmethod",
    "iwr",
    "irm",
    "start-bitstransfer",
    "bitsadmin",
    "certutil",
    "net.webclient",
    "system.net.webclient",
];

pub(super) fn look(source: &Source<'_>, scan: &mut Scan) {
    match source.language {
        Language::JavaScript => javascript(source, scan),
        Language::Python => python(source, scan),
        Language::Rust => rust(source, scan),
        Language::Shell => shell(source, scan),
    }
    for (index, text) in source.texts() {
        if names_an_address(&text) {
            source.report(scan, Network, index, "names an Internet address");
        }
    }
}

/// Whether the text at `index` names a module: `require("x")`, `import("x")`, `from "x"`, `import "x"`.
pub(super) fn is_module_name(source: &Source<'_>, index: usize) -> bool {
    let before = |n: usize| index.checked_sub(n).map(|i| source.raw(i)).unwrap_or_default();
    match before(1) {
        "from" | "import" => true,
        "(" => matches!(before(2), "require" | "import" | "getBuiltinModule" | "createRequire" | "__require" | ")"),
        _ => false,
    }
}

fn javascript(source: &Source<'_>, scan: &mut Scan) {
    for (index, text) in source.texts() {
        if JAVASCRIPT_MODULES.contains(&&*text) && is_module_name(source, index) {
            source.report(scan, Network, index, &format!("loads {text}"));
        }
    }
    for (index, word) in source.words() {
        let is_free = !source.is_member(index) || source.owner(index).is_some_and(|o| GLOBALS.contains(&o));
        if JAVASCRIPT_CALLS.contains(&word) && is_free && source.is_called(index) && !source.is_declared(index) {
            source.report(scan, Network, index, &format!("calls {word}"));
        } else if word == "sendBeacon" && source.is_called(index) {
            source.report(scan, Network, index, "calls sendBeacon");
        }
    }
}

fn python(source: &Source<'_>, scan: &mut Scan) {
    for (index, word) in source.words() {
        let before = index.checked_sub(1).map(|i| source.raw(i)).unwrap_or_default();
        let is_import = matches!(before, "import" | "from" | ",") && starts_import(source, index);
        let member = source.member(index).map(|(_, m)| m);
        let submodule = PYTHON_SUBMODULES.iter().any(|(top, sub)| *top == word && member.as_deref() == Some(sub));
        let from = word == "request" && before == "import" && index >= 3 && source.raw(index - 2) == "urllib";
        if is_import && (PYTHON_MODULES.contains(&word) || submodule) || from {
            source.report(scan, Network, index, &format!("imports {word}"));
        } else if matches!(word, "urlopen" | "urlretrieve") && source.is_called(index) && !source.is_declared(index) {
            source.report(scan, Network, index, &format!("calls {word}"));
        } else if word == "socket" && matches!(member.as_deref(), Some("socket" | "create_connection")) {
            source.report(scan, Network, index, "opens a socket");
        }
    }
}

/// Whether the words before `index` on its line are an import statement that has not reached its names.
fn starts_import(source: &Source<'_>, index: usize) -> bool {
    let line = source.tokens[index].line;
    for at in (index.saturating_sub(20)..index).rev() {
        if source.tokens[at].line != line {
            return false;
        }
        match source.raw(at) {
            "from" => return at + 1 == index,
            "import" => return !(at >= 2 && source.tokens[at - 1].line == line && source.raw(at - 2) == "from"),
            _ => {}
        }
    }
    false
}

fn rust(source: &Source<'_>, scan: &mut Scan) {
    for (index, word) in source.words() {
        let is_crate = RUST_CRATES.contains(&word) && source.member(index).is_some() && !source.is_member(index);
        // `.method` of the crate's own and `::` paths look alike but for the sign.
        if RUST_WORDS.contains(&word) && !source.is_declared(index) || is_crate && source.is_sign(index + 1, ':') {
            source.report(scan, Network, index, &format!("uses {word}"));
        }
    }
}

fn shell(source: &Source<'_>, scan: &mut Scan) {
    for (index, word) in source.words() {
        let name = word.rsplit(['/', '\\']).next().unwrap_or(word).trim_end_matches(".exe").to_ascii_lowercase();
        if SHELL_WORDS.contains(&name.as_str()) && !source.is_sign(index + 1, '=') {
            source.report(scan, Network, index, &format!("runs {name}"));
        } else if word.starts_with("/dev/tcp/") || word.starts_with("/dev/udp/") {
            source.report(scan, Network, index, "opens a connection");
        }
    }
}

/// An address by number, outside this machine and the private ranges: names can be looked up, numbers hide.
fn names_an_address(text: &str) -> bool {
    if text.len() > 300 {
        return false;
    }
    let Some((_, rest)) = text.split_once("://") else { return false };
    let host = rest.split(['/', ':', '?', '#', '@']).next().unwrap_or_default();
    host.parse::<Ipv4Addr>().is_ok_and(|a| !a.is_loopback() && !a.is_private() && !a.is_unspecified())
}
