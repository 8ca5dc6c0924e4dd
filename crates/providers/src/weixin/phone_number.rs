//! `encryptedData` of a `getPhoneNumber` button, as older base libraries hand it out instead of a code:
//! AES-128-CBC with the session key (documentation of WeChat: "open data, decryption").

use aes::Aes128;
use base64::{Engine, prelude::BASE64_STANDARD};
use cbc::{
    Decryptor,
    cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7},
};
use lingpai_domain::secret::Secret;
use serde_json::Value;

/// The data does not hold together: another session key, another application, or something made up.
/// Which of them is not told, so that nobody can try keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the encrypted data does not fit the session key and the application")]
pub struct EncryptedDataError;

/// More than any phone number takes, bytes of base64.
const LONGEST: usize = 4096;

/// The number in `encryptedData` without the country's prefix.
///
/// # Errors
/// [`EncryptedDataError`]
pub fn decrypt_phone_number(encrypted_data: &str, iv: &str, session_key: &Secret, appid: &str) -> Result<String, EncryptedDataError> {
    if encrypted_data.len() > LONGEST {
        return Err(EncryptedDataError);
    }
    let decode = |text: &str| BASE64_STANDARD.decode(text).map_err(|_| EncryptedDataError);
    let (key, iv, mut data) = (decode(session_key.expose())?, decode(iv)?, decode(encrypted_data)?);
    let cipher = Decryptor::<Aes128>::new_from_slices(&key, &iv).map_err(|_| EncryptedDataError)?;
    let plain = cipher.decrypt_padded::<Pkcs7>(&mut data).map_err(|_| EncryptedDataError)?;
    let plain: Value = serde_json::from_slice(plain).map_err(|_| EncryptedDataError)?;
    if plain.pointer("/watermark/appid").and_then(Value::as_str) != Some(appid) {
        return Err(EncryptedDataError);
    }
    plain.get("purePhoneNumber").and_then(Value::as_str).map(str::to_owned).ok_or(EncryptedDataError)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Recorded from the original with the session key of `mp-A`.
    const DATA: &str = "WcXJcGSQ21ROudH16AHG9eyuDKXTbyj8cmULDv/INtQa3yxLDtEKbjGjn3l61hj1Q846eWARIUlqGlaotpxCof4F7ehJgoo0ggy7MsUMQyireTe5CO8/AzspZNPJEMn9mO4y4xFFML1S4mPlKxmVxTWGSCQMQ5DetIpEN365usaXBG36iMe3Ah7P9LwafGwC";
    const OTHER_APPLICATION: &str = "WcXJcGSQ21ROudH16AHG9eyuDKXTbyj8cmULDv/INtQa3yxLDtEKbjGjn3l61hj1Q846eWARIUlqGlaotpxCof4F7ehJgoo0ggy7MsUMQyi0bZknX9mDhG9mnSaRMXV7uEKz3rMUCXH9ipOcsvBn6w==";
    const IV: &str = "MDEyMzQ1Njc4OWFiY2RlZg==";

    fn decrypt(data: &str, iv: &str, key: &str) -> Result<String, EncryptedDataError> {
        decrypt_phone_number(data, iv, &Secret::new(key), "wx-mp-appid")
    }

    #[test]
    fn the_recorded_number_comes_out() {
        assert_eq!(decrypt(DATA, IV, "1e4WIv1Bg1h0+gGmPikQBw==").as_deref(), Ok("13800000001"));
    }

    #[test]
    fn everything_else_is_refused_alike() {
        let key = "1e4WIv1Bg1h0+gGmPikQBw==";
        for (data, iv, key) in [
            (OTHER_APPLICATION, IV, key),
            (DATA, IV, "8zws60ZWSKLIenNgogrjmQ=="),
            (DATA, "AAAA", key),
            (DATA, IV, "AAAA"),
            ("AAAA", IV, key),
            ("", IV, key),
            ("!", IV, key),
            (&"A".repeat(LONGEST + 4), IV, key),
        ] {
            assert_eq!(decrypt(data, iv, key), Err(EncryptedDataError));
        }
    }
}
