//! A commit or tag, taken apart into what was signed and the signature.
//!
//! The signature stands within the object, and what surrounds it is not signed: whoever hands the object out may move it.
//! So git must read the same out of the object as out of what was signed. Git reads a commit's head by position (tree, then
//! parents, then author and committer); a signature that is put between tree and parents would hide the parents, and yet
//! hold. Here it may stand after the committer alone.

use super::Rejection;
use aws_lc_rs::digest;
use chrono::{DateTime, Utc};

/// Largest object, in bytes. A commit takes some hundred, one that merges signed tags some kilobytes.
pub const MOST_OBJECT: usize = 4 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Commit,
    Tag,
}

/// An object as a repository holds it.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a> {
    pub kind: Kind,
    /// In hexadecimal, by which it was asked for.
    pub id: &'a str,
    pub bytes: &'a [u8],
    /// The name of the reference by which a tag was found, without `refs/tags/`. A tag names itself, and must be called so.
    pub name: Option<&'a str>,
}

/// What was signed, by whom it says it was committed or tagged, and the signature in its armor.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) payload: Vec<u8>,
    pub(super) signature: Option<Vec<u8>>,
    pub(super) committer: Person,
}

#[derive(Debug)]
pub(super) struct Person {
    pub(super) address: String,
    pub(super) at: DateTime<Utc>,
}

/// Signatures of an object's two forms: in a repository of SHA-1 ids the first is over this form, else the second.
const HEADERS: [&[u8]; 2] = [b"gpgsig", b"gpgsig-sha256"];

/// What begins a signature at the end of a tag.
const MARKS: [&[u8]; 4] = [
    b"-----BEGIN PGP SIGNATURE-----",
    b"-----BEGIN PGP MESSAGE-----",
    b"-----BEGIN SSH SIGNATURE-----",
    b"-----BEGIN SIGNED MESSAGE-----",
];

impl Raw<'_> {
    pub(super) fn open(&self) -> Result<Signed, Rejection> {
        if self.bytes.len() > MOST_OBJECT {
            return Err(Rejection::TooLarge { most: MOST_OBJECT });
        }
        self.check_id()?;
        let head = Head::read(self.bytes)?;
        match self.kind {
            Kind::Commit => self.commit(&head),
            Kind::Tag => self.tag(&head),
        }
    }

    /// A repository's files may hold anything under an id.
    fn check_id(&self) -> Result<(), Rejection> {
        let kind = match self.kind {
            Kind::Commit => "commit",
            Kind::Tag => "tag",
        };
        let start = format!("{kind} {}\0", self.bytes.len());
        let found = if self.is_sha256() {
            let mut context = digest::Context::new(&digest::SHA256);
            context.update(start.as_bytes());
            context.update(self.bytes);
            hex::encode(context.finish())
        } else {
            let mut hasher = sha1dc::Hasher::new();
            hasher.update(start.as_bytes());
            hasher.update(self.bytes);
            hex::encode(hasher.finalize().map_err(|_| Rejection::Collision)?)
        };
        if found == self.id { Ok(()) } else { Err(Rejection::OtherObject { found }) }
    }

    fn is_sha256(&self) -> bool {
        self.id.len() == 64
    }

    fn commit(&self, head: &Head<'_>) -> Result<Signed, Rejection> {
        let mut names = head.fields.iter().map(|field| field.name).peekable();
        let mut next = |name: &[u8]| names.next_if(|found| *found == name).is_some();
        let tree = next(b"tree");
        while next(b"parent") {}
        if !(tree && next(b"author") && next(b"committer")) {
            return Err(malformed("a commit begins with tree, parents, author and committer"));
        }
        if names.any(|name| [&b"tree"[..], b"parent", b"author", b"committer"].contains(&name)) {
            return Err(malformed("a commit has one tree, one author and one committer"));
        }
        let [one, other] = HEADERS.map(|name| head.only(name));
        let (one, other) = (one?, other?);
        let (own, foreign) = if self.is_sha256() { (other, one) } else { (one, other) };
        if own.is_none() && foreign.is_some() {
            return Err(Rejection::OtherForm);
        }
        Ok(Signed {
            payload: head.without_signatures(),
            signature: own.map(Field::unfolded),
            committer: head.person(b"committer")?,
        })
    }

    fn tag(&self, head: &Head<'_>) -> Result<Signed, Rejection> {
        let names: Vec<_> = head.fields.iter().map(|field| field.name).collect();
        if !names.starts_with(&[b"object", b"type", b"tag", b"tagger"]) {
            return Err(malformed("a tag begins with object, type, tag and tagger"));
        }
        for name in HEADERS.into_iter().chain([&b"object"[..], b"type", b"tag", b"tagger"]) {
            head.only(name)?;
        }
        let called = head.fields[2].value;
        if self.name.is_some_and(|name| name.as_bytes() != called) {
            return Err(Rejection::OtherName { found: String::from_utf8_lossy(called).into_owned().into() });
        }
        let payload = head.without_signatures();
        let body = payload.len() - head.body.len();
        let marked = lines(&payload[body..]).filter(|(_, line)| MARKS.iter().any(|mark| line.starts_with(mark)));
        let marked: Vec<usize> = marked.map(|(at, _)| body + at).collect();
        let (payload, signature) = match marked.as_slice() {
            [] => (payload, None),
            [at] => (payload[..*at].to_vec(), Some(payload[*at..].to_vec())),
            _ => return Err(Rejection::SignedTwice),
        };
        Ok(Signed { payload, signature, committer: head.person(b"tagger")? })
    }
}

