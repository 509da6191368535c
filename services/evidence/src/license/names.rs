//! What publishers write where an SPDX id is due: "Apache License, Version 2.0", "GPLv3+", "New BSD".
//!
//! A name is compared whole, after its words were brought into one form; never by its beginning, so that
//! "MIT-like, no military use" is not MIT. A name that fits several licences ("BSD") becomes a `LicenseRef-`
//! of its own: it passes no allow list by guess, and a detected text may still say which licence was meant.

/// Words that tell no licence from another.
const NOISE: [&str; 9] = ["the", "a", "license", "licence", "licenses", "licensed", "version", "under", "only"];

/// Long names and what they shorten to; longer ones first.
const SHORTER: [(&str, &str); 20] = [
    ("gnu affero general public", "agpl"),
    ("affero general public", "agpl"),
    ("gnu library or lesser general public", "lgpl"),
    ("gnu lesser general public", "lgpl"),
    ("lesser general public", "lgpl"),
    ("gnu library general public", "lgpl"),
    ("gnu general public", "gpl"),
    ("general public", "gpl"),
    ("gnu agpl", "agpl"),
    ("gnu lgpl", "lgpl"),
    ("gnu gpl", "gpl"),
    ("mozilla public", "mpl"),
    ("eclipse public", "epl"),
    ("european union public", "eupl"),
    ("common development and distribution", "cddl"),
    ("apache software", "apache"),
    ("creative commons attribution", "cc by"),
    ("python software foundation", "psf"),
    ("boost software", "boost"),
    ("berkeley software distribution", "bsd"),
];

