//! The file of allowed signers (ssh-keygen(1), ALLOWED SIGNERS): who may sign with which key, for what, and when.

use super::{
    MOST_LIST, Revoked,
    certificate::Certificate,
    key::Key,
    patterns::match_list,
    signature::{By, Signature},
    time,
};
use crate::{
    Error,
    commit::{Committer, Rejection, Signer, object::Signed},
    file,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use std::path::Path;

const PURPOSE: &str = "git";

#[derive(Debug)]
pub struct AllowedSigners {
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    principals: String,
    key: Key,
    is: Is,
    purposes: Option<String>,
    valid_after: Option<DateTime<Utc>>,
    valid_before: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    Signer,
    /// Its certificates are taken, its own signatures are not.
    Authority,
}

impl AllowedSigners {
    /// `name` is for messages. A line that cannot be read is an error: who writes it wants it heeded. One with a key of a
    /// kind that is not known is passed over, since it admits nobody.
    ///
    /// # Errors
    /// [`Error::BadSigners`].
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let bad = |line: usize, cause: &str| Error::BadSigners { name: name.to_owned(), line, cause: cause.to_owned() };
        if bytes.len() > MOST_LIST {
            return Err(bad(1, "the file is too large"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| bad(1, "the file is not UTF-8"))?;
        let mut lines = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                lines.extend(Line::read(line).map_err(|cause| bad(number + 1, cause))?);
            }
        }
        Ok(Self { lines })
    }

    /// # Errors
    /// As [`Self::read`], and when the file cannot be read.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        Self::read(&path.display().to_string(), &file::read(path, MOST_LIST)?)
    }

    /// 1. A signature for git, 2. by a key that is listed and not revoked, 3. over these bytes, 4. at a time when the line
    ///    admits it; and of a certificate, that it holds.
    pub(in crate::commit) fn verify(
        &self,
        signed: &Signed,
        armored: &[u8],
        revoked: &Revoked,
    ) -> Result<(Signer, Committer), Rejection> {
        let signature = Signature::read(armored)?;
        if signature.purpose != PURPOSE.as_bytes() {
            let found = String::from_utf8_lossy(&signature.purpose).into_owned();
            return Err(Rejection::OtherPurpose { found: found.into() });
        }
        let lines = self.of(&signature.signer)?;
        signature.verify(&signed.payload)?;
        revoked.check(&signature.signer)?;
        let at = signed.committer.at;
        let authority = match &signature.signer {
            By::Key(_) => None,
            By::Certificate(certificate) => {
                certificate.check(at)?;
                Some(certificate.authority.name())
            }
        };
        let mut admitted = admitted(&lines, &signature.signer, at)?;
        let own = admitted.iter().position(|principals| match_list(&signed.committer.address, principals));
        let committer = if own.is_some() { Committer::IsSigner } else { Committer::IsAnother };
        let principals = admitted.swap_remove(own.unwrap_or_default());
        Ok((Signer::Ssh { principals, key: signature.signer.key().name(), authority }, committer))
    }

    /// The lines with the signer's key, or its authority's.
    fn of(&self, signer: &By) -> Result<Vec<&Line>, Rejection> {
        let (key, is) = match signer {
            By::Key(key) => (key, Is::Signer),
            By::Certificate(certificate) => (&certificate.authority, Is::Authority),
        };
        let lines: Vec<_> = self.lines.iter().filter(|line| line.is == is && line.key == *key).collect();
        if lines.is_empty() { Err(Rejection::UnknownKey { key: key.name().into() }) } else { Ok(lines) }
    }
}

/// Who signed, by each line that admits it, of which there is one at least; else why the last one does not.
fn admitted(lines: &[&Line], signer: &By, at: DateTime<Utc>) -> Result<Vec<String>, Rejection> {
    let mut admitted = Vec::new();
    let mut reason = Rejection::UnknownKey { key: signer.key().name().into() };
    for line in lines {
        match line.admits(signer, at) {
            Ok(principals) => admitted.push(principals),
            Err(other) => reason = other,
        }
    }
    if admitted.is_empty() { Err(reason) } else { Ok(admitted) }
}

