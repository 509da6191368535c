//! The texts that detection compares with: the licences and exceptions of the `spdx` crate, mended.
//!
//! Three things need mending. Apache-2.0 is nearly always shipped without its appendix and then resembles
//! Pixar's modification of it more than its own full text. Texts that stand on one line with a copyright notice
//! come out empty and would never match. And the crate breaks ties by the order of a hash map, while evidence
//! must not change from one run to the next.

use spdx::detection::{LicenseEntry, LicenseType, Store, TextData};
use std::sync::OnceLock;

/// Licences whose stored text is empty because their one paragraph carries a copyright notice.
const ONE_LINE: [&str; 5] = ["AdaCore-doc", "FSFAP", "swrule", "TermReadKey", "Unlicense-libtelnet"];

/// Of texts that match equally well, the first here wins, then the first by name.
const PREFERRED: [&str; 8] =
    ["MIT", "Apache-2.0", "BSD-3-Clause", "BSD-2-Clause", "ISC", "GPL-2.0-or-later", "GPL-3.0-or-later", "MPL-2.0"];

/// How a text matched best.
#[derive(Debug)]
pub(super) struct Best<'a> {
    /// The crate's name of the text; several ids may share it.
    pub(super) name: &'a str,
    /// Dice coefficient of word pairs, 0 to 1.
    pub(super) score: f32,
    pub(super) kind: LicenseType,
    pub(super) text: &'a TextData,
}

/// The catalogue: licences in the order in which ties are decided.
pub(super) struct Catalogue {
    licenses: Vec<(String, LicenseEntry)>,
}

impl Catalogue {
    /// Unpacked on first use (0.1 s in a release build), then shared.
    pub(super) fn shared() -> &'static Self {
        static SHARED: OnceLock<Catalogue> = OnceLock::new();
        SHARED.get_or_init(Self::load)
    }

    fn load() -> Self {
        let store = Store::load_inline().expect("the licence texts are part of the binary");
        let mut licenses: Vec<_> = store.iter().map(|(name, entry)| (name.clone(), copy(entry))).collect();
        licenses.retain(|(name, _)| !ONE_LINE.contains(&name.as_str()));
        licenses.extend(ONE_LINE.iter().map(|name| ((*name).to_owned(), LicenseEntry::new(one_line(name)))));
        licenses.extend(spdx::text::EXCEPTION_TEXTS.iter().map(|(name, text)| {
            let text = TextData::new(&format!("\n{text}")).without_text();
            ((*name).to_owned(), LicenseEntry::new(text))
        }));
        for (name, entry) in &mut licenses {
            entry.alternates.extend(variants(name).map(|text| TextData::new(&text).without_text()));
        }
        licenses.sort_by_key(|(name, _)| (rank(name), name.clone()));
        Self { licenses }
    }

    /// Whether SPDX gives both ids one text, so that a text cannot tell them apart.
    pub(super) fn share_a_text(&self, a: &str, b: &str) -> bool {
        let has =
            |name: &str, entry: &LicenseEntry, id: &str| name == id || entry.aliases.iter().any(|alias| alias == id);
        a == b || self.licenses.iter().any(|(name, entry)| has(name, entry, a) && has(name, entry, b))
    }

    /// The text nearest to `text`.
    pub(super) fn best(&self, text: &TextData) -> Best<'_> {
        let all = self.licenses.iter().flat_map(|(name, entry)| {
            let own = std::iter::once((LicenseType::Original, &entry.original));
            let others = entry.alternates.iter().map(|t| (LicenseType::Alternate, t));
            let headers = entry.headers.iter().map(|t| (LicenseType::Header, t));
            own.chain(others).chain(headers).map(move |(kind, data)| (name.as_str(), kind, data))
        });
        let scored = all.map(|(name, kind, data)| Best { name, score: data.match_score(text), kind, text: data });
        // `max_by` takes the last of equals, and the first is wanted.
        scored
            .reduce(|best, other| if other.score > best.score { other } else { best })
            .expect("the catalogue holds texts")
    }
}

fn copy(entry: &LicenseEntry) -> LicenseEntry {
    LicenseEntry {
        original: entry.original.clone(),
        aliases: entry.aliases.clone(),
        headers: entry.headers.clone(),
        alternates: entry.alternates.clone(),
    }
}

fn rank(name: &str) -> usize {
    PREFERRED.iter().position(|p| *p == name).unwrap_or(PREFERRED.len())
}

/// A leading blank line keeps the crate from taking the text's only line for a copyright notice.
fn one_line(name: &str) -> TextData {
    TextData::new(&format!("\n{}", listed_text(name))).without_text()
}

fn listed_text(name: &str) -> &'static str {
    spdx::license_id(name).expect("the name is on the SPDX list").text()
}

/// Forms in which a licence is shipped besides SPDX's own.
fn variants(name: &str) -> impl Iterator<Item = String> {
    let apache = (name == "Apache-2.0").then(|| {
        let text = listed_text(name);
        text.find("END OF TERMS AND CONDITIONS").map_or(text, |end| &text[..end]).to_owned()
    });
    apache.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apache_without_its_appendix_is_apache_and_pixar_stays_pixar() {
        let catalogue = Catalogue::shared();
        let apache = listed_text("Apache-2.0");
        let bare = &apache[..apache.find("END OF TERMS").unwrap()];
        assert_eq!(catalogue.best(&TextData::new(bare)).name, "Apache-2.0");
        assert_eq!(catalogue.best(&TextData::new(listed_text("Pixar"))).name, "Pixar");
    }

    #[test]
    fn texts_on_one_line_are_found() {
        for name in ONE_LINE {
            let best = Catalogue::shared().best(&TextData::new(&format!("\n{}", listed_text(name))));
            assert_eq!((best.name, best.score > 0.99), (name, true));
        }
    }
}
