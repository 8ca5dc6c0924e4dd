//! Certificates made for tests: chains that are right in everything but what a test changes.

use lingpai_secure::device_key::DevicePublicKey;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    PublicKeyData, SignatureAlgorithm, date_time_ymd,
};

/// A certificate authority.
pub struct Authority {
    pub der: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

/// How an authority's certificate is made.
pub struct AuthorityShape {
    pub is_ca: IsCa,
    pub usages: Vec<KeyUsagePurpose>,
    pub from: (i32, u8, u8),
    pub to: (i32, u8, u8),
    pub extensions: Vec<CustomExtension>,
}

impl Default for AuthorityShape {
    fn default() -> Self {
        Self {
            is_ca: IsCa::Ca(BasicConstraints::Unconstrained),
            usages: vec![KeyUsagePurpose::KeyCertSign],
            from: (2020, 1, 1),
            to: (2040, 1, 1),
            extensions: vec![],
        }
    }
}

fn params(name: &str, shape: AuthorityShape) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = shape.is_ca;
    params.key_usages = shape.usages;
    params.not_before = date_time_ymd(shape.from.0, shape.from.1, shape.from.2);
    params.not_after = date_time_ymd(shape.to.0, shape.to.1, shape.to.2);
    params.custom_extensions = shape.extensions;
    params
}

impl Authority {
    pub fn root(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = params(name, AuthorityShape::default());
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self { der, issuer: Issuer::new(params, key) }
    }

    pub fn issue(&self, name: &str, shape: AuthorityShape) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = params(name, shape);
        let der = params.signed_by(&key, &self.issuer).unwrap().der().to_vec();
        Self { der, issuer: Issuer::new(params, key) }
    }

    pub fn issue_leaf(&self, key: &DevicePublicKey, extensions: Vec<CustomExtension>) -> Vec<u8> {
        let shape = AuthorityShape { is_ca: IsCa::NoCa, usages: vec![KeyUsagePurpose::DigitalSignature], extensions, ..Default::default() };
        params("leaf", shape).signed_by(&Point(*key), &self.issuer).unwrap().der().to_vec()
    }
}

/// A device's public key, for a certificate.
struct Point(DevicePublicKey);

impl PublicKeyData for Point {
    fn der_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// One DER value of the given tag bytes.
pub fn der(tag: &[u8], content: &[u8]) -> Vec<u8> {
    let mut bytes = tag.to_vec();
    match content.len() {
        short @ 0..0x80 => bytes.push(short as u8),
        medium @ 0x80..0x100 => bytes.extend([0x81, medium as u8]),
        long => bytes.extend([0x82, (long >> 8) as u8, long as u8]),
    }
    bytes.extend_from_slice(content);
    bytes
}
