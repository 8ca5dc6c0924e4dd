//! Whose call it is: the peer's address, or what a trusted proxy says of it.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, header};

use crate::config::Settings;

/// The other end of the connection, put into each request by the listener.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub SocketAddr);

/// The client's address: the peer's, or the last hop of X-Forwarded-For that is no trusted proxy
/// when the peer is one.
pub fn client_ip(settings: &Settings, peer: Option<&PeerAddress>, headers: &HeaderMap) -> IpAddr {
    let peer = peer.map_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip().to_canonical());
    let trusted = |ip: IpAddr| settings.server.trusted_proxies.iter().any(|network| network.contains(ip));
    if !trusted(peer) {
        return peer;
    }
    let hops = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let mut client = peer;
    for hop in hops.collect::<Vec<_>>().into_iter().rev() {
        // A hop that is no address was written by somebody whom nobody vouches for.
        let Some(ip) = parse_hop(hop.trim()) else { break };
        client = ip;
        if !trusted(ip) {
            break;
        }
    }
    client
}

/// The address of a call of the host of cloud functions, which makes calls for its callers: what it says, else its own.
pub fn ip_from_host(peer: Option<&PeerAddress>, headers: &HeaderMap) -> IpAddr {
    let said = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok()).and_then(|text| parse_hop(text.trim()));
    said.unwrap_or_else(|| peer.map_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip().to_canonical()))
}

fn parse_hop(hop: &str) -> Option<IpAddr> {
    let ip = hop.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()));
    ip.map(|ip: IpAddr| ip.to_canonical())
}

/// Longest user agent that is stored, bytes.
const LONGEST_USER_AGENT: usize = 512;

/// The `User-Agent` header, cut to what is stored.
pub fn user_agent(headers: &HeaderMap) -> String {
    let text = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes())).unwrap_or_default();
    let mut end = text.len().min(LONGEST_USER_AGENT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}
