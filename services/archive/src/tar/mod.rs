//! tar: ustar, pax, GNU and v7 headers, read in one pass.

mod header;
mod pax;
#[cfg(test)]
mod tests;

use crate::{
    Contents, Irregularity, Limits,
    assembly::{Assembly, LinkKind},
    budget::Budget,
    gunzip::{Gunzip, Source},
    name,
};
use header::{BLOCK, Header, Kind};
use pax::Overrides;

/// Longest extension record that is kept (pax header, GNU long name).
const EXTENSION_BYTES: u64 = 1 << 20;
/// Room that is made at a time for a file's content.
const STEP: usize = 1 << 20;

pub(crate) fn read_gzip(bytes: &[u8], limits: &Limits) -> Contents {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let read = |gunzip: Gunzip| Reader::new(Source::Gzip(Box::new(gunzip)), limits).read();
        let contents = read(Gunzip::new(bytes));
        let broke = |i: &Irregularity| matches!(i, Irregularity::Corrupt { .. } | Irregularity::Truncated { .. });
        return if contents.irregularities.iter().any(broke) { read(Gunzip::exact(bytes)) } else { contents };
    }
    let mut reader = Reader::new(Source::Plain(bytes), limits);
    // Installers unpack a bare tar under a .tgz name, so it must be looked into all the same.
    let tar = bytes.get(..BLOCK).is_some_and(|b| Header::parse(b).is_ok());
    reader.assembly.note(if tar {
        lie("", "compression", "gzip", "none")
    } else {
        Irregularity::NotAnArchive { why: "it does not begin with the gzip signature".to_owned() }
    });
    if tar { reader.read() } else { reader.assembly.finish() }
}

pub(crate) fn read_plain(bytes: &[u8], limits: &Limits) -> Contents {
    Reader::new(Source::Plain(bytes), limits).read()
}

struct Reader<'a> {
    source: Source<'a>,
    budget: Budget,
    assembly: Assembly<'a>,
    /// pax records for every following entry.
    global: Overrides,
}

impl<'a> Reader<'a> {
    fn new(source: Source<'a>, limits: &'a Limits) -> Self {
        Self { source, budget: Budget::new(limits), assembly: Assembly::new(limits), global: Overrides::default() }
    }

    fn read(mut self) -> Contents {
        if let Err(irregularity) = self.read_entries() {
            self.assembly.note(irregularity);
        }
        let trailing = self.source.trailing();
        if trailing > 0 {
            self.assembly.note(Irregularity::TrailingData { bytes: trailing });
        }
        self.assembly.finish()
    }

    fn read_entries(&mut self) -> Result<(), Irregularity> {
        let mut own = Overrides::default();
        let mut ended_at = None;
        while let Some(block) = self.block()? {
            if block.iter().all(|b| *b == 0) {
                // Some unpackers stop at the first empty block, some at the second, some not at all.
                ended_at.get_or_insert(self.budget.unpacked);
                continue;
            }
            if let Some(at) = ended_at.take() {
                self.assembly.note(Irregularity::TrailingData { bytes: self.budget.unpacked - at });
            }
            let header = Header::parse(&block)
                .map_err(|why| Irregularity::Corrupt { at: self.budget.unpacked, why: why.to_owned() })?;
            if let Some(extension) = self.extension(&header)? {
                match extension {
                    Extension::Own(records) => own.extend(records),
                    Extension::Global(records) => self.global.extend(records),
                }
                continue;
            }
            self.entry(&header, std::mem::take(&mut own))?;
        }
        Ok(())
    }

    /// One block; `None` at the end of the stream.
    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, Irregularity> {
        let mut block = [0; BLOCK];
        match self.source.fill(&mut block, &mut self.budget)? {
            0 => Ok(None),
            BLOCK => Ok(Some(block)),
            // The rest of a block of zeros cut short is no loss.
            n if block.iter().take(n).all(|b| *b == 0) => Ok(None),
            _ => Err(Irregularity::Truncated { at: self.budget.unpacked }),
        }
    }

    /// Reads the body of an entry that says something about the next one.
    fn extension(&mut self, header: &Header) -> Result<Option<Extension>, Irregularity> {
        if !matches!(header.kind, Kind::PaxGlobal | Kind::Pax | Kind::LongName | Kind::LongLink) {
            return Ok(None);
        }
        self.assembly.count_entry()?;
        if header.size > EXTENSION_BYTES {
            return Err(Irregularity::Corrupt {
                at: self.budget.unpacked,
                why: "an extension header over 1 MiB".into(),
            });
        }
        let (body, _) = self.body(header.size, EXTENSION_BYTES)?;
        let parse = |body: &[u8]| {
            pax::parse(body).map_err(|why| Irregularity::Corrupt { at: self.budget.unpacked, why: why.to_owned() })
        };
        Ok(Some(match header.kind {
            Kind::PaxGlobal => Extension::Global(parse(&body)?),
            Kind::Pax => Extension::Own(parse(&body)?),
            Kind::LongName => Extension::Own(Overrides { long_name: Some(until_nul(body)), ..Overrides::default() }),
            _ => Extension::Own(Overrides { link: Some(until_nul(body)), ..Overrides::default() }),
        }))
    }

