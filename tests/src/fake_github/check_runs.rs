//! Check runs, accepted and refused as GitHub's REST description says ("Checks / Runs").

use chrono::{DateTime, SubsecRound, Utc};
use serde::Serialize;
use serde_json::Value;

const CONCLUSIONS: [&str; 8] =
    ["action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out"];
const STATUSES: [&str; 6] = ["queued", "in_progress", "completed", "waiting", "requested", "pending"];
const LEVELS: [&str; 3] = ["notice", "warning", "failure"];

/// A check run as GitHub keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckRun {
    pub id: u64,
    pub name: String,
    pub head_sha: String,
    pub external_id: Option<String>,
    pub details_url: Option<String>,
    pub status: String,
    pub conclusion: Option<String>,
    pub title: Option<String>,
    pub summary: Option<String>,
    pub text: Option<String>,
    /// As sent, in the order in which they were appended.
    pub annotations: Vec<Value>,
    pub actions: Vec<Value>,
    /// The App that wrote it.
    pub app_id: u64,
    /// How often it was written: 1 when created.
    pub writes: u32,
    /// How often a write completed it. A head sha that got its answer once has 1.
    pub completions: u32,
    pub started_at: DateTime<Utc>,
    pub completed_at: Option<DateTime<Utc>>,
}

/// How a commit was answered over all: 1 and 1 is what every head sha should get.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Check runs created.
    pub created: u32,
    /// Writes that completed one.
    pub completions: u32,
    /// Check runs that stand as completed.
    pub completed: u32,
}

impl Tally {
    pub(super) fn of<'a>(runs: impl Iterator<Item = &'a CheckRun>) -> Self {
        runs.fold(Self::default(), |tally, run| Self {
            created: tally.created + 1,
            completions: tally.completions + run.completions,
            completed: tally.completed + u32::from(run.status == "completed"),
        })
    }
}

/// Why a body is refused: the entries of a 422 answer's `errors`.
pub(super) type Problems = Vec<String>;

impl CheckRun {
    /// Creates a run as `POST /repos/{owner}/{repo}/check-runs` would.
    pub(super) fn create(id: u64, app_id: u64, body: &Value) -> Result<Self, Problems> {
        let required = |key: &str| body.get(key).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
        let (name, head_sha) = (required("name"), required("head_sha"));
        let missing: Problems = [("name", &name), ("head_sha", &head_sha)]
            .into_iter()
            .filter(|(_, value)| value.is_none())
            .map(|(key, _)| format!("{key} is missing"))
            .collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        let mut run = Self {
            id,
            name: String::new(),
            head_sha: head_sha.unwrap_or_default(),
            external_id: None,
            details_url: None,
            status: "queued".into(),
            conclusion: None,
            title: None,
            summary: None,
            text: None,
            annotations: Vec::new(),
            actions: Vec::new(),
            app_id,
            writes: 0,
            completions: 0,
            started_at: Utc::now().trunc_subsecs(0),
            completed_at: None,
        };
        run.update(body)?;
        Ok(run)
    }

    /// Changes the run as `PATCH` would: what is absent stays, annotations are appended.
    pub(super) fn update(&mut self, body: &Value) -> Result<(), Problems> {
        let problems = problems(body);
        if !problems.is_empty() {
            return Err(problems);
        }
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        self.name = text(body, "name").unwrap_or_else(|| self.name.clone());
        self.external_id = text(body, "external_id").or_else(|| self.external_id.take());
        self.details_url = text(body, "details_url").or_else(|| self.details_url.take());
        if let Some(status) = text(body, "status") {
            self.status = status;
            (self.conclusion, self.completed_at) = (None, None);
        }
        if let Some(conclusion) = text(body, "conclusion") {
            self.status = "completed".into();
            self.conclusion = Some(conclusion);
            self.completed_at = Some(Utc::now().trunc_subsecs(0));
            self.completions += 1;
        }
        if let Some(output) = body.get("output") {
            self.title = text(output, "title");
            self.summary = text(output, "summary");
            self.text = text(output, "text");
            self.annotations.extend(output["annotations"].as_array().cloned().unwrap_or_default());
        }
        if let Some(actions) = body.get("actions").and_then(Value::as_array) {
            self.actions = actions.clone();
        }
        self.writes += 1;
        Ok(())
    }
}

fn problems(body: &Value) -> Problems {
    let mut found = Problems::new();
    let status = body.get("status").and_then(Value::as_str);
    let conclusion = body.get("conclusion").and_then(Value::as_str);
    if status.is_some_and(|s| !STATUSES.contains(&s)) {
        found.push(format!("status {status:?} is unknown"));
    }
    if conclusion.is_some_and(|c| !CONCLUSIONS.contains(&c)) {
        found.push(format!("conclusion {conclusion:?} is unknown"));
    }
    if status == Some("completed") && conclusion.is_none() {
        found.push("conclusion is missing though status is completed".into());
    }
    if status.is_some_and(|s| s != "completed") && conclusion.is_some() {
        found.push("conclusion is given though status is not completed".into());
    }
    if body
        .get("details_url")
        .and_then(Value::as_str)
        .is_some_and(|u| !u.starts_with("http://") && !u.starts_with("https://"))
    {
        found.push("details_url is not http or https".into());
    }
    if let Some(output) = body.get("output") {
        output_problems(output, &mut found);
    }
    action_problems(body, &mut found);
    found
}

