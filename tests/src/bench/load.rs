//! Webhooks as GitHub sends them, as fast as they are answered: keep-alive connections, a signature over each body.

use super::measure::Sample;
use crate::fake_github::sign;
use anyhow::{Context, Result, bail};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};
use url::Url;
use uuid::Uuid;

/// Stands in the template where each body's own id goes; as long as the id.
const MARK: &str = "00000000-0000-4000-8000-00000000feed";

/// A pull request's event, padded to `bytes` by its description, as long descriptions do.
pub(super) fn template(mut event: serde_json::Value, bytes: usize) -> Arc<str> {
    let fixed = event.to_string().len();
    let text = "A paragraph of a description that somebody wrote, with a link and a list. ";
    let padding: String = text.chars().cycle().take(bytes.saturating_sub(fixed + MARK.len())).collect();
    event["pull_request"]["body"] = format!("{MARK}{padding}").into();
    event.to_string().into()
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
pub(super) async fn webhooks(
    target: &Url,
    secret: &str,
    template: &Arc<str>,
    clients: usize,
    time: Duration,
) -> Result<Answers> {
    let address = format!("{}:{}", target.host_str().context("a host")?, target.port().context("a port")?);
    let started = Instant::now();
    let mut senders = JoinSet::new();
    for _ in 0..clients {
        let (address, path, secret) = (address.clone(), target.path().to_owned(), secret.to_owned());
        let template = Arc::clone(template);
        senders.spawn(async move { send(&address, &path, &secret, &template, started + time).await });
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

async fn send(address: &str, path: &str, secret: &str, template: &str, until: Instant) -> Result<Answers> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut answers = Answers::default();
    let mut buffer = Vec::with_capacity(4096);
    while Instant::now() < until {
        let id = Uuid::new_v4();
        let body = template.replacen(MARK, &id.to_string(), 1);
        let signature = sign(secret, body.as_bytes());
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\nuser-agent: GitHub-Hookshot/bench\r\n\
             x-github-event: pull_request\r\nx-github-delivery: {id}\r\nx-github-hook-id: 1\r\n\
             x-hub-signature-256: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let asked = Instant::now();
        stream.write_all(request.as_bytes()).await?;
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
