//! npm's protocol: packuments whole and abbreviated, and tarballs, under the paths that registries use. pnpm and yarn leave
//! such an address out of their lockfiles, so that a lockfile reads the same whoever the registry was.

use super::{
    Firewall, answers,
    document::{Form, malformed},
    judge::Wanted,
    path,
};
use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{Method, StatusCode, header};
use lockgate_model::{Cause, Ecosystem};
use serde_json::Value;
use url::Url;

const NPM: Ecosystem = Ecosystem::Npm;

pub(super) async fn answer(State(firewall): State<Firewall>, request: Request) -> Response {
    let Some(segments) = path::segments(request.uri()) else {
        return answers::not_here(NPM, StatusCode::BAD_REQUEST, "Lockgate: this address is broken");
    };
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let read = matches!(*request.method(), Method::GET | Method::HEAD);
    match segments.as_slice() {
        ["-", "ping"] if read => axum::Json(serde_json::json!({})).into_response(),
        ["-", rest @ ..] => elsewhere(rest),
        _ if !read => {
            let text = "Lockgate: this is a way to install packages; publish to the registry itself";
            answers::not_here(NPM, StatusCode::METHOD_NOT_ALLOWED, text)
        }
        [scope, name, "-", file] if scope.starts_with('@') => {
            firewall.hand_out(&wanted(&format!("{scope}/{name}"), file), request.headers()).await
        }
        [name, "-", file] => firewall.hand_out(&wanted(name, file), request.headers()).await,
        [scope, name] if scope.starts_with('@') => {
            firewall.metadata(form(&request), &format!("{scope}/{name}"), request.headers()).await
        }
        [name] => firewall.metadata(form(&request), name, request.headers()).await,
        _ => answers::not_here(NPM, StatusCode::NOT_FOUND, "Lockgate: ask for a package, or for a tarball of one"),
    }
}

fn wanted(name: &str, file: &str) -> Wanted {
    Wanted { ecosystem: NPM, name: name.to_owned(), file: file.to_owned() }
}

fn form(request: &Request) -> Form {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains("application/vnd.npm.install-v1+json") { Form::NpmAbbreviated } else { Form::NpmFull }
}

/// What a registry offers beside packages. An empty answer would be a lie: "nothing found", "no vulnerabilities".
fn elsewhere(asked: &[&str]) -> Response {
    let text = match asked {
        ["v1", "search", ..] => "Lockgate: searching is not offered here; search the registry itself",
        ["npm", "v1", "security", ..] => {
            "Lockgate: npm's audit is not offered here; what is installed through this address was held against the \
             advisories already (npm install --no-audit)"
        }
        _ => "Lockgate: this is not offered here; ask the registry itself",
    };
    answers::not_here(NPM, StatusCode::NOT_IMPLEMENTED, text)
}

/// The packument with each tarball under our own address; versions without a usable one are left out, for a client must
/// not be led past us.
pub(super) fn led_back(base: &str, name: &str, body: &Bytes) -> Result<Bytes, Cause> {
    let mut packument: Value =
        serde_json::from_slice(body).map_err(|_| malformed(NPM, name, "the answer is not a packument"))?;
    if packument.get("name").and_then(Value::as_str) != Some(name) {
        return Err(malformed(NPM, name, "the registry answered for another package"));
    }
    if let Some(versions) = packument.get_mut("versions").and_then(Value::as_object_mut) {
        versions.retain(|_, version| lead_back(base, name, version).is_some());
    }
    Ok(Bytes::from(packument.to_string()))
}

fn lead_back(base: &str, name: &str, version: &mut Value) -> Option<()> {
    let tarball = version.get_mut("dist")?.get_mut("tarball")?;
    let url = Url::parse(tarball.as_str()?).ok()?;
    let file = url.path_segments()?.next_back().filter(|file| !file.is_empty())?;
    // Percent-encoded already, as it came.
    *tarball = Value::from(format!("{base}{}/-/{file}", path::encoded(name)));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_tarball_leads_back_and_all_else_stays() {
        let packument = json!({
            "name": "@s/a", "dist-tags": {"latest": "1.0.0"}, "modified": "2020-01-01T00:00:00.000Z",
            "versions": {
                "1.0.0": {"name": "@s/a", "dist": {"tarball": "https://cdn.example.test/x/a-1.0.0.tgz?t=1", "integrity": "sha512-x"}},
                "1.0.1": {"dist": {"tarball": "no address"}},
                "1.0.2": {"dist": {}},
                "1.0.3": {},
            },
        });
        let led = led_back("http://f.example.test/npm/", "@s/a", &Bytes::from(packument.to_string())).unwrap();
        let led: Value = serde_json::from_slice(&led).unwrap();
        let mut expected = packument;
        expected["versions"] = json!({"1.0.0": {"name": "@s/a", "dist": {
            "tarball": "http://f.example.test/npm/@s/a/-/a-1.0.0.tgz", "integrity": "sha512-x",
        }}});
        assert_eq!(led, expected);
    }

    #[test]
    fn an_answer_for_another_package_is_none() {
        for body in ["<html>", "[]", r#"{"name":"b"}"#] {
            assert!(
                led_back("http://f.example.test/npm/", "a", &Bytes::from_static(body.as_bytes())).is_err(),
                "{body}"
            );
        }
    }
}
