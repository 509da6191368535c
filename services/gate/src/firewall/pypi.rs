//! The simple API (PEP 503, 658, 691): pages in JSON or HTML as the client asks, files, and the metadata beside them.

use super::{
    Firewall, answers,
    document::{Form, malformed},
    judge::Wanted,
    path,
};
use axum::{
    extract::{Request, State},
    response::{IntoResponse, Redirect, Response},
};
use bytes::Bytes;
use http::{Method, StatusCode, header};
use lockgate_model::{Cause, CauseKind, Ecosystem};
use serde_json::Value;

const PYPI: Ecosystem = Ecosystem::Pypi;
const JSON: &str = "application/vnd.pypi.simple.v1+json";

pub(super) async fn answer(State(firewall): State<Firewall>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let text = "Lockgate: this is a way to install packages; upload to the index itself";
        return answers::not_here(PYPI, StatusCode::METHOD_NOT_ALLOWED, text);
    }
    let Some(segments) = path::segments(request.uri()) else {
        return answers::not_here(PYPI, StatusCode::BAD_REQUEST, "Lockgate: this address is broken");
    };
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["simple", name, ""] if !name.is_empty() => firewall.metadata(form(&request), name, request.headers()).await,
        ["simple", name] if !name.is_empty() => {
            let normal = PYPI.normalize_name(name);
            Redirect::permanent(&firewall.address(&format!("pypi/simple/{}/", path::encoded(&normal)))).into_response()
        }
        ["files", project, file] => match file.strip_suffix(".metadata") {
            Some(of) => beside(&firewall, &wanted(project, of)).await,
            None => firewall.hand_out(&wanted(project, file), request.headers()).await,
        },
        _ => {
            let text = "Lockgate: ask for a project; the list of all of them is not offered here";
            answers::not_here(PYPI, StatusCode::NOT_FOUND, text)
        }
    }
}

fn wanted(project: &str, file: &str) -> Wanted {
    Wanted { ecosystem: PYPI, name: PYPI.normalize_name(project), file: file.to_owned() }
}

/// JSON where the client takes it (PEP 691 leaves the choice to us), else HTML.
fn form(request: &Request) -> Form {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains(JSON) { Form::SimpleJson } else { Form::SimpleHtml }
}

/// PEP 658: what a wheel says of itself, without the wheel. Nothing of it is installed; the client holds it against the
/// page's hash.
async fn beside(firewall: &Firewall, wanted: &Wanted) -> Response {
    match metadata_of(firewall, wanted).await {
        Ok(bytes) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], bytes).into_response(),
        Err(cause) => answers::failed(PYPI, &cause),
    }
}

async fn metadata_of(firewall: &Firewall, wanted: &Wanted) -> Result<Bytes, Cause> {
    let client = &firewall.shared.keeper.client;
    let asking = async {
        let (release, listed) = firewall.listed(wanted).await?;
        client.metadata_of(&release, &listed).await
    };
    tokio::time::timeout(firewall.shared.section.patience(), asking).await.unwrap_or_else(|_| {
        Err(Cause::new(
            CauseKind::Timeout,
            format!("fetch {}.metadata: the registry did not answer in time", wanted.file),
        ))
    })
}

fn page(name: &str, body: &[u8]) -> Result<Value, Cause> {
    let page: Value = serde_json::from_slice(body)
        .map_err(|_| malformed(PYPI, name, "the answer is not the simple API in JSON (PEP 691)"))?;
    match page.get("files").is_some_and(Value::is_array) {
        true => Ok(page),
        false => Err(malformed(PYPI, name, "the answer lists no files")),
    }
}

/// The page with each file under our own address; what has no plain name is left out, as installers leave it out.
fn led(base: &str, name: &str, body: &[u8]) -> Result<Value, Cause> {
    let mut page = page(name, body)?;
    if let Some(files) = page.get_mut("files").and_then(Value::as_array_mut) {
        files.retain_mut(|file| {
            let known = file.get("filename").and_then(Value::as_str).map(str::to_owned);
            let Some(filename) = known.filter(|name| !name.contains(['/', '\\']) && !name.is_empty()) else {
                return false;
            };
            let project = path::encoded(&PYPI.normalize_name(name));
            file["url"] = Value::from(format!("{base}{project}/{}", path::encoded(&filename)));
            true
        });
    }
    Ok(page)
}

pub(super) fn led_back(base: &str, name: &str, body: &[u8]) -> Result<Bytes, Cause> {
    Ok(Bytes::from(led(base, name, body)?.to_string()))
}

