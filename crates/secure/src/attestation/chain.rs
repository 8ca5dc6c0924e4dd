//! Certificate chains: each certificate issued by the next, the last one by a trusted root.

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_PKCS1_RSAENCRYPTION, OID_PKCS1_SHA256WITHRSA, OID_PKCS1_SHA384WITHRSA,
    OID_PKCS1_SHA512WITHRSA, OID_SIG_ECDSA_WITH_SHA256, OID_SIG_ECDSA_WITH_SHA384, OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_KEY_USAGE,
};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::SubjectPublicKeyInfo;

use super::der::{BIT_STRING, OBJECT_IDENTIFIER, Reader, SEQUENCE};
use super::{Revocations, Roots};
use crate::refusal::Refusal;

/// The most certificates in a chain; real ones have three to five.
const MAX_CERTIFICATES: usize = 8;

/// The longest certificate in bytes; real ones have about 1.5 KiB.
const MAX_CERTIFICATE_LENGTH: usize = 8 * 1024;

/// A parsed chain, leaf first.
pub(super) struct Chain<'a> {
    leaf: X509Certificate<'a>,
    issuers: Vec<X509Certificate<'a>>,
}

impl<'a> Chain<'a> {
    /// Parses certificates in DER, leaf first: at least the leaf and one issuer.
    pub fn parse(ders: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Refusal> {
        let mut ders = ders.into_iter();
        let leaf = parse_certificate(ders.next().ok_or(Refusal::EvidenceMalformed)?)?;
        let mut issuers = Vec::new();
        for der in ders {
            if issuers.len() + 1 >= MAX_CERTIFICATES {
                return Err(Refusal::EvidenceMalformed);
            }
            issuers.push(parse_certificate(der)?);
        }
        if issuers.is_empty() { Err(Refusal::EvidenceMalformed) } else { Ok(Self { leaf, issuers }) }
    }

    pub fn leaf(&self) -> &X509Certificate<'a> {
        &self.leaf
    }

    /// From when on the leaf counts, milliseconds since the Unix epoch: the start of its validity, but not before its
    /// issuers', because Android devices let it start in 1970.
    pub fn leaf_start_ms(&self) -> i64 {
        let starts = std::iter::once(&self.leaf).chain(&self.issuers).map(|certificate| certificate.validity().not_before.timestamp());
        starts.max().unwrap_or(0).saturating_mul(1000)
    }

    pub fn issuers(&self) -> &[X509Certificate<'a>] {
        &self.issuers
    }

    /// Checks that the chain leads to a root, that no certificate is revoked, and that all are valid at `now_ms`
    /// (milliseconds since the Unix epoch). A root inside the chain is recognised by its key: roots are
    /// reissued for the same key, and their own validity does not matter.
    pub fn verify(&self, roots: &Roots, revocations: &Revocations, now_ms: i64) -> Result<(), Refusal> {
        let now_s = now_ms.div_euclid(1000);
        let last = self.issuers.last().ok_or(Refusal::EvidenceMalformed)?;
        let root_is_included = roots.certificates().any(|root| root.public_key().raw == last.public_key().raw);

        // Cheap refusals first, signatures last.
        for certificate in std::iter::once(&self.leaf).chain(&self.issuers) {
            if revocations.status(certificate.raw_serial()).is_some() {
                return Err(Refusal::CertificateRevoked);
            }
        }
        let below_root = self.issuers.len() - usize::from(root_is_included);
        for certificate in std::iter::once(&self.leaf).chain(self.issuers.iter().take(below_root)) {
            let validity = certificate.validity();
            if now_s < validity.not_before.timestamp() || now_s > validity.not_after.timestamp() {
                return Err(Refusal::CertificateNotValid);
            }
            if has_unknown_critical_extension(certificate) {
                return Err(Refusal::BrokenChain);
            }
        }
        for (below, issuer) in self.issuers.iter().take(below_root).enumerate() {
            check_may_issue(issuer, below)?;
        }
        if !root_is_included {
            let issued = |root: &X509Certificate<'_>| same_name(last, root) && is_signed_by(last, root.public_key());
            if !roots.certificates().any(|root| issued(&root)) {
                return Err(Refusal::UntrustedRoot);
            }
        }
        let mut subject = &self.leaf;
        for issuer in &self.issuers {
            if !same_name(subject, issuer) || !is_signed_by(subject, issuer.public_key()) {
                return Err(Refusal::BrokenChain);
            }
            subject = issuer;
        }
        Ok(())
    }
}

