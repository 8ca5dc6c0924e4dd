//! The embedded engine: one runtime for each script file, on one thread.

mod exception;
mod script;
mod settle;
mod start;
mod surroundings;

use std::{collections::BTreeMap, rc::Rc};

use rquickjs::{Context, Ctx, Function, Object, Persistent, Runtime, Value as JsValue, context::EvalOptions, function::This};
use serde_json::{Map, Value, json};

pub(crate) use self::{
    script::Script,
    start::{BEFORE_REGISTER, CUSTOM_TOKEN, ENCRYPT_PASSWORD, VERIFY_PASSWORD},
    surroundings::Surroundings,
};
use crate::{error::HookError, json, parameters::DescribedParameters};

/// The code of a rule that only says no.
const INVALID_PARAM: &str = "uni-id-invalid-param";

/// One script file, started: its runtime and the functions that it exports.
pub(crate) struct Sandbox {
    // Before the context and the runtime, which must go last.
    functions: BTreeMap<String, Persistent<Function<'static>>>,
    parameters: DescribedParameters,
    exported: Persistent<JsValue<'static>>,
    host: Host,
    around: Rc<Surroundings>,
    context: Context,
    _runtime: Runtime,
}

/// The functions of `host.js` that drive a runtime.
struct Host {
    next_timer: Persistent<Function<'static>>,
    fire_timer: Persistent<Function<'static>>,
    respond: Persistent<Function<'static>>,
    forget: Persistent<Function<'static>>,
    adopt: Persistent<Function<'static>>,
    well_formed: Persistent<Function<'static>>,
}

/// What a function is called for.
pub(crate) struct Call<'a> {
    /// The exported function.
    pub(crate) function: &'static str,
    /// Its one argument.
    pub(crate) argument: &'a Value,
    /// The field of the argument that is the result where the function returns nothing: it may have
    /// changed it in place.
    pub(crate) in_place: Option<&'static str>,
}

impl Sandbox {
    /// The names of the functions (or rules) that the script exports.
    pub(crate) fn function_names(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(String::as_str)
    }

    /// The parameters that the script describes.
    pub(crate) const fn parameters(&self) -> &DescribedParameters {
        &self.parameters
    }

    /// Calls a function and waits for its promise; `None` where the result is not JSON (undefined).
    ///
    /// # Errors
    /// See [`HookError`].
    pub(crate) fn call(&self, call: &Call<'_>) -> Result<Option<Value>, HookError> {
        let function = self.function(call.function)?;
        self.run(|ctx| {
            let this = self.exported.clone().restore(ctx).map_err(|error| self.explain(ctx, error))?;
            let function = function.clone().restore(ctx).map_err(|error| self.explain(ctx, error))?;
            let argument = json::to_script(ctx, call.argument).map_err(|error| self.explain(ctx, error))?;
            let result = self.invoke(ctx, &function, this, argument.clone())?;
            let result = match (call.in_place, argument.as_object()) {
                (Some(field), Some(argument)) if result.is_undefined() => argument.get(field).map_err(|error| self.explain(ctx, error))?,
                _ => result,
            };
            self.take(ctx, &result)
        })
    }

    /// Checks `values` with a rule of `validator.js`: for each `null`, or `{errCode, errMsg}`.
    ///
    /// # Errors
    /// The rule itself failed.
    pub(crate) fn check(&self, rule: &str, values: &[Value]) -> Result<Option<Value>, HookError> {
        let function = self.function(rule)?;
        self.run(|ctx| {
            let function = function.clone().restore(ctx).map_err(|error| self.explain(ctx, error))?;
            let mut verdicts = Vec::with_capacity(values.len());
            for value in values {
                let value = json::to_script(ctx, value).map_err(|error| self.explain(ctx, error))?;
                let verdict = self.invoke(ctx, &function, JsValue::new_undefined(ctx.clone()), value);
                verdicts.push(match verdict.and_then(|verdict| self.take(ctx, &verdict)) {
                    Err(HookError::Thrown { err_code, err_msg }) => json!({ "errCode": err_code, "errMsg": err_msg }),
                    Err(error) => return Err(error),
                    Ok(None | Some(Value::Null | Value::Bool(true))) => Value::Null,
                    Ok(Some(Value::Bool(false))) => json!({ "errCode": INVALID_PARAM, "errMsg": "" }),
                    Ok(Some(Value::Object(verdict))) => complaint(&verdict),
                    Ok(Some(_)) => return Err(HookError::failed(format!("the rule '{rule}' must return nothing or {{errCode}}"))),
                });
            }
            Ok(Some(Value::Array(verdicts)))
        })
    }

