//! Lists of patterns, as ssh_config(5) has them: `*` and `?`, separated by commas, `!` before one that excludes.

/// Whether `text` is matched by one pattern of `list`, and by none that excludes.
pub(super) fn match_list(text: &str, list: &str) -> bool {
    let mut found = false;
    for pattern in list.split(',') {
        match pattern.strip_prefix('!') {
            Some(excluded) if matches(text, excluded) => return false,
            Some(_) => {}
            None => found |= matches(text, pattern),
        }
    }
    found
}

/// In time of the product of both lengths, whatever they are: it goes back to the last `*` alone.
fn matches(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut of) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(of) {
            Some('*') => {
                star = Some((at, of));
                of += 1;
            }
            Some(one) if *one == '?' || *one == text[at] => (at, of) = (at + 1, of + 1),
            _ => match star {
                Some((from, back)) => {
                    star = Some((from + 1, back));
                    (at, of) = (from + 1, back + 1);
                }
                None => return false,
            },
        }
    }
    pattern[of..].iter().all(|one| *one == '*')
}

#[cfg(test)]
mod tests {
    use super::match_list;

    #[test]
    fn patterns_are_those_of_ssh() {
        for (text, list, expected) in [
            ("mona@example.test", "mona@example.test", true),
            ("mona@example.test", "mona@example.tes", false),
            ("mona@example.test", "*@example.test", true),
            ("mona@example.test.evil.test", "*@example.test", false),
            ("mona@example.test", "m?na@*", true),
            ("mona@example.test", "hubot@example.test,mona@example.test", true),
            ("mona@example.test", "*,!mona@*", false),
            ("mona@example.test", "!hubot@*", false),
            ("", "*", true),
            ("", "?", false),
            ("a", "", false),
            ("git", "file,git", true),
            ("aXbXc", "a*b*c", true),
            ("aXbXd", "a*b*c", false),
        ] {
            assert_eq!(match_list(text, list), expected, "{text} {list}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_ends() {
        assert!(!match_list(&"a".repeat(5_000), &("a*".repeat(500) + "b")));
    }
}
