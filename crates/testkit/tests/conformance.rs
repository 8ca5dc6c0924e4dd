//! Replays the project's recordings against the program, on both engines.

use lingpai_testkit::{
    Engine,
    replay::{Options, project_conformance, replay},
};

async fn agrees_on(engine: Engine) {
    let report = replay(&Options::new(project_conformance(), engine)).await.unwrap();
    assert_eq!(report.different, 0, "{report}");
    assert_eq!(report.equal + report.deviations + report.pending_steps(), 2699);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_does_what_was_recorded_on_sqlite() {
    agrees_on(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_does_what_was_recorded_on_postgres() {
    agrees_on(Engine::Postgres).await;
}
