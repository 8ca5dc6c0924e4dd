//! Scripts that go wrong, by accident or on purpose, and what is left after them.

use std::time::Duration;

use lingpai_hooks::{HookError, Hooks, Options};
use serde_json::{Map, Value, json};

use crate::project::{Project, evaluate, failure, hasty, map, patient};

/// A project whose `custom-token.js` runs the code that the payload names.
fn by_kind(source: &str, options: Options) -> (Project, Hooks) {
    let project = Project::new(&[("custom-token.js", source)]);
    let hooks = project.load_with(options);
    (project, hooks)
}

async fn outcome(hooks: &Hooks, kind: &str) -> Result<Map<String, Value>, HookError> {
    hooks.custom_token(map(json!({ "kind": kind }))).await
}

#[tokio::test]
async fn endless_scripts_are_stopped_and_the_next_call_works() {
    let source = "module.exports = async ({ kind }) => {
        if (kind === 'loop') for (;;);
        if (kind === 'caught') for (;;) { try { for (;;); } catch {} finally {} }
        if (kind === 'microtasks') for (;;) await null;
        if (kind === 'timer') await new Promise((resolve) => setTimeout(resolve, 60000));
        if (kind === 'interval') await new Promise(() => setInterval(() => {}, 1));
        if (kind === 'regex') /^(a+)+$/.test('a'.repeat(40) + 'b');
        if (kind === 'kdf') require('crypto').pbkdf2Sync('a', 'b', 4000000000, 32, 'sha512');
        if (kind === 'getter') return { get a() { for (;;); } };
        if (kind === 'then') return { then() { for (;;); } };
        if (kind === 'left') { (async () => { for (;;) await null })(); return { left: 1 } }
        return { kind };
    }";
    let (_project, hooks) = by_kind(source, hasty());
    for kind in ["loop", "caught", "microtasks", "timer", "interval", "regex", "kdf", "getter", "then", "left"] {
        assert_eq!(outcome(&hooks, kind).await, Err(HookError::TimedOut), "{kind}");
        assert_eq!(outcome(&hooks, "fine").await, Ok(map(json!({ "kind": "fine" }))), "after {kind}");
    }
}

#[tokio::test]
async fn a_script_that_hangs_inside_the_engine_is_given_up_and_replaced() {
    // No limit reaches the engine's search for a text, and this one takes it a long time.
    let source =
        "module.exports = ({ kind }) => { if (kind === 'hang') 'a'.repeat(200000).indexOf('a'.repeat(100000) + 'b'); return { kind } }";
    let (_project, hooks) = by_kind(source, hasty());
    assert_eq!(outcome(&hooks, "hang").await, Err(HookError::TimedOut));
    assert_eq!(outcome(&hooks, "fine").await, Ok(map(json!({ "kind": "fine" }))));
}

#[tokio::test]
async fn a_promise_that_nothing_can_settle_is_an_error_at_once() {
    let error = failure(patient(), "await new Promise(() => {})").await;
    assert!(error.to_string().contains("never settles"), "{error}");
}

#[tokio::test]
async fn memory_is_limited_and_the_next_call_works() {
    let source = "const kept = []; module.exports = ({ kind }) => {
        if (kind === 'array') { const a = []; for (;;) a.push(new Array(1000).fill(1)); }
        if (kind === 'string') { let s = 'x'; for (;;) s += s; }
        if (kind === 'repeat') 'x'.repeat(2 ** 29);
        if (kind === 'buffer') Buffer.alloc(2 ** 30);
        if (kind === 'kept') for (;;) kept.push('x'.repeat(100000) + kept.length);
        return { kind };
    }";
    let (_project, hooks) = by_kind(source, Options { memory_limit: 16 << 20, ..patient() });
    for kind in ["array", "string", "repeat", "buffer", "kept"] {
        let error = outcome(&hooks, kind).await.unwrap_err();
        let bounded = error == HookError::OutOfMemory || error.to_string().contains("string");
        assert!(bounded, "{kind}: {error:?}");
        assert_eq!(outcome(&hooks, "fine").await, Ok(map(json!({ "kind": "fine" }))), "after {kind}");
    }
}

