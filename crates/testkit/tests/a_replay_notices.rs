//! Proves with the program itself that a replay notices recordings that say otherwise than the
//! program does. `the_runner_notices` does so for every place of every recording without it.

use lingpai_testkit::{
    Engine,
    replay::{
        Options, project_conformance,
        recording::{Call, Recording, Scenario, Step},
        replay_recordings,
        report::Report,
    },
};
use serde_json::{Value, json};

const FILE: &str = "16-more.json";
const SCENARIO: &str = "client mode: core flow";

fn recorded(file: &str, scenario: &str) -> Scenario {
    let recordings = Recording::read_folder(&project_conformance()).unwrap();
    let recording = recordings.into_iter().find(|recording| recording.file == file).unwrap();
    recording.scenarios.into_iter().find(|found| found.name == scenario).unwrap()
}

async fn report(file: &str, scenario: Scenario) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let deviations = folder.path().join("none.json");
    std::fs::write(&deviations, r#"{"deviations": []}"#).unwrap();
    let options = Options { deviations: Some(deviations), ..Options::new(project_conformance(), Engine::Sqlite) };
    replay_recordings(&options, &[Recording { file: file.into(), scenarios: vec![scenario] }]).await.unwrap()
}

fn call(scenario: &mut Scenario, step: usize) -> &mut Call {
    match &mut scenario.steps[step] {
        Step::Call(call) => call,
        Step::Operation(_) => panic!("step {step} is no call"),
    }
}

/// The first call of a method that wrote something.
fn writing<'a>(scenario: &'a mut Scenario, method: &str) -> &'a mut Call {
    let step =
        scenario.steps.iter().position(|step| matches!(step, Step::Call(call) if call.method == method && !call.db_after.is_empty()));
    call(scenario, step.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_recording_is_equal() {
    let report = report("02-register.json", recorded("02-register.json", "registerAdmin")).await;
    assert_eq!(report.different, 0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_change_is_noticed() {
    type Mutation = (&'static str, fn(&mut Scenario));
    let mutations: [Mutation; 9] = [
        ("another errCode", |scenario| writing(scenario, "registerAdmin").response.body["errCode"] = json!("uni-id-admin-exists")),
        ("another status", |scenario| writing(scenario, "registerAdmin").response.status = 201),
        ("a field less in the database", |scenario| {
            let call = writing(scenario, "registerAdmin");
            call.db_after["uni-id-users"][0]["doc"].as_object_mut().unwrap().remove("nickname").unwrap();
        }),
        ("another number in the database", |scenario| {
            writing(scenario, "registerAdmin").db_after["uni-id-log"][0]["doc"]["state"] = json!(2)
        }),
        ("an operation less", |scenario| {
            writing(scenario, "registerAdmin").db_after.remove("uni-id-log").unwrap();
        }),
        ("another token in the list", |scenario| {
            let call = writing(scenario, "registerAdmin");
            call.db_after["uni-id-users"][0]["doc"]["token"] = json!(["$token1", "$token1"]);
        }),
        ("another payload of the token", |scenario| {
            let bind = writing(scenario, "registerAdmin").bind.get_mut("$token1").unwrap();
            bind.payload.as_mut().unwrap().insert("role".into(), json!([]));
        }),
        ("another time", |scenario| writing(scenario, "registerAdmin").response.body["newToken"]["tokenExpired"] = json!("$now+7201s")),
        ("words where there are none", |scenario| writing(scenario, "registerAdmin").response.body["errMsg"] = json!("$text")),
    ];
    for (what, mutate) in mutations {
        let mut scenario = recorded("02-register.json", "registerAdmin");
        mutate(&mut scenario);
        let report = report("02-register.json", scenario).await;
        assert!(report.different > 0, "{what} went unnoticed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn swapped_tokens_are_noticed_by_the_client_protocol_too() {
    let unchanged = report(FILE, recorded(FILE, SCENARIO)).await;
    let mut scenario = recorded(FILE, SCENARIO);
    let login = writing(&mut scenario, "login");
    let expired: Value = login.response.body["newToken"]["tokenExpired"].clone();
    login.response.body["newToken"] = json!({"token": "$token9", "tokenExpired": expired});
    assert!(report(FILE, scenario).await.different > unchanged.different);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outbox_with_another_message_is_noticed() {
    let (file, name) = ("05-sms-email.json", "sendSmsCode");
    let unchanged = report(file, recorded(file, name)).await;
    let mut scenario = recorded(file, name);
    for step in &mut scenario.steps {
        if let Step::Operation(operation) = step
            && operation.op == "expectOutbox"
        {
            operation.items[0]["data"]["expMinute"] = json!("99");
        }
    }
    assert!(report(file, scenario).await.different > unchanged.different);
}
