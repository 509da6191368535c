//! Forms of a name under which look-alikes become equal.

/// Signs that look like ASCII letters and digits, of the scripts from which deceptive names were made: Cyrillic, Greek,
/// full width (Unicode Technical Standard 39, confusables).
const CONFUSABLES: [(&str, char); 26] = [
    ("аɑαａ", 'a'),
    ("Ьь", 'b'),
    ("сϲｃ", 'c'),
    ("ԁｄ", 'd'),
    ("еєｅ", 'e'),
    ("ƒ", 'f'),
    ("ɡｇ", 'g'),
    ("һｈ", 'h'),
    ("іıιｉ", 'i'),
    ("јｊ", 'j'),
    ("кκｋ", 'k'),
    ("ӏǀ|ｌ", 'l'),
    ("ｍ", 'm'),
    ("ոηｎ", 'n'),
    ("оοσｏ", 'o'),
    ("рρｐ", 'p'),
    ("ԛ", 'q'),
    ("гｒ", 'r'),
    ("ѕｓ", 's'),
    ("тτｔ", 't'),
    ("υսｕ", 'u'),
    ("νѵｖ", 'v'),
    ("ԝωｗ", 'w'),
    ("хχｘ", 'x'),
    ("уγｙ", 'y'),
    ("‐‑‒–—－", '-'),
];

/// What is left of a name when signs that look the same are one sign.
pub(super) fn skeleton(name: &str) -> String {
    let plain: String = name.chars().flat_map(char::to_lowercase).map(plain).collect();
    plain.replace("rn", "m").replace("vv", "w")
}

fn plain(sign: char) -> char {
    match sign {
        '0' => 'o',
        '1' => 'l',
        _ if sign.is_ascii() => sign,
        _ => CONFUSABLES.iter().find(|(alike, _)| alike.contains(sign)).map_or(sign, |(_, plain)| *plain),
    }
}

/// A name without what separates its words.
pub(super) fn joined(name: &str) -> String {
    name.chars().filter(|c| !is_separator(*c)).flat_map(char::to_lowercase).collect()
}

/// The words of a name in alphabetical order; `None` where there are fewer than two, or one is a single letter.
pub(super) fn sorted_words(name: &str) -> Option<String> {
    let mut words: Vec<&str> = name.split(is_separator).filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    (words.len() > 1 && words.iter().all(|word| word.len() > 1)).then(|| words.join("-"))
}

fn is_separator(sign: char) -> bool {
    matches!(sign, '-' | '_' | '.' | '/' | '@')
}

pub(super) fn is_scoped(name: &str) -> bool {
    name.starts_with('@')
}

/// Whether both names are in one scope, into which its owner alone publishes.
pub(super) fn same_scope(name: &str, other: &str) -> bool {
    let scope =
        |name: &str| name.strip_prefix('@').and_then(|rest| rest.split_once('/')).map(|(scope, _)| scope.to_owned());
    scope(name).is_some_and(|of| scope(other) == Some(of))
}
