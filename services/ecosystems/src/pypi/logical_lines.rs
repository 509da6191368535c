//! Requirement lines as pip joins them: a backslash at the end goes on, a comment line ends.

/// One requirement or option line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogicalLine<'t> {
    /// Byte offset of its first physical line.
    pub(super) offset: usize,
    /// Joined, without comment and outer space; never empty.
    pub(super) text: String,
    /// Its own comment and the comment lines below it, without `#`.
    pub(super) comments: Vec<&'t str>,
}

/// What is joined so far.
#[derive(Debug, Default)]
struct Pending<'t> {
    offset: usize,
    text: String,
    comments: Vec<&'t str>,
    /// A comment has begun; it takes in whatever is still joined.
    in_comment: bool,
}

pub(super) fn logical_lines(text: &str) -> Vec<LogicalLine<'_>> {
    let mut lines: Vec<LogicalLine<'_>> = Vec::new();
    let mut pending: Option<Pending<'_>> = None;
    let mut offset = 0;
    for physical in text.split_inclusive('\n') {
        let start = offset;
        offset += physical.len();
        let line = physical.trim_end_matches(['\n', '\r']);
        if let Some(comment) = line.trim_start().strip_prefix('#') {
            lines.extend(pending.take().and_then(finish));
            if let Some(last) = lines.last_mut() {
                last.comments.push(comment);
            }
            continue;
        }
        let joined = pending.get_or_insert_with(|| Pending { offset: start, ..Pending::default() });
        let (content, goes_on) = line.strip_suffix('\\').map_or((line, false), |content| (content, true));
        if !joined.in_comment {
            let comment = comment_start(content);
            joined.text.push_str(&content[..comment.unwrap_or(content.len())]);
            joined.comments.extend(comment.map(|at| content[at..].trim_start_matches('#')));
            joined.in_comment = comment.is_some();
        }
        if !goes_on {
            lines.extend(pending.take().and_then(finish));
        }
    }
    lines.extend(pending.and_then(finish));
    lines
}

fn finish(pending: Pending<'_>) -> Option<LogicalLine<'_>> {
    let Pending { offset, text, comments, .. } = pending;
    let text = text.trim().to_owned();
    (!text.is_empty()).then_some(LogicalLine { offset, text, comments })
}

/// Where a comment begins: a `#` at the start or after white space.
fn comment_start(text: &str) -> Option<usize> {
    text.match_indices('#').map(|(at, _)| at).find(|at| *at == 0 || text[..*at].ends_with(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_and_comments_kept_apart() {
        let text =
            "# head\na==1 \\\n  --hash=x \\\n  --hash=y\n  # via b\n\nc @ u#egg=c # note\r\nd==1 \\\n# ends\ne==1";
        let lines = logical_lines(text);
        let seen: Vec<_> = lines.iter().map(|l| (l.offset, l.text.as_str(), l.comments.as_slice())).collect();
        assert_eq!(
            seen,
            [
                (7, "a==1   --hash=x   --hash=y", &[" via b"][..]),
                (49, "c @ u#egg=c", &[" note"][..]),
                (69, "d==1", &[" ends"][..]),
                (83, "e==1", &[][..]),
            ]
        );
    }

    #[test]
    fn a_comment_swallows_its_continuation() {
        assert_eq!(logical_lines("a==1 # x \\\nb==2").len(), 1);
        assert!(logical_lines("\\\n\\\n").is_empty());
    }
}
