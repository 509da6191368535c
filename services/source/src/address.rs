//! Which addresses are fetched at all.

use crate::SourceError;
use url::Url;

/// Accepts http(s) alone and returns the repository's name for errors. `file:` and `ssh:` would start programs.
pub(crate) fn check(url: &Url, token: bool) -> Result<String, SourceError> {
    let name = format!("{}{}", url.host_str().unwrap_or_default(), url.path());
    let refuse =
        |message: &str| Err(SourceError::Unsupported { repository: name.clone(), message: message.to_owned() });
    let loopback = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(host)) => host == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => {}
        "http" if loopback || !token => {}
        "http" => return refuse("a token is not sent over plain http; use https"),
        "file" => return refuse("open a local repository by its path instead"),
        _ => return refuse("only http and https addresses are fetched"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("the address must not hold credentials; configure a token");
    }
    Ok(name)
}
