//! What the layers share: the door behind, the compiled table of operations, bounds. One per router.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::http::{Extensions, HeaderMap};

use crate::config::Config;
use crate::error::{Code, Fault, Outcome};
use crate::service::principal::Principal;

use super::door::{Deadlines, Door};
use super::json::Parsed;
use super::operation::{Operation, Table};
use super::rate::Limiter;

/// State of the layers, cheap to clone.
#[derive(Clone)]
pub(super) struct Front(Arc<Parts>);

pub(super) struct Parts {
    pub(super) door: Arc<dyn Door>,
    pub(super) table: Table,
    pub(super) limiter: Option<Limiter>,
    pub(super) deadlines: Deadlines,
}

impl std::ops::Deref for Front {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Front {
    pub(super) fn new(door: Arc<dyn Door>, table: Table) -> Self {
        let limiter = Limiter::new(door.config().limits.requests_per_minute);
        let deadlines = Deadlines::of(door.config());
        Self(Arc::new(Parts { door, table, limiter, deadlines }))
    }
    pub(super) fn config(&self) -> &Config {
        self.door.config()
    }
}

/// The address a connection came from; [`super::serve`] puts it into each request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

/// The id of a request, as its answer and the log show it.
#[derive(Clone, Debug)]
pub struct RequestId(pub Arc<str>);

/// What the gate found out about a request; extractors read it.
#[derive(Clone)]
pub(super) struct Context(Arc<Found>);

pub(super) struct Found {
    pub(super) front: Front,
    pub(super) operation: Arc<Operation>,
    pub(super) principal: Option<Principal>,
    pub(super) body: Option<Parsed>,
}

impl std::ops::Deref for Context {
    type Target = Found;
    fn deref(&self) -> &Found {
        &self.0
    }
}

impl Context {
    pub(super) fn new(found: Found) -> Self {
        Self(Arc::new(found))
    }
    /// The context of a request that went through the gate.
    ///
    /// # Errors
    /// `SRV_001` on a route that is not in the OpenAPI document: our own mistake.
    pub(super) fn of(extensions: &Extensions) -> Outcome<&Self> {
        extensions.get::<Self>().ok_or_else(|| Fault::new(Code::Internal).cause("this route is not in the OpenAPI document"))
    }
}

/// The client's address: the peer, or what a trusted proxy says. Of `X-Forwarded-For` the rightmost address that is not
/// itself a trusted proxy counts; everything left of it was written by the client.
pub(super) fn client_address(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let peer = extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0.ip().to_canonical());
    if !trusted.contains(&peer) {
        return peer;
    }
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        match address(hop.trim()) {
            Some(hop) if trusted.contains(&hop) => {}
            Some(hop) => return hop,
            None => return peer,
        }
    }
    peer
}

/// `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::1` or `[2001:db8::1]:4711`.
fn address(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip())).ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(Peer(SocketAddr::new(peer.parse().unwrap(), 1)));
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted: Vec<IpAddr> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        client_address(&extensions, &headers, &trusted).to_string()
    }

    #[test]
    fn forwarded_addresses_count_only_from_a_trusted_proxy() {
        assert_eq!(seen("198.51.100.1", &["203.0.113.7"], &[]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["203.0.113.7"], &["10.0.0.1"]), "203.0.113.7");
        assert_eq!(seen("::ffff:10.0.0.1", &["203.0.113.7:99"], &["10.0.0.1"]), "203.0.113.7");
    }

    #[test]
    fn a_client_cannot_prepend_an_address_of_its_choice() {
        assert_eq!(seen("10.0.0.1", &["1.2.3.4, 203.0.113.7, 10.0.0.2"], &["10.0.0.1", "10.0.0.2"]), "203.0.113.7");
        assert_eq!(seen("10.0.0.1", &["1.2.3.4", "203.0.113.7"], &["10.0.0.1"]), "203.0.113.7");
        assert_eq!(seen("10.0.0.1", &["nonsense"], &["10.0.0.1"]), "10.0.0.1");
    }
}
