//! Public keys as credentials have them (COSE_Key, RFC 9052 and 9053), and their signatures.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, VerificationAlgorithm,
};

use crate::{Refusal, cbor::Reader};

/// What keys may sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256: every authenticator has it.
    Es256,
    /// Ed25519.
    EdDsa,
    /// RSASSA-PKCS1-v1_5 with SHA-256: that of Windows Hello with older TPMs.
    Rs256,
}

impl Algorithm {
    /// All of them, the preferred one first.
    pub const ALL: [Self; 3] = [Self::Es256, Self::EdDsa, Self::Rs256];

    /// The number in COSE's registry.
    pub const fn number(self) -> i64 {
        match self {
            Self::Es256 => -7,
            Self::EdDsa => -8,
            Self::Rs256 => -257,
        }
    }
}

/// The longest key, bytes of COSE: RSA of 4096 bits and what is around it.
pub const LONGEST_KEY: usize = 600;

/// The longest modulus of RSA, bytes: longer ones make checking a signature dear.
const LONGEST_MODULUS: usize = 512;

/// A public key that is valid.
#[derive(Clone, Debug)]
pub struct PublicKey(Form);

#[derive(Clone, Debug)]
enum Form {
    /// A point on P-256 (uncompressed) or on Ed25519.
    Curve(Algorithm, ParsedPublicKey),
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
}

/// The members of a key that are looked at. A label that stands twice is refused.
#[derive(Default)]
struct Members<'a> {
    kind: Option<i64>,
    algorithm: Option<i64>,
    /// -1: the curve, or RSA's modulus.
    first: Option<IntegerOrBytes<'a>>,
    /// -2: x, or RSA's exponent.
    second: Option<&'a [u8]>,
    /// -3: y.
    third: Option<&'a [u8]>,
}

#[derive(Clone, Copy)]
enum IntegerOrBytes<'a> {
    Integer(i64),
    Bytes(&'a [u8]),
}

impl<'a> Members<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Refusal> {
        let mut members = Self::default();
        let mut labels = Vec::new();
        for _ in 0..reader.map()? {
            let label = reader.integer()?;
            if labels.contains(&label) {
                return Err(Refusal::Malformed);
            }
            labels.push(label);
            match label {
                1 => members.kind = Some(reader.integer()?),
                3 => members.algorithm = Some(reader.integer()?),
                -1 => {
                    let mut ahead = reader.clone();
                    let value = match ahead.integer() {
                        Ok(value) => IntegerOrBytes::Integer(value),
                        Err(_) => {
                            ahead = reader.clone();
                            IntegerOrBytes::Bytes(ahead.bytes()?)
                        }
                    };
                    *reader = ahead;
                    members.first = Some(value);
                }
                -2 => members.second = Some(reader.bytes()?),
                -3 => members.third = Some(reader.bytes()?),
                _ => {
                    reader.item()?;
                }
            }
        }
        Ok(members)
    }
}

