//! GitHub's workflows and actions: what `uses:` names, and the images in which jobs run.
//!
//! A tag of an action is whatever its owner, or whoever has the owner's account, last pointed it at; tags of widely used
//! actions were moved to malicious commits more than once (tj-actions/changed-files, 2025).

use crate::{ReadError, image, text, yaml, yaml::Node};
use lockgate_model::{Pin, PinKind, PinReference};

/// What is handed to an action or a command is data, whatever its keys are called.
const DATA: [&str; 7] = ["with", "env", "inputs", "outputs", "secrets", "strategy", "matrix"];

pub(crate) fn is_workflow(path: &str) -> bool {
    path.strip_prefix(".github/workflows/").is_some_and(|name| !name.contains('/') && is_yaml(name))
}

pub(crate) fn is_action(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("action.yml" | "action.yaml"))
}

fn is_yaml(name: &str) -> bool {
    name.ends_with(".yml") || name.ends_with(".yaml")
}

pub(crate) fn workflow(text: &str) -> Result<Vec<Pin>, ReadError> {
    read(text, &mut |node, pins| {
        for (_, job) in node.get("jobs").map(Node::entries).unwrap_or_default() {
            pins.extend(job.get("container").and_then(job_image));
            let services = job.get("services").map(Node::entries).unwrap_or_default();
            pins.extend(services.iter().filter_map(|(_, service)| job_image(service)));
        }
    })
}

pub(crate) fn action(text: &str) -> Result<Vec<Pin>, ReadError> {
    read(text, &mut |node, pins| {
        // `image: Dockerfile` is built from the action's own folder.
        let image = node.get("runs").and_then(|runs| runs.get("image"));
        let remote = image.and_then(|image| Some((image.text()?.strip_prefix("docker://")?, image.line)));
        pins.extend(remote.map(|(reference, line)| image::pin(reference, line)));
    })
}

/// 1. Whatever is used, wherever it stands.
/// 2. Images, where the kind of file has them.
fn read(text: &str, images: &mut dyn FnMut(&Node, &mut Vec<Pin>)) -> Result<Vec<Pin>, ReadError> {
    let lines: Vec<&str> = text.lines().collect();
    let mut pins = Vec::new();
    for document in yaml::read(text)? {
        document.each_mapping(&DATA, &mut |mapping| {
            let used = mapping.get("uses").and_then(|value| Some((value.text()?, value.line)));
            pins.extend(used.and_then(|(name, line)| used_pin(name.trim(), line, &lines)));
        });
        images(&document, &mut pins);
    }
    pins.sort_by_key(|pin| pin.line);
    Ok(pins)
}

/// `container: IMAGE` or `container: {image: IMAGE}`.
fn job_image(node: &Node) -> Option<Pin> {
    let image = node.get("image").unwrap_or(node);
    let text = image.text().filter(|text| !text.trim().is_empty())?;
    Some(image::pin(text.trim().trim_start_matches("docker://"), image.line))
}

/// `None` for what lies in the repository itself.
fn used_pin(used: &str, line: u32, lines: &[&str]) -> Option<Pin> {
    if used.is_empty() || used.starts_with("./") || used.starts_with("../") {
        return None;
    }
    if let Some(reference) = used.strip_prefix("docker://") {
        return Some(image::pin(reference, line));
    }
    let (name, version) = used.split_once('@').unwrap_or((used, ""));
    let reference = match used.contains("${{") {
        true => PinReference::Computed { text: used.to_owned() },
        false => text::commit_or_movable(version),
    };
    let at = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
    let fixed = matches!(reference, PinReference::Commit { .. });
    let label = lines.get(at).filter(|_| fixed).and_then(|line| text::label_in_comment(line));
    Some(Pin { kind: PinKind::Action, name: name.to_owned(), reference, label, address: None, line })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pins: Vec<Pin>) -> Vec<String> {
        let one = |pin: Pin| {
            let reference = match pin.reference {
                PinReference::Commit { commit } => commit[..4].to_owned(),
                PinReference::Digest { digest } => digest[..9].to_owned(),
                PinReference::Movable { name } => format!("~{name}"),
                PinReference::Unstated {} => "-".to_owned(),
                PinReference::Computed { .. } => "?".to_owned(),
            };
            format!("{} {} {reference} {}", pin.line, pin.name, pin.label.unwrap_or_default()).trim_end().to_owned()
        };
        pins.into_iter().map(one).collect()
    }

    #[test]
    fn a_workflow_names_actions_workflows_and_images() {
        let sha = "11bd71901bbe5b1630ceea73d27597364c9af683";
        let text = format!(
            "on: push
jobs:
  build:
    runs-on: ubuntu-latest
    container: debian:12
    services:
      db:
        image: postgres
    steps:
      - uses: actions/checkout@{sha} # v4.2.2
      - uses: 'actions/setup-node@v4'
      - name: local
        uses: ./.github/actions/own
      - uses: docker://alpine:3.20
      - uses: owner/name/sub/folder@main
        with:
          uses: nothing/at-all@v1
          image: nothing:1
      - run: echo uses a/b@v1
  call:
    uses: octo-org/shared/.github/workflows/release.yml@v2
  chosen:
    steps: [{{ uses: \"octo-org/x@${{{{ matrix.v }}}}\" }}]
"
        );
        assert_eq!(
            told(workflow(&text).unwrap()),
            [
                "5 debian ~12",
                "8 postgres -",
                "10 actions/checkout 11bd v4.2.2",
                "11 actions/setup-node ~v4",
                "14 alpine ~3.20",
                "15 owner/name/sub/folder ~main",
                "21 octo-org/shared/.github/workflows/release.yml ~v2",
                "23 octo-org/x ?",
            ]
        );
    }

    #[test]
    fn an_action_names_steps_or_an_image() {
        let steps = "runs:\n  using: composite\n  steps:\n    - uses: a/b\n    - uses: a/c@abc1234\n";
        assert_eq!(told(action(steps).unwrap()), ["4 a/b -", "5 a/c ~abc1234"]);
        let image = "runs:\n  using: docker\n  image: docker://debian:12\n";
        assert_eq!(told(action(image).unwrap()), ["3 debian ~12"]);
        assert_eq!(told(action("runs:\n  using: docker\n  image: Dockerfile\n").unwrap()), Vec::<String>::new());
    }

    #[test]
    fn an_anchor_hides_nothing() {
        let text =
            "x: &step\n  uses: a/b@v1\ny: &name c/d@v2\njobs:\n  j:\n    steps:\n      - *step\n      - uses: *name\n";
        assert_eq!(told(workflow(text).unwrap()), ["2 a/b ~v1", "8 c/d ~v2"]);
    }
}
