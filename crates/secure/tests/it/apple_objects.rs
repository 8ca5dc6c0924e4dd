//! App Attest's objects of our own making: attestations and assertions.

use lingpai_secure::attestation::apple::{self, Rule};
use lingpai_secure::device_key::{DeviceSigner, SoftwareDeviceKey};
use rcgen::CustomExtension;

use super::certificates::{Authority, AuthorityShape, der};

/// An attestation object of our own making.
pub struct Making {
    pub rule: Rule,
    pub counter: u32,
    pub aaguid: [u8; 16],
    pub credential_id: Option<[u8; 32]>,
}

impl Making {
    pub fn new(rule: Rule) -> Self {
        Self { rule, counter: 0, aaguid: *b"appattest\0\0\0\0\0\0\0", credential_id: None }
    }

    /// The object and the key's id.
    pub fn object(&self, root: &Authority, key: &SoftwareDeviceKey, client_data_hash: &[u8; 32]) -> (Vec<u8>, [u8; 32]) {
        let key_id = apple::client_data_hash(key.public_key().as_bytes());
        let app_id = format!("{}.{}", self.rule.team_id, self.rule.bundle_id);
        let mut data = apple::client_data_hash(app_id.as_bytes()).to_vec();
        data.push(0x40);
        data.extend(self.counter.to_be_bytes());
        data.extend(self.aaguid);
        data.extend([0, 32]);
        data.extend(self.credential_id.unwrap_or(key_id));
        let nonce = apple::client_data_hash(&[data.as_slice(), client_data_hash].concat());
        let value = der(&[0x30], &der(&[0xa1], &der(&[4], &nonce)));
        let batch = root.issue("batch", AuthorityShape::default());
        let leaf = batch.issue_leaf(&key.public_key(), vec![CustomExtension::from_oid_content(&[1, 2, 840, 113635, 100, 8, 2], value)]);
        let mut object = b"\xa3\x63fmt\x6fapple-appattest\x67attStmt\xa1\x63x5c\x82".to_vec();
        for bytes in [&leaf, &batch.der] {
            push_bytes(&mut object, bytes);
        }
        object.extend(b"\x68authData");
        push_bytes(&mut object, &data);
        (object, key_id)
    }
}

fn push_bytes(object: &mut Vec<u8>, bytes: &[u8]) {
    object.extend([0x59, (bytes.len() >> 8) as u8, bytes.len() as u8]);
    object.extend_from_slice(bytes);
}

/// What an App Attest key asserts for a hash, with this counter.
pub fn assertion(rule: &Rule, key: &SoftwareDeviceKey, counter: u32, client_data_hash: &[u8; 32]) -> Vec<u8> {
    let mut data = apple::client_data_hash(format!("{}.{}", rule.team_id, rule.bundle_id).as_bytes()).to_vec();
    data.push(0x40);
    data.extend(counter.to_be_bytes());
    let nonce = apple::client_data_hash(&[data.as_slice(), client_data_hash].concat());
    let signature = key.sign(&nonce).unwrap();
    // r and s as DER writes numbers: without leading zeros, with one where the sign would be taken for negative.
    let number = |bytes: &[u8]| {
        let bytes: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
        let zero: &[u8] = if bytes.first().is_none_or(|first| *first > 127) { &[0] } else { &[] };
        der(&[2], &[zero, &bytes].concat())
    };
    let signature = der(&[0x30], &[number(&signature[..32]), number(&signature[32..])].concat());
    let mut object = b"\xa2\x69signature".to_vec();
    push_bytes(&mut object, &signature);
    object.extend(b"\x71authenticatorData");
    push_bytes(&mut object, &data);
    object
}