impl PublicKey {
    /// Reads a key that must be the whole of `bytes`.
    ///
    /// # Errors
    /// If it is none, or none of [`Algorithm::ALL`], or no point of its curve.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(bytes);
        let key = Self::read(&mut reader)?;
        if reader.rest().is_empty() { Ok(key) } else { Err(Refusal::Malformed) }
    }

    /// Reads a key off the front.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Refusal> {
        use IntegerOrBytes::{Bytes, Integer};
        let members = Members::read(reader)?;
        match members {
            Members { kind: Some(2), algorithm: Some(-7), first: Some(Integer(1)), second: Some(x), third: Some(y) }
                if x.len() == 32 && y.len() == 32 =>
            {
                Self::on_curve(Algorithm::Es256, &ECDSA_P256_SHA256_ASN1, &[&[4], x, y].concat())
            }
            Members { kind: Some(1), algorithm: Some(-8), first: Some(Integer(6)), second: Some(x), third: None } if x.len() == 32 => {
                Self::on_curve(Algorithm::EdDsa, &ED25519, x)
            }
            Members { kind: Some(3), algorithm: Some(-257), first: Some(Bytes(modulus)), second: Some(exponent), third: None }
                if (256..=LONGEST_MODULUS).contains(&modulus.len())
                    && (1..=8).contains(&exponent.len())
                    && modulus.first() != Some(&0)
                    && exponent.first() != Some(&0) =>
            {
                Ok(Self(Form::Rsa { modulus: modulus.to_vec(), exponent: exponent.to_vec() }))
            }
            _ => Err(Refusal::UnsupportedKey),
        }
    }

    fn on_curve(algorithm: Algorithm, verification: &'static dyn VerificationAlgorithm, point: &[u8]) -> Result<Self, Refusal> {
        let key = ParsedPublicKey::new(verification, point).map_err(|_| Refusal::UnsupportedKey)?;
        Ok(Self(Form::Curve(algorithm, key)))
    }

    /// What it signs with.
    pub const fn algorithm(&self) -> Algorithm {
        match self.0 {
            Form::Curve(algorithm, _) => algorithm,
            Form::Rsa { .. } => Algorithm::Rs256,
        }
    }

    /// Checks a signature.
    ///
    /// # Errors
    /// If it is not this key's.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refusal> {
        match &self.0 {
            Form::Curve(_, key) => key.verify_sig(message, signature),
            Form::Rsa { modulus, exponent } => {
                RsaPublicKeyComponents { n: modulus, e: exponent }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        }
        .map_err(|_| Refusal::WrongSignature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P-256: the generator.
    const X: [u8; 32] = [
        0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb,
        0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
    ];
    const Y: [u8; 32] = [
        0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31,
        0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
    ];

    fn es256(head: &[u8], x: &[u8], y: &[u8]) -> Vec<u8> {
        [head, &[0x21, 0x58, 0x20], x, &[0x22, 0x58, 0x20], y].concat()
    }

    #[test]
    fn a_key_is_read() {
        let key = PublicKey::parse(&es256(b"\xa5\x01\x02\x03\x26\x20\x01", &X, &Y)).unwrap();
        assert_eq!(key.algorithm(), Algorithm::Es256);
        assert_eq!(key.verify(b"", b""), Err(Refusal::WrongSignature));
    }

    #[test]
    fn what_is_no_key_that_was_asked_for_is_refused() {
        let mut off_curve = Y;
        off_curve[31] ^= 1;
        for (what, bytes, refusal) in [
            ("off the curve", es256(b"\xa5\x01\x02\x03\x26\x20\x01", &X, &off_curve), Refusal::UnsupportedKey),
            ("another curve", es256(b"\xa5\x01\x02\x03\x26\x20\x02", &X, &Y), Refusal::UnsupportedKey),
            ("ES384", es256(b"\xa5\x01\x02\x03\x38\x22\x20\x01", &X, &Y), Refusal::UnsupportedKey),
            ("another kind", es256(b"\xa5\x01\x01\x03\x26\x20\x01", &X, &Y), Refusal::UnsupportedKey),
            ("no algorithm", es256(b"\xa4\x01\x02\x20\x01", &X, &Y), Refusal::UnsupportedKey),
            ("a label twice", es256(b"\xa6\x01\x02\x01\x02\x03\x26\x20\x01", &X, &Y), Refusal::Malformed),
            ("something after it", [es256(b"\xa5\x01\x02\x03\x26\x20\x01", &X, &Y), vec![0]].concat(), Refusal::Malformed),
            ("a short modulus", b"\xa4\x01\x03\x03\x39\x01\x00\x20\x41\x03\x21\x43\x01\x00\x01".to_vec(), Refusal::UnsupportedKey),
            ("an array", b"\x80".to_vec(), Refusal::Malformed),
        ] {
            assert_eq!(PublicKey::parse(&bytes).err(), Some(refusal), "{what}");
        }
    }
}
