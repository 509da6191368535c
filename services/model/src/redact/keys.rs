//! Names whose value is a secret: `password`, `client_secret`, `_authToken`, `X-Amz-Signature`.

/// Last words of such names.
const LAST: [&str; 15] = [
    "passphrase",
    "pwd",
    "pass",
    "apikey",
    "credential",
    "credentials",
    "authorization",
    "cookie",
    "signature",
    "sig",
    "auth",
    "jwt",
    "session",
    "sid",
    "bearer",
];

/// Endings of the last word: `PGPASSWORD`, `authtoken`.
const ENDINGS: [&str; 4] = ["password", "passwd", "secret", "token"];

/// Last two words of such names.
const LAST_TWO: [(&str, &str); 9] = [
    ("api", "key"),
    ("access", "key"),
    ("private", "key"),
    ("secret", "key"),
    ("signing", "key"),
    ("account", "key"),
    ("encryption", "key"),
    ("app", "key"),
    ("session", "id"),
];

/// Query parameters that are secrets in an address and harmless elsewhere (OAuth 2, RFC 6749, 4.1.2).
const IN_QUERY: [&str; 4] = ["code", "state", "key", "nonce"];

/// Whether the value under `name` is a secret, by the words of the name: `registryToken`, but not `token_file`.
pub(super) fn names_secret(name: &str) -> bool {
    let [before, last] = last_words(name);
    LAST.contains(&last.as_str())
        || ENDINGS.iter().any(|ending| last.ends_with(ending))
        || LAST_TWO.iter().any(|(a, b)| *a == before && *b == last)
}

/// As [`names_secret`], for the name of a query parameter.
pub(super) fn names_secret_in_query(name: &str) -> bool {
    names_secret(name) || IN_QUERY.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The last two words of a name, in lower case; empty where there are fewer.
fn last_words(name: &str) -> [String; 2] {
    let mut words = [String::new(), String::new()];
    let mut previous = ' ';
    for c in name.chars() {
        let starts = c.is_ascii_uppercase() && previous.is_ascii_lowercase();
        if (!c.is_ascii_alphanumeric() || starts) && !words[1].is_empty() {
            words.swap(0, 1);
            words[1].clear();
        }
        if c.is_ascii_alphanumeric() {
            words[1].push(c.to_ascii_lowercase());
        }
        previous = c;
    }
    if words[1].is_empty() {
        words[1] = std::mem::take(&mut words[0]);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_by_their_last_words() {
        for name in [
            "password",
            "PGPASSWORD",
            "db.password",
            "registryToken",
            "_authToken",
            "client-secret",
            "X-Amz-Signature",
            "aws_secret_access_key",
            "apiKey",
            "Authorization",
            "set-cookie",
            "session_id",
            "access_token[]",
        ] {
            assert!(names_secret(name), "{name}");
        }
        for name in
            ["token_file", "tokens", "author", "authority", "passed", "compass", "key", "id", "", "secrets_read"]
        {
            assert!(!names_secret(name), "{name}");
        }
        assert!(names_secret_in_query("code") && !names_secret("code"));
    }
}
