//! Apple App Attest: Apple vouches that a key lives in the Secure Enclave of a device that runs the genuine application.
//!
//! The receipt inside an attestation (for Apple's fraud metric) is not used: it needs Apple's servers.

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use subtle::ConstantTimeEq;
use x509_parser::oid_registry::{OID_EC_P256, Oid, asn1_rs::oid};
use x509_parser::prelude::X509Certificate;

use super::apple_object::{AssertionObject, AttestationObject, AuthenticatorData};
use super::chain::Chain;
use super::der::{OCTET_STRING, Reader, SEQUENCE};
use super::{Revocations, Roots};
use crate::device_key::DevicePublicKey;
use crate::refusal::Refusal;

/// The extension that carries the nonce.
const NONCE: Oid<'static> = oid!(1.2.840.113635.100.8.2);

/// The aaguid of keys made for the production environment.
const PRODUCTION: &[u8; 16] = b"appattest\0\0\0\0\0\0\0";

/// The aaguid of keys made for the development environment.
const DEVELOPMENT: &[u8; 16] = b"appattestdevelop";

/// A registered build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The team's id, ten characters.
    pub team_id: String,
    /// The bundle's id.
    pub bundle_id: String,
    /// Whether it is made for App Attest's development environment.
    pub development: bool,
}

impl Rule {
    /// SHA-256 of the App ID.
    fn app_id_hash(&self) -> [u8; 32] {
        sha256(&[self.team_id.as_bytes(), b".", self.bundle_id.as_bytes()])
    }
}

/// An attested key: what a server stores for checking assertions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestedKey {
    /// SHA-256 of the public key.
    pub key_id: [u8; 32],
    /// The public key.
    pub public_key: DevicePublicKey,
    /// The last counter that was seen. Zero after attestation.
    pub counter: u32,
}

/// Verifies an attestation object at `now_ms` (milliseconds since the Unix epoch), in the order of Apple's documentation:
/// chain, nonce, key id, App ID, counter, environment, credential id. `client_data_hash` is what the client gave to `attestKey`.
pub fn verify_attestation(
    object: &[u8],
    key_id: &[u8; 32],
    client_data_hash: &[u8; 32],
    rule: &Rule,
    roots: &Roots,
    now_ms: i64,
) -> Result<AttestedKey, Refusal> {
    let object = AttestationObject::parse(object)?;
    let data = AuthenticatorData::parse(object.authenticator_data)?;
    let chain = Chain::parse(object.certificates)?;
    let leaf = chain.leaf();

    // The hash first: an object for another challenge needs no curve arithmetic. The verdict is the same.
    let expected = sha256(&[object.authenticator_data, client_data_hash]);
    if !bool::from(nonce(leaf)?.ct_eq(&expected)) {
        return Err(Refusal::ChallengeMismatch);
    }
    chain.verify(roots, &Revocations::default(), now_ms)?;
    let public_key = p256_key(leaf)?;
    if sha256(&[public_key.as_bytes()]) != *key_id {
        return Err(Refusal::AttestedKeyMismatch);
    }
    if data.rp_id_hash != rule.app_id_hash() {
        return Err(Refusal::PackageMismatch);
    }
    if data.counter != 0 {
        return Err(Refusal::CounterMismatch);
    }
    let (aaguid, credential_id) = data.credential()?;
    if aaguid != if rule.development { DEVELOPMENT } else { PRODUCTION } {
        return Err(Refusal::EnvironmentMismatch);
    }
    if credential_id != key_id {
        return Err(Refusal::AttestedKeyMismatch);
    }
    Ok(AttestedKey { key_id: *key_id, public_key, counter: 0 })
}

/// What an attestation object says by itself: for people to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// SHA-256 of the App ID, which is the team's id, a dot, and the bundle's id.
    pub app_id_hash: [u8; 32],
    /// The environment that the key was made for; `None`: neither of the two.
    pub development: Option<bool>,
    /// SHA-256 of the attested key, as the object names it.
    pub key_id: Vec<u8>,
    /// The counter, zero in a fresh attestation.
    pub counter: u32,
}