/// The same page as PEP 503 has it, for clients that do not take JSON.
pub(super) fn as_html(base: &str, name: &str, body: &[u8]) -> Result<Bytes, Cause> {
    let page = led(base, name, body)?;
    let files = page.get("files").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut html = format!(
        "<!DOCTYPE html>\n<html><head><meta name=\"pypi:repository-version\" content=\"1.1\"><title>{0}</title></head>\n\
         <body><h1>{0}</h1>\n",
        escaped(name)
    );
    files.iter().for_each(|file| html.push_str(&anchor(file)));
    html.push_str("</body></html>\n");
    Ok(Bytes::from(html))
}

fn anchor(file: &Value) -> String {
    let text = |key: &str| file.get(key).and_then(Value::as_str).unwrap_or_default();
    let sha256 = |of: Option<&Value>| of?.get("sha256")?.as_str().map(|hex| format!("sha256={}", escaped(hex)));
    let hash = sha256(file.get("hashes")).map(|hash| format!("#{hash}")).unwrap_or_default();
    let mut attributes = String::new();
    if let Some(needed) = file.get("requires-python").and_then(Value::as_str) {
        attributes += &format!(" data-requires-python=\"{}\"", escaped(needed));
    }
    match file.get("yanked") {
        Some(Value::String(reason)) => attributes += &format!(" data-yanked=\"{}\"", escaped(reason)),
        Some(Value::Bool(true)) => attributes += " data-yanked=\"\"",
        _ => {}
    }
    let core = file.get("core-metadata").or_else(|| file.get("dist-info-metadata"));
    match (core, sha256(core)) {
        (_, Some(hash)) => attributes += &format!(" data-core-metadata=\"{hash}\""),
        (Some(Value::Bool(true)), None) => attributes += " data-core-metadata=\"true\"",
        _ => {}
    }
    format!("<a href=\"{}{hash}\"{attributes}>{}</a><br>\n", escaped(text("url")), escaped(text("filename")))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body() -> Bytes {
        let page = json!({
            "meta": {"api-version": "1.1"}, "name": "foo-bar",
            "files": [
                {"filename": "foo_bar-1.0-py3-none-any.whl", "url": "https://cdn.example.test/f.whl#x", "size": 7,
                 "hashes": {"sha256": "00"}, "requires-python": ">=3.8", "core-metadata": {"sha256": "11"}, "yanked": false},
                {"filename": "foo_bar-1.0.tar.gz", "url": "../f.tar.gz", "hashes": {}, "yanked": "a \"bad\" <one>"},
                {"filename": "../x.whl", "url": "x"},
                {"url": "x"},
            ],
        });
        Bytes::from(page.to_string())
    }

    #[test]
    fn every_file_leads_back_and_all_else_stays() {
        let led: Value =
            serde_json::from_slice(&led_back("http://f.example.test/p/", "Foo_Bar", &body()).unwrap()).unwrap();
        let files = led["files"].as_array().unwrap();
        let urls: Vec<_> = files.iter().map(|f| f["url"].as_str().unwrap()).collect();
        let base = "http://f.example.test/p/foo-bar/";
        assert_eq!(urls, [format!("{base}foo_bar-1.0-py3-none-any.whl"), format!("{base}foo_bar-1.0.tar.gz")]);
        assert_eq!((&files[0]["size"], &files[0]["core-metadata"]), (&json!(7), &json!({"sha256": "11"})));
        assert_eq!(led["meta"]["api-version"], "1.1");
    }

    #[test]
    fn html_says_what_json_says() {
        let html = as_html("http://f.example.test/p/", "foo-bar", &body()).unwrap();
        let html = std::str::from_utf8(&html).unwrap();
        let wheel = "<a href=\"http://f.example.test/p/foo-bar/foo_bar-1.0-py3-none-any.whl#sha256=00\" \
                     data-requires-python=\"&gt;=3.8\" data-core-metadata=\"sha256=11\">foo_bar-1.0-py3-none-any.whl</a>";
        assert!(html.contains(wheel), "{html}");
        assert!(html.contains("data-yanked=\"a &quot;bad&quot; &lt;one&gt;\""), "{html}");
        assert_eq!(html.matches("<a ").count(), 2);
    }

    #[test]
    fn what_is_no_page_is_refused() {
        for body in ["<html>", "{}", r#"{"files": {}}"#] {
            assert!(led_back("b/", "a", body.as_bytes()).is_err(), "{body}");
        }
    }
}
