//! Whether the promise was kept: every delivery that was answered 202 ended in exactly one final check run for each
//! head, none twice, none lost, and each says what its content deserves.

use super::{
    ledger::{Book, Head},
    stage::Stage,
};
use crate::fake_github::CheckRun;
use lockgate_gate::jobs::CHECK_NAME;
use std::fmt;

/// One head that did not get what it was promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offence {
    pub repository: String,
    pub sha: String,
    pub why: String,
    /// Its deliveries: id, event, attempts.
    pub deliveries: Vec<String>,
    /// Its jobs, as far as the database knows.
    pub jobs: Vec<String>,
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}: {}", self.repository, self.sha, self.why)?;
        for line in self.deliveries.iter().chain(&self.jobs) {
            writeln!(f, "    {line}")?;
        }
        Ok(())
    }
}

/// How strictly a conclusion is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Evidence may have been missing: an incomplete check is right for any content.
    Bad,
    /// Nothing stood in the way.
    Clear,
}

/// What a verdict needs of a check run.
#[derive(Debug, Clone, Copy)]
struct Seen<'a> {
    id: u64,
    status: &'a str,
    conclusion: Option<&'a str>,
    title: &'a str,
}

impl<'a> From<&'a CheckRun> for Seen<'a> {
    fn from(run: &'a CheckRun) -> Self {
        Self {
            id: run.id,
            status: &run.status,
            conclusion: run.conclusion.as_deref(),
            title: run.title.as_deref().unwrap_or_default(),
        }
    }
}

/// Our check runs of a head. Those of other Apps do not count.
pub fn runs(stage: &Stage, head: &Head) -> Vec<CheckRun> {
    let mut runs = stage.github.check_runs(&head.repository, &head.sha);
    runs.retain(|run| run.name == CHECK_NAME && run.app_id == crate::fake_github::APP_ID);
    runs
}

/// Every head that offends.
pub fn judge(stage: &Stage, book: &Book, weather: Weather) -> Vec<Offence> {
    let due = |number: usize| book.deliveries.iter().any(|d| d.head == number && (d.accepted || d.lost));
    let offences = book.heads.iter().enumerate().filter(|(number, head)| {
        // A delivery that GitHub lost and a later head: nobody asks about the old one any more.
        due(*number) && !(head.superseded && head.accepted_at.is_none())
    });
    offences.filter_map(|(number, head)| offence(stage, book, number, head, weather)).collect()
}

fn offence(stage: &Stage, book: &Book, number: usize, head: &Head, weather: Weather) -> Option<Offence> {
    let runs = runs(stage, head);
    let seen: Vec<Seen<'_>> = runs.iter().map(Seen::from).collect();
    let why = fault(&seen, head, weather)?;
    let deliveries = book.deliveries.iter().filter(|d| d.head == number).map(|d| {
        let lost = if d.lost { "never sent" } else { "sent" };
        format!("delivery {} {}: {lost}, answered {:?}", d.id, d.event, d.attempts)
    });
    Some(Offence {
        repository: head.repository.clone(),
        sha: head.sha.clone(),
        why,
        deliveries: deliveries.collect(),
        jobs: Vec::new(),
    })
}

fn fault(runs: &[Seen<'_>], head: &Head, weather: Weather) -> Option<String> {
    let [run] = runs else {
        return Some(if runs.is_empty() {
            "no check run".to_owned()
        } else {
            format!("{} check runs: {:?}", runs.len(), runs.iter().map(|r| r.id).collect::<Vec<_>>())
        });
    };
    if run.status != "completed" {
        return Some(format!("its check run {} is {} for ever", run.id, run.status));
    }
    let conclusion = run.conclusion.unwrap_or("none");
    let right = conclusion == head.content.conclusion()
        || (conclusion == "action_required" && (weather == Weather::Bad || head.superseded))
        || (conclusion == "cancelled" && head.superseded);
    (!right).then(|| format!("its check run {} says {conclusion} ({}) for {:?}", run.id, run.title, head.content))
}

#[cfg(test)]
mod tests {
    use super::{super::plan::Content, *};

    fn head(content: Content, superseded: bool) -> Head {
        Head {
            repository: "octo/shop-0".to_owned(),
            sha: "a".repeat(40),
            content,
            superseded,
            accepted_at: None,
            completed_at: None,
        }
    }

    fn run(status: &'static str, conclusion: Option<&'static str>) -> Seen<'static> {
        Seen { id: 1, status, conclusion, title: "t" }
    }

    #[test]
    fn what_breaks_the_promise_is_found() {
        let good = head(Content::Good, false);
        let done = |conclusion| run("completed", Some(conclusion));
        assert_eq!(fault(&[done("success")], &good, Weather::Clear), None);
        for (runs, part) in [
            (vec![], "no check run"),
            (vec![done("success"), done("success")], "2 check runs"),
            (vec![run("in_progress", None)], "for ever"),
            (vec![done("failure")], "says failure"),
            (vec![done("neutral")], "says neutral"),
            (vec![done("cancelled")], "says cancelled"),
            (vec![done("action_required")], "says action_required"),
        ] {
            assert!(fault(&runs, &good, Weather::Clear).is_some_and(|why| why.contains(part)), "{part}");
        }
        assert_eq!(fault(&[done("action_required")], &good, Weather::Bad), None);
        assert!(fault(&[done("success")], &head(Content::License, true), Weather::Bad).is_some());
        assert_eq!(fault(&[done("cancelled")], &head(Content::License, true), Weather::Clear), None);
    }
}
