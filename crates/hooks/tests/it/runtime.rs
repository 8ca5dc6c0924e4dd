//! Globals and the smaller modules.

use std::collections::BTreeMap;

use lingpai_domain::secret::Secret;
use lingpai_hooks::Options;
use serde_json::json;

use crate::project::{Project, evaluate, patient, try_evaluate_in};

#[tokio::test]
async fn timers_and_microtasks_run_in_order() {
    let body = "const seen = [];
        const cancelled = setTimeout(() => seen.push('never'), 1);
        clearTimeout(cancelled);
        setTimeout((x) => seen.push(x), 20, 'later');
        setTimeout(() => seen.push('sooner'), 1);
        process.nextTick(() => seen.push('tick'));
        queueMicrotask(() => seen.push('microtask'));
        seen.push('now');
        await new Promise((resolve) => setTimeout(resolve, 40));
        return seen";
    assert_eq!(evaluate(body).await, json!(["now", "tick", "microtask", "sooner", "later"]));
}

#[tokio::test]
async fn results_look_as_json_stringify_makes_them() {
    let body = "class Point { constructor() { this.x = 1.0; this.f = () => 1 } }
        return { d: new Date(0), u: undefined, n: NaN, i: -0, big: 2 ** 53, list: [undefined, () => 1, Symbol('s'), 1.5], p: new Point(), m: new Map([[1, 2]]),
          get computed() { return 'got' }, toJSONed: { toJSON(key) { return 'key ' + key } }, half: '\\ud800', ['__proto__']: { a: 1 }, e: new Error('hidden') }";
    let expected = r#"{"d":"1970-01-01T00:00:00.000Z","n":null,"i":0,"big":9007199254740992,"list":[null,null,null,1.5],"p":{"x":1},"m":{},"computed":"got","toJSONed":"key toJSONed","half":"�","__proto__":{"a":1},"e":{}}"#;
    assert_eq!(serde_json::to_string(&evaluate(body).await).unwrap(), expected);
}

#[tokio::test]
async fn arguments_cross_unchanged() {
    let project =
        Project::new(&[("custom-token.js", "module.exports = (token) => ({ ...token, polluted: ({}).a, own: Object.keys(token) })")]);
    let sent = json!({ "__proto__": { "a": 1 }, "list": [1, -2.5, true, null, "令"], "0": 4_294_967_296_i64 });
    let token = project.load().custom_token(crate::project::map(sent)).await.unwrap();
    assert_eq!(token.get("list"), Some(&json!([1, -2.5, true, null, "令"])));
    assert_eq!(token.get("0"), Some(&json!(4_294_967_296_i64)));
    assert_eq!(token.get("polluted"), None);
    assert_eq!(token.get("own"), Some(&json!(["0", "__proto__", "list"])));
}

#[tokio::test]
async fn urls_are_taken_apart_and_changed() {
    let body = "const u = new URL('../b?x=1&x=2&y=%E4%BB%A4#h', 'https://user:pw@Example.com:8443/a/c/');
        u.searchParams.append('z', 'a b&'); u.searchParams.delete('y'); u.port = '443'; u.hash = '';
        let bad; try { new URL('no') } catch (e) { bad = e.code }
        return [u.href, u.host, u.origin, u.pathname, u.searchParams.getAll('x'), String(new URLSearchParams({ a: '1', b: '令' })), new URLSearchParams('?q=a+b%zz').get('q'), bad, URL.canParse('x:'), JSON.stringify({ u }),
          [...new URLSearchParams('b=2&a=1')]]";
    assert_eq!(
        evaluate(body).await,
        json!([
            "https://user:pw@example.com/a/b?x=1&x=2&z=a+b%26",
            "example.com",
            "https://example.com",
            "/a/b",
            ["1", "2"],
            "a=1&b=%E4%BB%A4",
            "a b%zz",
            "ERR_INVALID_URL",
            true,
            "{\"u\":\"https://user:pw@example.com/a/b?x=1&x=2&z=a+b%26\"}",
            [["b", "2"], ["a", "1"]]
        ])
    );
}

#[tokio::test]
async fn the_environment_is_what_was_allowed() {
    let options = Options { environment: BTreeMap::from([("STAGE".to_owned(), Secret::new("test"))]), ..patient() };
    let seen = try_evaluate_in(&Project::new(&[]), options, "return [process.env, process.env.PATH === undefined]").await.unwrap();
    assert_eq!(seen, json!([{ "STAGE": "test" }, true]));
}

#[tokio::test]
async fn util_path_and_querystring() {
    let body = "const util = require('util'), path = require('path'), qs = require('querystring');
        return [util.format('%s is %d %j %o', 'x', 4.5, { a: [1] }, [1], 'rest'), util.inspect({ a: { b: { c: { d: 1 } } }, s: 'x' }),
          await util.promisify((a, done) => done(null, a + 1))(1), util.types.isDate(new Date()), util.isDeepStrictEqual({ a: [1] }, { a: [1] }),
          path.join('/a', '../b', './c.js'), path.basename('/x/y.txt', '.txt'), path.extname('a.b.c'), path.dirname('/a/b'), path.resolve('x', '..', 'y'), path.relative('/a/b', '/a/c/d'), path.normalize('a//b/../'),
          qs.stringify({ a: 1, b: ['x', 'y z'] }), qs.parse('a=1&b=2&b=%E4%BB%A4+x')]";
    assert_eq!(
        evaluate(body).await,
        json!([
            "x is 4.5 {\"a\":[1]} [ 1 ] rest", "{ a: { b: { c: [Object] } }, s: 'x' }", 2, true, true, "/b/c.js", "y", ".c", "/a", "/y", "../c/d", "a/",
            "a=1&b=x&b=y%20z", { "a": "1", "b": ["2", "令 x"] }
        ])
    );
}

#[tokio::test]
async fn structured_clone_copies_deeply() {
    let body = "const original = { d: new Date(5), m: new Map([[1, { a: 1 }]]), b: new Uint8Array([1]), l: [1, , 3] }; original.self = original;
        const copy = structuredClone(original);
        let refused; try { structuredClone(() => 1) } catch (e) { refused = e.name }
        return [copy !== original, copy.self === copy, copy.d.getTime(), copy.m.get(1) !== original.m.get(1), copy.m.get(1).a, copy.b[0], copy.b.buffer !== original.b.buffer, copy.l.length, refused]";
    assert_eq!(evaluate(body).await, json!([true, true, 5, true, 1, 1, true, 3, "DataCloneError"]));
}

#[tokio::test]
async fn console_takes_anything() {
    let body = "console.log('a %s', 1, { a: 1 }); console.error(new Error('x')); console.warn(); console.table([1]); console.time('t'); console.timeEnd('t');
        const cyclic = {}; cyclic.me = cyclic; console.info(cyclic); for (let i = 0; i < 1000; i++) console.debug('x'.repeat(10000)); return 'ok'";
    assert_eq!(evaluate(body).await, json!("ok"));
}