/// The fields before the first empty line, and what follows it.
struct Head<'a> {
    fields: Vec<Field<'a>>,
    /// With the empty line.
    body: &'a [u8],
}

#[derive(Clone, Copy)]
struct Field<'a> {
    name: &'a [u8],
    /// As it stands, with the lines that continue it; without the last line's end.
    value: &'a [u8],
    /// The field whole, with its line's end.
    whole: &'a [u8],
}

impl<'a> Head<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Rejection> {
        let mut fields: Vec<Field<'a>> = Vec::new();
        let mut begins = 0;
        for (at, line) in lines(bytes) {
            if line.contains(&0) {
                return Err(malformed("its head holds a NUL"));
            }
            if line.starts_with(b" ") {
                let field = fields.last_mut().ok_or_else(|| malformed("it begins with a continued line"))?;
                let end = at + line.len();
                field.value = &bytes[begins + field.name.len() + 1..end];
                field.whole = bytes.get(begins..=end).ok_or_else(|| malformed("its head does not end"))?;
                continue;
            }
            if line.is_empty() {
                return Ok(Self { fields, body: &bytes[at..] });
            }
            let space = line.iter().position(|byte| *byte == b' ');
            let space = space.ok_or_else(|| malformed("a line of its head has no value"))?;
            let whole = bytes.get(at..=at + line.len()).ok_or_else(|| malformed("its head does not end"))?;
            fields.push(Field { name: &line[..space], value: &line[space + 1..], whole });
            begins = at;
        }
        Err(malformed("its head does not end"))
    }

    fn only(&self, name: &[u8]) -> Result<Option<Field<'a>>, Rejection> {
        let mut found = self.fields.iter().filter(|field| field.name == name);
        let first = found.next().copied();
        match found.next() {
            Some(_) if HEADERS.contains(&name) => Err(Rejection::SignedTwice),
            Some(_) => Err(malformed("a line of its head occurs twice")),
            None => Ok(first),
        }
    }

    fn without_signatures(&self) -> Vec<u8> {
        let kept = self.fields.iter().filter(|field| !HEADERS.contains(&field.name)).map(|field| field.whole);
        kept.chain([self.body]).collect::<Vec<_>>().concat()
    }

    /// `Name <address> seconds +zone`. More than one pair of brackets could be read in two ways.
    fn person(&self, name: &[u8]) -> Result<Person, Rejection> {
        let bad = || malformed("it does not say who made it and when");
        let value = self.only(name)?.ok_or_else(bad)?.value;
        let text = String::from_utf8_lossy(value);
        let (_, rest) = text.split_once('<').ok_or_else(bad)?;
        let (address, when) = rest.split_once('>').ok_or_else(bad)?;
        if rest.contains('<') || when.contains('>') || text.contains('\n') {
            return Err(bad());
        }
        let mut when = when.split(' ').skip(1);
        let seconds = when.next().and_then(|seconds| seconds.parse().ok()).ok_or_else(bad)?;
        let at = DateTime::from_timestamp(seconds, 0).ok_or_else(bad)?;
        if when.next().is_none() || when.next().is_some() {
            return Err(bad());
        }
        Ok(Person { address: address.to_owned(), at })
    }
}

impl Field<'_> {
    /// The value as it was before each of its lines but the first got a space.
    fn unfolded(self) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.value.len());
        for (number, line) in self.value.split(|byte| *byte == b'\n').enumerate() {
            text.extend_from_slice(if number == 0 { line } else { line.get(1..).unwrap_or_default() });
            text.push(b'\n');
        }
        text
    }
}

/// Each line without its end, and where it begins.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    bytes.split(|byte| *byte == b'\n').map(move |line| {
        let begins = at;
        at += line.len() + 1;
        (begins, line)
    })
}

fn malformed(why: &str) -> Rejection {
    Rejection::Malformed(why.to_owned().into())
}
