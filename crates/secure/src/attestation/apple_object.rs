//! App Attest's objects, decoded: the attestation, the assertion, and the authenticator data in both.
//!
//! The shapes are those of WebAuthn (section 6.1 of the W3C recommendation for the authenticator data), as Apple's
//! documentation of App Attest uses them.

use super::cbor::Value;
use crate::refusal::Refusal;

/// The longest object that is read, in bytes; real attestations have about 6 KiB.
const MAX_OBJECT_LENGTH: usize = 32 * 1024;

/// An attestation object.
pub(super) struct AttestationObject<'a> {
    /// DER, leaf first.
    pub certificates: Vec<&'a [u8]>,
    pub authenticator_data: &'a [u8],
}

impl<'a> AttestationObject<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let object = parse_bounded(bytes)?;
        if object.field("fmt")?.text()? != "apple-appattest" {
            return Err(Refusal::EvidenceMalformed);
        }
        let certificates = object.field("attStmt")?.field("x5c")?.array()?;
        let certificates = certificates.iter().map(Value::bytes).collect::<Result<_, _>>()?;
        Ok(Self { certificates, authenticator_data: object.field("authData")?.bytes()? })
    }
}

/// An assertion object.
pub(super) struct AssertionObject<'a> {
    /// ECDSA in DER.
    pub signature: &'a [u8],
    pub authenticator_data: &'a [u8],
}

impl<'a> AssertionObject<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let object = parse_bounded(bytes)?;
        Ok(Self { signature: object.field("signature")?.bytes()?, authenticator_data: object.field("authenticatorData")?.bytes()? })
    }
}

fn parse_bounded(bytes: &[u8]) -> Result<Value<'_>, Refusal> {
    if bytes.len() > MAX_OBJECT_LENGTH { Err(Refusal::EvidenceMalformed) } else { Value::parse(bytes) }
}

/// The fixed part of the authenticator data.
pub(super) struct AuthenticatorData<'a> {
    pub rp_id_hash: &'a [u8],
    pub counter: u32,
    rest: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let (rp_id_hash, rest) = bytes.split_at_checked(32).ok_or(Refusal::EvidenceMalformed)?;
        let (_flags, rest) = rest.split_at_checked(1).ok_or(Refusal::EvidenceMalformed)?;
        let (counter, rest) = rest.split_first_chunk::<4>().ok_or(Refusal::EvidenceMalformed)?;
        Ok(Self { rp_id_hash, counter: u32::from_be_bytes(*counter), rest })
    }

    /// The attested credential: aaguid and credential id. What follows, the key in COSE, is in the certificate too.
    pub fn credential(&self) -> Result<(&'a [u8; 16], &'a [u8]), Refusal> {
        let (aaguid, rest) = self.rest.split_first_chunk::<16>().ok_or(Refusal::EvidenceMalformed)?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(Refusal::EvidenceMalformed)?;
        let (id, _) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(Refusal::EvidenceMalformed)?;
        Ok((aaguid, id))
    }
}
