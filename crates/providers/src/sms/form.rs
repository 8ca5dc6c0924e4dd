//! Short messages by a form, as Twilio and many others take them: `POST` with basic authorisation and
//! pairs that the settings write down.

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use lingpai_domain::{
    messaging::{SendError, Sms, SmsGateway},
    secret::Secret,
};

use super::vendor::{refused, unreachable, value_of};
use crate::http::{Http, HttpOptionsError, Request, Upstream};

/// Sends by a form. Any 2xx counts as taken, unless it is a page: those come from proxies and sign-in walls.
pub struct FormSms {
    upstream: Upstream,
    authorization: Option<Secret>,
    fields: Vec<(String, String)>,
}

impl FormSms {
    /// Prepares it. `login`: user and password of the basic authorisation. `fields`: names and values, in
    /// which `{mobile}`, `{templateId}` and the names of a template's values (`{code}` …) are filled in.
    ///
    /// # Errors
    /// If `url` is no web address.
    pub fn new(http: &Http, url: &str, login: Option<(&str, &Secret)>, fields: Vec<(String, String)>) -> Result<Self, HttpOptionsError> {
        let encoded = |(user, password): (&str, &Secret)| STANDARD.encode(format!("{user}:{}", password.expose()));
        let authorization = login.map(|login| Secret::new(format!("Basic {}", encoded(login))));
        Ok(Self { upstream: http.upstream("sms", url)?, authorization, fields })
    }
}

#[async_trait]
impl SmsGateway for FormSms {
    async fn send(&self, sms: &Sms) -> Result<(), SendError> {
        let filled: Vec<(&str, String)> = self.fields.iter().map(|(name, value)| (name.as_str(), fill(value, sms))).collect();
        let pairs: Vec<(&str, &str)> = filled.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let headers: Vec<(&str, &str)> = self.authorization.iter().map(|value| ("authorization", value.expose())).collect();
        let answer = self.upstream.call(Request::post_form("", &[], &pairs).with_headers(&headers)).await.map_err(unreachable)?;
        if (200..300).contains(&answer.status) && !is_page(&answer.body) {
            return Ok(());
        }
        Err(refused(sms, &format!("HTTP {}", answer.status), &answer.excerpt()))
    }
}

fn is_page(body: &[u8]) -> bool {
    let begins = |tag: &[u8]| body.trim_ascii_start().get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    begins(b"<!doctype html") || begins(b"<html")
}

/// Fills in what stands in braces. A brace that is never closed, and names that do not exist, stay.
fn fill(template: &str, sms: &Sms) -> String {
    let mut filled = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, further)) = after.split_once('}') else {
            filled.push('{');
            rest = after;
            break;
        };
        match name {
            "mobile" => filled.push_str(&sms.mobile),
            "templateId" => filled.push_str(&sms.template_id),
            _ if sms.data.iter().any(|(known, _)| known == name) => filled.push_str(value_of(sms, name)),
            _ => {
                filled.push('{');
                rest = after;
                continue;
            }
        }
        rest = further;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_known_by_their_beginning() {
        for page in ["<!DOCTYPE html><title>x", " \n<html>", "<HTML lang=zh>"] {
            assert!(is_page(page.as_bytes()), "{page}");
        }
        for answer in ["", "ok", "<?xml version=\"1.0\"?><Response/>", "{\"sid\":\"<html>\"}", "<htm"] {
            assert!(!is_page(answer.as_bytes()), "{answer}");
        }
    }

    #[test]
    fn braces_are_filled_in() {
        let data = [("name", "令牌"), ("code", "123456"), ("expMinute", "3")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let sms = Sms {
            mobile: "13800000001".into(),
            key: String::new(),
            secret: Secret::default(),
            template_id: "T1".into(),
            data: data.to_vec(),
        };
        for (template, filled) in [
            ("+86{mobile}", "+8613800000001"),
            ("{name}: {code} ({expMinute} min, {templateId})", "令牌: 123456 (3 min, T1)"),
            ("{unknown} {code", "{unknown} {code"),
            ("{{code}}", "{123456}"),
            ("", ""),
        ] {
            assert_eq!(fill(template, &sms), filled);
        }
    }
}
