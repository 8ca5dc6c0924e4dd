//! AES-CBC block by block and AES-GCM in one piece.

use aes::{Aes128, Aes192, Aes256};
use aes_gcm::{
    AesGcm,
    aead::{
        Aead, KeyInit, Payload,
        consts::{U12, U16},
    },
};
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::NoPadding};
use rquickjs::{Ctx, Exception, Function, Object};

use super::bytes::{Packed, Raw};

/// The length of a GCM tag in bytes; shorter ones are not taken, longer ones do not exist.
const TAG: usize = 16;

fn cbc_blocks(encrypt: bool, key: &[u8], iv: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    macro_rules! run {
        ($aes:ty) => {
            if encrypt {
                cbc::Encryptor::<$aes>::new_from_slices(key, iv).ok().map(|cipher| cipher.encrypt_padded_vec::<NoPadding>(data))
            } else {
                cbc::Decryptor::<$aes>::new_from_slices(key, iv).ok()?.decrypt_padded_vec::<NoPadding>(data).ok()
            }
        };
    }
    if !data.len().is_multiple_of(16) {
        return None;
    }
    match key.len() {
        16 => run!(Aes128),
        24 => run!(Aes192),
        32 => run!(Aes256),
        _ => None,
    }
}

fn gcm(seal: bool, key: &[u8], iv: &[u8], payload: Payload<'_, '_>) -> Option<Vec<u8>> {
    macro_rules! run {
        ($aes:ty, $nonce:ty) => {{
            let cipher = AesGcm::<$aes, $nonce>::new_from_slice(key).ok()?;
            let nonce = iv.try_into().ok()?;
            if seal { cipher.encrypt(nonce, payload).ok() } else { cipher.decrypt(nonce, payload).ok() }
        }};
    }
    match (key.len(), iv.len()) {
        (16, 12) => run!(Aes128, U12),
        (24, 12) => run!(Aes192, U12),
        (32, 12) => run!(Aes256, U12),
        (16, 16) => run!(Aes128, U16),
        (24, 16) => run!(Aes192, U16),
        (32, 16) => run!(Aes256, U16),
        _ => None,
    }
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> rquickjs::Result<()> {
    let blocks = |ctx: Ctx<'js>, encrypt: bool, key: Packed, iv: Packed, data: Packed| {
        cbc_blocks(encrypt, &key.0, &iv.0, &data.0).map(Raw).ok_or_else(|| Exception::throw_message(&ctx, "wrong block length"))
    };
    native.set("aesCbc", Function::new(ctx.clone(), blocks)?)?;
    let seal = |ctx: Ctx<'js>, key: Packed, iv: Packed, aad: Packed, text: Packed| {
        gcm(true, &key.0, &iv.0, Payload { msg: &text.0, aad: &aad.0 })
            .map(Raw)
            .ok_or_else(|| Exception::throw_message(&ctx, "encryption failed"))
    };
    native.set("gcmSeal", Function::new(ctx.clone(), seal)?)?;
    let open = |ctx: Ctx<'js>, key: Packed, iv: Packed, aad: Packed, sealed: Packed, tag: Packed| {
        let opened = if tag.0.len() == TAG {
            let sealed = [sealed.0, tag.0].concat();
            gcm(false, &key.0, &iv.0, Payload { msg: &sealed, aad: &aad.0 })
        } else {
            None
        };
        opened.map(Raw).ok_or_else(|| Exception::throw_message(&ctx, "Unsupported state or unable to authenticate data"))
    };
    native.set("gcmOpen", Function::new(ctx.clone(), open)?)
}
