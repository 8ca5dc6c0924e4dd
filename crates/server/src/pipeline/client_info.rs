//! Checks `clientInfo` (spec: "Order of checks").

use lingpai_domain::{
    client::{Client, normalise_platform},
    client_info::{ClientInfo, Fact},
    error::{Code, Error, Result},
};

use crate::call::Call;

/// Fields that, where they are there, are texts.
const TEXTS: &[&str] = &[
    "deviceId",
    "osName",
    "locale",
    "clientIP",
    "appName",
    "appVersion",
    "userAgent",
    "uniIdToken",
    "deviceBrand",
    "deviceModel",
    "osVersion",
    "osLanguage",
    "osTheme",
    "romName",
    "romVersion",
];
/// Fields that are texts or numbers.
const TEXTS_OR_NUMBERS: &[&str] = &["appVersionCode", "channel"];
/// Fields that are numbers.
const NUMBERS: &[&str] = &["devicePixelRatio", "windowWidth", "windowHeight", "screenWidth", "screenHeight"];
/// Texts that are stored with a user or a row of the log must not be longer (bytes).
const LONGEST: usize = 512;

/// Reads the caller's facts, or says which field is wrong.
pub fn check(call: &Call) -> Result<Client> {
    let info = &call.client_info;
    let uni_platform = required(info, "uniPlatform")?;
    let app_id = required(info, "appId")?;
    for &name in TEXTS {
        expect(info, name, |fact| fact.as_str().is_some())?;
    }
    for &name in TEXTS_OR_NUMBERS {
        expect(info, name, |fact| fact.as_str().is_some() || fact.is_number())?;
    }
    for &name in NUMBERS {
        expect(info, name, Fact::is_number)?;
    }
    let text = |name: &str| present(info, name).and_then(Fact::as_str).map(str::to_owned);
    Ok(Client {
        app_id: app_id.to_owned(),
        platform: normalise_platform(uni_platform).to_owned(),
        device_id: text("deviceId"),
        os_name: text("osName"),
        app_name: text("appName"),
        app_version: text("appVersion"),
        app_version_code: present(info, "appVersionCode").map(Fact::to_value),
        channel: present(info, "channel").or_else(|| present(info, "scene")).map(Fact::to_value),
        ip: call.ip.clone(),
        user_agent: call.user_agent.clone(),
        source: call.source,
    })
}

fn present<'a>(info: &'a ClientInfo, name: &str) -> Option<&'a Fact> {
    info.get(name).filter(|fact| !fact.is_absent())
}

fn wrong(code: Code, name: &str) -> Error {
    Error::new(code).with("param", format!("clientInfo.{name}"))
}

fn required<'a>(info: &'a ClientInfo, name: &str) -> Result<&'a str> {
    let text =
        present(info, name).ok_or_else(|| wrong(Code::ParamRequired, name))?.as_str().ok_or_else(|| wrong(Code::InvalidParam, name))?;
    if text.len() > LONGEST { Err(wrong(Code::InvalidParam, name)) } else { Ok(text) }
}

fn expect(info: &ClientInfo, name: &str, right: impl Fn(&Fact) -> bool) -> Result<()> {
    match present(info, name) {
        Some(fact) if !right(fact) || fact.as_str().is_some_and(|text| text.len() > LONGEST) => Err(wrong(Code::InvalidParam, name)),
        _ => Ok(()),
    }
}
