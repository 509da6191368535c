//! Container build files: the images from which they start, copy and mount, and the frontend that reads them.

use crate::{ReadError, image};
use lockgate_model::Pin;
use std::collections::{BTreeMap, BTreeSet};

/// Nothing comes from it.
const EMPTY: &str = "scratch";

pub(crate) fn is_container_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    let prefixed = ["dockerfile", "containerfile"]
        .iter()
        .any(|kind| lower.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')));
    let suffixed = lower.ends_with(".dockerfile") || lower.ends_with(".containerfile");
    (prefixed || suffixed) && !lower.ends_with(".dockerignore")
}

/// 1. The frontend, in the comments that begin the file.
/// 2. `ARG` before the first `FROM`: what variables stand for, as far as the file says it.
/// 3. `FROM IMAGE [AS STAGE]`, `COPY --from=IMAGE`, `RUN --mount=from=IMAGE`; stages are not images.
pub(crate) fn read(text: &str) -> Result<Vec<Pin>, ReadError> {
    let (directives, escape) = directives(text);
    // 1.
    let mut pins: Vec<Pin> = directives.iter().map(|(line, frontend)| image::pin(frontend, *line)).collect();
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    let mut stages: BTreeSet<String> = BTreeSet::new();
    let mut started = false;
    for Instruction { line, text } in instructions(text, escape) {
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((&text, ""));
        match word.to_ascii_uppercase().as_str() {
            // 2.
            "ARG" if !started => {
                let known = rest.split_whitespace().filter_map(|one| one.split_once('='));
                let value = |value: &str| value.trim_matches(['"', '\'']).to_owned();
                variables.extend(known.map(|(name, text)| (name.to_owned(), value(text))));
            }
            // 3.
            "FROM" => {
                started = true;
                let mut words = rest.split_whitespace().filter(|word| !word.starts_with("--"));
                let from = substituted(words.next().unwrap_or_default(), &variables);
                add(&mut pins, &from, line, &stages);
                if words.next().is_some_and(|word| word.eq_ignore_ascii_case("as")) {
                    stages.extend(words.next().map(str::to_lowercase));
                }
            }
            "COPY" | "ADD" => {
                let flags = rest.split_whitespace().take_while(|word| word.starts_with("--"));
                flags
                    .filter_map(|flag| flag.strip_prefix("--from="))
                    .for_each(|from| add(&mut pins, from, line, &stages));
            }
            "RUN" => {
                let flags = rest.split_whitespace().take_while(|word| word.starts_with("--"));
                let mounts = flags.filter_map(|flag| flag.strip_prefix("--mount=")).flat_map(|mount| mount.split(','));
                mounts
                    .filter_map(|part| part.strip_prefix("from="))
                    .for_each(|from| add(&mut pins, from, line, &stages));
            }
            _ => {}
        }
    }
    Ok(pins)
}

/// A stage, by name or number, and the empty image bring nothing in.
fn add(pins: &mut Vec<Pin>, from: &str, line: u32, stages: &BTreeSet<String>) {
    let from = from.trim_matches(['"', '\'']);
    let own = from.is_empty() || from == EMPTY || stages.contains(&from.to_lowercase());
    if !own && !from.bytes().all(|b| b.is_ascii_digit()) {
        pins.push(image::pin(from, line));
    }
}

/// `$NAME`, `${NAME}` and `${NAME:-DEFAULT}` where the file says what they are; others stay as they are.
fn substituted(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (whole, name, default) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((inner, _)) => {
                let (name, default) = inner.split_once(":-").map_or((inner, None), |(name, text)| (name, Some(text)));
                (inner.len() + 2, name, default)
            }
            None => {
                let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
                (end, &after[..end], None)
            }
        };
        match variables.get(name).map(String::as_str).filter(|text| !text.is_empty()).or(default) {
            Some(value) if !value.contains('$') => out.push_str(value),
            _ => out.push_str(&rest[at..at + 1 + whole]),
        }
        rest = &after[whole..];
    }
    out.push_str(rest);
    out
}

/// One instruction, its lines joined.
struct Instruction {
    /// Of its first word, 1-based.
    line: u32,
    text: String,
}

/// The frontends that the leading comments name, with their lines, and the character that joins lines.
fn directives(text: &str) -> (Vec<(u32, String)>, char) {
    let mut frontends = Vec::new();
    let mut escape = '\\';
    for (line, comment) in (1u32..).zip(text.lines()) {
        let Some((key, value)) = comment.trim().strip_prefix('#').and_then(|directive| directive.split_once('='))
        else {
            break;
        };
        match key.trim().to_ascii_lowercase().as_str() {
            "syntax" => frontends.push((line, value.trim().to_owned())),
            "escape" => escape = value.trim().chars().next().unwrap_or(escape),
            _ => {}
        }
    }
    frontends.truncate(1);
    (frontends, escape)
}

