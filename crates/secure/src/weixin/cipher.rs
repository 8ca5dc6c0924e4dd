//! AES-CBC with PKCS#7 padding, 16, 24 or 32-byte keys.

use std::fmt;

use aws_lc_rs::cipher::{AES_128, AES_192, AES_256, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, ConstantTimeGreater, ConstantTimeLess};
use zeroize::Zeroizing;

use super::Payload;
use crate::refusal::Refusal;
use crate::wire;

const BLOCK: usize = 16;

/// A user's encryption key, as `getuserencryptkey` returns it: `encrypt_key` in base64, `iv` as 16 bytes of text.
pub struct EncryptKey {
    key: Zeroizing<Vec<u8>>,
    iv: [u8; BLOCK],
}

impl fmt::Debug for EncryptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptKey(…)")
    }
}

impl EncryptKey {
    /// Reads the two texts; refuses lengths that AES-CBC cannot use.
    pub fn parse(encrypt_key: &str, iv: &str) -> Result<Self, Refusal> {
        let key = Zeroizing::new(wire::from_base64(encrypt_key)?);
        let iv = iv.as_bytes().try_into().map_err(|_| Refusal::Malformed)?;
        if matches!(key.len(), 16 | 24 | 32) { Ok(Self { key, iv }) } else { Err(Refusal::Malformed) }
    }

    /// Encrypts a text: padded standard base64.
    pub fn seal(&self, text: &str) -> Result<String, Refusal> {
        let padding = BLOCK - text.len() % BLOCK;
        let mut content = Vec::with_capacity(text.len() + padding);
        content.extend_from_slice(text.as_bytes());
        content.resize(text.len() + padding, padding as u8);
        let key = EncryptingKey::cbc(self.unbound()?).map_err(|_| Refusal::CannotOpen)?;
        let context = EncryptionContext::Iv128(FixedLength::from(self.iv));
        key.less_safe_encrypt(&mut content, context).map_err(|_| Refusal::CannotOpen)?;
        Ok(wire::to_base64(&content))
    }

    /// Decrypts a content to a text.
    pub fn open(&self, content: &str) -> Result<String, Refusal> {
        self.open_and_read(content, |plain, length| plain.get(..length).and_then(|text| std::str::from_utf8(text).ok()).map(str::to_owned))
    }

    /// Decrypts a content and reads the payload in it.
    pub fn open_payload(&self, content: &str) -> Result<Payload, Refusal> {
        // The whole buffer, with blanks where the padding was: what is read is as long with good padding as without.
        self.open_and_read(content, |plain, _| serde_json::from_slice(plain).ok())
    }

    /// Decrypts, blanks the padding out and reads: the same steps over the same number of bytes, whether or not the padding
    /// was right. `read` gets the whole buffer and the length of the text in it; only after it is the padding's verdict looked at.
    fn open_and_read<T>(&self, content: &str, read: impl FnOnce(&[u8], usize) -> Option<T>) -> Result<T, Refusal> {
        let mut bytes = wire::from_base64(content).map_err(|_| Refusal::CannotOpen)?;
        // Both are facts about the ciphertext, which whoever sent it knows.
        if bytes.is_empty() || !bytes.len().is_multiple_of(BLOCK) {
            return Err(Refusal::CannotOpen);
        }
        let key = DecryptingKey::cbc(self.unbound()?).map_err(|_| Refusal::CannotOpen)?;
        let context = DecryptionContext::Iv128(FixedLength::from(self.iv));
        let plain = key.decrypt(&mut bytes, context).map_err(|_| Refusal::CannotOpen)?;
        // The library hands out the part it decrypted: here all of it.
        let total = plain.len();
        let plain = bytes.get_mut(..total).ok_or(Refusal::CannotOpen)?;
        let (padded_well, length) = unpad(plain);
        let read = read(plain, length);
        let good = padded_well & Choice::from(u8::from(read.is_some()));
        if bool::from(good) { read.ok_or(Refusal::CannotOpen) } else { Err(Refusal::CannotOpen) }
    }

    fn unbound(&self) -> Result<UnboundCipherKey, Refusal> {
        let algorithm = match self.key.len() {
            16 => &AES_128,
            24 => &AES_192,
            _ => &AES_256,
        };
        UnboundCipherKey::new(algorithm, &self.key).map_err(|_| Refusal::CannotOpen)
    }
}

