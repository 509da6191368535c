//! A difference cut into chunks that a model can look at one by one.

use crate::{
    facts::{Fact, facts},
    role::{Role, install_scripts, is_code},
    tokens::{GAP, LINE, Token, is_encoded, tokenize},
};
use lockgate_archive::{Contents, File, Hunk, Precision, diff};
use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
};

/// Tokens of a chunk, at most.
pub const CHUNK_TOKENS: usize = 256;
/// Chunks of a difference, at most.
pub const MAX_CHUNKS: usize = 256;
/// Chunks of one file, at most: a large one must not crowd out the others.
const FILE_CHUNKS: usize = 64;
/// What is looked at of one file, in bytes.
const FILE_BYTES: usize = 1 << 20;
/// Added lines that are so many lines apart are one change, with [`GAP`] between them: a line alone says little.
const NEAR: u32 = 10;
/// A changed line longer than this is cut down to what changed in it.
const LONG_LINE: usize = 400;
/// What stays of it around the change, in bytes.
const AROUND: usize = 120;

/// A stretch of added text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// As in the archive.
    pub path: String,
    pub role: Role,
    /// 1-based lines of the new file.
    pub first_line: u32,
    pub last_line: u32,
    /// 1 to [`CHUNK_TOKENS`].
    pub tokens: Vec<Token>,
}

/// What is to be looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extract {
    /// The likeliest to run first; at most [`MAX_CHUNKS`].
    pub chunks: Vec<Chunk>,
    pub facts: BTreeSet<Fact>,
    /// Files of which something, or all, found no room.
    pub left_out: usize,
}

/// What `new` adds to `old`, or all of it where there is none.
pub fn chunks<'a>(old: Option<&'a Contents>, new: &'a Contents) -> Extract {
    let hooks = install_scripts(new);
    let below_root: HashMap<&str, &str> = new.strip_root().map(|(path, file)| (file.path.as_str(), path)).collect();
    let path = |file: &'a File| below_root.get(file.path.as_str()).copied().unwrap_or(&file.path);
    let difference = diff(old, new);
    let added = difference.added.iter().map(|file| (*file, None));
    let changed = difference.changed.iter().map(|changed| (changed.new, Some(changed)));
    let mut files: Vec<_> = added
        .chain(changed)
        .filter_map(|(file, changed)| {
            let text = text(file)?;
            Some((Role::of(path(file), &text, &hooks), file, changed, text))
        })
        .collect();
    files.sort_by_key(|(role, ..)| *role);
    let mut extract = Extract { facts: facts(old, new, &difference, path), ..Extract::default() };
    for (role, file, changed, text) in &files {
        let most = FILE_CHUNKS.min(MAX_CHUNKS - extract.chunks.len());
        if most == 0 {
            extract.left_out += 1;
            continue;
        }
        let pieces = match changed {
            Some(changed) if changed.precision != Precision::Binary => changed.hunks.iter().flat_map(pieces).collect(),
            _ => ends(text),
        };
        let (cut, whole) = cut(&pieces, most, |first_line, last_line, tokens| Chunk {
            path: file.path.clone(),
            role: *role,
            first_line,
            last_line,
            tokens,
        });
        extract.left_out += usize::from(!whole || changed.is_none() && text.len() > FILE_BYTES);
        extract.chunks.extend(cut);
    }
    let is_opaque = |chunk: &Chunk| chunk.role.is_code() && is_encoded(&chunk.tokens);
    if extract.chunks.iter().any(is_opaque) {
        extract.facts.insert(Fact::Opaque);
    }
    extract
}

/// The text of a file, whatever its encoding: a byte that is no UTF-8, or a zero in a comment of JavaScript, must not hide
/// the code around it. `None` for what holds zeros and is not named as code.
fn text(file: &File) -> Option<Cow<'_, str>> {
    let is_text = !file.content.is_empty() && (is_code(&file.path) || !file.content.contains(&0));
    is_text.then(|| String::from_utf8_lossy(&file.content))
}

/// Text that was added, and the line at which it begins.
struct Piece<'a> {
    line: u32,
    text: &'a str,
}

/// The whole of a text, or its beginning and its end where it is too long.
fn ends(text: &str) -> Vec<Piece<'_>> {
    if text.len() <= FILE_BYTES {
        return vec![Piece { line: 1, text }];
    }
    let (first, last) =
        (text.floor_char_boundary(FILE_BYTES / 2), text.ceil_char_boundary(text.len() - FILE_BYTES / 2));
    let line = 1 + text[..last].bytes().filter(|byte| *byte == b'\n').count();
    let line = u32::try_from(line).unwrap_or(u32::MAX);
    vec![Piece { line: 1, text: &text[..first] }, Piece { line, text: &text[last..] }]
}

