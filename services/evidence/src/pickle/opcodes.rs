//! The opcodes of pickles (CPython's `pickletools`), followed as far as it takes to know what is imported.
//!
//! The machine has a stack and a memo; of what lies on them only short texts matter, because `STACK_GLOBAL` takes the
//! module and the name from there.

use super::facts::{Import, Kind, Reading};
use std::{
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

/// Longest text that may be a module or a name.
const LONGEST: usize = 256;
/// Most imports that are told of one pickle.
const MOST: usize = 50;
/// Opcodes read in one pickle.
const MAX_STEPS: usize = 20_000_000;

/// What a pickle does when it is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) imports: BTreeSet<Import>,
    pub(super) end: Reading,
}

#[derive(Debug, Clone)]
enum Item {
    Mark,
    Text(Rc<str>),
    Other,
}

/// Reads a pickle, and those that follow it at once.
pub(super) fn read(content: &[u8]) -> Program {
    let mut machine = Machine { rest: content, stack: Vec::new(), memo: HashMap::new(), imports: BTreeSet::new() };
    let end = if machine.run().is_some() { Reading::Whole } else { Reading::Broken };
    Program { imports: machine.imports.into_iter().take(MOST).collect(), end }
}

pub(super) fn is_opcode(byte: u8) -> bool {
    b"(.012FILSVJKMNTUXBCGPQRbcio])}ltdaesupqrghj".contains(&byte) || (0x80..=0x98).contains(&byte)
}

struct Machine<'a> {
    rest: &'a [u8],
    stack: Vec<Item>,
    memo: HashMap<u64, Item>,
    imports: BTreeSet<Import>,
}

impl<'a> Machine<'a> {
    /// `None` when what comes is no pickle.
    fn run(&mut self) -> Option<()> {
        for _ in 0..MAX_STEPS {
            let opcode = self.bytes(1)?[0];
            if opcode == b'.' {
                // Older files of PyTorch hold several, one after the other.
                if !super::begins_as_pickle(self.rest) {
                    return Some(());
                }
                (self.stack, self.memo) = (Vec::new(), HashMap::new());
                continue;
            }
            self.step(opcode)?;
        }
        None
    }

    fn step(&mut self, opcode: u8) -> Option<()> {
        match opcode {
            b'(' => self.stack.push(Item::Mark),
            b'0' => drop(self.stack.pop()),
            b'1' => self.pop_to_mark()?,
            b'2' => self.stack.push(self.stack.last()?.clone()),
            // Texts.
            b'S' => {
                let line = self.line()?;
                self.text(line.trim_ascii().trim_ascii_end());
            }
            b'V' => {
                let line = self.line()?;
                self.text(line);
            }
            b'U' | 0x8c => self.counted_text(1)?,
            b'T' | b'X' => self.counted_text(4)?,
            0x8d => self.counted_text(8)?,
            // Bytes and long numbers.
            b'C' | 0x8a => self.counted(1)?,
            b'B' | 0x8b => self.counted(4)?,
            0x8e | 0x96 => self.counted(8)?,
            // Numbers.
            b'F' | b'I' | b'L' | b'P' => {
                self.line()?;
                self.stack.push(Item::Other);
            }
            b'K' => self.plain(1)?,
            b'M' => self.plain(2)?,
            b'J' => self.plain(4)?,
            b'G' => self.plain(8)?,
            b'N' | 0x88 | 0x89 | b']' | b')' | b'}' | 0x8f | 0x97 => self.stack.push(Item::Other),
            // Collections.
            b'l' | b't' | b'd' | 0x91 | b'o' => {
                self.pop_to_mark()?;
                self.stack.push(Item::Other);
            }
            b'e' | b'u' | 0x90 => self.pop_to_mark()?,
            b'a' | b'b' => self.pop(1)?,
            b's' => self.pop(2)?,
            0x85 | b'Q' => self.replace(1)?,
            0x86 | b'R' | 0x81 => self.replace(2)?,
            0x87 | 0x92 => self.replace(3)?,
            // The memo.
            b'p' => {
                let key = self.number_line()?;
                self.remember(key)?;
            }
            b'q' => {
                let key = self.number(1)?;
                self.remember(key)?;
            }
            b'r' => {
                let key = self.number(4)?;
                self.remember(key)?;
            }
            0x94 => self.remember(u64::try_from(self.memo.len()).ok()?)?,
            b'g' => {
                let key = self.number_line()?;
                self.recall(key);
            }
            b'h' => {
                let key = self.number(1)?;
                self.recall(key);
            }
            b'j' => {
                let key = self.number(4)?;
                self.recall(key);
            }
            // Imports.
            b'c' => {
                let (module, name) = (self.name_line()?, self.name_line()?);
                self.import(&module, &name);
                self.stack.push(Item::Other);
            }
            b'i' => {
                let (module, name) = (self.name_line()?, self.name_line()?);
                self.pop_to_mark()?;
                self.import(&module, &name);
                self.stack.push(Item::Other);
            }
            0x93 => self.stack_global()?,
            0x82..=0x84 => {
                // A number that some module has registered for a name.
                let code = self.number(1 << (opcode - 0x82))?;
                self.found(Kind::Hidden, "copyreg", &format!("extension {code}"));
                self.stack.push(Item::Other);
            }
            // Of the format itself.
            0x80 => drop(self.bytes(1)?),
            0x95 => drop(self.bytes(8)?),
            0x98 => {}
            _ => return None,
        }
        Some(())
    }

    fn stack_global(&mut self) -> Option<()> {
        let (name, module) = (self.stack.pop()?, self.stack.pop()?);
        match (&module, &name) {
            (Item::Text(module), Item::Text(name)) if is_name(module) && is_name(name) => self.import(module, name),
            _ => self.found(Kind::Hidden, "", ""),
        }
        self.stack.push(Item::Other);
        Some(())
    }

