//! Parses every payload of the npm package `@octokit/webhooks-examples`, which documents GitHub's events.
//!
//! `cargo run -p lockgate-github --example webhook_examples -- api.github.com/index.json` prints the count and
//! fails when one cannot be read.

use hmac::{Hmac, KeyInit, Mac};
use lockgate_github::{Event, Secret, signature};
use serde_json::Value;
use std::{error::Error, fs, process::ExitCode};

const SECRET: &str = "an example";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("give the package's index.json")?;
    let events: Vec<Value> = serde_json::from_slice(&fs::read(path)?)?;
    let (mut read, mut failed) = (0, 0);
    for event in &events {
        let name = event["name"].as_str().ok_or("an event has a name")?;
        for example in event["examples"].as_array().into_iter().flatten() {
            match parse(name, example) {
                Ok(parsed) if parsed.name() == name => read += 1,
                Ok(parsed) => {
                    failed += 1;
                    println!("{name}: read as {}", parsed.name());
                }
                Err(error) => {
                    failed += 1;
                    println!("{name}: {error}");
                }
            }
        }
    }
    println!("{read} payloads of {} events read, {failed} failed", events.len());
    Ok(ExitCode::from(u8::from(failed > 0 || read == 0)))
}

/// As a delivery: signed, verified, parsed; and the same as if nothing of it were passed over.
fn parse(name: &str, payload: &Value) -> Result<Event, Box<dyn Error>> {
    let body = payload.to_string().into_bytes();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes())?;
    mac.update(&body);
    let header = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let verified = signature::verify(&[Secret::from(SECRET)], Some(&header), &body)?;
    let parsed = Event::parse(&verified, name)?;
    if parsed != Event::read(name, payload)? {
        return Err("what is passed over is needed".into());
    }
    Ok(parsed)
}
