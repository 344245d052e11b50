//! The accept loop, over real sockets.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::http::door::Deadlines;

/// Serves the little resource and gives its address and its end.
async fn serving(most: usize, head: Duration) -> (std::net::SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let deadlines = Deadlines { head, handler: Duration::from_secs(5), idle: Duration::from_mins(1) };
    let task = tokio::spawn(crate::http::serve::accept(house(|_| {}).0, listener, most, deadlines, stop.clone()));
    (address, stop, task)
}

async fn exchange(stream: &mut TcpStream, text: &str) -> io::Result<String> {
    stream.write_all(text.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn a_request_over_a_socket_is_answered_and_the_server_ends_when_told() {
    let (address, stop, task) = serving(10, Duration::from_secs(5)).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let answer = exchange(&mut stream, "GET /api/v1/who HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("None 127.0.0.1"), "{answer}");
    stop.cancel();
    task.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_head_that_does_not_arrive_in_time_ends_the_connection() {
    let (address, _stop, _task) = serving(10, Duration::from_millis(200)).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(5), exchange(&mut stream, "GET / HTTP/1.1\r\nhost:")).await;
    assert!(!answer.expect("the server hangs up").unwrap_or_default().contains("200"));
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_for_a_slot() {
    let (address, _stop, _task) = serving(1, Duration::from_secs(5)).await;
    let holder = TcpStream::connect(address).await.unwrap();
    let mut waiting = TcpStream::connect(address).await.unwrap();
    let request = "GET /api/v1/who HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut byte = [0];
    waiting.write_all(request.as_bytes()).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(300), waiting.read(&mut byte)).await.is_err());
    drop(holder);
    let read = tokio::time::timeout(Duration::from_secs(5), waiting.read(&mut byte)).await;
    assert_eq!((read.unwrap().unwrap(), byte), (1, *b"H"));
}

#[tokio::test]
async fn http_2_is_spoken_over_clear_text() {
    let (address, _stop, _task) = serving(10, Duration::from_secs(5)).await;
    let client =
        hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).http2_only(true).build_http::<axum::body::Body>();
    let response = client.get(format!("http://{address}/api/v1/who").parse().unwrap()).await.unwrap();
    assert_eq!((response.version(), response.status()), (axum::http::Version::HTTP_2, StatusCode::OK));
}
