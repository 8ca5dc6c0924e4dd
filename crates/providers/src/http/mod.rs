//! The one way out over HTTP: every call of an upstream goes through an [`Upstream`] of an [`Http`].
//!
//! A call has a time limit altogether (waiting for a place and connecting included) and a largest
//! answer, follows no redirect, checks certificates, uses no proxy of the environment, and is never
//! made twice: a one-time code must not be spent by a repetition. An upstream that fails again and
//! again is left alone for a while ([`circuit`]). Errors hold no address and no value that was sent.

mod answer;
mod circuit;
mod error;
mod transfer;

use std::{sync::Arc, time::Duration};

use lingpai_domain::clock::Clock;
use reqwest::{Client, ClientBuilder, Url, header, redirect};
use serde_json::Value;
use tokio::sync::Semaphore;

pub use answer::Answer;
pub use error::UpstreamError;
pub use transfer::Transfer;
pub(crate) use transfer::{explanation, words};

use circuit::Circuit;
pub use circuit::CircuitRule;

/// What all upstreams keep to.
#[derive(Clone, Copy, Debug)]
pub struct HttpOptions {
    /// Time to connect.
    pub connect_timeout: Duration,
    /// Time for a call altogether.
    pub timeout: Duration,
    /// The largest answer, bytes.
    pub max_answer_bytes: usize,
    /// Calls of one upstream at the same time; more wait.
    pub max_at_once: usize,
    /// When an upstream is left alone.
    pub circuit: CircuitRule,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            timeout: Duration::from_secs(8),
            max_answer_bytes: 256 * 1024,
            max_at_once: 64,
            circuit: CircuitRule::default(),
        }
    }
}

/// What is wrong with the way out.
#[derive(Debug, thiserror::Error)]
pub enum HttpOptionsError {
    /// Not an http or https address. The address itself may hold a password, so it is not shown.
    #[error("the base address of {0} is not an http:// or https:// address")]
    BaseUrl(&'static str),
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}

/// The connections that all upstreams share.
#[derive(Clone)]
pub struct Http {
    client: Client,
    options: HttpOptions,
    clock: Arc<dyn Clock>,
}

impl Http {
    /// Prepares it; nothing is connected yet. The clock decides how long an upstream is left alone.
    ///
    /// # Errors
    /// If the TLS library refuses.
    pub fn new(options: HttpOptions, clock: Arc<dyn Clock>) -> Result<Self, HttpOptionsError> {
        Self::build(client(&options).timeout(options.timeout), options, clock)
    }

    /// The same for [`Upstream::transfer`], whose caller bounds the time of each call.
    ///
    /// # Errors
    /// If the TLS library refuses.
    pub fn for_streams(options: HttpOptions, clock: Arc<dyn Clock>) -> Result<Self, HttpOptionsError> {
        Self::build(client(&options), options, clock)
    }

    fn build(builder: ClientBuilder, options: HttpOptions, clock: Arc<dyn Clock>) -> Result<Self, HttpOptionsError> {
        let client = builder.build().map_err(|error| HttpOptionsError::Client(error.to_string()))?;
        Ok(Self { client, options, clock })
    }

    /// A third party by its base address, to which the paths of requests are appended. `name` stands
    /// in logs, metrics and errors (`weixin`). The address comes from the operator: never from a user.
    ///
    /// # Errors
    /// If it is no web address.
    pub fn upstream(&self, name: &'static str, base_url: &str) -> Result<Upstream, HttpOptionsError> {
        let base = Url::parse(base_url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        base.ok_or(HttpOptionsError::BaseUrl(name))?;
        Ok(Upstream {
            http: self.clone(),
            name,
            base: base_url.trim_end_matches('/').into(),
            circuit: Arc::new(Circuit::new(self.options.circuit)),
            places: Arc::new(Semaphore::new(self.options.max_at_once)),
        })
    }
}

fn client(options: &HttpOptions) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("lingpai/", env!("CARGO_PKG_VERSION")))
        // A redirect would carry secrets to an address that the operator did not name.
        .redirect(redirect::Policy::none())
        // Settings decide where calls go, not the environment.
        .no_proxy()
        .connect_timeout(options.connect_timeout)
        .pool_max_idle_per_host(8)
}

/// A third party. Clones share the circuit and the places.
#[derive(Clone)]
pub struct Upstream {
    http: Http,
    name: &'static str,
    base: Arc<str>,
    circuit: Arc<Circuit>,
    places: Arc<Semaphore>,
}

/// A call.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// What is appended to the base address: empty, or with a slash in front.
    pub path: &'a str,
    /// Pairs of the query.
    pub query: &'a [(&'a str, &'a str)],
    /// Headers besides the content type.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body: `None` makes it a GET, everything else a POST.
    pub body: Body<'a>,
}

