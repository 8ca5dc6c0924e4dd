//! The secure network: which clients may call, and what travels sealed. The bytes are the crate `lingpai_secure`'s;
//! here are keys, rules and the gate that every call of the client protocol passes.

pub mod challenge;
pub mod client_keys;
mod gate;
mod handshake;
pub mod keyring;
mod refused;
pub mod replay;
pub mod revocation_list;
mod upkeep;
mod verified;
mod weixin;
pub mod weixin_keys;

use std::sync::Arc;

use lingpai_domain::secret::Secret;
use lingpai_secure::weixin::KeyLookup;
use parking_lot::RwLock;

pub use gate::{Admitted, Inbound, admit, admit_url_form};
pub use handshake::{Greeting, shake_hands};
pub use refused::Refused;
pub use upkeep::{keep_up, reload, sweep};
pub use verified::{Secured, Trust, VerifiedClient};

use crate::{
    at_rest::AtRest,
    config::{
        Settings,
        center::secure_network::{SecureNetworkConfig, Source, Stamp},
    },
};
use challenge::Challenges;
use client_keys::ClientKeys;
use keyring::Keyring;
use replay::Replays;
use revocation_list::RevocationList;

/// Development mode may have no master key. Then nothing is protected, but the form is the same.
/// What the key of the space's identity and keys is derived for.
pub const SPACE_KEYS: &str = "secure network: space keys";
/// What the key of client keys is derived for.
pub const CLIENT_KEYS: &str = "secure network: client keys";

const DEVELOPMENT_KEY: &str = "development mode without security.master_key protects nothing at rest";

/// What the secure network holds while the program runs.
pub struct SecureNetwork {
    source: Source,
    present: RwLock<(Stamp, Arc<SecureNetworkConfig>)>,
    /// The space's identity and its short-lived keys.
    pub keyring: Keyring,
    /// What handshakes left.
    pub client_keys: ClientKeys,
    /// Challenges of handshakes.
    pub challenges: Challenges,
    /// Calls that were admitted.
    pub replays: Replays,
    /// Attestation keys that are revoked.
    pub revocations: RevocationList,
}

impl SecureNetwork {
    /// With the folder `secure-network` of the configuration and the settings' master key.
    pub fn new(settings: &Settings, source: &Source) -> Self {
        let development = Secret::new(DEVELOPMENT_KEY);
        let master_key = settings.security.master_key.as_ref().unwrap_or(&development);
        Self {
            present: RwLock::new((source.stamp().clone(), source.config().clone())),
            source: source.clone(),
            keyring: Keyring::new(AtRest::new(master_key, SPACE_KEYS)),
            client_keys: ClientKeys::new(AtRest::new(master_key, CLIENT_KEYS)),
            challenges: Challenges::new(master_key),
            replays: Replays::new(),
            revocations: RevocationList::new(&settings.data_dir),
        }
    }

    /// What is demanded at this moment.
    pub fn config(&self) -> Arc<SecureNetworkConfig> {
        self.present.read().1.clone()
    }
}

/// Finds the key that a mini program's user shares with this server.
pub type WeixinKeyLookup = lingpai_domain::error::Result<KeyLookup>;
