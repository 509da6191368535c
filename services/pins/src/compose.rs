//! Compose files: the images of services.

use crate::{ReadError, image, yaml};
use lockgate_model::Pin;

/// What is handed to a container or a build is data.
const DATA: [&str; 5] = ["environment", "args", "labels", "configs", "secrets"];

pub(crate) fn is_compose_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some(stem) = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml")) else { return false };
    ["compose", "docker-compose", "podman-compose"]
        .iter()
        .any(|kind| stem.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-'])))
}

/// The image of a service that is built here is the name of what is built.
pub(crate) fn read(text: &str) -> Result<Vec<Pin>, ReadError> {
    let mut pins = Vec::new();
    for document in yaml::read(text)? {
        document.each_mapping(&DATA, &mut |service| {
            let named = service.get("image").filter(|_| service.get("build").is_none());
            let named = named.and_then(|image| Some((image.text()?, image.line)));
            pins.extend(named.filter(|(text, _)| !text.trim().is_empty()).map(|(text, line)| image::pin(text, line)));
        });
    }
    pins.sort_by_key(|pin| pin.line);
    Ok(pins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockgate_model::PinReference;

    #[test]
    fn services_name_images_unless_they_are_built() {
        let text = "x-base: &base\n  image: redis:7\nservices:\n  db:\n    image: postgres:16\n    environment:\n      image: none\n  web:\n    build: .\n    image: own:1\n  cache:\n    <<: *base\n  var:\n    image: ${IMAGE}\n";
        let pins = read(text).unwrap();
        let told: Vec<_> = pins.iter().map(|pin| (pin.line, pin.name.as_str())).collect();
        assert_eq!(told, [(2, "redis"), (5, "postgres"), (14, "${IMAGE}")]);
        assert!(matches!(pins[2].reference, PinReference::Computed { .. }));
    }
}
