//! `http` for plugins: requests to origins that a manifest names and an operator granted, behind the wall.
//!
//! A host name is resolved once; unless the operator allows the origin, every address it has must be public, and exactly
//! these addresses are connected to, so that nothing can be another address between the look and the leap. No redirect is
//! followed, no proxy asked, no cookie kept, no compressed body unpacked; the header with the secret is filled in here.

mod address;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mnemosyne_runtime::capability::http::{HttpBackend, OutgoingRequest, ReceivedResponse};
use mnemosyne_runtime::{Asking, BackendError};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response, Url};
use secrecy::{ExposeSecret as _, SecretString};

pub use address::is_public;

/// Addresses of a name at most; a longer list is no origin that a person set up.
const ADDRESSES: usize = 16;
/// To connect.
const CONNECT: Duration = Duration::from_secs(5);
/// Headers of an answer at most, and bytes of them together.
const HEADERS: (usize, usize) = (64, 32 << 10);

/// Turns names into addresses.
#[async_trait]
pub trait Resolve: Send + Sync {
    /// Every address of a host.
    async fn resolve(&self, host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>>;
}

/// The system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }
}

/// Where the values of secrets come from; plugins know names only.
#[async_trait]
pub trait SecretSource: Send + Sync {
    /// The value; `None`: no operator has stored one of this name.
    async fn secret(&self, name: &str) -> Option<SecretString>;
}

/// Requests outside.
pub struct Outside {
    resolver: Arc<dyn Resolve>,
    secrets: Arc<dyn SecretSource>,
    /// Origins that may have private addresses and speak plain HTTP, exactly as the operator wrote them.
    allowed: BTreeSet<String>,
}

impl Outside {
    /// With these secrets; `allowed`: origins whose addresses may be private.
    pub fn new(resolver: Arc<dyn Resolve>, secrets: Arc<dyn SecretSource>, allowed: impl IntoIterator<Item = String>) -> Self {
        Self { resolver, secrets, allowed: allowed.into_iter().map(|origin| origin.trim_end_matches('/').to_owned()).collect() }
    }

    /// The address of a request, which is at its origin whatever its path says.
    fn url(&self, origin: &str, request: &OutgoingRequest<'_>) -> Result<Url, BackendError> {
        let base = Url::parse(origin).map_err(|_| forbidden("the endpoint's origin cannot be read"))?;
        let trusted = self.allowed.contains(origin);
        let secure = base.scheme() == "https" || (trusted && base.scheme() == "http");
        let plain = base.username().is_empty()
            && base.password().is_none()
            && base.path() == "/"
            && base.query().is_none()
            && base.fragment().is_none();
        if !secure || !plain || base.host_str().is_none() {
            return Err(forbidden("an endpoint is an https origin and nothing else"));
        }
        // A number as a host, however it is written, is an address: names are what operators can judge.
        if !trusted && base.domain().is_none() {
            return Err(forbidden("an endpoint is a host name, not an address"));
        }
        let mut url = Url::parse(&format!("{}{}", origin.trim_end_matches('/'), request.path))
            .map_err(|_| BackendError::invalid("http-path", "the path cannot be read"))?;
        if url.origin() != base.origin() || !url.username().is_empty() || url.password().is_some() {
            return Err(forbidden("the path leads out of its origin"));
        }
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(request.query);
        }
        Ok(url)
    }

    /// Where to connect: every address of the host, each of them judged.
    async fn addresses(&self, origin: &str, url: &Url) -> Result<Vec<SocketAddr>, BackendError> {
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(forbidden("the endpoint has no host"));
        };
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let found = match literal {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => self.resolver.resolve(host, port).await.map_err(|error| {
                tracing::debug!(host, %error, "an endpoint's name does not resolve");
                BackendError::Unavailable { retry_after_ms: Some(1_000) }
            })?,
        };
        if found.is_empty() || found.len() > ADDRESSES {
            return Err(BackendError::Unavailable { retry_after_ms: None });
        }
        // One private address among public ones is how a name is turned against the host: all of them, or none.
        if !self.allowed.contains(origin) && !found.iter().all(|address| is_public(address.ip())) {
            tracing::warn!(origin, "a plugin's endpoint has an address that is not public; `plugins.allowed_origins` would allow it");
            return Err(forbidden("the endpoint's address is not public"));
        }
        Ok(found.into_iter().map(|address| SocketAddr::new(address.ip(), port)).collect())
    }

    async fn headers(&self, request: &OutgoingRequest<'_>) -> Result<HeaderMap, BackendError> {
        let wrong = || BackendError::invalid("http-headers", "a header cannot be sent");
        let mut headers = HeaderMap::new();
        for (name, value) in request.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
            headers.append(name, HeaderValue::from_str(value).map_err(|_| wrong())?);
        }
        if let Some(secret) = request.secret {
            let missing = || BackendError::denied("http-secret", "the operator has not stored the secret of this endpoint");
            let value = self.secrets.secret(secret.name).await.ok_or_else(missing)?;
            let name = HeaderName::from_bytes(secret.header.as_bytes()).map_err(|_| wrong())?;
            let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_| missing())?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }
}

fn forbidden(message: &str) -> BackendError {
    BackendError::denied("http-forbidden", message)
}

fn failed(error: &reqwest::Error) -> BackendError {
    if error.is_timeout() { BackendError::Timeout } else { BackendError::Unavailable { retry_after_ms: Some(1_000) } }
}

/// The body, as far as it may go.
async fn body(mut response: Response, most: usize) -> Result<Vec<u8>, BackendError> {
    let too_large = || BackendError::invalid("http-too-large", "the answer's body is too large");
    if response.content_length().is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
        if body.len() + chunk.len() > most {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn received(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut left = HEADERS.1;
    let readable = headers.iter().filter(|(name, _)| *name != "set-cookie");
    let readable = readable.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    readable
        .take(HEADERS.0)
        .take_while(|(name, value)| {
            let weight = name.len() + value.len();
            let fits = weight <= left;
            left = left.saturating_sub(weight);
            fits
        })
        .collect()
}

#[async_trait]
impl HttpBackend for Outside {
    async fn send(&self, of: Asking<'_>, request: OutgoingRequest<'_>) -> Result<ReceivedResponse, BackendError> {
        let origin = request.origin.trim_end_matches('/');
        let url = self.url(origin, &request)?;
        let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| BackendError::invalid("http-method", "no such method"))?;
        let headers = self.headers(&request).await?;
        let work = async {
            let addresses = self.addresses(origin, &url).await?;
            // A client for each request: it knows these addresses and no other, and keeps no connection for anybody else.
            let client = Client::builder()
                .resolve_to_addrs(url.host_str().unwrap_or_default(), &addresses)
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .connect_timeout(CONNECT)
                .pool_max_idle_per_host(0)
                .user_agent(concat!("mnemosyne/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|error| failed(&error))?;
            let sent = client.request(method, url.clone()).headers(headers).body(request.body.to_vec()).send().await;
            let response = sent.map_err(|error| failed(&error))?;
            let (status, headers) = (response.status().as_u16(), received(response.headers()));
            Ok(ReceivedResponse { status, headers, body: body(response, request.max_body).await? })
        };
        let answered = tokio::time::timeout(request.timeout, work).await.unwrap_or(Err(BackendError::Timeout));
        if let Err(error) = &answered {
            tracing::debug!(plugin = of.plugin, call = %of.call, origin, %error, "a plugin's request outside failed");
        }
        answered
    }
}