    fn function(&self, name: &str) -> Result<&Persistent<Function<'static>>, HookError> {
        self.functions.get(name).ok_or_else(|| HookError::failed(format!("the script no longer exports '{name}'")))
    }

    /// Runs `body` inside the runtime, and then what it left in the queue of promises.
    fn run<T>(&self, body: impl for<'js> FnOnce(&Ctx<'js>) -> Result<T, HookError>) -> Result<T, HookError> {
        self.around.lines.set(0);
        self.around.network.forget();
        self.context.with(|ctx| {
            let result = body(&ctx);
            let drained = self.drain(&ctx);
            // Most calls leave nothing behind.
            let forgotten = match self.around.left_behind.replace(false) {
                true => self.host.forget.clone().restore(&ctx).and_then(|forget| forget.call::<_, ()>(())),
                false => Ok(()),
            };
            let result = result?;
            drained?;
            forgotten.map_err(|error| self.explain(&ctx, error))?;
            Ok(result)
        })
    }

    fn invoke<'js>(
        &self,
        ctx: &Ctx<'js>,
        function: &Function<'js>,
        this: JsValue<'js>,
        argument: JsValue<'js>,
    ) -> Result<JsValue<'js>, HookError> {
        let result: JsValue = function.call((This(this), argument)).map_err(|error| self.explain(ctx, error))?;
        self.settle(ctx, result)
    }

    fn take<'js>(&self, ctx: &Ctx<'js>, value: &JsValue<'js>) -> Result<Option<Value>, HookError> {
        let well_formed = self.host.well_formed.clone().restore(ctx).map_err(|error| self.explain(ctx, error))?;
        json::from_script(value, self.around.options.result_limit, &well_formed).map_err(|refusal| match refusal {
            json::Refusal::Exception(error) => self.explain(ctx, error),
            json::Refusal::TooLarge => HookError::failed("the result is too large"),
            json::Refusal::TooDeep => HookError::failed("the result contains itself or nests too deeply"),
            json::Refusal::NotJson => HookError::failed("the result contains a bigint"),
        })
    }

    fn explain(&self, ctx: &Ctx<'_>, error: rquickjs::Error) -> HookError {
        exception::explain(ctx, error, self.around.slot.is_expired())
    }
}

/// What a rule's returned object says: an `errCode` other than 0 is a complaint.
fn complaint(verdict: &Map<String, Value>) -> Value {
    match verdict.get("errCode") {
        None | Some(Value::Null) => Value::Null,
        Some(Value::Number(code)) if code.as_f64() == Some(0.0) => Value::Null,
        Some(code) => json!({ "errCode": code, "errMsg": verdict.get("errMsg").and_then(Value::as_str).unwrap_or_default() }),
    }
}

/// Evaluates a script as sloppy global code under the name that stack traces show.
///
/// # Errors
/// The pending exception.
pub(crate) fn evaluate<'js, V: rquickjs::FromJs<'js>>(ctx: &Ctx<'js>, source: String, name: String) -> rquickjs::Result<V> {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(name);
    ctx.eval_with_options(source, options)
}

/// A function of an object that is surely there.
fn host_function<'js>(ctx: &Ctx<'js>, host: &Object<'js>, name: &str) -> rquickjs::Result<Persistent<Function<'static>>> {
    Ok(Persistent::save(ctx, host.get::<_, Function>(name)?))
}
