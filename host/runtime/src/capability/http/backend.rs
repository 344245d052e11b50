//! What the host fills in: resolving, judging the addresses, connecting, injecting the secret, sending.

use std::time::Duration;

use async_trait::async_trait;

use crate::capability::{Asking, BackendError};

/// The header that the host fills with a secret, which no guest sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutgoingSecret<'a> {
    /// Lower case.
    pub header: &'a str,
    /// Name of the secret in the host.
    pub name: &'a str,
}

/// A checked request to a granted origin.
#[derive(Clone, Copy, Debug)]
pub struct OutgoingRequest<'a> {
    /// `https://host[:port]`, from the manifest.
    pub origin: &'a str,
    /// `GET`, `POST`, `PUT`, `PATCH`, `DELETE`.
    pub method: &'a str,
    /// Begins with `/`; printable ASCII without `?`, `#`, `\` and without `.` or `..` segments, also encoded ones.
    pub path: &'a str,
    /// Not yet encoded.
    pub query: &'a [(String, String)],
    /// Lower-case names; none that is the connection's or the host's.
    pub headers: &'a [(String, String)],
    /// At most 256 KiB.
    pub body: &'a [u8],
    /// To inject.
    pub secret: Option<OutgoingSecret<'a>>,
    /// For everything, from resolving to the last byte.
    pub timeout: Duration,
    /// Most bytes of the answer's body; a larger one is `invalid` / `http-too-large`.
    pub max_body: usize,
}

/// An answer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedResponse {
    /// 100…599. A redirect is an answer like any other: nobody follows it.
    pub status: u16,
    /// Lower-case names; without `set-cookie`.
    pub headers: Vec<(String, String)>,
    /// At most `max_body`.
    pub body: Vec<u8>,
}

/// Requests outside.
#[async_trait]
pub trait HttpBackend: Send + Sync {
    /// Sends it and waits. A forbidden address is [`BackendError::denied`], no connection [`BackendError::Unavailable`].
    async fn send(&self, of: Asking<'_>, request: OutgoingRequest<'_>) -> Result<ReceivedResponse, BackendError>;
}
