//! What the classifier saw, for the page of a decision: its places, and what the score needs to be asked again in the browser.

use lockgate_evidence::classifier::{ArtifactScore, ClassifierFacts};
use lockgate_model::Observation;
use lockgate_report::ReleaseReport;

/// Of so many releases one is taken to be malicious. The calibration takes one of two; at that, what is quiet would look likely.
const ONE_OF: f64 = 1000.0;

/// Of one artifact that has a score.
pub(super) struct ScorePanel {
    pub(super) artifact: String,
    pub(super) score: f64,
    pub(super) threshold: f64,
    /// Of malice, where one of [`ONE_OF`] is malicious.
    pub(super) probability: String,
    pub(super) flagged: bool,
    pub(super) behaviours: String,
    pub(super) model: String,
    pub(super) provider: String,
    pub(super) hunks: Vec<Hunk>,
    /// JSON that `web/static/score.js` reads; `None` where the score cannot be taken apart.
    pub(super) composition: Option<String>,
    /// Of the slider for the threshold.
    pub(super) range: (f64, f64),
}

pub(super) struct Hunk {
    pub(super) path: String,
    pub(super) line: u32,
    pub(super) end_line: u32,
    /// 0 to 1.
    pub(super) share: f64,
    /// In words.
    pub(super) without: String,
}

/// The panels of a release; none where the classifier said nothing.
pub(super) fn panels(release: &ReleaseReport) -> Vec<ScorePanel> {
    let classifier = release.evidence.iter().find(|evidence| evidence.collector == "classifier");
    let Some(Observation::Observed { facts }) = classifier.map(|evidence| &evidence.observation) else { return vec![] };
    // Facts of a later version may have another shape; the evidence below the panel shows them in any case.
    let Ok(facts) = serde_json::from_value::<ClassifierFacts>(facts.clone()) else { return vec![] };
    facts.artifacts.iter().filter_map(|artifact| panel(&facts, artifact)).collect()
}

fn panel(facts: &ClassifierFacts, artifact: &ArtifactScore) -> Option<ScorePanel> {
    let score = artifact.score?;
    let threshold = artifact.threshold;
    let hunks = artifact.hunks.iter().map(|hunk| Hunk {
        path: hunk.path.clone(),
        line: hunk.line,
        end_line: hunk.end_line,
        share: hunk.share,
        without: match hunk.without {
            Some(without) if without >= threshold => format!("{without:.2}, still flagged"),
            Some(without) => format!("{without:.2}, quiet"),
            None => "nothing would be left to score".to_owned(),
        },
    });
    let without = artifact.hunks.iter().filter_map(|hunk| hunk.without);
    let ends = [score, threshold].into_iter().chain(without);
    let range = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), end| (low.min(end), high.max(end)));
    let behaviours = artifact.behaviours.iter().map(|b| format!("{} ({:.0}%)", b.name, b.probability * 100.0));
    Some(ScorePanel {
        artifact: artifact.artifact.clone(),
        score,
        threshold,
        probability: percent(rare(artifact.probability?)),
        flagged: score >= threshold,
        behaviours: behaviours.collect::<Vec<_>>().join(", "),
        model: facts.model.chars().take(12).collect(),
        provider: facts.provider.clone(),
        hunks: hunks.collect(),
        composition: artifact.composition.as_ref().and_then(|made| serde_json::to_string(made).ok()),
        range: (range.0.floor() - 1.0, range.1.ceil() + 1.0),
    })
}

/// The same, said of a release of which one of [`ONE_OF`] is malicious (Bayes).
fn rare(probability: f64) -> f64 {
    probability / (probability + (1.0 - probability) * (ONE_OF - 1.0))
}

fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn artifact(composition: bool) -> ArtifactScore {
        let part = json!({"logit": 3.0, "attention": 0.5, "pooled": 0.25});
        let made = json!({"base": -1.0, "hunks": [part, part], "rest": part, "calibration": [1.5, 0.5]});
        serde_json::from_value(json!({
            "artifact": "example-1.1.0.tgz", "score": 2.25, "probability": 0.9785, "threshold": 1.0,
            "behaviours": [{"name": "exfiltration", "probability": 0.87}],
            "hunks": [
                {"path": "a.js", "line": 3, "end_line": 9, "share": 0.75, "without": -0.5},
                {"path": "b.js", "line": 1, "end_line": 2, "share": 0.25, "without": 2.0},
            ],
            "composition": if composition { made } else { json!(null) },
        }))
        .unwrap()
    }

    fn facts(artifacts: Vec<ArtifactScore>) -> ClassifierFacts {
        let mode = lockgate_evidence::diff::Mode::Update;
        ClassifierFacts { mode, model: "ab".repeat(32), provider: "CPU".into(), artifacts }
    }

    #[test]
    fn each_place_says_what_would_be_without_it() {
        let facts = facts(vec![artifact(true)]);
        let panel = panel(&facts, &facts.artifacts[0]).unwrap();
        let said: Vec<_> = panel.hunks.iter().map(|h| h.without.as_str()).collect();
        assert_eq!(said, ["-0.50, quiet", "2.00, still flagged"]);
        assert_eq!((panel.probability.as_str(), panel.flagged, panel.model.len()), ("4.4%", true, 12));
        assert_eq!((panel.behaviours.as_str(), panel.range), ("exfiltration (87%)", (-2.0, 4.0)));
        assert!(panel.composition.unwrap().contains("\"calibration\":[1.5,0.5]"));
    }

    #[test]
    fn without_a_score_there_is_no_panel_and_without_its_parts_nothing_to_move() {
        let unread = ArtifactScore { score: None, probability: None, ..artifact(true) };
        let facts = facts(vec![unread, artifact(false)]);
        assert!(panel(&facts, &facts.artifacts[0]).is_none());
        assert!(panel(&facts, &facts.artifacts[1]).unwrap().composition.is_none());
    }
}