fn output_problems(output: &Value, found: &mut Problems) {
    for (key, limit) in [("title", 255), ("summary", 65_535), ("text", 65_535)] {
        match output.get(key).and_then(Value::as_str) {
            Some(text) if text.chars().count() > limit => {
                found.push(format!("output.{key} exceeds {limit} characters"))
            }
            None if key != "text" => found.push(format!("output.{key} is missing")),
            _ => {}
        }
    }
    let annotations = output.get("annotations").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if annotations.len() > 50 {
        found.push(format!("{} annotations exceed 50 in one request", annotations.len()));
    }
    for annotation in annotations {
        annotation_problems(annotation, found);
    }
}

fn annotation_problems(annotation: &Value, found: &mut Problems) {
    for key in ["path", "message"] {
        if annotation[key].as_str().is_none_or(str::is_empty) {
            found.push(format!("an annotation's {key} is missing"));
        }
    }
    let line = |key: &str| annotation[key].as_u64().filter(|n| *n > 0);
    match (line("start_line"), line("end_line")) {
        (Some(start), Some(end)) if start <= end => {}
        _ => found.push("an annotation's lines are missing or out of order".into()),
    }
    if !annotation["annotation_level"].as_str().is_some_and(|l| LEVELS.contains(&l)) {
        found.push("an annotation's level is unknown".into());
    }
    if annotation["message"].as_str().is_some_and(|m| m.len() > 64 * 1024) {
        found.push("an annotation's message exceeds 64 KB".into());
    }
    if annotation["title"].as_str().is_some_and(|t| t.chars().count() > 255) {
        found.push("an annotation's title exceeds 255 characters".into());
    }
}

fn action_problems(body: &Value, found: &mut Problems) {
    let actions = body.get("actions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if actions.len() > 3 {
        found.push("more than 3 actions".into());
    }
    for action in actions {
        for (key, limit) in [("label", 20), ("identifier", 20), ("description", 40)] {
            if action[key].as_str().is_none_or(|t| t.is_empty() || t.chars().count() > limit) {
                found.push(format!("an action's {key} is missing or exceeds {limit} characters"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(changes: Value) -> Value {
        let mut body = json!({"name": "Lockgate", "head_sha": "a".repeat(40)});
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        body
    }

    fn output(changes: Value) -> Value {
        let mut output = json!({"title": "t", "summary": "s"});
        output.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        body(json!({"output": output}))
    }

    fn annotation() -> Value {
        json!({"path": "p", "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": "m"})
    }

    #[test]
    fn what_github_refuses_is_refused() {
        let mut backwards = annotation();
        backwards["start_line"] = 9.into();
        for bad in [
            json!({"head_sha": "a"}),
            json!({"name": "n"}),
            body(json!({"status": "completed"})),
            body(json!({"conclusion": "great"})),
            body(json!({"status": "done"})),
            body(json!({"status": "in_progress", "conclusion": "success"})),
            body(json!({"output": {"title": "no summary"}})),
            body(json!({"details_url": "javascript:x"})),
            output(json!({"summary": "x".repeat(65_536)})),
            output(json!({"text": "x".repeat(65_536)})),
            output(json!({"title": "x".repeat(256)})),
            output(json!({"annotations": vec![annotation(); 51]})),
            output(json!({"annotations": [backwards]})),
            body(
                json!({"actions": [{"label": "a label beyond twenty characters", "identifier": "i", "description": "d"}]}),
            ),
        ] {
            assert!(CheckRun::create(1, 7, &bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn annotations_are_appended_and_the_rest_replaced() {
        let mut run =
            CheckRun::create(1, 7, &output(json!({"text": "x".repeat(65_535), "annotations": vec![annotation(); 50]})))
                .unwrap();
        assert_eq!((run.status.as_str(), run.annotations.len(), run.completions), ("queued", 50, 0));
        run.update(
            &json!({"conclusion": "failure", "output": {"title": "u", "summary": "s", "annotations": [annotation()]}}),
        )
        .unwrap();
        assert_eq!((run.status.as_str(), run.annotations.len(), run.completions), ("completed", 51, 1));
        assert_eq!((run.title.as_deref(), run.text.as_deref(), run.writes), (Some("u"), None, 2));
        let before = run.clone();
        assert!(run.update(&json!({"status": "completed"})).is_err());
        assert_eq!(run, before);
    }
}
