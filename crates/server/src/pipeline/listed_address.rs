//! Calls that only servers at listed addresses may make: `ipWhiteList` of `uni-open-bridge/config.json`.

use std::net::IpAddr;

use lingpai_domain::{
    client::Source,
    error::{Code, Result},
};

use super::Scope;

/// Proof that the call came in the URL form from a listed address, or from a cloud function of this very program.
#[derive(Debug)]
pub struct ListedAddress(());

/// Demands it. Without a list nobody else may call.
pub fn check(scope: &Scope<'_>) -> Result<ListedAddress> {
    let address: Option<IpAddr> = scope.client.ip.parse().ok();
    let listed = address.is_some_and(|address| scope.state.center.open_bridge().allows(address));
    // In uniCloud a project's own functions read its credentials without asking; the host has named itself by its token.
    if scope.client.source == Source::Function || (scope.client.source == Source::Http && listed) {
        return Ok(ListedAddress(()));
    }
    tracing::warn!(
        ip = %scope.client.ip,
        "uni-open-bridge: a call from an address that ipWhiteList in uni-open-bridge/config.json does not have"
    );
    Err(Code::IllegalRequest.into())
}
