//! Waiting for a promise: queued reactions, timers and answers of the network.

use std::time::Duration;

use rquickjs::{Ctx, Function, Promise, Value as JsValue, atom::PredefinedAtom, promise::PromiseState};

use super::Sandbox;
use crate::{builtin::response_object, error::HookError};

/// How long one wait may be; between two, the time limit is looked at.
const WAIT: Duration = Duration::from_millis(10);

impl Sandbox {
    /// The value of a promise (or of anything with a `then`); any other value as it is.
    pub(super) fn settle<'js>(&self, ctx: &Ctx<'js>, value: JsValue<'js>) -> Result<JsValue<'js>, HookError> {
        let Some(promise) = self.promise_of(ctx, &value)? else { return Ok(value) };
        loop {
            if promise.state() != PromiseState::Pending {
                break;
            }
            self.drain(ctx)?;
            if promise.state() == PromiseState::Pending {
                self.wait(ctx)?;
            }
        }
        match promise.result::<JsValue>() {
            Some(result) => result.map_err(|error| self.explain(ctx, error)),
            None => Err(HookError::failed("the promise did not settle")),
        }
    }

    fn promise_of<'js>(&self, ctx: &Ctx<'js>, value: &JsValue<'js>) -> Result<Option<Promise<'js>>, HookError> {
        if let Some(promise) = value.as_promise() {
            return Ok(Some(promise.clone()));
        }
        let Some(object) = value.as_object() else { return Ok(None) };
        let then: JsValue = object.get(PredefinedAtom::Then).map_err(|error| self.explain(ctx, error))?;
        if !then.is_function() {
            return Ok(None);
        }
        let adopt = self.host.adopt.clone().restore(ctx);
        adopt.and_then(|adopt| adopt.call((value.clone(),))).map(Some).map_err(|error| self.explain(ctx, error))
    }

    /// Runs the queued reactions of promises until there are none.
    pub(super) fn drain(&self, ctx: &Ctx<'_>) -> Result<(), HookError> {
        while ctx.execute_pending_job() {
            if self.around.slot.is_expired() {
                return Err(HookError::TimedOut);
            }
        }
        if self.around.slot.is_expired() { Err(HookError::TimedOut) } else { Ok(()) }
    }

    /// Lets one thing happen from outside: a timer or an answer. Short, so that the limit is noticed.
    fn wait(&self, ctx: &Ctx<'_>) -> Result<(), HookError> {
        let due = self.host_call::<f64>(ctx, &self.host.next_timer)?;
        let now = self.around.slot.now_ms() as f64;
        if due >= 0.0 && due <= now {
            return self.host_call(ctx, &self.host.fire_timer);
        }
        if due < 0.0 && self.around.network.pending() == 0 {
            // No timer, no request, nothing queued: nothing can settle it any more.
            return Err(HookError::failed("the promise never settles"));
        }
        let Some((number, outcome)) = self.around.network.wait(WAIT) else { return Ok(()) };
        let explain = |error| self.explain(ctx, error);
        let respond = self.host.respond.clone().restore(ctx).map_err(explain)?;
        match outcome {
            Ok(response) => {
                let response = response_object(ctx, response).map_err(explain)?;
                respond.call((number, JsValue::new_null(ctx.clone()), response)).map_err(explain)
            }
            Err(text) => respond.call((number, text)).map_err(explain),
        }
    }

    fn host_call<'js, T: rquickjs::FromJs<'js>>(
        &self,
        ctx: &Ctx<'js>,
        function: &rquickjs::Persistent<Function<'static>>,
    ) -> Result<T, HookError> {
        function.clone().restore(ctx).and_then(|function| function.call(())).map_err(|error| self.explain(ctx, error))
    }
}