/// Blanks PKCS#7 padding out. Whether it was right, and the length without it (the whole length if it was wrong: then
/// nothing is blanked). What is done depends on the buffer's length only.
fn unpad(plain: &mut [u8]) -> (Choice, usize) {
    let padding = plain.last().copied().unwrap_or(0);
    let mut good = !padding.ct_eq(&0) & !padding.ct_gt(&(BLOCK as u8));
    for (from_end, byte) in (0u8..BLOCK as u8).zip(plain.iter().rev()) {
        let inside = from_end.ct_lt(&padding);
        good &= !inside | byte.ct_eq(&padding);
    }
    for (from_end, byte) in (0u8..BLOCK as u8).zip(plain.iter_mut().rev()) {
        byte.conditional_assign(&b' ', good & from_end.ct_lt(&padding));
    }
    let whole = plain.len() as u64;
    let length = u64::conditional_select(&whole, &whole.saturating_sub(u64::from(padding)), good);
    (good, length as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key and what it makes of chosen plaintext blocks, without padding them.
    fn seal_raw(key: &EncryptKey, blocks: &[u8]) -> String {
        let mut bytes = blocks.to_vec();
        let cipher = EncryptingKey::cbc(key.unbound().unwrap()).unwrap();
        cipher.less_safe_encrypt(&mut bytes, EncryptionContext::Iv128(FixedLength::from(key.iv))).unwrap();
        wire::to_base64(&bytes)
    }

    fn keys() -> Vec<EncryptKey> {
        [16, 24, 32].map(|length| EncryptKey::parse(&wire::to_base64(&vec![7; length]), "0123456789abcdef").unwrap()).into()
    }

    #[test]
    fn texts_of_every_length_come_back() {
        for key in keys() {
            for length in 0..50 {
                let text = "x".repeat(length);
                assert_eq!(key.open(&key.seal(&text).unwrap()).unwrap(), text);
            }
        }
    }

    #[test]
    fn every_wrong_padding_gives_the_same_error() {
        for key in keys() {
            for last in 0..=255u8 {
                let mut block = [b'{'; 32];
                block[31] = last;
                let expected = if last == 1 { Ok("{".repeat(31)) } else { Err(Refusal::CannotOpen) };
                assert_eq!(key.open(&seal_raw(&key, &block)), expected, "padding {last}");
            }
        }
    }

    #[test]
    fn wrong_utf8_wrong_json_and_wrong_lengths_give_the_same_error() {
        let key = &keys()[0];
        let not_utf8 = seal_raw(key, &[0xff, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15]);
        assert_eq!(key.open(&not_utf8), Err(Refusal::CannotOpen));
        assert_eq!(key.open_payload(&key.seal("{}").unwrap()), Err(Refusal::CannotOpen));
        assert_eq!(key.open_payload(&key.seal("no JSON").unwrap()), Err(Refusal::CannotOpen));
        for content in ["", "AAAA", "not base64", "AAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(key.open(content), Err(Refusal::CannotOpen), "{content}");
        }
    }

    #[test]
    fn keys_and_ivs_of_other_lengths_are_refused() {
        assert!(EncryptKey::parse("AAAA", "0123456789abcdef").is_err());
        assert!(EncryptKey::parse(&wire::to_base64(&[1; 16]), "short").is_err());
        assert!(EncryptKey::parse(&wire::to_base64(&[1; 16]), "0123456789abcdéf").is_err());
    }

    #[test]
    fn the_padding_check_needs_all_padding_bytes() {
        let mut block = [4u8; 16];
        let (good, length) = unpad(&mut block);
        assert!(bool::from(good));
        assert_eq!((length, &block[11..]), (12, b"\x04    ".as_slice()));
        let mut block = [4u8; 16];
        block[12] = 5;
        let before = block;
        let (good, length) = unpad(&mut block);
        assert!(!bool::from(good));
        assert_eq!((length, block), (16, before));
        assert_eq!(unpad(&mut [16; 16]).1, 0);
    }

    /// That padding and content cannot be told apart by time rests on this: whatever is wrong, the same steps are done once
    /// over the same number of bytes.
    #[test]
    fn whatever_is_wrong_the_whole_buffer_is_read_once() {
        let key = &keys()[0];
        let payload = br#"{"data":"{}","appId":"a","deviceId":"d","wxAppId":"w","simulator":false,"timestamp":1}"#;
        let mut padded = payload.to_vec();
        let padding = BLOCK - padded.len() % BLOCK;
        padded.resize(payload.len() + padding, padding as u8);
        let with = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut plain = padded.clone();
            change(&mut plain);
            seal_raw(key, &plain)
        };
        let last = padded.len() - 1;
        let cases = [
            ("right", with(&|_| ()), true),
            ("padding of zero", with(&|plain| plain[last] = 0), false),
            ("padding of 17", with(&|plain| plain[last] = 17), false),
            ("padding of 255", with(&|plain| plain[last] = 255), false),
            ("one byte of the padding", with(&|plain| plain[last - 1] ^= 1), false),
            ("blanks in place of the padding", with(&|plain| plain[last + 1 - padding..].fill(b' ')), false),
            ("carriage returns in place of the padding", with(&|plain| plain[last + 1 - padding..].fill(b'\r')), false),
            ("no JSON", with(&|plain| plain[0] = b'x'), false),
            ("no text", with(&|plain| plain[9] = 0xff), false),
            ("no JSON at the end", with(&|plain| plain[last - padding] = b'x'), false),
            ("both", with(&|plain| (plain[0], plain[last]) = (b'x', 0)), false),
        ];
        for (what, content, is_right) in cases {
            let reads = std::cell::RefCell::new(Vec::new());
            let read = |plain: &[u8], _| {
                reads.borrow_mut().push(plain.len());
                serde_json::from_slice::<Payload>(plain).ok()
            };
            assert_eq!(key.open_and_read(&content, read).is_ok(), is_right, "{what}");
            assert_eq!(reads.into_inner(), [padded.len()], "{what}");
            let expected = if is_right { Ok(()) } else { Err(Refusal::CannotOpen) };
            assert_eq!(key.open_payload(&content).map(|_| ()), expected, "{what}");
        }
    }
}