impl Line {
    /// `None`: the key is of a kind that is not known.
    fn read(line: &str) -> Result<Option<Self>, &'static str> {
        let (principals, rest) = principals(line)?;
        let mut found = Options::default();
        let mut rest = rest.trim_start();
        if !is_kind(first_word(rest)) {
            let (options, after) = split_options(rest)?;
            found = Options::read(&options)?;
            rest = after.trim_start();
        }
        let mut words = rest.split_ascii_whitespace();
        let (kind, base64) = words.next().zip(words.next()).ok_or("it has no key")?;
        if !is_kind(kind) {
            return Err("it has no key of a kind that is known, nor options that are");
        }
        let blob = STANDARD.decode(base64).map_err(|_| "its key is not base64")?;
        let key = match Key::read(&blob) {
            Ok(key) => key,
            Err(Rejection::Unsupported(_)) => return Ok(None),
            Err(_) => return Err("its key cannot be read"),
        };
        if !key.is_called(kind) {
            return Err("its key is of another kind than it says");
        }
        let Options { is, purposes, valid_after, valid_before } = found;
        Ok(Some(Self { principals, key, is: is.unwrap_or(Is::Signer), purposes, valid_after, valid_before }))
    }

    /// Who may sign by this line: its principals, or those of the certificate that it takes.
    fn admits(&self, signer: &By, at: DateTime<Utc>) -> Result<String, Rejection> {
        let key = || self.key.name();
        if self.purposes.as_ref().is_some_and(|purposes| !match_list(PURPOSE, purposes)) {
            return Err(Rejection::NotForSigning { key: key() });
        }
        match (self.valid_after, self.valid_before) {
            (Some(from), _) if at < from => return Err(Rejection::KeyNotYetValid { key: key(), from }),
            (_, Some(until)) if at > until => return Err(Rejection::KeyExpired { key: key(), at: until }),
            _ => {}
        }
        match signer {
            By::Key(_) => Ok(self.principals.clone()),
            By::Certificate(certificate) => self.named(certificate),
        }
    }

    fn named(&self, certificate: &Certificate) -> Result<String, Rejection> {
        // A comma would make two of one, and a star many; control characters could rewrite a terminal.
        let plain = |name: &&String| !name.contains(['*', '?', ',', '!']) && !name.contains(char::is_control);
        let names = certificate.principals.iter().filter(plain).filter(|name| match_list(name, &self.principals));
        let names: Vec<&str> = names.map(String::as_str).collect();
        if names.is_empty() {
            return Err(Rejection::UnknownKey { key: certificate.key.name().into() });
        }
        Ok(names.join(","))
    }
}

#[derive(Default)]
struct Options {
    is: Option<Is>,
    purposes: Option<String>,
    valid_after: Option<DateTime<Utc>>,
    valid_before: Option<DateTime<Utc>>,
}

impl Options {
    fn read(options: &[String]) -> Result<Self, &'static str> {
        let mut found = Self::default();
        for option in options {
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, Some(unquoted(value)?)),
                None => (option.as_str(), None),
            };
            match (name.to_ascii_lowercase().as_str(), value) {
                ("cert-authority", None) => once(&mut found.is, Is::Authority)?,
                ("namespaces", Some(value)) => once(&mut found.purposes, value.to_owned())?,
                ("valid-after", Some(value)) => once(&mut found.valid_after, moment(value)?)?,
                ("valid-before", Some(value)) => once(&mut found.valid_before, moment(value)?)?,
                _ => return Err("an option of it is not known"),
            }
        }
        Ok(found)
    }
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), &'static str> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err("an option of it occurs twice"),
    }
}

fn moment(text: &str) -> Result<DateTime<Utc>, &'static str> {
    time::parse(text).ok_or("a time of it is not YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with or without Z")
}

/// The first field; in quotes it may hold spaces.
fn principals(line: &str) -> Result<(String, &str), &'static str> {
    let (found, rest) = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or("its principals' quote does not end")?,
        None => line.split_once([' ', '\t']).ok_or("it holds principals alone")?,
    };
    if found.is_empty() { Err("it names no principal") } else { Ok((found.to_owned(), rest)) }
}

/// The options, separated by commas outside of quotes, and what follows them.
fn split_options(text: &str) -> Result<(Vec<String>, &str), &'static str> {
    let (mut options, mut option, mut quoted) = (Vec::new(), String::new(), false);
    for (at, character) in text.char_indices() {
        match character {
            ' ' | '\t' if !quoted => {
                options.push(option);
                return Ok((options, &text[at..]));
            }
            ',' if !quoted => options.push(std::mem::take(&mut option)),
            other => {
                quoted ^= other == '"';
                option.push(other);
            }
        }
    }
    Err("it has no key")
}

fn unquoted(value: &str) -> Result<&str, &'static str> {
    let inside = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    inside.filter(|inside| !inside.contains(['"', '\\'])).ok_or("the value of an option stands in no quotes")
}

fn first_word(text: &str) -> &str {
    text.split_ascii_whitespace().next().unwrap_or_default()
}

fn is_kind(word: &str) -> bool {
    ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|start| word.starts_with(start))
}
