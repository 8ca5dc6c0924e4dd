//! `require`.

use serde_json::json;

use crate::project::{Project, failure, link, patient, try_evaluate_in};

#[tokio::test]
async fn neighbours_folders_and_json_are_found() {
    let project = Project::new(&[
        ("lib/a.js", "exports.name = 'a'; exports.up = require('../data.json').n; exports.dir = __dirname; exports.file = __filename"),
        ("lib/index.js", "module.exports = 'index'"),
        ("data.json", "{\"n\": 7}"),
        ("main/package.json", "{\"main\": \"./src/start\"}"),
        ("main/src/start.js", "module.exports = 'main'"),
    ]);
    let body = "return [require('./lib/a'), require('./lib'), require('./data'), require('./main'), require(__dirname + '/data.json').n]";
    let found = try_evaluate_in(&project, patient(), body).await.unwrap();
    let a = json!({ "name": "a", "up": 7, "dir": "/lib", "file": "/lib/a.js" });
    assert_eq!(found, json!([a, "index", { "n": 7 }, "main", 7]));
}

#[tokio::test]
async fn packages_are_found_as_in_node() {
    let project = Project::new(&[
        ("node_modules/plain/index.js", "module.exports = 'plain'"),
        ("node_modules/@scope/name/package.json", "{\"main\": \"lib/x.js\"}"),
        ("node_modules/@scope/name/lib/x.js", "module.exports = 'scoped ' + require('plain')"),
        (
            "node_modules/modern/package.json",
            r#"{"exports": {".": {"import": "./esm.js", "require": "./cjs.js"}, "./sub/*": "./inner/*.js"}}"#,
        ),
        ("node_modules/modern/cjs.js", "module.exports = 'cjs'"),
        ("node_modules/modern/inner/one.js", "module.exports = 'one'"),
        ("deep/er/node_modules/plain/index.js", "module.exports = 'nearer'"),
        ("deep/er/x.js", "module.exports = [require('plain'), require('modern')]"),
    ]);
    let body = "return [require('plain'), require('@scope/name'), require('modern'), require('modern/sub/one'), require('./deep/er/x'), require('plain/index')]";
    let found = try_evaluate_in(&project, patient(), body).await.unwrap();
    assert_eq!(found, json!(["plain", "scoped plain", "cjs", "one", ["nearer", "cjs"], "plain"]));
    let hidden = try_evaluate_in(&project, patient(), "try { require('modern/cjs.js') } catch (e) { return e.code }").await.unwrap();
    assert_eq!(hidden, json!("MODULE_NOT_FOUND"));
}

#[tokio::test]
async fn modules_run_once_and_cycles_see_what_is_there_so_far() {
    let project = Project::new(&[
        (
            "a.js",
            "exports.before = 1; const b = require('./b'); exports.after = b.sawAfter === undefined; globalThis.runs = (globalThis.runs || 0) + 1",
        ),
        ("b.js", "const a = require('./a'); exports.sawBefore = a.before; exports.sawAfter = a.after"),
    ]);
    let body = "require('./a'); require('./a.js'); return [require('./a'), require('./b').sawBefore, runs]";
    let found = try_evaluate_in(&project, patient(), body).await.unwrap();
    assert_eq!(found, json!([{ "before": 1, "after": true }, 1, 1]));
}

#[tokio::test]
async fn nothing_outside_of_the_folder_is_reached() {
    let project = Project::new(&[("lib/x.js", "")]);
    let outside = project.folder.path().join("secret.json");
    std::fs::write(&outside, "{\"password\": 1}").unwrap();
    std::fs::write(project.folder.path().join("index.js"), "module.exports = 'outside'").unwrap();
    link(&outside, &project, "link.json");
    link(project.folder.path(), &project, "up");
    let absolute = outside.to_str().unwrap();
    for request in
        ["../secret.json", "../../../../etc/passwd", "./link.json", "./up/secret.json", "./lib/../../secret", "..", "/etc/passwd", absolute]
    {
        let body = format!("try {{ return require({request:?}) }} catch (e) {{ return e.code }}");
        assert_eq!(try_evaluate_in(&project, patient(), &body).await.unwrap(), json!("MODULE_NOT_FOUND"), "{request}");
    }
}

#[tokio::test]
async fn modules_that_are_not_there_say_so() {
    for request in ["fs", "node:child_process", "https"] {
        let error = failure(patient(), &format!("require('{request}')")).await.to_string();
        assert!(error.contains("not available to these scripts"), "{error}");
    }
    assert!(failure(patient(), "require('lodash')").await.to_string().contains("Cannot find module 'lodash'"));
    assert!(failure(patient(), "require('../x/../y')").await.to_string().contains("Cannot find module"));
    assert!(failure(patient(), "require(7)").await.to_string().contains("TypeError"));
}

#[tokio::test]
async fn a_script_that_is_a_link_out_of_the_folder_is_a_problem() {
    let project = Project::new(&[]);
    let outside = project.folder.path().join("token.js");
    std::fs::write(&outside, "module.exports = () => ({})").unwrap();
    link(&outside, &project, "custom-token.js");
    let Err(problems) = project.try_load(patient()) else { panic!("it loads") };
    assert_eq!(problems[0].to_string(), "custom-token.js: it is not a file inside the folder");
}
