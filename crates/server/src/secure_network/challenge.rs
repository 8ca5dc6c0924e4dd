//! Challenges of handshakes that need no memory until they come back: time, randomness, and a MAC over both. Any node
//! can check another's; each is used up in the store.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use lingpai_domain::{
    random::{Random, to_hex},
    secret::{self, Secret},
};
use lingpai_secure::{
    handshake::challenge::{CHALLENGE_LIFETIME_MS, TakenChallenge},
    refusal::Refusal,
};

use super::Refused;
use crate::state::Base;

/// How far the clocks of two nodes may be apart, milliseconds.
const CLOCKS_APART_MS: i64 = 5_000;

/// Makes and takes challenges.
pub struct Challenges {
    key: Key,
}

impl Challenges {
    /// With a key derived from the master key.
    pub fn new(master_key: &Secret) -> Self {
        let master = Key::new(HMAC_SHA256, master_key.expose().as_bytes());
        Self { key: Key::new(HMAC_SHA256, sign(&master, b"lingpai secure network challenges").as_ref()) }
    }

    /// A challenge, and until when it is good (milliseconds).
    pub fn issue(&self, now_ms: i64, random: &dyn Random) -> ([u8; 32], i64) {
        let mut challenge = [0; 32];
        let (said, _) = challenge.split_at_mut(16);
        let (time, chance) = said.split_at_mut(8);
        time.copy_from_slice(&now_ms.to_be_bytes());
        random.fill(chance);
        let mac = self.mac(&challenge);
        let (_, rest) = challenge.split_at_mut(16);
        rest.copy_from_slice(&mac);
        (challenge, now_ms.saturating_add(CHALLENGE_LIFETIME_MS))
    }

    /// Takes a challenge back, once.
    pub async fn take(&self, base: &Base, challenge: [u8; 32]) -> Result<TakenChallenge, Refused> {
        let now_ms = base.clock.now_ms();
        let issued_ms = self.issued_ms(&challenge).filter(|issued| {
            let age = now_ms.saturating_sub(*issued);
            (-CLOCKS_APART_MS..CHALLENGE_LIFETIME_MS).contains(&age)
        });
        let issued_ms = issued_ms.ok_or(Refusal::UnknownChallenge)?;
        let expires = issued_ms.saturating_add(CHALLENGE_LIFETIME_MS + CLOCKS_APART_MS);
        let nonce = format!("secure-network challenge {}", to_hex(&challenge));
        match base.store.use_nonce(&nonce, expires, now_ms).await? {
            true => Ok(TakenChallenge::removed_from_shared_memory(challenge)),
            false => Err(Refusal::UnknownChallenge.into()),
        }
    }

    fn issued_ms(&self, challenge: &[u8; 32]) -> Option<i64> {
        let (_, mac) = challenge.split_at(16);
        let time = challenge.first_chunk::<8>()?;
        secret::equal(mac, &self.mac(challenge)).then(|| i64::from_be_bytes(*time))
    }

    fn mac(&self, challenge: &[u8; 32]) -> [u8; 16] {
        let (said, _) = challenge.split_at(16);
        let tag = sign(&self.key, said);
        let mut mac = [0; 16];
        for (to, from) in mac.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::SystemRandom;

    #[test]
    fn a_challenge_of_another_key_or_with_another_time_is_none() {
        let ours = Challenges::new(&Secret::new("a"));
        let (challenge, expires) = ours.issue(1_000, &SystemRandom);
        assert_eq!((ours.issued_ms(&challenge), expires), (Some(1_000), 61_000));
        assert_eq!(Challenges::new(&Secret::new("b")).issued_ms(&challenge), None);
        assert_ne!(ours.issue(1_000, &SystemRandom).0, challenge);
        for place in [0, 7, 8, 15, 16, 31] {
            let mut changed = challenge;
            changed[place] ^= 1;
            assert_eq!(ours.issued_ms(&changed), None, "byte {place}");
        }
    }
}
