//! The accept loop: one task a connection, HTTP/1.1 and HTTP/2 over clear text (TLS is the proxy's).
//!
//! Our own rather than `axum::serve`, which gives no access to the connection's settings: hyper's time-out for the request
//! head is silently off until a timer is set, and slow heads are the cheapest way to hold a server.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::app::App;

use super::door::{Deadlines, Door};
use super::front::Peer;
use super::stall::Stalling;

/// How long open requests get after the signal.
const GRACE: Duration = Duration::from_secs(20);
/// Hyper's buffer for a request head, above the 16 KiB that the front door refuses in words.
const HEAD_BYTES: u32 = 32 << 10;

/// Serves until `shutdown` is cancelled, then lets open requests end, at most 20 s.
///
/// # Errors
/// A document that cannot be compiled (a mistake of ours, found by tests).
pub async fn serve(app: App, listener: TcpListener, shutdown: CancellationToken) -> io::Result<()> {
    let router = super::router(app.clone()).map_err(io::Error::other)?;
    let config = app.config();
    accept(router, listener, config.server.max_connections, Deadlines::of(config), shutdown).await;
    Ok(())
}

/// The loop itself.
pub(super) async fn accept(router: Router, listener: TcpListener, most: usize, deadlines: Deadlines, shutdown: CancellationToken) {
    let slots = Arc::new(Semaphore::new(most));
    let graceful = GracefulShutdown::new();
    let builder = Arc::new(builder(deadlines));
    loop {
        // A slot first: beyond the bound, connections wait in the kernel's backlog instead of in our memory.
        let slot = tokio::select! {
            slot = slots.clone().acquire_owned() => slot,
            () = shutdown.cancelled() => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, or the client went away: neither ends the server.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let connection = connection(&builder, deadlines, stream, peer, router.clone(), graceful.watcher());
        tokio::spawn(async move {
            connection.await;
            drop(slot);
        });
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("open requests did not end within 20 s and are cut off");
    }
}

fn builder(deadlines: Deadlines) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(deadlines.head).max_buf_size(HEAD_BYTES as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD_BYTES)
        .max_concurrent_streams(100)
        .keep_alive_interval(Some(Duration::from_secs(30)))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

/// One connection until it ends.
fn connection(
    builder: &Arc<auto::Builder<TokioExecutor>>,
    deadlines: Deadlines,
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
) -> impl Future<Output = ()> + Send + use<> {
    // Small answers must not wait for Nagle; failing to say so is no reason to refuse the connection.
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request)
    });
    let builder = builder.clone();
    async move {
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(Stalling::new(stream, deadlines.idle)), service).into_owned();
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}
