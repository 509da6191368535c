//! Small readings of text that several kinds of file share.

use lockgate_model::PinReference;

/// A full commit id, SHA-1 or SHA-256; anything else that is named can be moved.
pub(crate) fn commit_or_movable(text: &str) -> PinReference {
    let full = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
    match text {
        "" => PinReference::Unstated {},
        _ if full => PinReference::Commit { commit: text.to_ascii_lowercase() },
        _ => PinReference::Movable { name: text.to_owned() },
    }
}

/// The version in the comment that ends a line: `v4.1.1` in `uses: a/b@0123… # tag=v4.1.1`.
pub(crate) fn label_in_comment(line: &str) -> Option<String> {
    let (_, comment) = line.split_once(" #")?;
    let words = comment.split([' ', '\t', '=', '@', ':', ',']).map(str::trim).filter(|word| !word.is_empty());
    let is_version = |word: &&str| {
        let digits = word.strip_prefix(['v', 'V']).unwrap_or(word);
        digits.starts_with(|c: char| c.is_ascii_digit()) && word.len() <= 64
    };
    words.into_iter().find(is_version).map(str::to_owned)
}

/// An address of git without user and password, query and fragment.
pub(crate) fn without_credentials(address: &str) -> String {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    match address.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            format!("{scheme}://{host}{path}")
        }
        // `user:secret@host:path`; a user alone is no secret.
        None => match address.split_once('@') {
            Some((user, rest)) if user.contains(':') => rest.to_owned(),
            _ => address.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_ids_are_commits() {
        let sha = "0123456789abcdef0123456789ABCDEF01234567";
        assert_eq!(commit_or_movable(sha), PinReference::Commit { commit: sha.to_lowercase() });
        for text in ["v4", "main", &sha[..39], &sha[..12], &format!("{sha}0"), &"g".repeat(40)] {
            assert_eq!(commit_or_movable(text), PinReference::Movable { name: text.to_owned() });
        }
        assert_eq!(commit_or_movable(""), PinReference::Unstated {});
    }

    #[test]
    fn comments_name_versions() {
        for (line, expected) in [
            ("uses: a/b@0 # v4.1.1", Some("v4.1.1")),
            ("uses: a/b@0 # tag=v3", Some("v3")),
            ("uses: a/b@0 # pin@v2.0", Some("v2.0")),
            ("rev: 0 # frozen: 1.2.3", Some("1.2.3")),
            ("uses: a/b@0 # the newest", None),
            ("uses: a/b@0", None),
            ("uses: a/b@0#v4", None),
        ] {
            assert_eq!(label_in_comment(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn nothing_secret_is_left() {
        for (address, expected) in [
            ("https://user:secret@git.example.test/a?t=1", "https://git.example.test/a"),
            ("git@git.example.test:a/b.git", "git@git.example.test:a/b.git"),
            ("user:secret@git.example.test:a/b.git", "git.example.test:a/b.git"),
            ("../b", "../b"),
        ] {
            assert_eq!(without_credentials(address), expected);
        }
    }
}
