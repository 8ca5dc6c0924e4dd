//! Refusals as the wire and the log show them.

use lingpai_domain::error::{Code, Error};
use lingpai_secure::refusal::{Code as Number, ERR_SUBJECT, Refusal};
use serde_json::{Map, Value};

use crate::{
    answer::{Answer, error_body},
    pipeline::Scope,
    words::{Locale, Words},
};

/// Why a call does not get through.
#[derive(Debug)]
pub enum Refused {
    /// The secure network refuses it.
    By(Refusal),
    /// It could not be judged: the store, or a secret in it.
    Failed(Error),
    /// Something that has nothing to do with the secure network: too many calls.
    Otherwise(Error),
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::By(refusal)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        if error.code == Code::TooManyRequests { Self::Otherwise(error) } else { Self::Failed(error) }
    }
}

impl From<lingpai_domain::store::StoreError> for Refused {
    fn from(error: lingpai_domain::store::StoreError) -> Self {
        Self::Failed(Error::internal(error))
    }
}

impl Refused {
    /// The number in `errCode`; `None` for what is not the secure network's.
    pub fn number(&self) -> Option<u32> {
        match self {
            Self::By(refusal) => Some(refusal.code().number()),
            Self::Failed(_) => Some(Number::System.number()),
            Self::Otherwise(_) => None,
        }
    }

    /// `{errCode, errMsg, errSubject}`, in the caller's language. The official client compares the code as a number.
    pub fn body(&self, locale: Locale) -> Map<String, Value> {
        let Some(number) = self.number() else {
            let Self::Otherwise(error) = self else { return Map::new() };
            return error_body(error, Words::built_in(), locale);
        };
        let text = Words::built_in().text(locale, &format!("{ERR_SUBJECT}-{number}")).to_owned();
        Map::from_iter([
            ("errCode".to_owned(), number.into()),
            ("errMsg".to_owned(), text.into()),
            ("errSubject".to_owned(), ERR_SUBJECT.into()),
        ])
    }

    /// The same as a method's answer.
    pub fn answer(&self, locale: Locale) -> Answer {
        self.body(locale).into_iter().fold(Answer::ok(), |answer, (name, value)| answer.with(&name, value))
    }

    /// Writes a line to the log: why, and nothing that is secret. What the client says of itself is cut short.
    pub fn log(&self, request_id: &str, function: &str, app_id: &str, platform: &str, ip: &str) {
        let cut = |text: &str| text.chars().take(64).collect::<String>();
        let (app_id, platform) = (cut(app_id), cut(platform));
        match self {
            Self::By(refusal) => {
                let (code, reason) = (refusal.code().number(), refusal.to_string());
                tracing::info!(request_id, function, app_id, platform, ip, code, reason, "the secure network refused");
            }
            Self::Failed(error) => {
                let cause = error.source.as_ref().map(ToString::to_string);
                tracing::error!(request_id, function, code = 50000, cause, "the secure network failed");
            }
            Self::Otherwise(error) => tracing::info!(request_id, function, ip, code = error.code.wire(), "refused"),
        }
    }
}

impl Refused {
    /// Counts and logs what a method refuses.
    pub fn note(&self, scope: &Scope<'_>, function: &'static str) {
        super::gate::note(self, scope.request_id, function, scope.client_info, &scope.client.ip);
    }
}
