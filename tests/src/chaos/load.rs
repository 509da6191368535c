//! Deliveries by the thousand: signed once, sent under ever new ids over plain sockets, so that the sender costs little
//! beside the server that it measures.

use crate::fake_github::sign;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::Instant,
};
use url::Url;
use uuid::Uuid;

/// GitHub's own patience.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer that is read, in bytes.
const ANSWER: usize = 64 << 10;

/// What came of a flood.
#[derive(Debug, Default, Clone)]
pub struct Counted {
    pub accepted: usize,
    /// 503 with `retry-after`.
    pub told_to_wait: usize,
    /// Any other status.
    pub other: usize,
    /// No answer: the connection failed, or ten seconds passed.
    pub unanswered: usize,
    /// Longest time to an answer.
    pub longest: Duration,
    /// How long the flood went on.
    pub time: Duration,
}

impl Counted {
    pub fn sent(&self) -> usize {
        self.accepted + self.told_to_wait + self.other + self.unanswered
    }

    /// So many a second.
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub fn rate(&self, count: usize) -> f64 {
        count as f64 / self.time.as_secs_f64().max(0.001)
    }

    fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.told_to_wait += other.told_to_wait;
        self.other += other.other;
        self.unanswered += other.unanswered;
        self.longest = self.longest.max(other.longest);
    }
}

/// A delivery that can be sent under any id: GitHub's signature covers the body alone.
#[derive(Debug, Clone)]
pub struct Template {
    before: String,
    after: String,
}

impl Template {
    pub fn new(target: &Url, secret: &str, event: &str, payload: &Value) -> Self {
        let body = payload.to_string();
        let host = format!("{}:{}", target.host_str().unwrap_or_default(), target.port().unwrap_or(80));
        let before = format!(
            "POST {} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\nx-github-event: {event}\r\nx-github-hook-id: 1\r\nx-hub-signature-256: {}\r\ncontent-length: {}\r\nx-github-delivery: ",
            target.path(),
            sign(secret, body.as_bytes()),
            body.len(),
        );
        Self { before, after: format!("\r\n\r\n{body}") }
    }

    fn request(&self) -> Vec<u8> {
        format!("{}{}{}", self.before, Uuid::new_v4(), self.after).into_bytes()
    }
}

/// How deliveries come.
#[derive(Debug, Clone, Copy)]
pub struct Flood {
    pub connections: usize,
    pub time: Duration,
    /// Deliveries a second over all connections; `None`: each connection sends as soon as it was answered.
    pub rate: Option<f64>,
}

/// Sends over many connections for a time. A connection has one delivery under way at a time.
///
/// # Errors
/// When the address is no socket address.
pub async fn flood(target: &Url, templates: &Arc<Vec<Template>>, flood: Flood) -> Result<Counted> {
    let address = format!("{}:{}", target.host_str().context("a host")?, target.port().context("a port")?);
    let start = Instant::now();
    let end = start + flood.time;
    let next = Arc::new(AtomicUsize::new(0));
    let mut connections = JoinSet::new();
    for _ in 0..flood.connections {
        let (address, templates, next) = (address.clone(), Arc::clone(templates), Arc::clone(&next));
        connections.spawn(async move { connection(&address, &templates, &next, flood.rate, start, end).await });
    }
    let mut counted = Counted::default();
    while let Some(one) = connections.join_next().await {
        counted.add(&one?);
    }
    counted.time = start.elapsed();
    Ok(counted)
}

async fn connection(
    address: &str,
    templates: &[Template],
    next: &AtomicUsize,
    rate: Option<f64>,
    start: Instant,
    end: Instant,
) -> Counted {
    let mut counted = Counted::default();
    let mut stream = None;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if let Some(rate) = rate {
            #[expect(clippy::cast_precision_loss, reason = "a time to sleep until")]
            let due = start + Duration::from_secs_f64(number as f64 / rate);
            if due > end {
                return counted;
            }
            tokio::time::sleep_until(due).await;
        }
        if Instant::now() > end {
            return counted;
        }
        let sent = Instant::now();
        let request = templates[number % templates.len()].request();
        match tokio::time::timeout(PATIENCE, exchange(address, &mut stream, &request)).await {
            Ok(Ok((202, _))) => counted.accepted += 1,
            Ok(Ok((503, true))) => counted.told_to_wait += 1,
            Ok(Ok(_)) => counted.other += 1,
            _ => {
                counted.unanswered += 1;
                stream = None;
                // A server that is down is not asked again at once.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        counted.longest = counted.longest.max(sent.elapsed());
    }
}

/// Sends a request and reads the answer: its status, and whether it says when to come again.
async fn exchange(address: &str, stream: &mut Option<TcpStream>, request: &[u8]) -> Result<(u16, bool)> {
    let mut socket = match stream.take() {
        Some(socket) => socket,
        None => {
            let socket = TcpStream::connect(address).await?;
            socket.set_nodelay(true)?;
            socket
        }
    };
    socket.write_all(request).await?;
    let mut answer = Vec::with_capacity(512);
    loop {
        if socket.read_buf(&mut answer).await? == 0 {
            bail!("the connection was closed before the answer was whole");
        }
        if let Some(whole) = whole(&answer)? {
            if !whole.closes {
                *stream = Some(socket);
            }
            return Ok((whole.status, whole.retry_after));
        }
        if answer.len() > ANSWER {
            bail!("the answer is longer than {ANSWER} bytes");
        }
    }
}

struct Whole {
    status: u16,
    retry_after: bool,
    closes: bool,
}

/// The answer, once all of it is there (RFC 9112; our server states every length).
fn whole(answer: &[u8]) -> Result<Option<Whole>> {
    let Some(end) = answer.windows(4).position(|w| w == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&answer[..end])?.to_ascii_lowercase();
    let status = head.get(9..12).and_then(|s| s.parse().ok()).context("an answer has a status")?;
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
    let length: usize = header("content-length:").and_then(|l| l.trim().parse().ok()).unwrap_or(0);
    let closes = header("connection:").is_some_and(|value| value.contains("close"));
    Ok((answer.len() >= end + 4 + length).then(|| Whole {
        status,
        retry_after: header("retry-after:").is_some(),
        closes,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_when_it_is_whole() {
        let text = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 30\r\nContent-Length: 4\r\n\r\nwait";
        let read = whole(text).unwrap().unwrap();
        assert_eq!((read.status, read.retry_after, read.closes), (503, true, false));
        assert!(whole(&text[..text.len() - 1]).unwrap().is_none());
        assert!(whole(b"HTTP/1.1 202").unwrap().is_none());
    }
}
