//! `validator.js`.

use lingpai_hooks::{HookError, TypeExpression};
use serde_json::{Value, json};

use crate::project::Project;

const VALIDATOR: &str = "module.exports = (validator) => {
    validator.mixin('password', function (password) {
      if (typeof password !== 'string' || password.length < 10) return { errCode: ERROR.INVALID_PASSWORD, errMsg: 'ten at least' }
    })
    validator.mixin('timestamp', async (timestamp) => {
      if (typeof timestamp !== 'number' || timestamp > Date.now()) return { errCode: ERROR.INVALID_PARAM }
    })
    validator.mixin('flag', (value) => value === 1)
    validator.mixin('thrower', (value) => { if (value === 'crash') null.x; throw { errCode: 7, errMsg: 'thrown' } })
    validator.mixin('odd', () => 'yes')
  }";

fn thrown(code: impl Into<Value>, text: &str) -> Option<Result<(), HookError>> {
    Some(Err(HookError::Thrown { err_code: code.into(), err_msg: text.to_owned() }))
}

#[tokio::test]
async fn rules_arrays_and_unions_are_applied() {
    let hooks = Project::new(&[("validator.js", VALIDATOR)]).load();
    let check = async |expression: &str, value: Value| {
        Some(hooks.validate(&TypeExpression::parse(expression).unwrap(), &value, &|_, _| None).await)
    };
    let invalid = || thrown("uni-id-invalid-param", "");
    assert_eq!(check("password", json!("long enough")).await, Some(Ok(())));
    assert_eq!(check("password", json!("short")).await, thrown("uni-id-invalid-password", "ten at least"));
    assert_eq!(check("timestamp", json!(123456789)).await, Some(Ok(())));
    assert_eq!(check("timestamp", json!("x")).await, invalid());
    assert_eq!(check("array<timestamp>", json!([123456789, 123123123123_i64])).await, Some(Ok(())));
    assert_eq!(check("array<timestamp>", json!([])).await, Some(Ok(())));
    assert_eq!(check("array<timestamp>", json!([1, "x", 3])).await, invalid());
    assert_eq!(check("array<timestamp>", json!(1)).await, invalid());
    assert_eq!(check("array<array<flag>>", json!([[1], [], [1, 1]])).await, Some(Ok(())));
    assert_eq!(check("array<array<flag>>", json!([[1], [2]])).await, invalid());
    for value in [json!(1), json!([1, 2])] {
        assert_eq!(check("timestamp|array<timestamp>", value).await, Some(Ok(())));
    }
    assert_eq!(check("password|string", json!("short")).await, Some(Ok(())));
    assert_eq!(check("password|number", json!({})).await, thrown("uni-id-invalid-password", "ten at least"));
    assert_eq!(check("array<flag|string>", json!([1, "a", 1])).await, Some(Ok(())));
    assert_eq!(check("thrower", json!(1)).await, thrown(7, "thrown"));
    assert!(matches!(check("thrower", json!("crash")).await, Some(Err(HookError::Failed { .. }))));
    assert!(matches!(check("odd", json!(1)).await, Some(Err(HookError::Failed { .. }))));
    assert!(matches!(check("username", json!("x")).await, Some(Err(HookError::Failed { .. }))));
    assert_eq!(check("string|array<number>", json!("x")).await, Some(Ok(())));
    assert_eq!(check("string|array<number>", json!(["x"])).await, invalid());
    assert!(matches!(check("flag|unheardOf", json!(2)).await, Some(Err(HookError::Failed { .. }))));
}

#[tokio::test]
async fn the_server_s_own_rules_serve_in_mixed_types() {
    let hooks = Project::new(&[("validator.js", "module.exports = { flag: (value) => value === 1 }")]).load();
    let built_in = |name: &str, value: &Value| (name == "username").then(|| if value == "bob" { Ok(()) } else { Err(HookError::TimedOut) });
    let either = TypeExpression::parse("flag|username").unwrap();
    assert_eq!(hooks.validate(&either, &json!("bob"), &built_in).await, Ok(()));
    assert_eq!(Some(hooks.validate(&either, &json!("eve"), &built_in).await), thrown("uni-id-invalid-param", ""));
}

#[tokio::test]
async fn parameters_are_described_in_both_forms() {
    let function = "module.exports = (validator) => {
        validator.mixin('timestamp', () => true)
            .params('registerUser', { birthday: 'timestamp', visits: { required: true, type: 'array<timestamp>' } })
            .params('registerUser', { gender: 'number' })
        validator.params('*', { inviteCode: 'string' })
    }";
    let object = "module.exports = { timestamp: () => true, params: {
        registerUser: { birthday: 'timestamp', visits: { required: true, type: 'array<timestamp>' }, gender: 'number' },
        '*': { inviteCode: 'string' },
    } }";
    for script in [function, object] {
        let parameters = Project::new(&[("validator.js", script)]).load().parameters();
        let described: Vec<_> = parameters["registerUser"].iter().map(|described| (described.name.as_str(), described.required)).collect();
        assert_eq!(described, [("birthday", false), ("visits", true), ("gender", false)]);
        assert_eq!(parameters["*"].len(), 1);
    }
}

#[test]
fn a_parameter_of_no_known_type_does_not_load() {
    let script = "module.exports = (validator) => validator.params('registerUser', { birthday: 'timestmap' })";
    let problems = Project::new(&[("validator.js", script)]).try_load(lingpai_hooks::Options::default()).err().unwrap_or_default();
    assert!(problems.iter().any(|problem| problem.what.contains("timestmap")), "{problems:?}");
}
