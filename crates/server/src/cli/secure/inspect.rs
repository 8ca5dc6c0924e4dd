//! `lingpai secure inspect`: why a device was refused.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use clap::{Args, Subcommand};
use lingpai_domain::{clock::Clock, random::to_hex};
use lingpai_secure::{
    attestation::{
        APPLE_APP_ATTESTATION_ROOT, GOOGLE_KEY_ATTESTATION_ROOTS, Revocations, Roots,
        android::{self, RootOfTrust},
        apple, ders_from_pem,
    },
    refusal::Refusal,
};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::super::USAGE;
use crate::runtime::SystemClock;

/// A file larger than this is no attestation.
const CEILING_BYTES: u64 = 1024 * 1024;

#[derive(Debug, Subcommand)]
pub enum InspectCommand {
    /// 安卓密钥证明:证书链,PEM,叶证书在前 · Android Key Attestation: a chain in PEM, leaf first
    Android {
        /// 证书链文件 · The chain
        file: PathBuf,
        /// 吊销列表(Google 公布的 JSON) · Google's revocation list, JSON
        #[arg(long, value_name = "FILE")]
        revocations: Option<PathBuf>,
        /// 以这些根证书(PEM)代替内置的 Google 根证书 · Roots (PEM) in place of Google's
        #[arg(long, value_name = "FILE")]
        roots: Option<PathBuf>,
        #[command(flatten)]
        moment: Moment,
    },
    /// 苹果 App Attest:attestKey 返回的对象,二进制或 base64 · Apple App Attest: the object of attestKey, binary or base64
    Apple {
        /// 对象文件 · The object
        file: PathBuf,
        /// 以这些根证书(PEM)代替内置的 Apple 根证书 · Roots (PEM) in place of Apple's
        #[arg(long, value_name = "FILE")]
        roots: Option<PathBuf>,
        #[command(flatten)]
        moment: Moment,
    },
}

/// At which time certificates must be valid.
#[derive(Clone, Debug, Args)]
#[group(multiple = false)]
pub struct Moment {
    /// 在此时刻验证:RFC 3339(2026-01-31T08:00:00Z)或 Unix 秒;缺省为现在 · Verify at this time, RFC 3339 or Unix seconds; now by default
    #[arg(long, value_name = "TIME", value_parser = milliseconds, allow_negative_numbers = true)]
    at: Option<i64>,
    /// 在叶证书生效的时刻验证(设备写 1970 年时,取整条链开始有效的时刻) · Verify when the leaf's validity starts (where the device says 1970: when the whole chain's does)
    #[arg(long)]
    at_leaf: bool,
}

/// Milliseconds since the Unix epoch, of RFC 3339 or whole seconds.
fn milliseconds(text: &str) -> Result<i64, String> {
    let seconds = text.parse::<i64>().ok().or_else(|| OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp));
    let milliseconds = seconds.and_then(|seconds| seconds.checked_mul(1000));
    milliseconds.ok_or_else(|| "写成 2026-01-31T08:00:00Z 或 Unix 秒 · write 2026-01-31T08:00:00Z or Unix seconds".to_owned())
}

impl Moment {
    fn now_ms(&self, leaf_ms: impl FnOnce() -> Result<i64, Refusal>) -> Result<i64, Refusal> {
        if self.at_leaf { leaf_ms() } else { Ok(self.at.unwrap_or_else(|| SystemClock.now_ms())) }
    }
}

