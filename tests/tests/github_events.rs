//! The fake GitHub's events against the schemas of GitHub's webhooks (the npm package `@octokit/webhooks-schemas`), so that
//! the product is tested with what GitHub sends. `cargo xtask test` (or `provide`) fetches them.
#![expect(clippy::unwrap_used, reason = "a failure here is the test's failure")]

use lockgate_tests::fake_github::{FakeGitHub, INSTALLATION, descriptions};
use serde_json::{Value, json};

const REPO: &str = "octo/hello";

/// The schemas, with their text for machines only.
struct Schemas(Value);

impl Schemas {
    fn provided() -> Option<Self> {
        let path = descriptions::events();
        if path.is_none() {
            let missing = "GitHub's webhook schemas were not provided, so the fake's events were not held to them; run `cargo xtask test`";
            assert!(std::env::var_os("CI").is_none(), "{missing}");
            eprintln!("{missing}");
        }
        Some(Self(serde_json::from_slice(&std::fs::read(path?).unwrap()).unwrap()))
    }

    /// What `payload` breaks of the schema of `event`.
    fn problems(&self, event: &str, payload: &Value) -> Vec<String> {
        let schema = json!({"$ref": format!("#/definitions/{event}"), "definitions": self.0["definitions"]});
        assert!(schema["definitions"].get(event).is_some(), "there is no schema of {event}");
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft7).should_validate_formats(true);
        let validator = options.build(&schema).unwrap();
        let named = |e: jsonschema::ValidationError<'_>| format!("{}: {}", e.instance_path(), e.masked());
        validator.iter_errors(payload).map(named).collect()
    }
}

#[tokio::test]
async fn every_event_of_the_fake_is_one_that_github_sends() {
    let Some(schemas) = Schemas::provided() else { return };
    let github = FakeGitHub::start().await.unwrap();
    github.create_repository(REPO, true).unwrap();
    for branch in ["main", "release", "bump"] {
        github.commit_files(REPO, branch, &[("package-lock.json", branch)]).unwrap();
    }
    let number = github.open_pull_request(REPO, REPO, "bump", "main").unwrap().number;
    let mut events: Vec<(&str, Value)> = Vec::new();
    let pull = |action: &str| github.pull_request_event(REPO, number, action).unwrap();
    events.push(("pull_request$opened", pull("opened")));
    events.push(("pull_request$edited", pull("edited")));
    let before = github.tip(REPO, "bump").unwrap();
    let sha = github.commit_files(REPO, "bump", &[("package-lock.json", "{ }")]).unwrap();
    events.push(("push$event", github.push_event(REPO, "bump", Some(&before), Some(&sha)).unwrap()));
    github.synchronize(REPO, number).unwrap();
    events.push(("pull_request$synchronize", pull("synchronize")));
    let (base, head) = github.enqueue(REPO, number).unwrap();
    github.change_base(REPO, number, "release").unwrap();
    events.push(("pull_request$edited", pull("edited")));
    for action in ["converted_to_draft", "ready_for_review", "closed", "reopened"] {
        github.act_on_pull_request(REPO, number, action).unwrap();
    }
    events.push((
        "merge_group$checks_requested",
        github.merge_group_event(REPO, &base, &head, "checks_requested").unwrap(),
    ));
    events.push(("merge_group$destroyed", github.merge_group_event(REPO, &base, &head, "destroyed").unwrap()));
    let output = json!({"title": "t", "summary": "s"});
    let run = json!({"name": "Lockgate", "head_sha": sha, "conclusion": "failure", "output": output});
    let run = github.forge_check_run(REPO, &run).unwrap();
    events.push(("check_run$rerequested", github.check_run_event(REPO, run, "rerequested", None).unwrap()));
    let pressed = github.check_run_event(REPO, run, "requested_action", Some("waive")).unwrap();
    events.push(("check_run$requested_action", pressed));
    events.push(("check_suite$requested", github.check_suite_event(REPO, &sha, "requested").unwrap()));
    events.push(("check_suite$rerequested", github.check_suite_event(REPO, &sha, "rerequested").unwrap()));
    events.push(("installation$created", github.installation_event("created")));
    events.push(("installation$suspend", github.suspend(INSTALLATION).unwrap()));
    events.push(("installation$unsuspend", github.unsuspend(INSTALLATION).unwrap()));
    let removed = github.select_repositories(INSTALLATION, &[], &[REPO]).unwrap();
    events.push(("installation_repositories$removed", removed));
    let added = github.select_repositories(INSTALLATION, &[REPO], &[]).unwrap();
    events.push(("installation_repositories$added", added));
    events.push(("repository$renamed", github.rename_repository(REPO, "octo/bye").unwrap()));
    events.push(("repository$transferred", github.rename_repository("octo/bye", "mona/bye").unwrap()));
    events.push(("repository$archived", github.act_on_repository("mona/bye", "archived").unwrap()));
    events.push(("repository$deleted", github.act_on_repository("mona/bye", "deleted").unwrap()));
    events.push(("installation$deleted", github.uninstall(INSTALLATION).unwrap()));

    let broken: Vec<String> = events
        .iter()
        .flat_map(|(event, payload)| schemas.problems(event, payload).into_iter().map(move |p| format!("{event}{p}")))
        .collect();
    assert!(broken.is_empty(), "{} breaks of {} events:\n{}", broken.len(), events.len(), broken.join("\n"));
    // The schemas do refuse something.
    let mut wrong = events[0].1.clone();
    wrong["pull_request"]["number"] = "seven".into();
    assert_eq!(schemas.problems(events[0].0, &wrong).len(), 1);
}
