//! Real-name verification: `sensitiveInfoEncryptSecret` and what goes with it.

use std::sync::Arc;

use lingpai_domain::real_name::SensitiveCipher;
use serde_json::Value;

use super::fields::Fields;
use crate::config::report::{Problem, Words};

/// What an application has configured for real names. Zero and absent limits mean the defaults, as in
/// the original.
#[derive(Clone, Debug)]
pub struct RealNames {
    /// Made of `sensitiveInfoEncryptSecret`; `None`: there is none; or what is wrong with it.
    pub cipher: Result<Option<Arc<SensitiveCipher>>, Problem>,
    /// `idCardCertifyLimit`: accounts that one identity card may certify.
    pub accounts_per_card: usize,
    /// `realNameCertifyLimit`: verifications that one account may begin a day.
    pub attempts_per_day: u32,
    /// `frvNeedAlivePhoto`: whether the photograph of a verification is kept.
    pub keeps_photo: bool,
}

/// Reads them.
pub fn read(fields: &mut Fields<'_>) -> RealNames {
    let limit = |fields: &mut Fields<'_>, name: &str| fields.whole(&[name], 0..=1_000_000).filter(|limit| *limit > 0);
    RealNames {
        cipher: cipher(fields),
        accounts_per_card: limit(fields, "idCardCertifyLimit").map_or(1, |limit| usize::try_from(limit).unwrap_or(usize::MAX)),
        attempts_per_day: limit(fields, "realNameCertifyLimit").unwrap_or(5),
        keeps_photo: keeps_photo(fields),
    }
}

/// A truth value, or what the cloud's own service takes: `Y_O`, `Y_M`, `N`.
fn keeps_photo(fields: &mut Fields<'_>) -> bool {
    const PATH: &[&str] = &["frvNeedAlivePhoto"];
    match fields.value(PATH).and_then(Value::as_str) {
        Some("Y_O" | "Y_M") => true,
        Some("N" | "") => false,
        _ => fields.boolean(PATH),
    }
}

fn cipher(fields: &mut Fields<'_>) -> Result<Option<Arc<SensitiveCipher>>, Problem> {
    const PATH: &[&str] = &["sensitiveInfoEncryptSecret"];
    let Some(secret) = fields.secret(PATH) else { return Ok(None) };
    if let Some(cipher) = SensitiveCipher::new(&secret) {
        return Ok(Some(Arc::new(cipher)));
    }
    Err(fields.problem(
        PATH,
        Words::new("长度不是 32 个字符（AES-256 的密钥）", "is not 32 characters long (it is a key of AES-256)"),
        Words::new(
            "新项目换成 32 个字符的随机文本，例如 openssl rand -hex 16；已有数据的项目照抄原来的值",
            "new projects use a random text of 32 characters, for instance from openssl rand -hex 16; those that have data copy the value they had",
        ),
    ))
}
