//! Type `argon2id` (RFC 9106), stored as a PHC string.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, phc::PasswordHash},
};

use super::HashError;
use crate::{random::Random, secret::equal};

/// What a hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Cost {
    /// Memory in KiB (`m`).
    pub memory_kib: u32,
    /// Passes over it (`t`).
    pub iterations: u32,
    /// Lanes (`p`).
    pub parallelism: u32,
}

impl Default for Argon2Cost {
    /// 19 MiB, two passes, one lane: the first choice of OWASP's password storage cheat sheet.
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, iterations: 2, parallelism: 1 }
    }
}

/// More than this a stored hash may not ask for: old data must not exhaust the machine.
const MEMORY_CEILING_KIB: u32 = 1024 * 1024;
const ITERATIONS_CEILING: u32 = 64;

const SALT_BYTES: usize = 16;
const OUTPUT_BYTES: usize = 32;

fn engine(pepper: &str, params: Params) -> Option<Argon2<'_>> {
    Argon2::new_with_secret(pepper.as_bytes(), Algorithm::Argon2id, Version::V0x13, params).ok()
}

fn params(cost: Argon2Cost) -> Option<Params> {
    Params::new(cost.memory_kib, cost.iterations, cost.parallelism, Some(OUTPUT_BYTES)).ok()
}

pub(super) fn hash(pepper: &str, password: &str, cost: Argon2Cost, random: &dyn Random) -> Result<String, HashError> {
    let mut salt = [0u8; SALT_BYTES];
    random.fill(&mut salt);
    let argon2 = params(cost).and_then(|params| engine(pepper, params)).ok_or(HashError::Argon2)?;
    let hash: PasswordHash = argon2.hash_password_with_salt(password.as_bytes(), &salt).map_err(|_| HashError::Argon2)?;
    Ok(hash.to_string())
}

/// Whether the password is right and whether its cost differs from the configured one; `None` when
/// `stored` is no argon2id PHC string, or one that costs more than the ceilings.
pub(super) fn verify(stored: &str, pepper: &str, password: &str, cost: Argon2Cost) -> Option<(bool, bool)> {
    let parsed = PasswordHash::new(stored).ok()?;
    if parsed.algorithm.as_str() != "argon2id" {
        return None;
    }
    let stored_params = Params::try_from(&parsed).ok()?;
    if stored_params.m_cost() > MEMORY_CEILING_KIB || stored_params.t_cost() > ITERATIONS_CEILING {
        return None;
    }
    let (salt, expected) = (parsed.salt?, parsed.hash?);
    let found = Argon2Cost { memory_kib: stored_params.m_cost(), iterations: stored_params.t_cost(), parallelism: stored_params.p_cost() };
    let mut output = vec![0u8; expected.len()];
    engine(pepper, stored_params)?.hash_password_into(password.as_bytes(), salt.as_ref(), &mut output).ok()?;
    Some((equal(&output, expected.as_bytes()), found != cost))
}

pub(super) fn pretend(pepper: &str, password: &str, cost: Argon2Cost) {
    if let Some(argon2) = params(cost).and_then(|params| engine(pepper, params)) {
        let mut output = [0u8; OUTPUT_BYTES];
        // The result is of no interest, and neither is a failure.
        let _ = argon2.hash_password_into(password.as_bytes(), &[0u8; SALT_BYTES], &mut output);
        std::hint::black_box(output);
    }
}