    fn import(&mut self, module: &str, name: &str) {
        self.found(kind(module, name), module, name);
    }

    fn found(&mut self, kind: Kind, module: &str, name: &str) {
        self.imports.insert(Import { kind, module: module.to_owned(), name: name.to_owned() });
    }

    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(bytes)
    }

    fn line(&mut self) -> Option<&'a [u8]> {
        let end = memchr(self.rest)?;
        let line = self.bytes(end)?;
        self.bytes(1)?;
        Some(line)
    }

    /// A module or a name; what cannot be one shows that this is no pickle.
    fn name_line(&mut self) -> Option<String> {
        let line = std::str::from_utf8(self.line()?).ok()?;
        is_name(line).then(|| line.to_owned())
    }

    /// Little endian.
    fn number(&mut self, width: usize) -> Option<u64> {
        let bytes = self.bytes(width)?;
        Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn number_line(&mut self) -> Option<u64> {
        std::str::from_utf8(self.line()?).ok()?.trim().parse().ok()
    }

    fn text(&mut self, bytes: &[u8]) {
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= LONGEST);
        let text = text.map(|text| text.trim_matches(['\'', '"']));
        self.stack.push(text.map_or(Item::Other, |text| Item::Text(text.into())));
    }

    fn counted_text(&mut self, width: usize) -> Option<()> {
        let length = self.number(width)?;
        let bytes = self.bytes(usize::try_from(length).ok()?)?;
        self.text(bytes);
        Some(())
    }

    fn counted(&mut self, width: usize) -> Option<()> {
        let length = self.number(width)?;
        self.plain(usize::try_from(length).ok()?)
    }

    fn plain(&mut self, width: usize) -> Option<()> {
        self.bytes(width)?;
        self.stack.push(Item::Other);
        Some(())
    }

    fn pop(&mut self, count: usize) -> Option<()> {
        let left = self.stack.len().checked_sub(count)?;
        self.stack.truncate(left);
        Some(())
    }

    fn replace(&mut self, count: usize) -> Option<()> {
        self.pop(count)?;
        self.stack.push(Item::Other);
        Some(())
    }

    fn pop_to_mark(&mut self) -> Option<()> {
        let mark = self.stack.iter().rposition(|item| matches!(item, Item::Mark))?;
        self.stack.truncate(mark);
        Some(())
    }

    fn remember(&mut self, key: u64) -> Option<()> {
        let item = self.stack.last()?.clone();
        self.memo.insert(key, item);
        Some(())
    }

    /// What was never put there would end the loading; here it is something unknown.
    fn recall(&mut self, key: u64) {
        self.stack.push(self.memo.get(&key).cloned().unwrap_or(Item::Other));
    }
}

fn memchr(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == b'\n')
}

/// Dotted identifiers, of any script.
fn is_name(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
    text.len() <= LONGEST && text.split('.').all(part)
}

/// Modules of which any name may run code, start programs, or reach files and the network.
const RUNS_CODE: [&str; 45] = [
    "_posixsubprocess",
    "asyncio",
    "bdb",
    "builtins",
    "__builtin__",
    "cProfile",
    "code",
    "codeop",
    "commands",
    "concurrent",
    "ctypes",
    "_ctypes",
    "dill",
    "distutils",
    "doctest",
    "ensurepip",
    "functools",
    "http",
    "httplib",
    "imp",
    "importlib",
    "io",
    "marshal",
    "multiprocessing",
    "nt",
    "operator",
    "os",
    "pdb",
    "pickle",
    "_pickle",
    "pip",
    "pkgutil",
    "platform",
    "posix",
    "profile",
    "pty",
    "requests",
    "runpy",
    "shutil",
    "signal",
    "smtplib",
    "socket",
    "subprocess",
    "sys",
    "urllib",
];
/// The same, of more rarely met modules.
const RUNS_CODE_TOO: [&str; 13] = [
    "ftplib",
    "idlelib",
    "lib2to3",
    "setuptools",
    "ssl",
    "tempfile",
    "threading",
    "timeit",
    "trace",
    "types",
    "venv",
    "webbrowser",
    "zipimport",
];

/// Names that make plain data.
const BUILTINS: [&str; 15] = [
    "bool",
    "bytearray",
    "bytes",
    "complex",
    "dict",
    "float",
    "frozenset",
    "int",
    "list",
    "object",
    "range",
    "set",
    "slice",
    "str",
    "tuple",
];

/// Names beyond those of the language that make plain data or arrays.
const PLAIN: [(&str, &str); 18] = [
    ("_codecs", "encode"),
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("collections", "Counter"),
    ("collections", "deque"),
    ("copy_reg", "_reconstructor"),
    ("copyreg", "_reconstructor"),
    ("datetime", "date"),
    ("datetime", "datetime"),
    ("datetime", "timedelta"),
    ("decimal", "Decimal"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("uuid", "UUID"),
];

fn kind(module: &str, name: &str) -> Kind {
    let top = module.split('.').next().unwrap_or_default();
    let builtin = matches!(module, "builtins" | "__builtin__") && BUILTINS.contains(&name);
    let storage = module == "torch" && name.ends_with("Storage") && !name.contains('.');
    let rebuilt =
        module == "torch._utils" && matches!(name, "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_parameter");
    if builtin || storage || rebuilt || PLAIN.contains(&(module, name)) {
        Kind::Plain
    } else if RUNS_CODE.contains(&top) || RUNS_CODE_TOO.contains(&top) {
        Kind::RunsCode
    } else {
        Kind::Elsewhere
    }
}