/// Reads an attestation object without judging it.
pub fn inspect(object: &[u8]) -> Result<Inspection, Refusal> {
    let object = AttestationObject::parse(object)?;
    let data = AuthenticatorData::parse(object.authenticator_data)?;
    let (aaguid, credential_id) = data.credential()?;
    let development = match aaguid {
        DEVELOPMENT => Some(true),
        PRODUCTION => Some(false),
        _ => None,
    };
    let app_id_hash = data.rp_id_hash.try_into().map_err(|_| Refusal::EvidenceMalformed)?;
    Ok(Inspection { app_id_hash, development, key_id: credential_id.to_vec(), counter: data.counter })
}

/// Verifies what can be verified of an attestation object without knowing what it was made for: the chain at `now_ms`
/// (milliseconds since the Unix epoch), the key's id, the counter and the environment. The challenge and the App ID stay open.
pub fn verify(object: &[u8], roots: &Roots, now_ms: i64) -> Result<Inspection, Refusal> {
    let inspection = inspect(object)?;
    let chain = Chain::parse(AttestationObject::parse(object)?.certificates)?;
    nonce(chain.leaf())?;
    chain.verify(roots, &Revocations::default(), now_ms)?;
    if sha256(&[p256_key(chain.leaf())?.as_bytes()]).as_slice() != inspection.key_id {
        return Err(Refusal::AttestedKeyMismatch);
    }
    if inspection.counter != 0 {
        return Err(Refusal::CounterMismatch);
    }
    if inspection.development.is_none() { Err(Refusal::EnvironmentMismatch) } else { Ok(inspection) }
}

/// When the leaf certificate of an attestation object becomes valid, milliseconds since the Unix epoch.
pub fn leaf_start_ms(object: &[u8]) -> Result<i64, Refusal> {
    Ok(Chain::parse(AttestationObject::parse(object)?.certificates)?.leaf_start_ms())
}

/// Verifies an assertion by an attested key; returns its counter, which is to be stored in place of the old one
/// (only if no greater one was stored in the meantime).
pub fn verify_assertion(object: &[u8], client_data_hash: &[u8; 32], key: &AttestedKey, rule: &Rule) -> Result<u32, Refusal> {
    let object = AssertionObject::parse(object)?;
    let data = AuthenticatorData::parse(object.authenticator_data)?;
    if data.rp_id_hash != rule.app_id_hash() {
        return Err(Refusal::PackageMismatch);
    }
    if data.counter <= key.counter {
        return Err(Refusal::CounterMismatch);
    }
    // The device signs the nonce with SHA-256 as the digest: the nonce is hashed once more.
    let nonce = sha256(&[object.authenticator_data, client_data_hash]);
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.public_key.as_bytes())
        .verify(&nonce, object.signature)
        .map_err(|_| Refusal::BadSignature)?;
    Ok(data.counter)
}

/// The hash that `attestKey` and `generateAssertion` take, for client data that is not a hash yet.
pub fn client_data_hash(client_data: &[u8]) -> [u8; 32] {
    sha256(&[client_data])
}

/// `SEQUENCE { [1] EXPLICIT OCTET STRING }`.
fn nonce<'a>(leaf: &X509Certificate<'a>) -> Result<&'a [u8], Refusal> {
    let extension = leaf.get_extension_unique(&NONCE).map_err(|_| Refusal::EvidenceMalformed)?;
    let mut outer = Reader(extension.ok_or(Refusal::AttestationMissing)?.value);
    let mut fields = outer.inside(SEQUENCE)?;
    outer.end()?;
    let field = fields.next()?;
    fields.end()?;
    if field.class != 2 || !field.constructed || field.number != 1 {
        return Err(Refusal::EvidenceMalformed);
    }
    let mut value = Reader(field.content);
    let nonce = value.expect(OCTET_STRING)?;
    value.end()?;
    Ok(nonce)
}

fn p256_key(leaf: &X509Certificate<'_>) -> Result<DevicePublicKey, Refusal> {
    let info = leaf.public_key();
    let curve = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    if curve != Some(OID_EC_P256) {
        return Err(Refusal::UnsuitableKey);
    }
    let point = info.subject_public_key.data.as_ref().try_into().map_err(|_| Refusal::UnsuitableKey)?;
    Ok(DevicePublicKey::from_bytes(point))
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    bytes
}
