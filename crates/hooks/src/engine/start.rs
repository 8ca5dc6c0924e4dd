//! Starting a script: a runtime with limits, the host program, the file, what it exports.

use std::{collections::BTreeMap, rc::Rc};

use lingpai_domain::error::Code;
use rquickjs::{Context, Ctx, Exception, Function, Object, Persistent, Runtime, Value as JsValue};
use serde_json::Value;

use super::{Host, Sandbox, Script, Surroundings, evaluate, exception, host_function};
use crate::{builtin, error::HookError, event::Event, json, parameters, parameters::DescribedParameters, resolve::resolve};

impl Sandbox {
    /// Starts a script of the folder; `None` where the folder has no such file.
    ///
    /// # Errors
    /// The script does not compile, throws, or does not export what it must.
    pub(crate) fn start(script: Script, around: Surroundings) -> Result<Option<Self>, HookError> {
        let path = format!("/{}", script.file());
        if around.version.read(&path).map_err(HookError::failed)?.is_none() {
            return Ok(None);
        }
        let around = Rc::new(around);
        let engine = |error: rquickjs::Error| match error {
            rquickjs::Error::Allocation => HookError::OutOfMemory,
            error => HookError::failed(error.to_string()),
        };
        let runtime = Runtime::new().map_err(engine)?;
        runtime.set_memory_limit(around.options.memory_limit);
        runtime.set_max_stack_size(around.options.stack_limit);
        let slot = around.slot.clone();
        runtime.set_interrupt_handler(Some(Box::new(move || slot.is_expired())));
        let context = Context::full(&runtime).map_err(engine)?;
        let (host, exported, functions, parameters) = context.with(|ctx| {
            let explain = |error| exception::explain(&ctx, error, around.slot.is_expired());
            let host = host(&ctx, &around).map_err(explain)?;
            let load: Function = host.get("load").map_err(explain)?;
            let exported: JsValue = load.call((path.as_str(),)).map_err(explain)?;
            let Offered { functions, parameters } = offered(&ctx, script, &host, &exported, &explain)?;
            let functions = functions.into_iter().map(|(name, function)| (name, Persistent::save(&ctx, function))).collect();
            Ok((keep(&ctx, &host).map_err(explain)?, Persistent::save(&ctx, exported), functions, parameters))
        })?;
        Ok(Some(Self { functions, parameters, exported, host, around, context, _runtime: runtime }))
    }

    /// What the script exports, as JSON.
    ///
    /// # Errors
    /// It cannot be taken over.
    pub(crate) fn exports(&self) -> Result<Option<Value>, HookError> {
        self.run(|ctx| {
            let exported = self.exported.clone().restore(ctx).map_err(|error| self.explain(ctx, error))?;
            self.take(ctx, &exported)
        })
    }
}

/// The host program of a new runtime, which installs the globals.
fn host<'js>(ctx: &Ctx<'js>, around: &Rc<Surroundings>) -> rquickjs::Result<Object<'js>> {
    let native = builtin::native(ctx, around)?;
    let version = around.version.clone();
    let find = move |ctx: Ctx<'js>, directory: String, request: String| {
        let answer = Object::new(ctx)?;
        match resolve(&version, &directory, &request) {
            Ok(file) => answer.set("file", file)?,
            Err(text) => answer.set("error", text)?,
        }
        rquickjs::Result::Ok(answer)
    };
    native.set("resolve", Function::new(ctx.clone(), find)?)?;
    let version = around.version.clone();
    let read = move |ctx: &Ctx<'js>, file: &str| match version.read(file) {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(Exception::throw_message(ctx, &format!("there is no file {file}"))),
        Err(text) => Err(Exception::throw_message(ctx, &format!("{file}: {text}"))),
    };
    let read_json = read.clone();
    let compile = move |ctx: Ctx<'js>, file: String| -> rquickjs::Result<Function<'js>> {
        let text = read(&ctx, &file)?;
        // A first line for a shell is not JavaScript; as a comment it keeps its line.
        let comment = if text.starts_with("#!") { "//" } else { "" };
        // The wrapper stands on the first line, so that the lines of stack traces are the file's.
        let wrapped = format!("(function (exports, require, module, __filename, __dirname) {{ {comment}{text}\n}})");
        evaluate(&ctx, wrapped, file.trim_start_matches('/').to_owned())
    };
    native.set("compile", Function::new(ctx.clone(), compile)?)?;
    let parse_json = move |ctx: Ctx<'js>, file: String| -> rquickjs::Result<JsValue<'js>> {
        let value: Value = serde_json::from_str(&read_json(&ctx, &file)?)
            .map_err(|error| Exception::throw_syntax(&ctx, &format!("{}: {error}", file.trim_start_matches('/'))))?;
        json::to_script(&ctx, &value)
    };
    native.set("parseJson", Function::new(ctx.clone(), parse_json)?)?;
    let start: Function = evaluate(ctx, builtin::HOST.to_owned(), format!("{}host", builtin::INNER_FILE))?;
    start.call((native,))
}

