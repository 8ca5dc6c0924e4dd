//! Scripts that change while the server runs.

use serde_json::{Map, Value, json};

use crate::project::{Project, patient};
use lingpai_hooks::Hooks;

async fn version(hooks: &Hooks) -> Value {
    hooks.custom_token(Map::new()).await.unwrap().remove("v").unwrap()
}

#[tokio::test]
async fn a_change_is_taken_over_after_half_a_second() {
    let project = Project::new(&[("custom-token.js", "module.exports = () => require('./v.js')"), ("v.js", "module.exports = { v: 1 }")]);
    let hooks = project.load();
    assert_eq!(version(&hooks).await, json!(1));
    project.write("v.js", "module.exports = { v: 'two' }");
    project.clock.advance(499);
    assert_eq!(version(&hooks).await, json!(1));
    project.clock.advance(1);
    assert_eq!(version(&hooks).await, json!("two"));
}

#[tokio::test]
async fn all_threads_take_over_the_new_version() {
    let project = Project::new(&[("custom-token.js", "module.exports = () => ({ v: 1 })")]);
    let hooks = project.load_with(lingpai_hooks::Options { threads: 4, ..patient() });
    project.write("custom-token.js", "module.exports = () => ({ v: 'two' })");
    hooks.reload().await.unwrap();
    for _ in 0..50 {
        assert_eq!(version(&hooks).await, json!("two"));
    }
}

#[tokio::test]
async fn a_broken_version_is_reported_and_the_old_one_goes_on() {
    let project = Project::new(&[("custom-token.js", "module.exports = () => ({ v: 1 })")]);
    let hooks = project.load();
    project.write("custom-token.js", "module.exports = () => ({ v: ");
    let problems = hooks.reload().await.unwrap_err();
    assert_eq!(problems[0].file, "custom-token.js");
    assert_eq!(version(&hooks).await, json!(1));
    project.clock.advance(500);
    assert_eq!(version(&hooks).await, json!(1));
    project.write("custom-token.js", "module.exports = () => ({ v: 'mended' })");
    project.clock.advance(500);
    assert_eq!(version(&hooks).await, json!("mended"));
}

#[tokio::test]
async fn a_replaced_engine_runs_the_old_version_while_the_new_one_is_broken() {
    let source = "module.exports = (t) => { if (t.loop) for (;;); return { v: 1 } }";
    let project = Project::new(&[("custom-token.js", source)]);
    let hooks = project.load_with(crate::project::hasty());
    project.write("custom-token.js", "(");
    hooks.reload().await.unwrap_err();
    hooks.custom_token(crate::project::map(json!({ "loop": true }))).await.unwrap_err();
    assert_eq!(version(&hooks).await, json!(1));
}

#[tokio::test]
async fn scripts_may_come_and_go() {
    let project = Project::new(&[]);
    let hooks = project.load();
    assert!(!hooks.has_custom_token());
    project.write("custom-token.js", "module.exports = () => ({ v: 1 })");
    hooks.reload().await.unwrap();
    assert!(hooks.has_custom_token());
    std::fs::remove_file(project.root().join("custom-token.js")).unwrap();
    project.clock.advance(500);
    assert!(hooks.custom_token(Map::new()).await.is_err());
    assert!(!hooks.has_custom_token());
    project.write("custom-token.js", "module.exports = () => ({ v: 'again' })");
    project.clock.advance(500);
    assert_eq!(version(&hooks).await, json!("again"));
}

#[tokio::test]
async fn a_missing_folder_is_a_problem() {
    let project = Project::new(&[]);
    let missing = project.root().join("none");
    let clock = project.clock.clone();
    let loaded = Hooks::load(&missing, patient(), clock, project.random.clone());
    assert!(loaded.is_err());
}
