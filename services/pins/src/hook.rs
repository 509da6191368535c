//! `.pre-commit-config.yaml`: repositories whose hooks run on developers' machines before each commit.

use crate::{ReadError, text, yaml, yaml::Node};
use lockgate_model::{Pin, PinKind, PinReference};

pub(crate) fn is_hook_file(path: &str) -> bool {
    matches!(path, ".pre-commit-config.yaml" | ".pre-commit-config.yml")
}

pub(crate) fn read(text: &str) -> Result<Vec<Pin>, ReadError> {
    let lines: Vec<&str> = text.lines().collect();
    let documents = yaml::read(text)?;
    let repositories = documents.iter().filter_map(|document| document.get("repos")).flat_map(Node::items);
    Ok(repositories.filter_map(|repository| hook(repository, &lines)).collect())
}

/// `None` for hooks of the repository itself and of pre-commit.
fn hook(repository: &Node, lines: &[&str]) -> Option<Pin> {
    let address = repository.get("repo")?;
    let name = address.text().filter(|name| !matches!(*name, "local" | "meta" | "builtin"))?;
    let rev = repository.get("rev");
    let reference = text::commit_or_movable(rev.and_then(Node::text).unwrap_or_default().trim());
    let line = rev.map_or(address.line, |rev| rev.line);
    let at = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
    let fixed = matches!(reference, PinReference::Commit { .. });
    let label = lines.get(at).filter(|_| fixed).and_then(|line| text::label_in_comment(line));
    Some(Pin { kind: PinKind::Hook, name: text::without_credentials(name), reference, label, address: None, line })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_are_pinned_by_rev() {
        let sha = "0".repeat(40);
        let text = format!(
            "repos:\n- repo: https://u:p@git.example.test/a\n  rev: {sha}  # frozen: v1.2\n  hooks: [{{id: x}}]\n- repo: https://git.example.test/b\n  rev: v2\n- repo: local\n  hooks: []\n- repo: https://git.example.test/c\n"
        );
        let pins = read(&text).unwrap();
        let told: Vec<_> = pins.iter().map(|p| (p.line, p.name.as_str(), p.label.as_deref())).collect();
        assert_eq!(
            told,
            [
                (3, "https://git.example.test/a", Some("v1.2")),
                (6, "https://git.example.test/b", None),
                (9, "https://git.example.test/c", None)
            ]
        );
        assert_eq!(pins[0].reference, PinReference::Commit { commit: sha });
        assert_eq!(pins[1].reference, PinReference::Movable { name: "v2".into() });
        assert_eq!(pins[2].reference, PinReference::Unstated {});
    }
}