fn keep<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> rquickjs::Result<Host> {
    Ok(Host {
        next_timer: host_function(ctx, host, "nextTimer")?,
        fire_timer: host_function(ctx, host, "fireTimer")?,
        respond: host_function(ctx, host, "respond")?,
        forget: host_function(ctx, host, "forget")?,
        adopt: host_function(ctx, host, "adopt")?,
        well_formed: host_function(ctx, host, "wellFormed")?,
    })
}

/// What a script offers.
#[derive(Default)]
struct Offered<'js> {
    /// The functions that the server will call, by name.
    functions: BTreeMap<String, Function<'js>>,
    /// The parameters that `validator.js` describes.
    parameters: DescribedParameters,
}

fn offered<'js>(
    ctx: &Ctx<'js>,
    script: Script,
    host: &Object<'js>,
    exported: &JsValue<'js>,
    explain: &dyn Fn(rquickjs::Error) -> HookError,
) -> Result<Offered<'js>, HookError> {
    let Offered { mut functions, mut parameters } = Offered::default();
    match script {
        Script::CustomToken => {
            let function = exported.as_function().ok_or_else(|| HookError::failed("must export a function: module.exports = ..."))?;
            functions.insert(CUSTOM_TOKEN.to_owned(), function.clone());
        }
        Script::CustomPassword => {
            for name in [ENCRYPT_PASSWORD, VERIFY_PASSWORD] {
                let function = optional(exported, name, explain)?;
                let function = function.ok_or_else(|| HookError::failed(format!("must export the function '{name}'")))?;
                functions.insert(name.to_owned(), function);
            }
        }
        Script::Hooks => {
            for name in Event::ALL.iter().map(|event| event.function()).chain([BEFORE_REGISTER]) {
                if let Some(function) = optional(exported, name, explain)? {
                    functions.insert(name.to_owned(), function);
                }
            }
        }
        Script::Lang => {}
        Script::Validator => {
            if exported.as_object().is_none() {
                return Err(HookError::failed("must export a function of the validator, or an object of rules"));
            }
            let codes = Object::new(ctx.clone()).map_err(explain)?;
            for code in Code::ALL {
                let name = code.wire().trim_start_matches("uni-id-").replace('-', "_").to_ascii_uppercase();
                codes.set(name, code.wire()).map_err(explain)?;
            }
            ctx.globals().set("ERROR", codes.clone()).map_err(explain)?;
            let rules_of: Function = host.get("rulesOf").map_err(explain)?;
            let added: Object = rules_of.call((exported.clone(), codes)).map_err(explain)?;
            let rules: Object = added.get("rules").map_err(explain)?;
            for rule in rules.props::<String, Function>() {
                let (name, function) = rule.map_err(explain)?;
                functions.insert(name, function);
            }
            let described: String = added.get("params").map_err(explain)?;
            parameters = parameters::parse(&described, &|name| functions.contains_key(name)).map_err(HookError::failed)?;
        }
    }
    Ok(Offered { functions, parameters })
}

/// The one function of `custom-token.js`.
pub(crate) const CUSTOM_TOKEN: &str = "custom-token";
/// Of `custom-password.js`.
pub(crate) const ENCRYPT_PASSWORD: &str = "encryptPassword";
/// Of `custom-password.js`.
pub(crate) const VERIFY_PASSWORD: &str = "verifyPassword";
/// Of `hooks/index.js`.
pub(crate) const BEFORE_REGISTER: &str = "beforeRegister";

fn optional<'js>(
    exported: &JsValue<'js>,
    name: &str,
    explain: &dyn Fn(rquickjs::Error) -> HookError,
) -> Result<Option<Function<'js>>, HookError> {
    let Some(object) = exported.as_object() else { return Err(HookError::failed("must export an object: module.exports = {...}")) };
    let value: JsValue = object.get(name).map_err(explain)?;
    match value.as_function() {
        Some(function) => Ok(Some(function.clone())),
        None if value.is_undefined() || value.is_null() => Ok(None),
        None => Err(HookError::failed(format!("'{name}' must be a function"))),
    }
}
