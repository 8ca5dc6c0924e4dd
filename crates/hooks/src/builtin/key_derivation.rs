//! PBKDF2 and scrypt, both within the call's time limit.

use std::rc::Rc;

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use rquickjs::{Ctx, Exception, Function, Object};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use super::{
    bytes::{Packed, Raw},
    digest::{Algorithm, algorithm},
};
use crate::engine::Surroundings;

/// The longest key that may be derived, in bytes.
const MAX_KEY: usize = 1 << 16;
/// The most memory that scrypt may use, in bytes.
const MAX_SCRYPT_MEMORY: u64 = 64 << 20;
/// The most block mixes (N * r * p) of one scrypt: about 0.6 s of a core.
const MAX_SCRYPT_WORK: u64 = 1 << 21;

/// PBKDF2 (RFC 8018, section 5.2). Written out, because a derivation must be stoppable: `None` when
/// `stop` says so.
fn pbkdf2<M: Mac + KeyInit + Clone>(
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    length: usize,
    stop: impl Fn() -> bool,
) -> Option<Vec<u8>> {
    let keyed = <M as KeyInit>::new_from_slice(password).ok()?;
    let mut key = Vec::with_capacity(length);
    let mut block_number = 1u32;
    while key.len() < length {
        let mut first = keyed.clone();
        first.update(salt);
        first.update(&block_number.to_be_bytes());
        let mut last = first.finalize().into_bytes();
        let mut block = last.clone();
        for iteration in 1..iterations {
            if iteration % 1024 == 0 && stop() {
                return None;
            }
            let mut mac = keyed.clone();
            mac.update(&last);
            last = mac.finalize().into_bytes();
            for (sum, byte) in block.iter_mut().zip(&last) {
                *sum ^= byte;
            }
        }
        if stop() {
            return None;
        }
        key.extend(block.iter().take(length - key.len()));
        block_number = block_number.checked_add(1)?;
    }
    Some(key)
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>, around: &Rc<Surroundings>) -> rquickjs::Result<()> {
    let around = around.clone();
    let derive = move |ctx: Ctx<'js>, digest: String, password: Packed, salt: Packed, iterations: f64, length: f64| {
        let algorithm = algorithm(&ctx, &digest)?;
        let iterations = whole(iterations, f64::from(u32::MAX)).filter(|iterations| *iterations > 0);
        let (Some(iterations), Some(length)) = (iterations, whole(length, MAX_KEY as f64)) else {
            return Err(Exception::throw_range(&ctx, "the number of iterations or the key length is out of range"));
        };
        let (password, salt, iterations, length) = (&password.0, &salt.0, iterations as u32, length as usize);
        let stop = || around.slot.is_expired();
        let key = match algorithm {
            Algorithm::Md5 => pbkdf2::<Hmac<Md5>>(password, salt, iterations, length, stop),
            Algorithm::Sha1 => pbkdf2::<Hmac<Sha1>>(password, salt, iterations, length, stop),
            Algorithm::Sha256 => pbkdf2::<Hmac<Sha256>>(password, salt, iterations, length, stop),
            Algorithm::Sha384 => pbkdf2::<Hmac<Sha384>>(password, salt, iterations, length, stop),
            Algorithm::Sha512 => pbkdf2::<Hmac<Sha512>>(password, salt, iterations, length, stop),
        };
        key.map(Raw).ok_or_else(|| Exception::throw_message(&ctx, "the time limit was reached"))
    };
    native.set("pbkdf2", Function::new(ctx.clone(), derive)?)?;

    let scrypt = |ctx: Ctx<'js>, password: Packed, salt: Packed, cost: f64, block_size: f64, parallelization: f64, length: f64| {
        let invalid = |what: &str| Exception::throw_range(&ctx, what);
        let numbers =
            (whole(cost, f64::from(u32::MAX)), whole(block_size, 1024.0), whole(parallelization, 1024.0), whole(length, MAX_KEY as f64));
        let (Some(cost), Some(block_size), Some(parallelization), Some(length)) = numbers else {
            return Err(invalid("Invalid scrypt parameters"));
        };
        if cost < 2 || !cost.is_power_of_two() {
            return Err(invalid("Invalid scrypt parameters"));
        }
        if 128 * cost * block_size > MAX_SCRYPT_MEMORY || cost * block_size * parallelization > MAX_SCRYPT_WORK {
            return Err(invalid("Invalid scrypt parameters: they cost too much"));
        }
        let params = scrypt::Params::new(cost.ilog2() as u8, block_size as u32, parallelization as u32)
            .map_err(|_| invalid("Invalid scrypt parameters"))?;
        let mut key = vec![0; length as usize];
        if !key.is_empty() {
            scrypt::scrypt(&password.0, &salt.0, &params, &mut key).map_err(|_| invalid("Invalid key length"))?;
        }
        Ok(Raw(key))
    };
    native.set("scrypt", Function::new(ctx.clone(), scrypt)?)
}

/// A whole number from 0 to `most`.
fn whole(number: f64, most: f64) -> Option<u64> {
    (number.fract() == 0.0 && (0.0..=most).contains(&number)).then_some(number as u64)
}
