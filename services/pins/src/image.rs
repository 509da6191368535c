//! References of container images (the OCI distribution specification's, as docker writes them).

use lockgate_model::{Pin, PinKind, PinReference};

/// `[HOST[:PORT]/]NAME[:TAG][@DIGEST]`.
pub(crate) fn pin(reference: &str, line: u32) -> Pin {
    let reference = reference.trim();
    let pin = |name: &str, reference, label: Option<&str>| Pin {
        kind: PinKind::Image,
        name: name.to_owned(),
        reference,
        label: label.map(str::to_owned),
        address: None,
        line,
    };
    let (rest, digest) = match reference.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (reference, None),
    };
    let path = rest.rfind('/').map_or(0, |at| at + 1);
    let (name, tag) = match rest[path..].split_once(':') {
        Some((_, tag)) => (&rest[..rest.len() - tag.len() - 1], Some(tag)),
        None => (rest, None),
    };
    if let Some(digest) = digest.filter(|digest| is_digest(digest)) {
        return pin(name, PinReference::Digest { digest: digest.to_ascii_lowercase() }, tag);
    }
    if reference.contains('$') {
        return pin(reference, PinReference::Computed { text: reference.to_owned() }, None);
    }
    match digest.or(tag) {
        Some(movable) => pin(name, PinReference::Movable { name: movable.to_owned() }, None),
        None => pin(name, PinReference::Unstated {}, None),
    }
}

fn is_digest(text: &str) -> bool {
    let digits = |length: usize, hex: &str| hex.len() == length && hex.bytes().all(|b| b.is_ascii_hexdigit());
    match text.split_once(':') {
        Some(("sha256", hex)) => digits(64, hex),
        Some(("sha512", hex)) => digits(128, hex),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let fixed = |name: &str, label: Option<&str>| {
            (name.to_owned(), PinReference::Digest { digest: digest.clone() }, label.map(str::to_owned))
        };
        let movable = |name: &str, tag: &str| (name.to_owned(), PinReference::Movable { name: tag.to_owned() }, None);
        for (text, expected) in [
            (format!("debian@{digest}"), fixed("debian", None)),
            (format!("images.example.test:5000/a/b:1.2@{digest}"), fixed("images.example.test:5000/a/b", Some("1.2"))),
            (format!("${{REGISTRY}}/a@{digest}"), fixed("${REGISTRY}/a", None)),
            ("debian:12".into(), movable("debian", "12")),
            (
                "images.example.test:5000/a".into(),
                ("images.example.test:5000/a".into(), PinReference::Unstated {}, None),
            ),
            ("debian".into(), ("debian".into(), PinReference::Unstated {}, None)),
            ("debian@sha256:0a".into(), movable("debian", "sha256:0a")),
            ("a:${TAG}".into(), ("a:${TAG}".into(), PinReference::Computed { text: "a:${TAG}".into() }, None)),
        ] {
            let pin = pin(&text, 1);
            assert_eq!((pin.name, pin.reference, pin.label), expected, "{text}");
        }
    }
}