/// Prints the answer. The exit code is 0 whenever there is one: whether the attestation holds is in it.
pub fn run(command: InspectCommand) -> ExitCode {
    let answer = match command {
        InspectCommand::Android { file, revocations, roots, moment } => {
            inspect_android(&file, revocations.as_deref(), roots.as_deref(), &moment)
        }
        InspectCommand::Apple { file, roots, moment } => inspect_apple(&file, roots.as_deref(), &moment),
    };
    match answer {
        Ok(answer) => {
            say!("{answer:#}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain!("lingpai: {error:#}");
            ExitCode::from(USAGE)
        }
    }
}

fn inspect_android(file: &Path, revocations: Option<&Path>, roots: Option<&Path>, moment: &Moment) -> anyhow::Result<Value> {
    let chain = ders_from_pem(&read(file)?).unwrap_or_default();
    if chain.is_empty() {
        bail!("{}: 没有 PEM 证书 · has no certificate in PEM", file.display());
    }
    let revocations = match revocations {
        Some(path) => {
            Revocations::from_json(&read(path)?).with_context(|| format!("{}: 不是吊销列表 · is no revocation list", path.display()))?
        }
        None => Revocations::default(),
    };
    let roots = match roots {
        Some(path) => read_roots(path)?,
        None => Roots::from_json(GOOGLE_KEY_ATTESTATION_ROOTS)?,
    };
    let verdict = moment.now_ms(|| android::leaf_start_ms(&chain)).and_then(|now_ms| android::verify(&chain, &roots, &revocations, now_ms));
    let mut answer = verdict_of(verdict.as_ref().err());
    if let Ok(said) = android::inspect(&chain) {
        let (state, locked) = match &said.root_of_trust {
            Some(RootOfTrust { verified_boot_state, device_locked }) => (Some(verified_boot_state), Some(device_locked)),
            None => (None, None),
        };
        answer["packages"] = said.packages.iter().map(|package| package.name.clone()).collect();
        answer["signatures"] = said.signatures.iter().map(|digest| to_hex(digest)).collect();
        answer["challenge"] = STANDARD.encode(&said.challenge).into();
        // A key is as safe as the weaker of where it lives and who says so.
        answer["securityLevel"] = json!(said.attestation_security_level.min(said.key_mint_security_level));
        answer["verifiedBootState"] = json!(state);
        answer["deviceLocked"] = json!(locked);
        answer["osVersion"] = json!(said.os_version);
        answer["osPatchLevel"] = json!(said.os_patch_level);
    }
    Ok(answer)
}

fn inspect_apple(file: &Path, roots: Option<&Path>, moment: &Moment) -> anyhow::Result<Value> {
    let object = decoded(read(file)?);
    let roots = match roots {
        Some(path) => read_roots(path)?,
        None => Roots::from_pem(APPLE_APP_ATTESTATION_ROOT)?,
    };
    let verdict = moment.now_ms(|| apple::leaf_start_ms(&object)).and_then(|now_ms| apple::verify(&object, &roots, now_ms));
    let mut answer = verdict_of(verdict.as_ref().err());
    if let Ok(said) = apple::inspect(&object) {
        answer["appIdHash"] = to_hex(&said.app_id_hash).into();
        answer["environment"] = json!(said.development.map(|development| if development { "development" } else { "production" }));
        answer["keyId"] = STANDARD.encode(&said.key_id).into();
        answer["counter"] = said.counter.into();
    }
    Ok(answer)
}

fn verdict_of(refusal: Option<&Refusal>) -> Value {
    json!({"verified": refusal.is_none(), "error": refusal.map(ToString::to_string)})
}

/// The object itself, or what base64 (either alphabet, with or without padding, on any number of lines) stands for.
fn decoded(bytes: Vec<u8>) -> Vec<u8> {
    let text: String = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).map(char::from).collect();
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engines = [&alphabet::STANDARD, &alphabet::URL_SAFE].map(|alphabet| GeneralPurpose::new(alphabet, config));
    engines.iter().find_map(|engine| engine.decode(&text).ok()).unwrap_or(bytes)
}

fn read_roots(path: &Path) -> anyhow::Result<Roots> {
    let roots = ders_from_pem(&read(path)?).ok().filter(|ders| !ders.is_empty()).and_then(|ders| Roots::from_ders(ders).ok());
    roots.with_context(|| format!("{}: 没有 PEM 证书 · has no certificate in PEM", path.display()))
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| format!("{}: 无法读取 · cannot be read", path.display()))?;
    file.take(CEILING_BYTES + 1).read_to_end(&mut bytes).with_context(|| path.display().to_string())?;
    if bytes.len() as u64 > CEILING_BYTES {
        bail!("{}: 超过 1 MiB · is larger than 1 MiB", path.display());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_or_seconds() {
        assert_eq!(milliseconds("1700000000"), Ok(1_700_000_000_000));
        assert_eq!(milliseconds("2023-11-14T22:13:20Z"), Ok(1_700_000_000_000));
        assert_eq!(milliseconds("2023-11-15T06:13:20.5+08:00"), Ok(1_700_000_000_000));
        assert!(milliseconds("yesterday").is_err() && milliseconds("9999999999999999999").is_err());
    }

    #[test]
    fn objects_are_read_from_bytes_and_from_both_kinds_of_base64() {
        let object = vec![0xa3, 0xfb, 0xff, 0x00];
        for form in [object.clone(), b"o/v/AA==\n".to_vec(), b"o_v_\nAA".to_vec()] {
            assert_eq!(decoded(form), object);
        }
    }
}