/// The added lines of a hunk. Of a long line that stands for another one, what differs: the rest was there before.
fn pieces<'a>(hunk: &Hunk<'a>) -> Vec<Piece<'a>> {
    let mut pieces = Vec::with_capacity(hunk.added.len());
    for (number, added) in (hunk.new_start..).zip(&hunk.added) {
        let place = (number - hunk.new_start) as usize;
        let before = hunk.removed.get(place).filter(|_| added.len() > LONG_LINE);
        pieces.push(Piece { line: number, text: before.map_or(added, |before| differing(before, added)) });
    }
    pieces
}

fn differing<'a>(old: &str, new: &'a str) -> &'a str {
    let same = |(a, b): (u8, u8)| a == b;
    let start = old.bytes().zip(new.bytes()).take_while(|pair| same(*pair)).count();
    let most = old.len().min(new.len()) - start;
    let end = old.bytes().rev().zip(new.bytes().rev()).take(most).take_while(|pair| same(*pair)).count();
    let (first, last) = (start.saturating_sub(AROUND), (new.len() - end + AROUND).min(new.len()));
    &new[new.floor_char_boundary(first)..new.ceil_char_boundary(last)]
}

/// Cuts pieces into chunks of whole lines; a line alone that is longer is cut as well. Pieces that are not near each other
/// begin a new chunk. At most `most`, and whether that was all.
fn cut(pieces: &[Piece<'_>], most: usize, chunk: impl Fn(u32, u32, Vec<Token>) -> Chunk) -> (Vec<Chunk>, bool) {
    let (mut cut, mut open, mut room) = (Vec::new(), Open::default(), FILE_BYTES);
    let lines = pieces.iter().flat_map(|piece| (piece.line..).zip(piece.text.split('\n')));
    let mut whole = true;
    for (line, text) in lines {
        if room == 0 {
            whole = false;
            break;
        }
        let text = &text[..text.floor_char_boundary(room)];
        room -= text.len();
        let mut tokens: Vec<Token> = tokenize(text).into_iter().map(|(_, token)| token).collect();
        let follows = line <= open.reached.saturating_add(1);
        if tokens.is_empty() {
            open.reached = if follows { line } else { open.reached };
            continue;
        }
        tokens.push(LINE);
        let near = line <= open.reached.saturating_add(NEAR);
        if !open.tokens.is_empty() && (!near || open.tokens.len() + tokens.len() >= CHUNK_TOKENS) {
            cut.push(open.close(&chunk));
        }
        if !open.tokens.is_empty() && !follows {
            open.tokens.push(GAP);
        }
        for part in tokens.chunks(CHUNK_TOKENS) {
            if open.tokens.len() + part.len() > CHUNK_TOKENS {
                cut.push(open.close(&chunk));
            }
            open.add(line, part);
        }
    }
    if !open.tokens.is_empty() {
        cut.push(open.close(&chunk));
    }
    if cut.len() > most {
        // What is put into a large file is put to its beginning or to its end.
        whole = false;
        cut.drain(most / 2..cut.len() - (most - most / 2));
    }
    (cut, whole)
}

#[derive(Default)]
struct Open {
    first: u32,
    last: u32,
    /// The last line, or an empty one that follows it.
    reached: u32,
    tokens: Vec<Token>,
}

impl Open {
    fn add(&mut self, line: u32, tokens: &[Token]) {
        if self.tokens.is_empty() {
            self.first = line;
        }
        (self.last, self.reached) = (line, line);
        self.tokens.extend_from_slice(tokens);
    }

    fn close(&mut self, chunk: impl Fn(u32, u32, Vec<Token>) -> Chunk) -> Chunk {
        let Self { first, last, reached, tokens } = std::mem::take(self);
        // The next line still follows.
        self.reached = reached;
        chunk(first, last, tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::contents;
    use proptest::prelude::*;

    fn all(text: &str) -> Vec<Token> {
        tokenize(text).into_iter().map(|(_, token)| token).collect()
    }

    #[test]
    fn a_new_package_is_read_whole_what_runs_first_before_the_rest() {
        let new =
            contents(&[("README.md", b"Fine."), ("setup.py", b"import os\nos.system('x')\n"), ("a.py", b"a = 1\n")]);
        let found = chunks(None, &new);
        let paths: Vec<_> = found.chunks.iter().map(|c| (c.path.as_str(), c.first_line, c.last_line)).collect();
        assert_eq!(paths, [("package/setup.py", 1, 2), ("package/a.py", 1, 1), ("package/README.md", 1, 1)]);
        assert_eq!(found.chunks[0].tokens, [all("import os\n"), all("os.system('x')\n")].concat());
    }

    #[test]
    fn of_an_update_only_what_it_adds_is_read() {
        let old = contents(&[("a.py", b"one\ntwo\nthree\n"), ("gone.py", b"x\n")]);
        let new = contents(&[("a.py", b"one\nnew\nthree\nlast\n")]);
        let found = chunks(Some(&old), &new);
        let lines: Vec<_> = found.chunks.iter().map(|c| (c.first_line, c.last_line)).collect();
        assert_eq!(lines, [(2, 4)]);
        assert_eq!(found.chunks[0].tokens, [all("new\n"), vec![GAP], all("last\n")].concat());
        let far = contents(&[("a.py", format!("new\n{}last\n", "one\ntwo\nthree\n".repeat(5)).as_bytes())]);
        let old = contents(&[("a.py", "one\ntwo\nthree\n".repeat(5).as_bytes())]);
        let lines: Vec<_> = chunks(Some(&old), &far).chunks.iter().map(|c| (c.first_line, c.last_line)).collect();
        assert_eq!(lines, [(1, 1), (17, 17)]);
    }

    #[test]
    fn empty_lines_part_nothing_and_kept_lines_do() {
        let found = chunks(None, &contents(&[("a.py", b"one\n\n\ntwo\n")]));
        assert_eq!((found.chunks.len(), found.chunks[0].last_line), (1, 4));
    }

    #[test]
    fn one_change_in_a_long_line_is_not_lost_in_it() {
        let line = |middle: &str| format!("{}{middle}{}\n", "f(a);".repeat(2_000), "g(b);".repeat(2_000));
        let old = contents(&[("a.min.js", line("").as_bytes())]);
        let new = contents(&[("a.min.js", line("require('child_process').exec(x);").as_bytes())]);
        let found = chunks(Some(&old), &new);
        assert_eq!(found.chunks.len(), 1);
        let wanted = all("require('child_process').exec(x)");
        assert!(found.chunks[0].tokens.windows(wanted.len()).any(|part| part == wanted));
    }

    #[test]
    fn a_chunk_does_not_depend_on_what_lies_beside_it() {
        let evil: (&str, &[u8]) = ("setup.py", b"import os\nos.system('x')\n");
        let alone = chunks(None, &contents(&[evil])).chunks.remove(0);
        let padding: Vec<(String, String)> =
            (0..400).map(|n| (format!("pad{n}.py"), "def f():\n    return 1\n".repeat(50))).collect();
        let mut files: Vec<(&str, &[u8])> = padding.iter().map(|(p, t)| (p.as_str(), t.as_bytes())).collect();
        files.push(evil);
        let found = chunks(None, &contents(&files));
        assert_eq!((&found.chunks[0], found.chunks.len()), (&alone, MAX_CHUNKS));
        assert!(found.left_out > 100, "{}", found.left_out);
    }

    #[test]
    fn of_a_file_without_end_both_ends_are_read() {
        let line = format!("first({}last", "a+".repeat(2 * FILE_BYTES));
        let found = chunks(None, &contents(&[("a.js", line.as_bytes())]));
        assert_eq!((found.chunks.len(), found.left_out), (FILE_CHUNKS, 1));
        assert_eq!(found.chunks[0].tokens[..2], all("first("));
        let last = found.chunks.last().unwrap();
        assert_eq!((last.tokens[last.tokens.len() - 2], last.last_line), (all("last")[0], 1));
    }

    #[test]
    fn a_byte_of_another_encoding_hides_nothing() {
        let old = contents(&[("a.py", b"x = 1\n")]);
        let found = chunks(Some(&old), &contents(&[("a.py", b"x = 1 # \xe9\nimport os\n")]));
        assert!(found.chunks[0].tokens.ends_with(&all("import os\n")));
        let found = chunks(None, &contents(&[("a.js", b"/* \0 */\nrun()\n")]));
        assert!(found.chunks[0].tokens.ends_with(&all("run()\n")));
        assert!(chunks(None, &contents(&[("a.png", b"\x89PNG\0\0")])).chunks.is_empty());
    }

    proptest! {
        #[test]
        fn chunks_are_bounded_and_in_order(text in "[a-z(){};'\" \n]{0,3000}", old in "[a-z\n]{0,200}") {
            let new = contents(&[("a.js", text.as_bytes())]);
            for old in [None, Some(contents(&[("a.js", old.as_bytes())]))] {
                let found = chunks(old.as_ref(), &new);
                for chunk in &found.chunks {
                    prop_assert!((1..=CHUNK_TOKENS).contains(&chunk.tokens.len()));
                    prop_assert!(1 <= chunk.first_line && chunk.first_line <= chunk.last_line);
                }
                prop_assert!(found.chunks.windows(2).all(|pair| pair[0].last_line <= pair[1].first_line));
            }
        }
    }
}