/// Names in their one form. `LicenseRef-` on the right: the name fits several licences, or none on the list.
#[rustfmt::skip]
const NAMES: &[(&str, &str)] = &[
    ("mit", "MIT"), ("mit expat", "MIT"), ("expat", "MIT"), ("expat mit", "MIT"), ("mit 0", "MIT-0"),
    ("mit no attribution", "MIT-0"), ("isc", "ISC"), ("isc iscl", "ISC"), ("iscl", "ISC"),
    ("apache 2", "Apache-2.0"), ("asl 2", "Apache-2.0"), ("al 2", "Apache-2.0"), ("apl 2", "Apache-2.0"),
    ("apache 1.1", "Apache-1.1"), ("apache 2 later", "Apache-2.0+"),
    ("bsd 2 clause", "BSD-2-Clause"), ("bsd 2", "BSD-2-Clause"), ("2 clause bsd", "BSD-2-Clause"),
    ("simplified bsd", "BSD-2-Clause"), ("bsd simplified", "BSD-2-Clause"), ("freebsd", "BSD-2-Clause"),
    ("bsd 2 clause simplified", "BSD-2-Clause"),
    ("bsd 3 clause", "BSD-3-Clause"), ("bsd 3", "BSD-3-Clause"), ("3 clause bsd", "BSD-3-Clause"),
    ("new bsd", "BSD-3-Clause"), ("bsd new", "BSD-3-Clause"), ("modified bsd", "BSD-3-Clause"),
    ("revised bsd", "BSD-3-Clause"), ("bsd 3 clause new or revised", "BSD-3-Clause"),
    ("bsd 4 clause", "BSD-4-Clause"), ("4 clause bsd", "BSD-4-Clause"), ("original bsd", "BSD-4-Clause"),
    ("0 bsd", "0BSD"), ("zero clause bsd", "0BSD"), ("bsd zero clause", "0BSD"), ("bsd 0 clause", "0BSD"),
    ("0 clause bsd", "0BSD"),
    ("gpl 1", "GPL-1.0-only"), ("gpl 1 later", "GPL-1.0-or-later"),
    ("gpl 2", "GPL-2.0-only"), ("gpl 2 later", "GPL-2.0-or-later"),
    ("gpl 3", "GPL-3.0-only"), ("gpl 3 later", "GPL-3.0-or-later"),
    ("lgpl 2", "LGPL-2.0-only"), ("lgpl 2 later", "LGPL-2.0-or-later"),
    ("lgpl 2.1", "LGPL-2.1-only"), ("lgpl 2.1 later", "LGPL-2.1-or-later"),
    ("lgpl 3", "LGPL-3.0-only"), ("lgpl 3 later", "LGPL-3.0-or-later"),
    ("agpl 3", "AGPL-3.0-only"), ("agpl 3 later", "AGPL-3.0-or-later"),
    ("mpl 1", "MPL-1.0"), ("mpl 1.1", "MPL-1.1"), ("mpl 2", "MPL-2.0"), ("mpl 2 later", "MPL-2.0+"),
    ("epl 1", "EPL-1.0"), ("epl 2", "EPL-2.0"), ("eupl 1.1", "EUPL-1.1"), ("eupl 1.2", "EUPL-1.2"),
    ("cddl 1", "CDDL-1.0"), ("cddl 1.1", "CDDL-1.1"),
    ("unlicense", "Unlicense"), ("zlib", "Zlib"), ("wtfpl", "WTFPL"), ("wtfpl 2", "WTFPL"),
    ("cc 0", "CC0-1.0"), ("cc 0 1", "CC0-1.0"), ("cc 0 1 universal", "CC0-1.0"), ("cc zero", "CC0-1.0"),
    ("cc by 3", "CC-BY-3.0"), ("cc by 4", "CC-BY-4.0"), ("cc by 4 international", "CC-BY-4.0"),
    ("cc by sa 3", "CC-BY-SA-3.0"), ("cc by sa 4", "CC-BY-SA-4.0"),
    ("boost 1", "BSL-1.0"), ("psf", "PSF-2.0"), ("psf 2", "PSF-2.0"), ("psfl", "PSF-2.0"),
    ("artistic 2", "Artistic-2.0"), ("sil open font 1.1", "OFL-1.1"), ("ofl 1.1", "OFL-1.1"),
    ("postgresql", "PostgreSQL"), ("ncsa", "NCSA"), ("hpnd", "HPND"), ("zpl 2.1", "ZPL-2.1"),
    ("blueoak 1", "BlueOak-1.0.0"), ("public domain", "LicenseRef-Public-Domain"),
    ("bsd", "LicenseRef-BSD"), ("apache", "LicenseRef-Apache"), ("gpl", "LicenseRef-GPL"),
    ("lgpl", "LicenseRef-LGPL"), ("agpl", "LicenseRef-AGPL"), ("mpl", "LicenseRef-MPL"),
    ("epl", "LicenseRef-EPL"), ("artistic", "LicenseRef-Artistic"), ("zope public", "LicenseRef-ZPL"),
    ("proprietary", "LicenseRef-Proprietary"), ("commercial", "LicenseRef-Proprietary"),
    ("unlicensed", "LicenseRef-UNLICENSED"),
];

/// The licence that `name` is a common name of, as an id or a `LicenseRef-`.
pub(super) fn license(name: &str) -> Option<&'static str> {
    let name = one_form(name);
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, id)| *id)
}

/// Ids of the listed licences that an ambiguous reference from [`license`] may stand for begin so.
pub(super) fn family(reference: &str) -> Option<&'static [&'static str]> {
    Some(match reference {
        "LicenseRef-BSD" => &["BSD-", "0BSD"],
        "LicenseRef-Apache" => &["Apache-"],
        "LicenseRef-GPL" => &["GPL-"],
        "LicenseRef-LGPL" => &["LGPL-"],
        "LicenseRef-AGPL" => &["AGPL-"],
        "LicenseRef-MPL" => &["MPL-"],
        "LicenseRef-EPL" => &["EPL-"],
        "LicenseRef-Artistic" => &["Artistic-"],
        "LicenseRef-ZPL" => &["ZPL-"],
        _ => return None,
    })
}

