//! What goes, what stays, and what no text may bring about.

use super::{MARK, know, redact, redact_json, redact_json_line};
use proptest::prelude::*;
use serde_json::json;
use std::time::{Duration, Instant};

/// Texts with the part of them that must not be seen.
const SECRETS: [(&str, &str); 41] = [
    ("clone with ghp_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklmnop"),
    ("ghs_1234567_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NTY3In0.c2lnbmF0dXJl_x-y is refused", "c2lnbmF0dXJl"),
    ("github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz", "mnopqrst"),
    ("gho_16C7e42F292c6912E7710c838347Ae178B4a.", "16C7e42F"),
    ("jwt eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJJdjEifQ.AAAA-bbbb_cccc", "eyJpc3Mi"),
    ("two parts eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJJdjEifQ", "eyJpc3Mi"),
    ("npm_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghij"),
    ("pypi-AgEIcHlwaS5vcmcCJDAwMDAwMDAw", "cHlwaS5vcmc"),
    ("lgt_0123456789abcdefABCDEF", "0123456789abcdef"),
    ("Authorization: Bearer abcDEF123456", "abcDEF123456"),
    ("authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    ("Authorization: hunter2", "hunter2"),
    ("{\"authorization\":\"Basic dXNlcjpwYXNz\"}", "dXNlcjpwYXNz"),
    ("Cookie: lockgate=abc; other=def\r\nHost: x", "other=def"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIEabc/+def=\n-----END RSA PRIVATE KEY-----\n", "MIIEabc"),
    ("\"-----BEGIN PRIVATE KEY-----\\nMIIEabc\\n-----END PRIVATE KEY-----\\n\"", "MIIEabc"),
    ("cut off: -----BEGIN PRIVATE KEY-----\nMIIEabc", "MIIEabc"),
    ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN7"),
    ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI"),
    ("written by Jane Roe <jane.roe+npm@mail.example.org>", "jane.roe"),
    ("jane@example.org.", "jane@"),
    ("mailto:jane%40example.org", "jane"),
    ("j\u{fc}rgen@b\u{fc}cher.example", "rgen@"),
    ("line\\njane@example.org", "jane"),
    ("caf\\u00e9 jane@example.org", "jane"),
    ("fetch https://user:hunter2@host.example.test/a", "hunter2"),
    ("https://hunter2@host.example.test", "hunter2"),
    ("postgres://lockgate:p%40ss/w:o#rd@db.example.test:5432/lockgate", "rd@db"),
    ("postgres://lockgate:hunter2@db.example.test:5432/lockgate?sslmode=require", "hunter2"),
    ("host=db user=lockgate password=hunter2 dbname=x", "hunter2"),
    ("host=db password='hunter2 with space' dbname=x", "with space"),
    ("https://h.example.test/x?access_token=hunter2&y=1", "hunter2"),
    ("https://h.example.test/auth/callback?code=hunter2&state=opaque", "hunter2"),
    ("https://s3.example.test/o?X-Amz-Signature=0a1b2c&X-Amz-Date=1", "0a1b2c"),
    ("//registry.example.test/:_authToken=hunter2", "hunter2"),
    ("Config { password: \"hunter2\", user: \"u\" }", "hunter2"),
    ("Config { password: Some(\"hunter2\"), user: \"u\" }", "hunter2"),
    ("{\"client_secret\": \"hun\\\"ter2\", \"id\": 1}", "ter2"),
    ("{\\\"token\\\":\\\"hunter2\\\"}", "hunter2"),
    ("first\\npassword=hunter2", "hunter2"),
    ("xoxb-123456789012-abcdefghij", "abcdefghij"),
];

/// Texts that must stay as they are.
const HARMLESS: [&str; 27] = [
    "pkg:npm/left-pad@1.0.0-beta.rc in web/package-lock.json:812",
    "pkg:npm/%40scope/name@2.0.0",
    "@scope/name@next",
    "react-icon@2x.png and logo@3x.svg",
    "sha512-eyJ3x9AKI/Pypi-0123456789abcdef==",
    "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "https://registry.example.test/left-pad/-/left-pad-1.0.1.tgz?x=1#frag",
    "http://127.0.0.1:8080/d/7f3a",
    "http://[::1]:8080/",
    "the registry refuses access; check the token that is configured for the registry",
    "the registry refuses the password: ask its operator",
    "a bearer of bad news, basic understanding",
    "token_file=/run/secrets/npm_token",
    "npm_config_registry is set; npm_package_version too",
    "author=nobody passed=3 pass=12 compass=north",
    "code=checksum-mismatch state=queued key=publish:1",
    "e-mail me at nowhere, or @ home; a@b is none; @ @@ a@@b",
    "2 releases denied, 1 incomplete",
    "eyJ alone, eyJabc too, and eyJabcdefgh.x",
    "-----BEGINNING-----",
    "://",
    "",
    "***",
    "https://***@host.example.test/?token=***",
    "password=*** Bearer ***",
    "v1.2.3: serde@v1.0.0-rc.one",
    "ghp_short npm_short AKIASHORT lgt_x",
];

#[test]
fn secrets_and_addresses_go() {
    for (text, secret) in SECRETS {
        assert!(text.contains(secret), "{text} does not hold {secret}");
        let cleaned = redact(text);
        assert!(!cleaned.contains(secret), "{text} -> {cleaned}");
        assert!(cleaned.contains(MARK), "{text} -> {cleaned}");
    }
}

#[test]
fn a_line_may_be_a_pair() {
    for text in ["password: hunter2", "a:\n  password: hunter2\n", "a\\n password: hunter2"] {
        assert!(!redact(text).contains("hunter2"), "{text} -> {}", redact(text));
    }
}

#[test]
fn what_is_harmless_stays() {
    for text in HARMLESS {
        assert_eq!(redact(text), text);
    }
}

#[test]
fn the_rest_of_the_text_stays_readable() {
    for (text, expected) in [
        ("fetch https://u:p@host.example.test/a?token=x&y=1", "fetch https://***@host.example.test/a?token=***&y=1"),
        ("by Jane <jane@example.org>, 2020", "by Jane <***>, 2020"),
        ("{\"password\":\"hunter2\",\"n\":1}", "{\"password\":\"***\",\"n\":1}"),
        ("token ghp_abcdefghijklmnopqrstuvwxyz0123456789, refused.", "token ***, refused."),
        ("Authorization: Bearer abcDEF123456\nHost: x", "Authorization: ***\nHost: x"),
        ("a\\njane@example.org\\nb", "a\\n***\\nb"),
    ] {
        assert_eq!(redact(text), expected);
    }
}

#[test]
fn json_is_read_by_its_keys() {
    let mut value = json!({
        "sender": {"email": "jane@example.org", "login": "jane"},
        "config": {"secret": "hunter2", "url": "https://u:p@h.example.test/", "insecure_ssl": "0"},
        "list": ["ghp_abcdefghijklmnopqrstuvwxyz0123456789", 7, null],
    });
    redact_json(&mut value);
    let expected = json!({
        "sender": {"email": "***", "login": "jane"},
        "config": {"secret": "***", "url": "https://***@h.example.test/", "insecure_ssl": "0"},
        "list": ["***", 7, null],
    });
    assert_eq!(value, expected);
}

#[test]
fn a_known_secret_goes_wherever_it_stands() {
    know("correct horse/battery");
    know("short");
    know("-----BEGIN X-----\nQUJDREVGR0hJSktMTU5P\n-----END X-----");
    assert_eq!(redact("the word was correct horse/battery."), "the word was ***.");
    assert_eq!(redact("/x?q=correct%20horse%2Fbattery"), "/x?q=***");
    assert_eq!(redact("part QUJDREVGR0hJSktMTU5P"), "part ***");
    assert_eq!(redact("a short word"), "a short word");
}

/// Each of these sends a careless scanner back to the beginning again and again.
#[test]
fn hostile_texts_take_linear_time() {
    for unit in [
        "eyJ",
        "eyJaaaaaaaa.",
        "a@",
        "a@a.",
        "@",
        "://a:b",
        "://a:b/c@",
        "-----BEGIN ",
        "password=",
        "password=\"\\",
        "\"password\":",
        "bearer ",
        "ghp_",
        "a%40",
        "\\",
        "token: '",
        "cookie:",
        "AKIA",
        "x=",
        "://[",
        "Some(\"",
    ] {
        let text = unit.repeat(200_000 / unit.len());
        let started = Instant::now();
        let _ = redact(&text);
        assert!(started.elapsed() < Duration::from_secs(10), "{unit:?} took {:?}", started.elapsed());
    }
}

/// Any text, rich in what the shapes look at.
fn any_text() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        "\\PC{0,12}",
        Just("@".to_owned()),
        Just("://".to_owned()),
        Just("\\".to_owned()),
        Just("\"".to_owned()),
        Just("\u{e9}".to_owned()),
        Just(MARK.to_owned()),
        "(password|token|code|x)[=:] ?[\"']?",
        "(ghp_|npm_|eyJ|AKIA|lgt_)[a-zA-Z0-9.]{0,40}",
        "[a-z]{1,8}(%40|@)[a-z0-9.]{1,12}",
        Just("-----BEGIN X-----".to_owned()),
        Just("-----END X-----".to_owned()),
        "(?i)(bearer|basic) [a-zA-Z0-9=]{0,12}",
    ];
    proptest::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn doing_it_again_changes_nothing(text in any_text()) {
        let once = redact(&text).into_owned();
        prop_assert_eq!(redact(&once), once.as_str());
    }

    #[test]
    fn a_json_line_stays_json(text in any_text(), key in "[a-z_]{1,10}") {
        let line = json!({ key: text, "n": [text.clone()] }).to_string();
        let cleaned = redact_json_line(&line);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&cleaned).is_ok(), "{} -> {}", line, cleaned);
    }

    #[test]
    fn no_surrounding_text_saves_a_secret(
        which in 0..SECRETS.len(),
        before in "[\\PC&&[^@:\"'\\\\]]{0,20}[ \n(,]",
        after in "[ \n,)][\\PC&&[^@:\"'\\\\]]{0,20}",
        escaped in any::<bool>(),
    ) {
        let (text, secret) = SECRETS[which];
        let around = format!("{before}{text}{after}");
        prop_assume!(!before.contains(secret) && !after.contains(secret));
        let line = if escaped { json!({ "message": around }).to_string() } else { around };
        let cleaned = if escaped { redact_json_line(&line) } else { redact(&line).into_owned() };
        prop_assert!(!cleaned.contains(secret), "{} -> {}", line, cleaned);
    }
}
