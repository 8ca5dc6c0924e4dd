//! A call, whatever form it came in.

use std::fmt;

use axum::http::HeaderMap;
use bytes::Bytes;
use serde_json::{Map, Value};

use lingpai_domain::{client::Source, client_info::ClientInfo};

use crate::{secure_network::Secured, words::Locale};

/// What a transport makes of a request.
#[derive(Clone, Debug)]
pub struct Call {
    /// The function: `uni-id-co`, `uni-captcha-co`.
    pub function: String,
    /// The method.
    pub method: String,
    /// The parameters; `None` when the request named none.
    pub params: Option<Value>,
    /// `clientInfo` as the client sent it.
    pub client_info: ClientInfo,
    /// `uniIdToken` as the client sent it.
    pub token: Option<String>,
    /// Which form it came in.
    pub source: Source,
    /// The client's address as the server sees it.
    pub ip: String,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// Names this call in logs and answers.
    pub request_id: String,
    /// What the gate of the secure network found out.
    pub secured: Secured,
    /// What signatures are made of; only of methods that demand one, in the URL form.
    pub signed: Option<Box<SignedRequest>>,
}

/// What a signature can be about besides the parameters.
#[derive(Clone)]
pub struct SignedRequest {
    /// The request's headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
}

impl fmt::Debug for SignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The headers can hold a secret, the body a password.
        f.debug_struct("SignedRequest").finish_non_exhaustive()
    }
}

impl Call {
    /// The language of the answer.
    pub fn locale(&self) -> Locale {
        Locale::from_client(self.client_locale())
    }

    /// The client's `locale` as it was sent.
    pub fn client_locale(&self) -> Option<&str> {
        self.client_info.text("locale")
    }

    /// The parameters as an object. What is no object counts as empty, as in the original; `None`:
    /// an explicit null, on which the original breaks.
    pub fn take_params(&mut self) -> Option<Map<String, Value>> {
        match self.params.take() {
            Some(Value::Object(params)) => Some(params),
            Some(Value::Null) => None,
            _ => Some(Map::new()),
        }
    }
}
