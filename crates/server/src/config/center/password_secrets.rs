//! `passwordSecret`: how passwords are and were hashed.

use lingpai_domain::{
    password::{Argon2Cost, PasswordKind, PasswordSecret},
    secret::Secret,
};
use serde_json::Value;

use super::fields::Fields;
use crate::config::report::Words;

const FIELD: &str = "passwordSecret";

/// Reads the secrets, oldest first.
pub fn read(fields: &mut Fields<'_>, argon2: Argon2Cost) -> Vec<PasswordSecret> {
    match fields.value(&[FIELD]) {
        Some(Value::String(text)) if !text.is_empty() => {
            vec![PasswordSecret { version: None, kind: Ok(PasswordKind::HmacSha1), value: Secret::new(text.as_str()) }]
        }
        Some(Value::Array(items)) if !items.is_empty() => list(fields, items.len(), argon2),
        None | Some(Value::String(_)) | Some(Value::Array(_)) => {
            fields.problem(
                &[FIELD],
                Words::new(
                    "缺少 passwordSecret，无法保存或验证密码",
                    "passwordSecret is missing: passwords can be neither stored nor verified",
                ),
                Words::new(
                    "新项目写成 [{\"type\":\"argon2id\",\"version\":1}]；已有用户的项目照抄原来的值",
                    "new projects write [{\"type\":\"argon2id\",\"version\":1}]; projects that have users copy the value they had",
                ),
            );
            Vec::new()
        }
        Some(_) => {
            fields.problem(
                &[FIELD],
                Words::new("类型不对", "is of the wrong type"),
                Words::new("应为字符串或对象的列表", "must be a text or a list of objects"),
            );
            Vec::new()
        }
    }
}

fn list(fields: &mut Fields<'_>, count: usize, argon2: Argon2Cost) -> Vec<PasswordSecret> {
    let mut secrets: Vec<PasswordSecret> = Vec::with_capacity(count);
    for index in 0..count {
        let index = index.to_string();
        if let Some(secret) = entry(fields, &index, argon2) {
            if secrets.iter().any(|other| other.version == secret.version) {
                fields.problem(
                    &[FIELD, &index, "version"],
                    Words::new("version 重复", "this version is there already"),
                    Words::new("每一项使用不同的 version，新的更大", "give each entry a version of its own, newer ones a higher one"),
                );
                continue;
            }
            secrets.push(secret);
        }
    }
    secrets.sort_by_key(|secret| secret.version);
    secrets
}

fn entry(fields: &mut Fields<'_>, index: &str, argon2: Argon2Cost) -> Option<PasswordSecret> {
    fields.object(&[FIELD, index])?;
    let before = fields.problems.len();
    let version = fields.whole(&[FIELD, index, "version"], 0..=u32::MAX);
    if version.is_none() && fields.problems.len() == before {
        fields.problem(
            &[FIELD, index, "version"],
            Words::new("缺少 version", "version is missing"),
            Words::new("从 1 开始编号", "number the entries from 1"),
        );
    }
    let name = fields.text(&[FIELD, index, "type"]);
    let value = fields.secret(&[FIELD, index, "value"]).unwrap_or_default();
    let kind = match name.as_deref() {
        None | Some("hmac-sha1") => Ok(PasswordKind::HmacSha1),
        Some("hmac-sha256") => Ok(PasswordKind::HmacSha256),
        Some("argon2id") => Ok(PasswordKind::Argon2id(argon2)),
        Some("custom") => Ok(PasswordKind::Custom),
        Some(unknown) => {
            fields.problem(
                &[FIELD, index, "type"],
                Words::new(format!("没有 {unknown:?} 这种类型"), format!("there is no type {unknown:?}")),
                Words::new("可选：argon2id、hmac-sha256、hmac-sha1、custom", "choose from argon2id, hmac-sha256, hmac-sha1, custom"),
            );
            Err(unknown.to_owned())
        }
    };
    if kind == Ok(PasswordKind::HmacSha1) && value.is_empty() {
        fields.problem(
            &[FIELD, index, "value"],
            Words::new("hmac-sha1 需要 value", "hmac-sha1 needs a value"),
            Words::new("填写原来使用的密钥", "give the secret that was used before"),
        );
        return None;
    }
    Some(PasswordSecret { version: Some(version?.into()), kind, value })
}