#[tokio::test]
async fn deep_recursion_is_an_error_and_the_next_call_works() {
    let source = "module.exports = ({ kind }) => {
        const dive = () => dive() + 1;
        if (kind === 'recursion') dive();
        if (kind === 'json') JSON.parse('['.repeat(1000000));
        if (kind === 'toString') { const a = []; let b = a; for (let i = 0; i < 100000; i++) { const c = []; b.push(c); b = c; } return { s: String(a) }; }
        return { kind };
    }";
    let (_project, hooks) = by_kind(source, patient());
    for kind in ["recursion", "json", "toString"] {
        let error = outcome(&hooks, kind).await.unwrap_err();
        assert!(matches!(error, HookError::Failed { .. }), "{kind}: {error:?}");
        assert_eq!(outcome(&hooks, "fine").await, Ok(map(json!({ "kind": "fine" }))), "after {kind}");
    }
}

#[tokio::test]
async fn results_are_limited() {
    for (body, text) in [
        ("return 'x'.repeat(300000)", "too large"),
        ("return new Array(1e6)", "too large"),
        ("const a = {}; a.me = a; return a", "contains itself"),
        ("let a = {}; for (let i = 0; i < 50; i++) a = { l: a, r: a }; return a", "too large"),
        ("let a = {}; for (let i = 0; i < 1e5; i++) a = { a }; return a", "contains itself"),
        ("return { toJSON() { return this } , get a() { return this } }", ""),
        ("return 10n", "bigint"),
        ("return { get a() { throw new Error('from the getter') } }", "from the getter"),
        ("return new Proxy({}, { ownKeys() { throw new Error('from the proxy') } })", "from the proxy"),
    ] {
        let error = failure(patient(), body).await.to_string();
        assert!(error.contains(text), "{body}: {error}");
    }
}

#[tokio::test]
async fn thrown_oddities_are_failures() {
    for body in [
        "throw 'text'",
        "throw undefined",
        "throw 7",
        "throw Symbol('x')",
        "throw { errCode: 0 }",
        "throw { errCode: {} }",
        "throw new Proxy({}, { get() { throw 1 } })",
    ] {
        assert!(matches!(failure(patient(), body).await, HookError::Failed { .. }), "{body}");
    }
}

#[tokio::test]
async fn one_file_s_tampering_does_not_reach_another_file() {
    let project = Project::new(&[
        (
            "hooks/index.js",
            "Array.prototype.map = null; Object.prototype.errCode = 'x'; globalThis.Promise = null; Uint8Array.prototype.toBase64 = null; require('crypto').createHash = null; exports.beforeRegister = ({ userRecord }) => userRecord",
        ),
        (
            "custom-token.js",
            "module.exports = (t) => ({ hash: require('crypto').createHash('md5').update('abc').digest('hex'), list: [1].map((x) => x) })",
        ),
    ]);
    let hooks = project.load();
    assert_eq!(hooks.before_register(map(json!({ "a": 1 })), Map::new(), Map::new()).await, Ok(map(json!({ "a": 1 }))));
    let token = hooks.custom_token(Map::new()).await.unwrap();
    assert_eq!(Value::Object(token), json!({ "hash": "900150983cd24fb0d6963f7d28e17f72", "list": [1] }));
}

#[tokio::test]
async fn an_endless_script_does_not_load() {
    let project = Project::new(&[("custom-token.js", "for (;;);")]);
    let Err(problems) = project.try_load(hasty()) else { panic!("it loads") };
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].file, "custom-token.js");
}

