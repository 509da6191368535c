//! A check run, as we want it, and the requests that make it so.
//!
//! GitHub bounds each request: 50 annotations, 65,535 characters of summary and of text, 64 KB of annotation message,
//! 255 characters of title, three buttons. What is longer is cut, with a note that says where the whole is, and further
//! annotations are appended by later requests. `neutral` and `skipped` let a required check pass, so no value of
//! [`Conclusion`] stands for them.

use serde_json::{Value, json};
use std::collections::HashSet;
use url::Url;

const ANNOTATIONS_PER_REQUEST: usize = 50;
/// GitHub says characters; some of its columns count bytes. Within this many bytes both readings hold.
const OUTPUT_BYTES: usize = 65_535;
const MESSAGE_BYTES: usize = 64 * 1024;
const TITLE_CHARS: usize = 255;
const ACTIONS: usize = 3;
const LABEL_CHARS: usize = 20;
const DESCRIPTION_CHARS: usize = 40;

/// How a check ended. A check that could not finish is `ActionRequired`, never something that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    Success,
    Failure,
    ActionRequired,
    Cancelled,
    TimedOut,
}

impl Conclusion {
    /// GitHub's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::ActionRequired => "action_required",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
        }
    }
}

/// Where a check run stands. GitHub's `status` and `conclusion` in one, so that they cannot contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckRunState {
    InProgress,
    Completed(Conclusion),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnnotationLevel {
    Notice,
    Warning,
    Failure,
}

/// A remark on lines of a file at the head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// Path within the repository.
    pub path: String,
    /// 1-based, both inclusive.
    pub start_line: u32,
    pub end_line: u32,
    pub level: AnnotationLevel,
    pub title: String,
    pub message: String,
}

/// A button below the check run's text; pressing it sends a `check_run` event with the identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// At most 20 characters, as the label.
    pub identifier: String,
    pub label: String,
    /// At most 40 characters.
    pub description: String,
}

/// A check run as it shall be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRunDraft {
    pub name: String,
    pub head_sha: String,
    /// Our own id of the run and of what it shows ("ROW/REVISION"): what makes a retry find the run that an earlier
    /// attempt created, and see whether it shows this already.
    pub external_id: String,
    /// Where the whole report is.
    pub details_url: Option<Url>,
    pub state: CheckRunState,
    /// Markdown has no effect in the title; it has in summary and text.
    pub title: String,
    pub summary: String,
    pub text: Option<String>,
    pub annotations: Vec<Annotation>,
    pub actions: Vec<Action>,
}

/// A check run that GitHub already has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRunRef {
    pub id: u64,
    pub status: ReportedStatus,
    /// The [`CheckRunDraft::external_id`] that was sent last.
    pub external_id: Option<String>,
    /// How many annotations it carries.
    pub annotations: usize,
}

/// The annotations that a run carries already.
#[derive(Debug, Default)]
pub(crate) struct Shown(HashSet<String>);

impl<'a> FromIterator<&'a Value> for Shown {
    fn from_iter<I: IntoIterator<Item = &'a Value>>(annotations: I) -> Self {
        Self(annotations.into_iter().map(identity).collect())
    }
}

/// The status of a run that GitHub reports. The conclusion is GitHub's word, which may be one that we never write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportedStatus {
    Pending,
    Completed { conclusion: String },
}

impl CheckRunDraft {
    /// Bodies of the requests that show this draft, the first to create or update the run, the others to append
    /// annotations. Those that are `shown` are left out, and of equal ones all but the first. Only the last request
    /// completes the run: where a crash cuts the series short, the run is still visibly unfinished.
    pub(crate) fn requests(&self, shown: &Shown) -> Vec<Value> {
        let mut seen = HashSet::new();
        let mut remaining: Vec<Value> = self.annotations.iter().map(annotation).collect();
        remaining.retain(|a| !shown.0.contains(&identity(a)) && seen.insert(identity(a)));
        let mut batches: Vec<&[Value]> = remaining.chunks(ANNOTATIONS_PER_REQUEST).collect();
        if batches.is_empty() {
            batches.push(&[]);
        }
        let last = batches.len() - 1;
        batches.into_iter().enumerate().map(|(i, batch)| self.request(batch, i == last)).collect()
    }

    fn request(&self, annotations: &[Value], last: bool) -> Value {
        let state = if last { self.state } else { CheckRunState::InProgress };
        let mut output = json!({
            "title": cut_chars(&self.title, TITLE_CHARS),
            "summary": self.cut_output(&self.summary),
            "annotations": annotations,
        });
        if let Some(text) = &self.text {
            output["text"] = self.cut_output(text).into();
        }
        let mut body = json!({
            "name": self.name,
            "head_sha": self.head_sha,
            "external_id": self.external_id,
            "output": output,
            "actions": self.actions.iter().take(ACTIONS).map(action).collect::<Vec<_>>(),
        });
        if let Some(url) = &self.details_url {
            body["details_url"] = url.as_str().into();
        }
        match state {
            CheckRunState::InProgress => body["status"] = "in_progress".into(),
            CheckRunState::Completed(conclusion) => {
                body["status"] = "completed".into();
                body["conclusion"] = conclusion.as_str().into();
            }
        }
        body
    }

    /// Cuts a summary or text on a character boundary and says where the rest is.
    fn cut_output(&self, text: &str) -> String {
        if text.len() <= OUTPUT_BYTES {
            return text.to_owned();
        }
        let note = match &self.details_url {
            Some(url) => format!("\n\n… cut here: GitHub shows no more. The whole report: {url}"),
            None => "\n\n… cut here: GitHub shows no more.".to_owned(),
        };
        format!("{}{note}", cut_bytes(text, OUTPUT_BYTES.saturating_sub(note.len())))
    }
}

