//! The network as scripts may see it: a port that the server implements.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use url::Url;

/// Carries out the HTTP requests of scripts.
///
/// The implementor refuses private, loopback and link-local addresses after name resolution, follows
/// no redirects (or only where [`HttpAccess::permits`] the target), bounds the response's size and
/// drops the request after its time limit.
pub trait HttpFetch: Send + Sync {
    /// Starts a request and returns at once; `exchange` takes the outcome, from any thread.
    fn start(&self, request: HttpRequest, exchange: Exchange);
}

/// A request of a script. Its host has been checked against the grants already.
#[derive(Clone)]
pub struct HttpRequest {
    /// The method in capitals.
    pub method: String,
    /// The address, `http` or `https`.
    pub url: Url,
    /// Header names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body, empty for none.
    pub body: Vec<u8>,
    /// How long an answer can be of use.
    pub time_limit: Duration,
}

/// The answer to a [`HttpRequest`].
#[derive(Clone, Default)]
pub struct HttpResponse {
    /// The HTTP status.
    pub status: u16,
    /// Header names and values.
    pub headers: Vec<(String, String)>,
    /// The body, at most [`HttpAccess::MAX_BODY`] bytes.
    pub body: Vec<u8>,
}

// Addresses, headers and bodies carry keys and tokens: none of that is for the log.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest").field("method", &self.method).field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse").field("status", &self.status).finish_non_exhaustive()
    }
}

type Answer = Box<dyn FnOnce(Result<HttpResponse, String>) + Send>;

/// Where the outcome of one request goes. Dropped without an outcome, the script gets an error.
pub struct Exchange {
    answer: Option<Answer>,
}

impl Exchange {
    /// An exchange that hands its outcome to `answer`.
    pub fn new(answer: impl FnOnce(Result<HttpResponse, String>) + Send + 'static) -> Self {
        Self { answer: Some(Box::new(answer)) }
    }

    /// Ends the exchange with an answer, or with the text of an error for the script.
    pub fn finish(mut self, outcome: Result<HttpResponse, String>) {
        if let Some(answer) = self.answer.take() {
            answer(outcome);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(answer) = self.answer.take() {
            answer(Err("the request was given up".to_owned()));
        }
    }
}

/// The hosts that scripts may reach, and who reaches them.
#[derive(Clone)]
pub struct HttpAccess {
    hosts: BTreeSet<String>,
    client: Arc<dyn HttpFetch>,
}

impl HttpAccess {
    /// The largest body of an answer that is handed to a script, in bytes.
    pub const MAX_BODY: usize = 1 << 20;

    /// Grants the `hosts`: exact names, or `*.example.com` for all names below `example.com`.
    pub fn new(hosts: impl IntoIterator<Item = String>, client: Arc<dyn HttpFetch>) -> Self {
        Self { hosts: hosts.into_iter().map(|host| host.to_ascii_lowercase()).collect(), client }
    }

    /// Whether scripts may call this address.
    pub fn permits(&self, url: &Url) -> bool {
        let Some(host) = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https")) else { return false };
        self.hosts.iter().any(|granted| match granted.strip_prefix("*.") {
            Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            None => host == granted,
        })
    }

    pub(crate) fn start(&self, request: HttpRequest, exchange: Exchange) {
        self.client.start(request, exchange);
    }
}

impl fmt::Debug for HttpAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpAccess").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody;

    impl HttpFetch for Nobody {
        fn start(&self, _: HttpRequest, _: Exchange) {}
    }

    #[test]
    fn hosts_match_exactly_or_below_a_star() {
        let access = HttpAccess::new(["api.example.com".into(), "*.Example.org".into()], Arc::new(Nobody));
        let permits = |address: &str| access.permits(&Url::parse(address).unwrap());
        assert!(permits("https://api.example.com/x"));
        assert!(permits("http://a.b.example.org:8080/"));
        assert!(!permits("https://example.org/"));
        assert!(!permits("https://evilexample.org/"));
        assert!(!permits("https://api.example.com.evil.net/"));
        assert!(!permits("https://api.example.com@evil.net/"));
        assert!(!permits("ftp://api.example.com/"));
    }
}
