//! The trusted root: whom to trust, for which time.

use crate::{Authority, Key, OPENED, key::base64, log::Log};
use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

impl Authority {
    /// A `trusted_root.json` that names all of this instance, from [`OPENED`] on without an end.
    pub fn trusted_root(&self) -> Value {
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(&self.log), log(&self.second)],
            "certificateAuthorities": [authority("https://authority.example.test", &[
                &self.intermediate.der,
                &self.root.der,
            ])],
            "ctlogs": [published(&self.certificate_log)],
            "timestampAuthorities": [authority("https://timestamp.example.test", &[
                &self.timestamps.signer.der,
                &self.timestamps.root.der,
            ])],
        })
    }
}

/// The time from `from` to `to` as a trusted root says it (seconds since 1970).
pub fn window(from: i64, to: Option<i64>) -> Value {
    let mut window = json!({"start": time(from)});
    if let Some(to) = to {
        window["end"] = time(to).into();
    }
    window
}

fn log(log: &Log) -> Value {
    json!({
        "baseUrl": format!("https://{}", log.host),
        "hashAlgorithm": "SHA2_256",
        "publicKey": key(&log.key),
        "logId": {"keyId": base64(log.id)},
    })
}

fn published(by: &Key) -> Value {
    json!({
        "baseUrl": "https://certificates.example.test",
        "hashAlgorithm": "SHA2_256",
        "publicKey": key(by),
        "logId": {"keyId": base64(by.id())},
    })
}

fn key(key: &Key) -> Value {
    json!({"rawBytes": base64(key.der()), "keyDetails": key.details(), "validFor": window(OPENED, None)})
}

fn authority(uri: &str, chain: &[&Vec<u8>]) -> Value {
    let chain: Vec<_> = chain.iter().map(|der| json!({"rawBytes": base64(der)})).collect();
    json!({
        "subject": {"organization": "example.test", "commonName": "authority"},
        "uri": uri,
        "certChain": {"certificates": chain},
        "validFor": window(OPENED, None),
    })
}

fn time(seconds: i64) -> String {
    let at = DateTime::from_timestamp(seconds, 0).expect("a time of this era");
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