fn annotation(a: &Annotation) -> Value {
    let level = match a.level {
        AnnotationLevel::Notice => "notice",
        AnnotationLevel::Warning => "warning",
        AnnotationLevel::Failure => "failure",
    };
    let start = a.start_line.max(1);
    json!({
        "path": a.path,
        "start_line": start,
        "end_line": a.end_line.max(start),
        "annotation_level": level,
        "title": cut_chars(&a.title, TITLE_CHARS),
        "message": cut_bytes(&a.message, MESSAGE_BYTES),
    })
}

/// What makes two annotations the same, whether sent by us or read from GitHub. Space at the ends may get lost on the way.
fn identity(annotation: &Value) -> String {
    let text = |key: &str| annotation[key].as_str().unwrap_or_default().trim().replace("\r\n", "\n");
    let line = |key: &str| annotation[key].as_u64().unwrap_or_default();
    let place = (text("path"), line("start_line"), line("end_line"), text("annotation_level"));
    format!("{place:?} {:?} {:?}", text("title"), text("message"))
}

fn action(a: &Action) -> Value {
    json!({
        "identifier": cut_chars(&a.identifier, LABEL_CHARS),
        "label": cut_chars(&a.label, LABEL_CHARS),
        "description": cut_chars(&a.description, DESCRIPTION_CHARS),
    })
}

fn cut_chars(text: &str, limit: usize) -> String {
    text.chars().take(limit).collect()
}

fn cut_bytes(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn draft(annotations: usize) -> CheckRunDraft {
        let one = |n: usize| Annotation {
            path: "package-lock.json".into(),
            start_line: n as u32 + 1,
            end_line: 0,
            level: AnnotationLevel::Failure,
            title: "t".into(),
            message: "m".into(),
        };
        CheckRunDraft {
            name: "Lockgate".into(),
            head_sha: "a".repeat(40),
            external_id: "7".into(),
            details_url: Some("https://gate.example.test/d/7f3a".parse().unwrap()),
            state: CheckRunState::Completed(Conclusion::Failure),
            title: "1 denied".into(),
            summary: "s".into(),
            text: None,
            annotations: (0..annotations).map(one).collect(),
            actions: Vec::new(),
        }
    }

    /// As GitHub returns the first `count` annotations of `draft`.
    fn shown(draft: &CheckRunDraft, count: usize) -> Shown {
        let mut sent: Vec<Value> = draft.annotations.iter().take(count).map(annotation).collect();
        sent.iter_mut().for_each(|a| a["raw_details"] = Value::Null);
        sent.iter().collect()
    }

    fn batches(draft: &CheckRunDraft, shown: &Shown) -> Vec<(usize, Option<String>)> {
        let batch = |r: Value| {
            (r["output"]["annotations"].as_array().unwrap().len(), r["conclusion"].as_str().map(str::to_owned))
        };
        draft.requests(shown).into_iter().map(batch).collect()
    }

    #[test]
    fn annotations_go_in_batches_and_the_last_completes() {
        let (none, failure) = (Shown::default(), || Some("failure".to_owned()));
        assert_eq!(batches(&draft(0), &none), [(0, failure())]);
        assert_eq!(batches(&draft(50), &none), [(50, failure())]);
        assert_eq!(batches(&draft(101), &none), [(50, None), (50, None), (1, failure())]);
    }

    #[test]
    fn a_resumed_series_repeats_nothing() {
        let resumed = |count, shown_count| batches(&draft(count), &shown(&draft(count), shown_count));
        let complete = |sent| [(sent, Some("failure".to_owned()))];
        assert_eq!(resumed(101, 100), complete(1));
        assert_eq!(resumed(101, 101), complete(0));
        assert_eq!(resumed(1, 500), complete(0));
        // A later revision says some of what an earlier one said.
        assert_eq!(batches(&draft(30), &shown(&draft(10), 10)), complete(20));
        let mut twice = draft(2);
        twice.annotations[1] = twice.annotations[0].clone();
        assert_eq!(batches(&twice, &Shown::default()), complete(1));
    }

    #[test]
    fn a_long_text_is_cut_with_a_link() {
        let mut long = draft(0);
        long.summary = "é".repeat(40_000);
        let summary = long.requests(&Shown::default())[0]["output"]["summary"].as_str().unwrap().to_owned();
        assert!(summary.len() <= OUTPUT_BYTES && summary.ends_with("https://gate.example.test/d/7f3a"));
        long.details_url = None;
        assert!(long.requests(&Shown::default())[0]["output"]["summary"].as_str().unwrap().ends_with("no more."));
    }

    #[test]
    fn lines_are_always_in_order() {
        let first = draft(1).requests(&Shown::default())[0]["output"]["annotations"][0].clone();
        assert_eq!((&first["start_line"], &first["end_line"]), (&json!(1), &json!(1)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn no_request_leaves_github_s_limits(title: String, letter: char, length in 60_000usize..70_000, count in 0usize..120) {
            let text = String::from(letter).repeat(length);
            let mut any = draft(count);
            any.title = title.clone();
            any.text = Some(text.clone());
            any.annotations.iter_mut().for_each(|a| { a.title = title.clone(); a.message = text.repeat(2) });
            for request in any.requests(&Shown::default()) {
                let output = &request["output"];
                prop_assert!(output["title"].as_str().unwrap().chars().count() <= 255);
                prop_assert!(output["text"].as_str().unwrap().chars().count() <= 65_535);
                prop_assert!(output["annotations"].as_array().unwrap().len() <= 50);
                for a in output["annotations"].as_array().unwrap() {
                    prop_assert!(a["message"].as_str().unwrap().len() <= 65_536);
                }
            }
        }
    }
}
