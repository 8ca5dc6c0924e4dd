//! URLs by the WHATWG's rules.

use rquickjs::{Ctx, Function, Object};
use url::{Url, quirks};

/// The parts of a URL as its JavaScript object shows them.
fn parts<'js>(ctx: &Ctx<'js>, url: &Url) -> rquickjs::Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object.set("href", quirks::href(url))?;
    object.set("origin", quirks::origin(url))?;
    object.set("protocol", quirks::protocol(url))?;
    object.set("username", quirks::username(url))?;
    object.set("password", quirks::password(url))?;
    object.set("host", quirks::host(url))?;
    object.set("hostname", quirks::hostname(url))?;
    object.set("port", quirks::port(url))?;
    object.set("pathname", quirks::pathname(url))?;
    object.set("search", quirks::search(url))?;
    object.set("hash", quirks::hash(url))?;
    Ok(object)
}

/// Changes a part; a value that does not fit changes nothing, as the standard has it.
fn change(url: &mut Url, part: &str, value: &str) {
    let _fits = match part {
        "protocol" => quirks::set_protocol(url, value),
        "username" => quirks::set_username(url, value),
        "password" => quirks::set_password(url, value),
        "host" => quirks::set_host(url, value),
        "hostname" => quirks::set_hostname(url, value),
        "port" => quirks::set_port(url, value),
        "pathname" => {
            quirks::set_pathname(url, value);
            Ok(())
        }
        "search" => {
            quirks::set_search(url, value);
            Ok(())
        }
        "hash" => {
            quirks::set_hash(url, value);
            Ok(())
        }
        _ => Err(()),
    };
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> rquickjs::Result<()> {
    let parse = |ctx: Ctx<'js>, input: String, base: Option<String>| {
        let url = match base {
            Some(base) => Url::parse(&base).and_then(|base| base.join(&input)),
            None => Url::parse(&input),
        };
        url.ok().map(|url| parts(&ctx, &url)).transpose()
    };
    native.set(
        "parseUrl",
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, input: String, base: Option<String>| {
            parse(ctx.clone(), input, base).map(|parts| parts.map_or_else(|| rquickjs::Value::new_null(ctx), Object::into_value))
        })?,
    )?;
    let changed = |ctx: Ctx<'js>, href: String, part: String, value: String| -> rquickjs::Result<Object<'js>> {
        let mut url = Url::parse(&href).map_err(|_| rquickjs::Exception::throw_type(&ctx, "Invalid URL"))?;
        change(&mut url, &part, &value);
        parts(&ctx, &url)
    };
    native.set("changeUrl", Function::new(ctx.clone(), changed)?)
}