    fn entry(&mut self, header: &Header, own: Overrides) -> Result<(), Irregularity> {
        let entry = self.assembly.count_entry()?;
        let raw = self.raw_name(header, &own);
        let shown = name::shown(&raw);
        let name = self.assembly.name(&raw, entry);
        if own.sparse || header.kind == Kind::Sparse {
            self.assembly.note(Irregularity::UnknownCompression { path: shown.clone(), method: "sparse file".into() });
        }
        if header.kind == Kind::Sparse && header.sparse_continues {
            self.skip_sparse_maps()?;
        }
        let is_folder = header.kind == Kind::Folder || name.as_ref().is_some_and(|n| n.is_folder);
        let size = self.size(header, &own, is_folder, &shown);
        let (content, found) = self.body(size, if name.is_some() { self.assembly.limits.file_bytes } else { 0 })?;

        let Some(name) = name.filter(|_| !is_folder) else { return Ok(()) };
        match header.kind {
            Kind::File | Kind::Sparse => self.assembly.file(name.path, found, content, header.executable),
            Kind::Symlink | Kind::Hardlink => {
                let target = own.link.or_else(|| self.global.link.clone()).unwrap_or_else(|| header.link.clone());
                let kind = if header.kind == Kind::Symlink { LinkKind::Symbolic } else { LinkKind::Hard };
                self.assembly.link(name.path, &target, kind);
            }
            kind => self.assembly.note(Irregularity::Device { path: name.path, kind: kind.describe() }),
        }
        if found < size {
            return Err(Irregularity::Truncated { at: self.budget.unpacked });
        }
        Ok(())
    }

    /// The name that counts: pax over GNU over the header. Two that disagree show two readers two files.
    fn raw_name(&mut self, header: &Header, own: &Overrides) -> Vec<u8> {
        if let (Some(pax), Some(gnu)) = (&own.path, &own.long_name)
            && pax != gnu
        {
            self.assembly.note(lie(&name::shown(pax), "name", &name::shown(gnu), &name::shown(pax)));
        }
        if let Some(global) = &self.global.path {
            self.assembly.note(lie(&name::shown(global), "name of every entry", "", &name::shown(global)));
        }
        own.path
            .clone()
            .or_else(|| own.long_name.clone())
            .or_else(|| self.global.path.clone())
            .unwrap_or_else(|| header.name.clone())
    }

    /// The bytes that follow the header. A pax size that differs from the header's moves the next header for
    /// one reader and not for another (CVE-2025-62518); so does a folder or link that states a size.
    fn size(&mut self, header: &Header, own: &Overrides, is_folder: bool, shown: &str) -> u64 {
        let stated = own.size.or(self.global.size).unwrap_or(header.size);
        if stated != header.size {
            self.assembly.note(lie(shown, "size", &header.size.to_string(), &stated.to_string()));
        }
        let has_body = matches!(header.kind, Kind::File | Kind::Sparse | Kind::Other(_)) && !is_folder;
        if !has_body && stated != 0 {
            self.assembly.note(lie(shown, "size of an entry without content", &stated.to_string(), "0"));
        }
        if has_body { stated } else { 0 }
    }

    /// Reads `size` bytes and their padding; keeps them when they are at most `keep`.
    fn body(&mut self, size: u64, keep: u64) -> Result<(Vec<u8>, u64), Irregularity> {
        let mut content = Vec::new();
        let found = if size <= keep { self.keep(size, &mut content)? } else { self.skip(size)? };
        if found == size {
            self.skip((BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64)?;
        }
        Ok((content, found))
    }

    /// Room is made as bytes arrive: a header may state any size.
    fn keep(&mut self, size: u64, content: &mut Vec<u8>) -> Result<u64, Irregularity> {
        while (content.len() as u64) < size {
            let before = content.len();
            let step = usize::try_from(size).unwrap_or(usize::MAX).saturating_sub(before).min(STEP);
            content.reserve_exact(step);
            content.resize(before + step, 0);
            let read = self.source.fill(&mut content[before..], &mut self.budget)?;
            content.truncate(before + read);
            if read < step {
                break;
            }
        }
        Ok(content.len() as u64)
    }

    fn skip(&mut self, size: u64) -> Result<u64, Irregularity> {
        let mut block = [0; BLOCK];
        let mut skipped = 0;
        while skipped < size {
            let want = usize::try_from(size - skipped).unwrap_or(usize::MAX).min(BLOCK);
            let read = self.source.fill(&mut block[..want], &mut self.budget)?;
            skipped += read as u64;
            if read < want {
                break;
            }
        }
        Ok(skipped)
    }

    /// GNU sparse maps that do not fit the header follow it in blocks of their own.
    fn skip_sparse_maps(&mut self) -> Result<(), Irregularity> {
        while let Some(block) = self.block()? {
            if block[504] == 0 {
                break;
            }
        }
        Ok(())
    }
}

enum Extension {
    Own(Overrides),
    Global(Overrides),
}

fn until_nul(mut body: Vec<u8>) -> Vec<u8> {
    if let Some(end) = body.iter().position(|b| *b == 0) {
        body.truncate(end);
    }
    body
}

fn lie(path: &str, what: &str, stated: &str, found: &str) -> Irregularity {
    Irregularity::LyingHeader { path: path.into(), what: what.into(), stated: stated.into(), found: found.into() }
}