fn parse_certificate(der: &[u8]) -> Result<X509Certificate<'_>, Refusal> {
    if der.len() > MAX_CERTIFICATE_LENGTH {
        return Err(Refusal::EvidenceMalformed);
    }
    check_frame(der)?;
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(Refusal::EvidenceMalformed),
    }
}

/// The part of a certificate that no signature covers must be strict DER, too: the parser takes any tag for the algorithm's.
fn check_frame(der: &[u8]) -> Result<(), Refusal> {
    let mut outer = Reader(der);
    let mut parts = outer.inside(SEQUENCE)?;
    outer.end()?;
    parts.expect(SEQUENCE)?;
    parts.inside(SEQUENCE)?.expect(OBJECT_IDENTIFIER)?;
    parts.expect(BIT_STRING)?;
    parts.end()
}

/// Whether `issuer`'s name is the one that `subject` says issued it.
fn same_name(subject: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    subject.issuer().as_raw() == issuer.subject().as_raw()
}

/// An issuer must be a CA, may sign certificates, and may have `below` issuers under it (RFC 5280, section 6.1.4).
fn check_may_issue(issuer: &X509Certificate<'_>, below: usize) -> Result<(), Refusal> {
    let constraints = issuer.basic_constraints().map_err(|_| Refusal::BrokenChain)?.ok_or(Refusal::BrokenChain)?;
    let path_fits = constraints.value.path_len_constraint.is_none_or(|most| u32::try_from(below).is_ok_and(|below| below <= most));
    let usage = issuer.key_usage().map_err(|_| Refusal::BrokenChain)?;
    let may_sign = usage.is_none_or(|usage| usage.value.key_cert_sign());
    if constraints.value.ca && path_fits && may_sign { Ok(()) } else { Err(Refusal::BrokenChain) }
}

fn has_unknown_critical_extension(certificate: &X509Certificate<'_>) -> bool {
    let known = [OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_KEY_USAGE];
    certificate.extensions().iter().any(|extension| extension.critical && !known.contains(&extension.oid))
}

fn is_signed_by(subject: &X509Certificate<'_>, issuer: &SubjectPublicKeyInfo<'_>) -> bool {
    // The algorithm stands in the certificate twice; only the inner one is signed.
    // A bit string's count of unused bits is outside the signature, too.
    if subject.signature_algorithm != subject.tbs_certificate.signature || subject.signature_value.unused_bits != 0 {
        return false;
    }
    let Some(algorithm) = verification_algorithm(subject, issuer) else { return false };
    UnparsedPublicKey::new(algorithm, &issuer.subject_public_key.data)
        .verify(subject.tbs_certificate.as_ref(), &subject.signature_value.data)
        .is_ok()
}

/// What Google's and Apple's chains use: RSA of at least 2048 bits with PKCS#1 v1.5, ECDSA on P-256 and P-384; SHA-2 only.
fn verification_algorithm(subject: &X509Certificate<'_>, issuer: &SubjectPublicKeyInfo<'_>) -> Option<&'static dyn VerificationAlgorithm> {
    let signature = &subject.signature_algorithm.algorithm;
    if issuer.algorithm.algorithm == OID_PKCS1_RSAENCRYPTION {
        if *signature == OID_PKCS1_SHA256WITHRSA {
            return Some(&signature::RSA_PKCS1_2048_8192_SHA256);
        } else if *signature == OID_PKCS1_SHA384WITHRSA {
            return Some(&signature::RSA_PKCS1_2048_8192_SHA384);
        } else if *signature == OID_PKCS1_SHA512WITHRSA {
            return Some(&signature::RSA_PKCS1_2048_8192_SHA512);
        }
        return None;
    }
    if issuer.algorithm.algorithm != OID_KEY_TYPE_EC_PUBLIC_KEY {
        return None;
    }
    let curve = issuer.algorithm.parameters.as_ref()?.as_oid().ok()?;
    let sha256 = *signature == OID_SIG_ECDSA_WITH_SHA256;
    let sha384 = *signature == OID_SIG_ECDSA_WITH_SHA384;
    match (curve == OID_EC_P256, curve == OID_NIST_EC_P384) {
        (true, _) if sha256 => Some(&signature::ECDSA_P256_SHA256_ASN1),
        (true, _) if sha384 => Some(&signature::ECDSA_P256_SHA384_ASN1),
        (_, true) if sha256 => Some(&signature::ECDSA_P384_SHA256_ASN1),
        (_, true) if sha384 => Some(&signature::ECDSA_P384_SHA384_ASN1),
        _ => None,
    }
}
