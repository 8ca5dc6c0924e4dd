//! HTTP requests of scripts, through the port that the server hands in.

use std::{
    cell::Cell,
    rc::Rc,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    time::Duration,
};

use rquickjs::{Array, Ctx, Exception, Function, Object, Value};
use url::Url;

use super::bytes::{Packed, Raw};
use crate::{
    engine::Surroundings,
    http::{Exchange, HttpAccess, HttpRequest, HttpResponse},
};

/// How many requests one call may have under way.
const MAX_REQUESTS: usize = 8;

/// The outcome of a request, by the request's number.
pub(crate) type Answer = (u32, Result<HttpResponse, String>);

/// The requests of one runtime that are under way.
pub(crate) struct Network {
    last: Cell<u32>,
    pending: Cell<usize>,
    sender: Sender<Answer>,
    answers: Receiver<Answer>,
    first_of_call: Cell<u32>,
}

impl Network {
    pub(crate) fn new() -> Self {
        let (sender, answers) = channel();
        Self { last: Cell::new(0), pending: Cell::new(0), sender, answers, first_of_call: Cell::new(1) }
    }

    /// How many requests of this call have not been answered.
    pub(crate) fn pending(&self) -> usize {
        self.pending.get()
    }

    /// Waits up to `time` for an answer to a request of this call; earlier calls' are dropped.
    pub(crate) fn wait(&self, time: Duration) -> Option<Answer> {
        match self.answers.recv_timeout(time) {
            Ok(answer) if answer.0 >= self.first_of_call.get() => {
                self.pending.set(self.pending.get().saturating_sub(1));
                Some(answer)
            }
            Ok(_) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Begins a new call: what is still under way no longer counts.
    pub(crate) fn forget(&self) {
        self.pending.set(0);
        self.first_of_call.set(self.last.get().wrapping_add(1));
    }
}

/// The answer as the built-in modules read it: `{status, headers: [[name, value]], body: Uint8Array}`.
pub(crate) fn response_object<'js>(ctx: &Ctx<'js>, response: HttpResponse) -> rquickjs::Result<Value<'js>> {
    let object = Object::new(ctx.clone())?;
    object.set("status", response.status)?;
    let headers = Array::new(ctx.clone())?;
    for (index, (name, value)) in response.headers.into_iter().enumerate() {
        headers.set(index, vec![name, value])?;
    }
    object.set("headers", headers)?;
    object.set("body", Raw(response.body))?;
    Ok(object.into_value())
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>, around: &Rc<Surroundings>) -> rquickjs::Result<()> {
    let around = around.clone();
    let start = move |ctx: Ctx<'js>, method: String, address: String, names: Vec<String>, values: Vec<String>, body: Packed| {
        let refuse = |what: &str| Exception::throw_message(&ctx, what);
        let Some(access) = &around.options.http else {
            return Err(refuse("these scripts have no network: the configuration grants no hosts"));
        };
        let url = Url::parse(&address).map_err(|_| refuse("Invalid URL"))?;
        if !access.permits(&url) {
            return Err(refuse(&format!("the configuration does not grant the host {}", url.host_str().unwrap_or_default())));
        }
        if !matches!(method.as_str(), "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") {
            return Err(refuse("the method is not supported"));
        }
        if names.iter().chain(&values).any(|text| text.contains(['\r', '\n', '\0'])) {
            return Err(refuse("a header contains a line break"));
        }
        let network = &around.network;
        if network.pending.get() >= MAX_REQUESTS {
            return Err(refuse("too many requests are under way"));
        }
        let number = network.last.get().wrapping_add(1);
        network.last.set(number);
        network.pending.set(network.pending.get() + 1);
        let sender = network.sender.clone();
        let exchange = Exchange::new(move |outcome| {
            let outcome = match outcome {
                Ok(response) if response.body.len() > HttpAccess::MAX_BODY => Err("the answer is too large".to_owned()),
                outcome => outcome,
            };
            // The runtime may be gone by now; then nobody waits.
            let _gone = sender.send((number, outcome));
        });
        let headers = names.into_iter().zip(values).collect();
        access.start(HttpRequest { method, url, headers, body: body.0, time_limit: around.options.time_limit }, exchange);
        Ok(number)
    };
    native.set("startRequest", Function::new(ctx.clone(), start)?)
}
