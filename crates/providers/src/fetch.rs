//! Requests that a project's scripts make, to hosts that the operator granted.

use std::time::Duration;

use reqwest::{Client, Method, Url};

use crate::public_addresses::{self, is_private, names_private_address};

/// Why there is no answer. Scripts see these words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The method or a header is none.
    #[error("the request is malformed")]
    Malformed,
    /// Its name leads to an address that is not public.
    #[error("the host's address is not a public one")]
    Private,
    /// More bytes than are taken.
    #[error("the answer is too large")]
    TooLarge,
    /// Nothing came.
    #[error("{0}")]
    Unreachable(&'static str),
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The HTTP status.
    pub status: u16,
    /// Header names and values; those that are no text are left out.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A request.
#[derive(Clone, Debug)]
pub struct FetchRequest {
    /// The method in capitals.
    pub method: String,
    /// Where to.
    pub url: Url,
    /// Header names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How long an answer can be of use.
    pub time_limit: Duration,
}

/// Makes requests: to public addresses only unless the operator allows others, without following
/// redirects and without the proxies of the environment.
pub struct FetchClient {
    client: Client,
    private_addresses: bool,
    most_bytes: usize,
}

impl FetchClient {
    /// Prepares the way; nothing is connected yet. `most_bytes`: of an answer's body.
    ///
    /// # Errors
    /// If the HTTP client cannot be set up.
    pub fn new(private_addresses: bool, most_bytes: usize) -> Result<Self, reqwest::Error> {
        Ok(Self { client: public_addresses::client(private_addresses).build()?, private_addresses, most_bytes })
    }

    /// Makes a request.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn fetch(&self, request: FetchRequest) -> Result<Fetched, FetchError> {
        if !self.private_addresses && names_private_address(&request.url) {
            return Err(FetchError::Private);
        }
        let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| FetchError::Malformed)?;
        let mut sent = self.client.request(method, request.url).timeout(request.time_limit);
        for (name, value) in &request.headers {
            sent = sent.header(name, value);
        }
        if !request.body.is_empty() {
            sent = sent.body(request.body);
        }
        let mut answer = sent.send().await.map_err(|error| failure(&error))?;
        let status = answer.status().as_u16();
        let text = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        let headers = answer.headers().iter().filter_map(text).collect();
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| failure(&error))? {
            if body.len() + piece.len() > self.most_bytes {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&piece);
        }
        Ok(Fetched { status, headers, body })
    }
}

fn failure(error: &reqwest::Error) -> FetchError {
    if is_private(error) {
        FetchError::Private
    } else if error.is_builder() {
        FetchError::Malformed
    } else if error.is_timeout() {
        FetchError::Unreachable("no answer in time")
    } else if error.is_connect() {
        FetchError::Unreachable("no connection")
    } else {
        FetchError::Unreachable("the connection broke")
    }
}
