//! The other side of `stream`: an axum handler that hands a model server's bytes on as they come. It parses nothing, keeps
//! nothing and calls nobody: what a second socket on the way costs on this machine, and no more.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;

use crate::process::client;

/// The word that makes this program that server.
pub(crate) const ROLE: &str = "serve-relay";

/// Serves what stands behind this address until it is ended.
#[tokio::main]
pub(crate) async fn serve(upstream: &str) {
    let to = format!("{upstream}/chat/completions");
    let router = Router::new().route("/chat/completions", post(relay)).with_state((client(), to));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("address   http://{}", listener.local_addr().expect("an address"));
    axum::serve(axum::serve::ListenerExt::tap_io(listener, |stream| drop(stream.set_nodelay(true))), router).await.expect("it serves");
}

async fn relay(State((client, to)): State<(reqwest::Client, String)>, body: Bytes) -> Response {
    let answer = client.post(to).body(body).send().await.expect("an answer");
    Response::new(Body::from_stream(answer.bytes_stream()))
}
