//! Takes connections and serves them, so many at once and no more, each with bounded buffers and a time for its heads.

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use std::{future::Future, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// Connections at once; those beyond wait in the system's own queue. With [`BUFFER`] this bounds what they can hold.
const CONNECTIONS: usize = 8192;
/// Largest buffer to read into, in bytes; also the largest head of a request.
const BUFFER: usize = 16 << 10;
/// From the start of a connection, or the end of the answer before, until the next head has arrived: who sends slower
/// would hold a connection for ever. Longer than proxies keep an idle connection, so that they are the ones to close it.
const HEAD: Duration = Duration::from_secs(90);
/// Requests that were begun when the server is stopped have this long.
const LAST: Duration = Duration::from_secs(30);
/// After a failed accept, as when file descriptors have run out.
const REST: Duration = Duration::from_millis(200);

/// Serves HTTP/1.1 until `stop` ends; what was begun is answered.
pub(crate) async fn serve(listener: &TcpListener, routes: &Router, stop: impl Future<Output = ()> + Send) {
    let (room, ending) = (Arc::new(Semaphore::new(CONNECTIONS)), GracefulShutdown::new());
    let mut stop = pin!(stop);
    loop {
        let taken = async {
            let room = Arc::clone(&room).acquire_owned().await.expect("never closed");
            (room, listener.accept().await)
        };
        let (room, accepted) = tokio::select! {
            taken = taken => taken,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => attend(stream, peer, routes.clone(), room, &ending),
            Err(error) => {
                tracing::warn!(%error, "take a connection; are there file descriptors left (`ulimit -n`)?");
                tokio::time::sleep(REST).await;
            }
        }
    }
    if tokio::time::timeout(LAST, ending.shutdown()).await.is_err() {
        tracing::warn!("requests were still under way {} s after the stop; they are cut off", LAST.as_secs());
    }
}

fn attend(stream: TcpStream, peer: SocketAddr, routes: Router, room: OwnedSemaphorePermit, ending: &GracefulShutdown) {
    // Answers are small and whole; waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let routes = TowerToHyperService::new(routes);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        hyper::service::Service::call(&routes, request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    let connection = ending.watch(connection);
    tokio::spawn(async move {
        // Who hangs up or speaks no HTTP is told so by hyper, and is nobody's trouble.
        if let Err(error) = connection.await {
            tracing::debug!(%peer, %error, "a connection ended");
        }
        drop(room);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// What a server with two routes answers to `request`; it is stopped `after` the request was sent.
    async fn answer(request: &str, after: Duration) -> String {
        let slowly = async || {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "done"
        };
        let who = async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string();
        let routes = Router::new().route("/who", get(who)).route("/slowly", get(slowly));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let serving = tokio::spawn(async move { serve(&listener, &routes, tokio::time::sleep(after)).await });
        client.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        serving.await.unwrap();
        answer
    }

    #[tokio::test]
    async fn the_peer_is_known() {
        let answer = answer("GET /who HTTP/1.1\r\nhost: a\r\n\r\n", Duration::from_millis(200)).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("127.0.0.1"), "{answer}");
    }

    #[tokio::test]
    async fn what_was_begun_is_answered_after_the_stop() {
        let answer = answer("GET /slowly HTTP/1.1\r\nhost: a\r\n\r\n", Duration::from_millis(100)).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("done"), "{answer}");
    }

    #[tokio::test]
    async fn a_head_that_fills_the_buffer_is_refused() {
        let head = format!("GET /who HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "x".repeat(2 * BUFFER));
        let answer = answer(&head, Duration::from_millis(200)).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
}
