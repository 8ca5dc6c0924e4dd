//! What scripts find around them: the built-in modules and globals.
//!
//! The surface is JavaScript (`src/js/`), the arithmetic is Rust: functions on one object, `native`,
//! that only the built-in modules see. Bytes come in as base64 text, because that crosses without
//! unsafe code, and go out as a `Uint8Array`.

mod bytes;
mod cipher;
mod console;
mod digest;
mod key_derivation;
mod network;
mod url;

use std::rc::Rc;

use rquickjs::{Ctx, Exception, Function, Object};

pub(crate) use network::{Network, response_object};

use crate::engine::Surroundings;

/// The built-in modules: name and source.
const MODULES: &[(&str, &str)] = &[
    ("buffer", include_str!("../js/buffer.js")),
    ("console", include_str!("../js/console.js")),
    ("crypto", include_str!("../js/crypto.js")),
    ("path", include_str!("../js/path.js")),
    ("querystring", include_str!("../js/querystring.js")),
    ("url", include_str!("../js/url.js")),
    ("util", include_str!("../js/util.js")),
];

/// Parts of the globals; scripts cannot require them by name.
const INNER_MODULES: &[(&str, &str)] = &[
    ("http-access", include_str!("../js/http-access.js")),
    ("structured-clone", include_str!("../js/structured-clone.js")),
    ("text-encoding", include_str!("../js/text-encoding.js")),
];

/// The prefix of file names in stack traces that are not the project's.
pub(crate) const INNER_FILE: &str = "lingpai:";

/// The program that every runtime starts with.
pub(crate) const HOST: &str = include_str!("../js/host.js");

/// Makes the `native` object.
///
/// # Errors
/// The runtime is out of memory.
pub(crate) fn native<'js>(ctx: &Ctx<'js>, around: &Rc<Surroundings>) -> rquickjs::Result<Object<'js>> {
    let native = Object::new(ctx.clone())?;
    modules(ctx, &native)?;
    bytes::install(ctx, &native, around)?;
    digest::install(ctx, &native)?;
    cipher::install(ctx, &native)?;
    key_derivation::install(ctx, &native, around)?;
    url::install(ctx, &native)?;
    console::install(ctx, &native, around)?;
    network::install(ctx, &native, around)?;
    let clock = around.clone();
    native.set("now", Function::new(ctx.clone(), move || clock.slot.now_ms() as f64)?)?;
    let left = around.clone();
    native.set("leavesBehind", Function::new(ctx.clone(), move || left.left_behind.set(true))?)?;
    let environment = Object::new(ctx.clone())?;
    for (name, value) in &around.options.environment {
        environment.set(name.as_str(), value.expose())?;
    }
    native.set("environment", environment)?;
    Ok(native)
}

fn modules<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> rquickjs::Result<()> {
    native.set("isBuiltin", Function::new(ctx.clone(), |name: String| MODULES.iter().any(|(known, _)| *known == name))?)?;
    let compile = |ctx: Ctx<'js>, name: String| -> rquickjs::Result<Function<'js>> {
        let Some((_, source)) = MODULES.iter().chain(INNER_MODULES).find(|(known, _)| *known == name) else {
            return Err(Exception::throw_message(&ctx, &format!("there is no built-in module {name}")));
        };
        // On one line with the first, so that the lines of stack traces are the file's.
        let wrapped = format!("(function (module, require, native) {{ 'use strict'; {source}\n}})");
        crate::engine::evaluate(&ctx, wrapped, format!("{INNER_FILE}{name}"))
    };
    native.set("compileBuiltin", Function::new(ctx.clone(), compile)?)
}