fn instructions(text: &str, escape: char) -> Vec<Instruction> {
    let mut found: Vec<Instruction> = Vec::new();
    let mut open: Option<Instruction> = None;
    let mut documents: Vec<String> = Vec::new();
    for (number, line) in (1u32..).zip(text.lines()) {
        // The body of a here-document is not the build file's.
        if let Some(end) = documents.first() {
            if line.trim_start_matches('\t').trim_end() == end {
                documents.remove(0);
            }
            continue;
        }
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let (part, continues) = match trimmed.strip_suffix(escape) {
            Some(part) => (part, true),
            None => (trimmed, false),
        };
        let instruction = open.get_or_insert_with(|| Instruction { line: number, text: String::new() });
        instruction.text.push_str(part);
        instruction.text.push(' ');
        if !continues && let Some(done) = open.take() {
            documents = here_documents(&done.text);
            found.push(done);
        }
    }
    found.extend(open);
    found
}

/// The words that end the here-documents which an instruction begins: `RUN <<EOF`, `COPY <<"A" <<-B /`.
fn here_documents(text: &str) -> Vec<String> {
    let word = text.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    if !matches!(word.as_str(), "RUN" | "COPY" | "ADD") {
        return Vec::new();
    }
    let starts = text.match_indices("<<").map(|(at, _)| text[at + 2..].trim_start_matches('-'));
    let name = |rest: &str| {
        let end = rest.trim_start_matches(['"', '\'']);
        let end = end.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap_or_default();
        (!end.is_empty()).then(|| end.to_owned())
    };
    starts.filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockgate_model::PinReference;

    fn told(text: &str) -> Vec<String> {
        let one = |pin: Pin| {
            let reference = match pin.reference {
                PinReference::Digest { digest } => digest[..9].to_owned(),
                PinReference::Movable { name } => name,
                PinReference::Computed { .. } => "?".to_owned(),
                _ => "-".to_owned(),
            };
            format!("{} {} {reference}", pin.line, pin.name)
        };
        read(text).unwrap().into_iter().map(one).collect()
    }

    #[test]
    fn images_are_told_and_stages_are_not() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let text = format!(
            "# syntax=docker/dockerfile:1
ARG VERSION=12
FROM --platform=$BUILDPLATFORM debian:${{VERSION}} AS Build
RUN --mount=type=bind,from=golang:1.22,target=/go \\
    # a comment between
    make
FROM build AS test
FROM debian@{digest}
COPY --from=build /a /a
COPY --from=0 /a /a
COPY --chown=1 --from=busybox /b /b
from scratch
"
        );
        assert_eq!(
            told(&text),
            ["1 docker/dockerfile 1", "3 debian 12", "4 golang 1.22", "8 debian sha256:0a", "11 busybox -"]
        );
    }

    #[test]
    fn variables_without_a_value_stay_open() {
        assert_eq!(told("ARG BASE\nFROM $BASE\n"), ["2 $BASE ?"]);
        assert_eq!(told("ARG BASE=debian:12\nFROM ${BASE}\n"), ["2 debian 12"]);
        assert_eq!(told("FROM ${BASE:-debian:12}\n"), ["1 debian 12"]);
        assert_eq!(told("FROM debian:${TAG}-slim\n"), ["1 debian:${TAG}-slim ?"]);
        assert_eq!(told("ARG A=$B\nFROM a:$A\n"), ["2 a:$A ?"]);
    }

    #[test]
    fn bodies_of_here_documents_are_not_instructions() {
        let text = "FROM a:1\nRUN <<EOF cat\nFROM evil:1\nEOF\nCOPY <<-\"A\" <<B /\nFROM evil:2\n\tA\nFROM evil:3\nB\nFROM b:2\n";
        assert_eq!(told(text), ["1 a 1", "10 b 2"]);
        // A shell's own `<<` in a later position still ends the body where the shell would.
        assert_eq!(told("FROM a:1\nLABEL x=<<EOF\nFROM b:2\n"), ["1 a 1", "3 b 2"]);
    }

    #[test]
    fn lines_are_joined_by_the_file_s_own_sign() {
        assert_eq!(told("# escape=`\nFROM `\n  debian:12\n"), ["2 debian 12"]);
        assert_eq!(told("FROM \\\n\n  debian:12"), ["1 debian 12"]);
    }
}
