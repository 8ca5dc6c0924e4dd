//! The attestation extension, 1.3.6.1.4.1.11129.2.1.17 (`KeyDescription`).
//!
//! Its shape is published with Android's documentation of key attestation. Versions differ in the fields of their
//! authorization lists only, which are numbered; unknown numbers are skipped.

use super::der::{ENUMERATED, INTEGER, OCTET_STRING, Reader, SEQUENCE, SET};
use crate::refusal::Refusal;

/// The most packages, digests or purposes that are read.
const MAX_ITEMS: usize = 32;

/// Where a statement or a key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SecurityLevel {
    /// The Android system.
    Software,
    /// The trusted execution environment.
    TrustedEnvironment,
    /// A dedicated chip.
    #[serde(rename = "STRONG_BOX")]
    StrongBox,
}

/// How the system was booted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VerifiedBootState {
    /// Signed by the manufacturer.
    Verified,
    /// Signed by a key that the owner installed.
    SelfSigned,
    /// Not checked.
    Unverified,
    /// Checked and wrong.
    Failed,
}

/// What the hardware says about the boot.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RootOfTrust {
    /// Whether the boot loader is locked.
    pub device_locked: bool,
    /// How the system was booted.
    pub verified_boot_state: VerifiedBootState,
}

/// Which application asked for the key; said by the Android system, hence only as good as the boot state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ApplicationId {
    pub packages: Vec<(String, u64)>,
    pub signatures: Vec<Vec<u8>>,
}

/// The fields of an authorization list that matter here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AuthorizationList {
    pub purposes: Vec<u64>,
    pub creation_ms: Option<u64>,
    pub origin: Option<u64>,
    pub root_of_trust: Option<RootOfTrust>,
    pub os_version: Option<u64>,
    pub os_patch_level: Option<u64>,
    pub application_id: Option<ApplicationId>,
}

/// The extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyDescription {
    pub attestation_version: u64,
    pub attestation_level: SecurityLevel,
    pub keymint_version: u64,
    pub keymint_level: SecurityLevel,
    pub challenge: Vec<u8>,
    pub software: AuthorizationList,
    pub hardware: AuthorizationList,
}

impl KeyDescription {
    /// Reads the extension's value.
    pub fn parse(der: &[u8]) -> Result<Self, Refusal> {
        let mut outer = Reader(der);
        let mut fields = outer.inside(SEQUENCE)?;
        outer.end()?;
        let attestation_version = fields.unsigned(INTEGER)?;
        let attestation_level = security_level(&mut fields)?;
        let keymint_version = fields.unsigned(INTEGER)?;
        let keymint_level = security_level(&mut fields)?;
        let challenge = fields.expect(OCTET_STRING)?.to_vec();
        fields.expect(OCTET_STRING)?;
        let software = authorization_list(fields.inside(SEQUENCE)?)?;
        let hardware = authorization_list(fields.inside(SEQUENCE)?)?;
        fields.end()?;
        Ok(Self { attestation_version, attestation_level, keymint_version, keymint_level, challenge, software, hardware })
    }
}

fn security_level(fields: &mut Reader<'_>) -> Result<SecurityLevel, Refusal> {
    match fields.unsigned(ENUMERATED)? {
        0 => Ok(SecurityLevel::Software),
        1 => Ok(SecurityLevel::TrustedEnvironment),
        2 => Ok(SecurityLevel::StrongBox),
        _ => Err(Refusal::EvidenceMalformed),
    }
}

/// A list of `[number] EXPLICIT` values in ascending order, each number once.
fn authorization_list(mut fields: Reader<'_>) -> Result<AuthorizationList, Refusal> {
    let mut list = AuthorizationList::default();
    let mut previous = None;
    while !fields.is_empty() {
        let field = fields.next()?;
        if field.class != 2 || !field.constructed || previous.is_some_and(|number| number >= field.number) {
            return Err(Refusal::EvidenceMalformed);
        }
        previous = Some(field.number);
        let mut value = Reader(field.content);
        match field.number {
            1 => {
                let mut items = value.inside(SET)?;
                list.purposes = all(&mut items, |item| item.unsigned(INTEGER))?;
            }
            701 => list.creation_ms = Some(value.unsigned(INTEGER)?),
            702 => list.origin = Some(value.unsigned(INTEGER)?),
            704 => list.root_of_trust = Some(root_of_trust(value.inside(SEQUENCE)?)?),
            705 => list.os_version = Some(value.unsigned(INTEGER)?),
            706 => list.os_patch_level = Some(value.unsigned(INTEGER)?),
            709 => list.application_id = Some(application_id(value.expect(OCTET_STRING)?)?),
            _ => {
                value.next()?;
            }
        }
        value.end()?;
    }
    Ok(list)
}

fn root_of_trust(mut fields: Reader<'_>) -> Result<RootOfTrust, Refusal> {
    fields.expect(OCTET_STRING)?;
    let device_locked = fields.boolean()?;
    let verified_boot_state = match fields.unsigned(ENUMERATED)? {
        0 => VerifiedBootState::Verified,
        1 => VerifiedBootState::SelfSigned,
        2 => VerifiedBootState::Unverified,
        3 => VerifiedBootState::Failed,
        _ => return Err(Refusal::EvidenceMalformed),
    };
    // The hash is there since version 3.
    if !fields.is_empty() {
        fields.expect(OCTET_STRING)?;
    }
    fields.end()?;
    Ok(RootOfTrust { device_locked, verified_boot_state })
}

fn application_id(der: &[u8]) -> Result<ApplicationId, Refusal> {
    let mut outer = Reader(der);
    let mut fields = outer.inside(SEQUENCE)?;
    outer.end()?;
    let packages = all(&mut fields.inside(SET)?, |item| {
        let mut package = item.inside(SEQUENCE)?;
        let name = String::from_utf8(package.expect(OCTET_STRING)?.to_vec()).map_err(|_| Refusal::EvidenceMalformed)?;
        let version = package.unsigned(INTEGER)?;
        package.end()?;
        Ok((name, version))
    })?;
    let signatures = all(&mut fields.inside(SET)?, |item| item.expect(OCTET_STRING).map(<[u8]>::to_vec))?;
    fields.end()?;
    Ok(ApplicationId { packages, signatures })
}

/// Reads items until the end, but not too many.
fn all<'a, T>(items: &mut Reader<'a>, mut read: impl FnMut(&mut Reader<'a>) -> Result<T, Refusal>) -> Result<Vec<T>, Refusal> {
    let mut list = Vec::new();
    while !items.is_empty() {
        if list.len() >= MAX_ITEMS {
            return Err(Refusal::EvidenceMalformed);
        }
        list.push(read(items)?);
    }
    Ok(list)
}
