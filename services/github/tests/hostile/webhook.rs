//! Webhook payloads behind the signature check.

use hmac::{KeyInit, Mac};
use lockgate_github::{Event, Secret, signature};

const SECRET: &str = "correct horse battery staple";
const EVENTS: [&str; 10] = [
    "pull_request",
    "merge_group",
    "push",
    "check_suite",
    "check_run",
    "installation",
    "installation_repositories",
    "repository",
    "ping",
    "star",
];

/// The first byte chooses the event.
pub fn check(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    let name = EVENTS[usize::from(*choice) % EVENTS.len()];
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length is a key");
    mac.update(body);
    let header = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let secrets = [Secret::from(SECRET)];
    let verified = signature::verify(&secrets, Some(&header), body).expect("it is signed");
    match Event::parse(&verified, name) {
        Ok(event) => {
            let written = serde_json::to_vec(&event).expect("an event is written");
            assert!(written.len() <= 12 * body.len() + 4096, "{} bytes of {}", written.len(), body.len());
            let read: Event = serde_json::from_slice(&written).expect("what was written is read");
            assert_eq!(read, event);
            assert_eq!(event.name(), name);
        }
        Err(error) => assert!(error.to_string().chars().count() < 600, "{error}"),
    }
    // Whatever stands where a signature should: only the right one is believed.
    if let Ok(text) = std::str::from_utf8(body) {
        assert!(text == header || signature::verify(&secrets, Some(text), body).is_err());
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let sha = "a".repeat(40);
    let repository = r#"{"id":7,"full_name":"octo/hello","clone_url":"https://git.example.test/octo/hello.git","private":true,"default_branch":"main"}"#;
    let tail = format!(r#""repository":{repository},"installation":{{"id":3}},"sender":{{"login":"mona"}}"#);
    let side = |label: &str| format!(r#"{{"sha":"{sha}","ref":"{label}","repo":{repository}}}"#);
    let pulls = format!(r#"[{{"number":1,"head":{{"sha":"{sha}"}},"base":{{"sha":"{sha}","ref":"main"}}}}]"#);
    let bodies = [
        format!(
            r#"{{"action":"synchronize","number":1,"before":"{sha}","pull_request":{{"number":1,"draft":false,"updated_at":"2026-01-01T00:00:00Z","head":{},"base":{}}},"changes":{{"base":{{"sha":{{"from":"{sha}"}}}}}},{tail}}}"#,
            side("topic"),
            side("main")
        ),
        format!(
            r#"{{"action":"checks_requested","reason":"merged","merge_group":{{"head_sha":"{sha}","base_sha":"{sha}","base_ref":"refs/heads/main"}},{tail}}}"#
        ),
        format!(
            r#"{{"ref":"refs/heads/main","before":"{sha}","after":"{sha}","created":false,"deleted":false,{tail}}}"#
        ),
        format!(
            r#"{{"action":"requested","check_suite":{{"head_sha":"{sha}","app":{{"id":5}},"pull_requests":{pulls}}},{tail}}}"#
        ),
        format!(
            r#"{{"action":"requested_action","requested_action":{{"identifier":"again"}},"check_run":{{"id":9,"name":"Lockgate","head_sha":"{sha}","external_id":"x","app":{{"id":5}},"check_suite":{{"app":{{"id":5}}}},"pull_requests":{pulls}}},{tail}}}"#
        ),
        format!(
            r#"{{"action":"suspend","installation":{{"id":3,"account":{{"login":"octo"}}}},"repositories":[{repository}],"sender":{{"login":"mona"}}}}"#
        ),
        format!(
            r#"{{"action":"added","installation":{{"id":3,"account":{{"login":"octo"}}}},"repositories_added":[{repository}],"repositories_removed":[],"sender":{{"login":"mona"}}}}"#
        ),
        format!(r#"{{"action":"renamed","changes":{{"repository":{{"name":{{"from":"hi"}}}}}},{tail}}}"#),
        r#"{"zen":"x"}"#.to_owned(),
        r#"{"action":"created"}"#.to_owned(),
    ];
    bodies.iter().enumerate().map(|(n, body)| [&[n as u8], body.as_bytes()].concat()).collect()
}