/// Lower case, numbers apart from words and without trailing `.0`, no noise, long names shortened, a
/// repetition in parentheses (`MIT License (MIT)`) once.
fn one_form(name: &str) -> String {
    let lower = name.to_lowercase();
    let mut words: Vec<String> = Vec::new();
    for word in lower.split(|c: char| !c.is_alphanumeric() && c != '.' && c != '+') {
        split_numbers(word, &mut words);
    }
    words.retain(|word| !NOISE.contains(&word.as_str()));
    let mut text = later(&words.join(" "));
    for (long, short) in SHORTER {
        text = replace_words(&text, long, short);
    }
    once(text)
}

/// Cuts `gplv3+` into `gpl`, `3`, `later`.
fn split_numbers(word: &str, words: &mut Vec<String>) {
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let (word, or_later) = match word.strip_suffix('+') {
        Some(base) => (base, true),
        None => (word, false),
    };
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_number(c) != is_number(first)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        let piece = match is_number(first) {
            true => piece.trim_matches('.').trim_end_matches(".0"),
            false if after.is_empty() => piece,
            false => piece.strip_suffix('v').unwrap_or(piece),
        };
        if !piece.is_empty() {
            words.push(piece.to_owned());
        }
        rest = after;
    }
    if or_later {
        words.push("later".into());
    }
}

fn later(text: &str) -> String {
    ["or any later", "or later", "or newer", "or greater", "and later"]
        .iter()
        .fold(text.to_owned(), |text, phrase| replace_words(&text, phrase, "later"))
}

/// Replaces whole words only.
fn replace_words(text: &str, from: &str, to: &str) -> String {
    format!(" {text} ").replace(&format!(" {from} "), &format!(" {to} ")).trim().to_owned()
}

fn once(text: String) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    match words.split_at(words.len() / 2) {
        (first, second) if first == second => first.join(" "),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_use_are_known() {
        for (name, id) in [
            ("Apache 2.0", "Apache-2.0"),
            ("Apache License, Version 2.0", "Apache-2.0"),
            ("Apache License 2.0 (Apache-2.0)", "Apache-2.0"),
            ("apache2", "Apache-2.0"),
            ("The MIT License (MIT)", "MIT"),
            ("MIT license", "MIT"),
            ("BSD 3-Clause", "BSD-3-Clause"),
            ("BSD-2clause", "BSD-2-Clause"),
            ("BSD 3-Clause \"New\" or \"Revised\" License", "BSD-3-Clause"),
            ("GPLv3+", "GPL-3.0-or-later"),
            ("GPL v2", "GPL-2.0-only"),
            ("GNU GPL v2", "GPL-2.0-only"),
            ("GNU General Public License v3 or later (GPLv3+)", "GPL-3.0-or-later"),
            ("GNU Lesser General Public License v2.1 or any later version", "LGPL-2.1-or-later"),
            ("GNU Affero General Public License v3", "AGPL-3.0-only"),
            ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
            ("ISC License (ISCL)", "ISC"),
            ("CC0 1.0 Universal", "CC0-1.0"),
            ("Python Software Foundation License", "PSF-2.0"),
            ("BSD", "LicenseRef-BSD"),
            ("BSD License", "LicenseRef-BSD"),
            ("Apache Software License", "LicenseRef-Apache"),
            ("GPL", "LicenseRef-GPL"),
        ] {
            assert_eq!(license(name), Some(id), "{name} is {:?}", one_form(name));
        }
    }

    #[test]
    fn a_name_is_never_taken_by_its_beginning() {
        for name in
            ["MIT-like, no military use", "Apache 2.0 with Commons Clause", "BSD for friends", "GPLish", "2", ""]
        {
            assert_eq!(license(name), None, "{name}");
        }
    }

    #[test]
    fn every_name_is_in_its_one_form_and_leads_to_a_valid_id() {
        for (name, id) in NAMES {
            assert_eq!(one_form(name), *name);
            assert!(super::super::parse::parse(id).is_ok(), "{id}");
        }
    }
}
