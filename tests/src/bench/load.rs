//! Webhooks as GitHub sends them, as fast as they are answered: keep-alive connections, a signature over each body.
//!
//! The sender runs on the server's machine and must not cost as much as it. What all bodies begin with is therefore
//! hashed once; of each only its own end is.

use super::measure::Sample;
use anyhow::{Context, Result, bail};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};
use url::Url;
use uuid::Uuid;

/// The end of a body: its own id, and what closes the object.
const END: &str = "\"}";

/// Bodies that differ in their end.
#[derive(Debug, Clone)]
pub(super) struct Template {
    /// What all of them begin with.
    start: String,
    signed: Hmac<Sha256>,
}

impl Template {
    /// A pull request's event, padded to `bytes` by its description, as long descriptions do.
    pub(super) fn new(mut event: serde_json::Value, bytes: usize, secret: &str) -> Self {
        let fixed = event.to_string().len();
        let text = "A paragraph of a description that somebody wrote, with a link and a list. ";
        let padding: String = text.chars().cycle().take(bytes.saturating_sub(fixed)).collect();
        event["pull_request"]["body"] = padding.into();
        event["own"] = "".into();
        let mut start = event.to_string();
        start.truncate(start.len() - END.len());
        let mut signed = Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
        signed.update(start.as_bytes());
        Self { start, signed }
    }

    /// A whole request with a body of its own.
    fn request(&self, address: &str, path: &str) -> Vec<u8> {
        let id = Uuid::new_v4().to_string();
        let mut signed = self.signed.clone();
        signed.update(id.as_bytes());
        signed.update(END.as_bytes());
        let signature = hex::encode(signed.finalize().into_bytes());
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\nuser-agent: GitHub-Hookshot/bench\r\n\
             x-github-event: pull_request\r\nx-github-delivery: {id}\r\nx-github-hook-id: 1\r\n\
             x-hub-signature-256: sha256={signature}\r\ncontent-length: {}\r\n\r\n",
            self.start.len() + id.len() + END.len()
        );
        request.push_str(&self.start);
        request.push_str(&id);
        request.push_str(END);
        request.into_bytes()
    }
}

/// What a load came to.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub accepted: usize,
    pub refused: usize,
    /// Seconds to each acknowledgement.
    pub latency: Sample,
    pub seconds: f64,
}

/// Sends from `clients` connections for `time`.
pub(super) async fn webhooks(target: &Url, template: &Template, clients: usize, time: Duration) -> Result<Answers> {
    let address = format!("{}:{}", target.host_str().context("a host")?, target.port().context("a port")?);
    let started = Instant::now();
    let mut senders = JoinSet::new();
    for _ in 0..clients {
        let (address, path, template) = (address.clone(), target.path().to_owned(), template.clone());
        senders.spawn(async move { send(&address, &path, &template, started + time).await });
    }
    let mut all = Answers::default();
    while let Some(sender) = senders.join_next().await {
        let answers = sender??;
        all.accepted += answers.accepted;
        all.refused += answers.refused;
        all.latency.extend(answers.latency);
    }
    all.seconds = started.elapsed().as_secs_f64();
    Ok(all)
}

async fn send(address: &str, path: &str, template: &Template, until: Instant) -> Result<Answers> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut answers = Answers::default();
    let mut buffer = Vec::with_capacity(4096);
    while Instant::now() < until {
        let request = template.request(address, path);
        let asked = Instant::now();
        stream.write_all(&request).await?;
        match status(&mut stream, &mut buffer).await? {
            202 => {
                answers.accepted += 1;
                answers.latency.add(asked.elapsed());
            }
            503 => answers.refused += 1,
            other => bail!("a webhook was answered {other}"),
        }
    }
    Ok(answers)
}

/// Reads one answer to its end; the status.
async fn status(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<u16> {
    buffer.clear();
    let head = loop {
        if let Some(at) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection");
        }
    };
    let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
    let status = text.split_ascii_whitespace().nth(1).and_then(|code| code.parse().ok()).context("read a status")?;
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")).map(|v| v.trim().parse::<usize>());
    let length = length.transpose()?.unwrap_or_default();
    while buffer.len() < head + length {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection within an answer");
        }
    }
    Ok(status)
}