/// The body of a [`Request`].
#[derive(Clone, Copy)]
pub enum Body<'a> {
    /// None: a GET.
    None,
    /// JSON.
    Json(&'a Value),
    /// Pairs of a form.
    Form(&'a [(&'a str, &'a str)]),
    /// A text of this content type: for signatures that cover the bytes.
    Text(&'static str, &'a str),
}

impl<'a> Request<'a> {
    /// `GET path?query`
    pub const fn get(path: &'a str, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { path, query, headers: &[], body: Body::None }
    }

    /// `POST path?query` with JSON.
    pub const fn post_json(path: &'a str, query: &'a [(&'a str, &'a str)], body: &'a Value) -> Self {
        Self { path, query, headers: &[], body: Body::Json(body) }
    }

    /// `POST path?query` with a form.
    pub const fn post_form(path: &'a str, query: &'a [(&'a str, &'a str)], pairs: &'a [(&'a str, &'a str)]) -> Self {
        Self { path, query, headers: &[], body: Body::Form(pairs) }
    }

    /// With these headers.
    pub const fn with_headers(mut self, headers: &'a [(&'a str, &'a str)]) -> Self {
        self.headers = headers;
        self
    }
}

impl Upstream {
    /// The name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Makes a call and reads the answer as JSON, whatever content type it claims. An answer with an
    /// error status is an error.
    ///
    /// # Errors
    /// [`UpstreamError`]
    pub async fn json(&self, request: Request<'_>) -> Result<Value, UpstreamError> {
        Ok(self.json_and_bytes(request).await?.0)
    }

    /// The same, with the bytes that the JSON was read from: for signatures that cover them.
    ///
    /// # Errors
    /// [`UpstreamError`]
    pub async fn json_and_bytes(&self, request: Request<'_>) -> Result<(Value, Vec<u8>), UpstreamError> {
        let answer = self.call(request).await?;
        answer.expect_success()?;
        // A page of a proxy or a sign-in wall, say: as bad as no answer.
        let value = answer.json().inspect_err(|_| self.circuit.failed(self.http.clock.now_ms()))?;
        Ok((value, answer.body))
    }

    /// Makes a call. Statuses of errors come back as answers: some services explain themselves in them.
    ///
    /// # Errors
    /// [`UpstreamError`] if there is no whole answer.
    pub async fn call(&self, request: Request<'_>) -> Result<Answer, UpstreamError> {
        let time_limit = self.http.options.timeout;
        let now = self.http.clock.now_ms();
        self.circuit.admit(now, time_limit)?;
        let outcome = match tokio::time::timeout(time_limit, self.exchange(request)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(UpstreamError::TimedOut(time_limit)),
        };
        match &outcome {
            Ok(answer) if answer.status < 500 => self.circuit.succeeded(),
            _ => self.circuit.failed(self.http.clock.now_ms()),
        }
        outcome
    }

    async fn exchange(&self, request: Request<'_>) -> Result<Answer, UpstreamError> {
        let _place = self.places.acquire().await.map_err(|_| UpstreamError::Unreachable("the program is stopping".into()))?;
        // Which of the two time limits, ours or the client's own, ends first is a matter of chance.
        let limit = self.http.options.timeout;
        let broken = |error: reqwest::Error| match error.is_timeout() && !error.is_connect() {
            true => UpstreamError::TimedOut(limit),
            false => UpstreamError::of_transport(error),
        };
        let mut response = self.prepare(request)?.send().await.map_err(broken)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > self.http.options.max_answer_bytes {
                return Err(UpstreamError::TooLarge(self.http.options.max_answer_bytes));
            }
            body.extend_from_slice(&chunk);
        }
        let secrets = self.values_of(request);
        Ok(Answer { status, body, hidden: secrets })
    }

    fn prepare(&self, request: Request<'_>) -> Result<reqwest::RequestBuilder, UpstreamError> {
        let unfit = |_| UpstreamError::Unreachable("the address cannot be made".into());
        let mut url = Url::parse(&format!("{}{}", self.base, request.path)).map_err(unfit)?;
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(request.query);
        }
        let client = &self.http.client;
        let mut builder = match request.body {
            Body::None => client.get(url),
            Body::Json(value) => client.post(url).header(header::CONTENT_TYPE, "application/json").body(value.to_string()),
            Body::Form(pairs) => client.post(url).form(pairs),
            Body::Text(kind, text) => client.post(url).header(header::CONTENT_TYPE, kind).body(text.to_owned()),
        };
        for (name, value) in request.headers {
            builder = builder.header(*name, *value);
        }
        Ok(builder)
    }

    /// What was sent and might be repeated in an answer: it must not get into a log from there.
    fn values_of(&self, request: Request<'_>) -> Vec<String> {
        let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(_, value)| (*value).to_owned()).collect::<Vec<_>>();
        let mut values = pairs(request.query);
        values.extend(pairs(request.headers));
        match request.body {
            Body::Form(form) => values.extend(pairs(form)),
            Body::Json(Value::Object(fields)) => values.extend(fields.values().filter_map(Value::as_str).map(str::to_owned)),
            _ => {}
        }
        // Short ones (`1`, `json`) are no secrets, and hiding them would make words unreadable.
        values.retain(|value| value.len() >= 6);
        values
    }
}
