//! Whether two names are of one file.
//!
//! Those who attested early wrote the name in its normal form, which is not always the one that the index lists: other
//! separators, or the tags of a wheel in another order. The digest is compared as well, so the name has only to say the same.

/// A name's parts (PEP 427, PEP 625).
#[derive(Debug, PartialEq, Eq)]
struct Parts {
    project: String,
    version: String,
    /// Of a wheel: build, Python, ABI and platform, the tags of each in order. Of an sdist: none.
    tags: Vec<Vec<String>>,
    /// `.whl`, `.tar.gz` or `.zip`.
    ending: &'static str,
}

pub(super) fn same(one: &str, other: &str) -> bool {
    one == other || matches!((parts(one), parts(other)), (Some(one), Some(other)) if one == other)
}

fn parts(name: &str) -> Option<Parts> {
    let ending = [".whl", ".tar.gz", ".zip"].into_iter().find(|ending| name.ends_with(ending))?;
    let stem = name.strip_suffix(ending)?;
    let (project, version, tags) = if ending == ".whl" {
        let fields: Vec<&str> = stem.split('-').collect();
        match fields.as_slice() {
            [project, version, tags @ ..] if (3..=4).contains(&tags.len()) => (*project, *version, tags.to_vec()),
            _ => return None,
        }
    } else {
        let (project, version) = stem.rsplit_once('-')?;
        (project, version, Vec::new())
    };
    if project.is_empty() || version.is_empty() {
        return None;
    }
    Some(Parts { project: normal(project), version: version.to_ascii_lowercase(), tags: sorted(&tags), ending })
}

/// PEP 503.
fn normal(project: &str) -> String {
    let words: Vec<&str> = project.split(['-', '_', '.']).filter(|word| !word.is_empty()).collect();
    words.join("-").to_ascii_lowercase()
}

fn sorted(tags: &[&str]) -> Vec<Vec<String>> {
    let set = |field: &&str| {
        let mut tags: Vec<String> = field.split('.').map(str::to_owned).collect();
        tags.sort_unstable();
        tags.dedup();
        tags
    };
    tags.iter().map(set).collect()
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn spellings_of_one_file_are_the_same() {
        for (one, other) in [
            ("left_pad-1.3.0.tar.gz", "left_pad-1.3.0.tar.gz"),
            ("left_pad-1.3.0.tar.gz", "Left.Pad-1.3.0.tar.gz"),
            ("a-1.0-cp310-cp310-x.y.whl", "a-1.0-cp310-cp310-y.x.whl"),
            ("a-1.0-py2.py3-none-any.whl", "A-1.0-py3.py2-none-any.whl"),
            ("strange", "strange"),
        ] {
            assert!(same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn other_files_are_not() {
        let names = [
            "left_pad-1.3.0.tar.gz",
            "left_pad-1.3.0.zip",
            "left_pad-1.3.1.tar.gz",
            "leftpad-1.3.0.tar.gz",
            "left_pad-1.3.0-py3-none-any.whl",
            "left_pad-1.3.0-1-py3-none-any.whl",
            "left_pad-1.3.0-py2-none-any.whl",
            "left_pad-1.3.0-py3-abi3-any.whl",
            "left_pad-1.3.0-py3-none-any.whl.zip",
            "left_pad",
            "",
        ];
        for (at, one) in names.iter().enumerate() {
            for other in &names[at + 1..] {
                assert!(!same(one, other) && !same(other, one), "{one} {other}");
            }
        }
    }
}
