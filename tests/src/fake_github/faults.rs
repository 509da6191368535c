//! Failures on order, so that a test can see what the product makes of them.

use axum::{
    body::{Body, Bytes},
    extract::connect_info::Connected,
    response::{IntoResponse, Response},
    serve::IncomingStream,
};
use std::{net::TcpStream, os::fd::AsFd, sync::Arc, time::Duration};
use tokio::net::TcpListener;

/// Half of these bytes are announced and never sent.
const CUT_BYTES: usize = 2;

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    /// An answer with this status and these headers.
    Status(u16, Vec<(&'static str, String)>),
    /// An answer as GitHub's own front end gives while it is overloaded: a page.
    Page(u16),
    /// Silence for so long, then the connection closes.
    Hang(Duration),
    /// The connection is reset without an answer.
    Reset,
    /// Half of the answer's body, then the connection closes.
    Truncate,
}

impl Fault {
    /// GitHub's secondary rate limit.
    pub fn rate_limited(seconds: u64) -> Self {
        Self::Status(403, vec![("retry-after", seconds.to_string())])
    }
}

/// Whether the request takes effect before it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultTiming {
    /// Nothing happens but the failure.
    Before,
    /// The request is carried out and its answer lost: what makes a retry dangerous.
    After,
}

#[derive(Debug)]
struct Ordered {
    remaining: usize,
    path: String,
    timing: FaultTiming,
    fault: Fault,
}

#[derive(Debug, Default)]
pub(super) struct Faults {
    ordered: Vec<Ordered>,
}

impl Faults {
    pub(super) fn add(&mut self, count: usize, path: &str, timing: FaultTiming, fault: Fault) {
        self.ordered.push(Ordered { remaining: count, path: path.to_owned(), timing, fault });
    }

    /// The fault that `request` (`METHOD /path`) meets; each is met as often as it was ordered.
    pub(super) fn take(&mut self, request: &str) -> Option<(FaultTiming, Fault)> {
        self.ordered.retain(|o| o.remaining > 0);
        let met = self.ordered.iter_mut().find(|o| request.contains(&o.path))?;
        met.remaining -= 1;
        Some((met.timing, met.fault.clone()))
    }
}

/// The connection that a request came by, to be torn down.
#[derive(Debug, Clone)]
pub(crate) struct Connection(Option<Arc<TcpStream>>);

impl Connected<IncomingStream<'_, TcpListener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        let twin = stream.io().as_fd().try_clone_to_owned();
        Self(twin.ok().map(|fd| Arc::new(TcpStream::from(fd))))
    }
}

impl Connection {
    /// Ends the connection with a reset as soon as the server lets go of it.
    pub(super) fn reset(&self) -> Response {
        if let Some(stream) = &self.0 {
            // Without lingering, closing sends RST instead of FIN.
            let _ = socket2::SockRef::from(&**stream).set_linger(Some(Duration::ZERO));
        }
        cut(Bytes::new(), CUT_BYTES)
    }
}

/// The first half of `whole`, where all of it was announced.
pub(super) fn truncated(whole: Bytes) -> Response {
    let announced = whole.len().max(CUT_BYTES);
    cut(whole.slice(..whole.len() / 2), announced)
}

fn cut(sent: Bytes, announced: usize) -> Response {
    let pieces = [Ok(sent), Err(std::io::Error::other("an end that a test ordered"))];
    let body = Body::from_stream(futures::stream::iter(pieces));
    ([("content-type", "application/json".to_owned()), ("content-length", announced.to_string())], body).into_response()
}