#[tokio::test]
async fn too_many_waiting_calls_are_refused() {
    let source = "module.exports = async ({ kind }) => { if (kind === 'slow') await new Promise((resolve) => setTimeout(resolve, 60000)); return { kind } }";
    let options = Options { time_limit: Duration::from_millis(300), queue_limit: 2, threads: 1, ..Options::default() };
    let (_project, hooks) = by_kind(source, options);
    // One runs, two wait, the others find the queue full; joined, they are all submitted before any ends.
    let mut calls: Vec<_> = (0..8).map(|_| Box::pin(outcome(&hooks, "slow"))).collect();
    let mut outcomes = Vec::new();
    let all = std::future::poll_fn(|context| {
        calls.retain_mut(|call| match call.as_mut().poll(context) {
            std::task::Poll::Ready(outcome) => {
                outcomes.push(outcome);
                false
            }
            std::task::Poll::Pending => true,
        });
        if calls.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    });
    all.await;
    let overloaded = outcomes.iter().filter(|outcome| **outcome == Err(HookError::Overloaded)).count();
    let timed_out = outcomes.iter().filter(|outcome| **outcome == Err(HookError::TimedOut)).count();
    assert_eq!(overloaded + timed_out, 8);
    assert!(overloaded >= 5, "{overloaded}");
}

#[tokio::test]
async fn lone_halves_of_characters_do_no_harm() {
    assert_eq!(evaluate("return new URL('http://x/?' + '\\ud800').href").await, json!("http://x/?%EF%BF%BD"));
    let error = failure(patient(), "throw { errCode: 'x', errMsg: '\\ud800' }").await;
    assert_eq!(error, HookError::Thrown { err_code: "x".into(), err_msg: "\u{fffd}".into() });
}

/// Randomness that holds a channel open.
struct Held(#[expect(dead_code, reason = "it is there to be dropped")] tokio::sync::mpsc::Sender<()>);

impl lingpai_domain::random::Random for Held {
    fn fill(&self, _: &mut [u8]) {}
}

#[tokio::test]
async fn a_dropped_pool_ends_its_threads() {
    let project = Project::new(&[("hooks/index.js", "exports.afterLogin = () => { for (;;); }")]);
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let random = std::sync::Arc::new(Held(sender));
    let hooks = Hooks::load(&project.root(), patient(), project.clock.clone(), random).unwrap();
    hooks.notify(lingpai_hooks::Event::AfterLogin, Map::new()).unwrap();
    drop(hooks);
    // The threads hold the randomness until they end, and it the channel.
    assert_eq!(receiver.recv().await, None);
}

#[tokio::test]
async fn what_one_call_leaves_behind_does_not_run_in_the_next() {
    let source = "let late = 0; module.exports = async ({ kind }) => {
        if (kind === 'leave') { setTimeout(() => { late++ }, 1); return { late } }
        await new Promise((resolve) => setTimeout(resolve, 30));
        return { late } }";
    let (_project, hooks) = by_kind(source, patient());
    outcome(&hooks, "leave").await.unwrap();
    assert_eq!(outcome(&hooks, "look").await, Ok(map(json!({ "late": 0 }))));
}

#[tokio::test]
async fn a_failing_timer_fails_its_call_only() {
    let source = "module.exports = async ({ kind }) => {
        if (kind === 'bad') { setTimeout(() => { throw new Error('in the timer') }, 1); await new Promise((resolve) => setTimeout(resolve, 1000)) }
        return { kind } }";
    let (_project, hooks) = by_kind(source, patient());
    assert!(outcome(&hooks, "bad").await.unwrap_err().to_string().contains("in the timer"));
    assert_eq!(outcome(&hooks, "fine").await, Ok(map(json!({ "kind": "fine" }))));
}

#[tokio::test]
async fn rejections_reach_the_caller_and_unhandled_ones_nobody() {
    let source = "module.exports = ({ kind }) => {
        if (kind === 'reject') return Promise.reject({ errCode: 'no', errMsg: 'rejected' });
        if (kind === 'thenable') return { then(resolve) { resolve({ kind: 'resolved' }) } };
        Promise.reject(new Error('nobody looks'));
        return { kind } }";
    let (_project, hooks) = by_kind(source, patient());
    assert_eq!(outcome(&hooks, "reject").await, Err(HookError::Thrown { err_code: "no".into(), err_msg: "rejected".into() }));
    assert_eq!(outcome(&hooks, "thenable").await, Ok(map(json!({ "kind": "resolved" }))));
    assert_eq!(outcome(&hooks, "fine").await, Ok(map(json!({ "kind": "fine" }))));
}
