//! The revocation list that is fetched: it counts at once, and nothing but a better list takes its place.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use parking_lot::Mutex;
use tokio::{net::TcpListener, task::JoinHandle};

use super::{
    android_description::Description,
    attested::{Setting, android},
    client::*,
};
use crate::kit::*;

each_engine!(what_it_lists_is_refused_and_the_last_good_one_stays, one_that_is_too_old_can_be_refused);

const HOUR_MS: i64 = 3_600_000;

/// Where the list is published.
struct Publisher {
    address: SocketAddr,
    answer: Arc<Mutex<(StatusCode, String)>>,
    asked: Arc<Mutex<usize>>,
    task: JoinHandle<()>,
}

impl Publisher {
    async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (answer, asked) = (Arc::new(Mutex::new((StatusCode::OK, String::new()))), Arc::new(Mutex::new(0)));
        let router = Router::new().fallback(publish).with_state((answer.clone(), asked.clone()));
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, answer, asked, task })
    }

    fn says(&self, status: StatusCode, body: impl ToString) {
        *self.answer.lock() = (status, body.to_string());
    }

    fn lists(&self, serial: &str) {
        self.says(StatusCode::OK, json!({"entries": {serial: {"status": "REVOKED", "reason": "KEY_COMPROMISE"}}}));
    }

    fn config(&self, when_stale: &str) -> Value {
        let mut config = Setting::config();
        config["androidRevocations"] =
            json!({"url": format!("http://{}/status", self.address), "everyHours": 24, "maxAgeHours": 72, "whenStale": when_stale});
        config
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Published = (Arc<Mutex<(StatusCode, String)>>, Arc<Mutex<usize>>);

async fn publish(State((answer, asked)): State<Published>) -> Response {
    *asked.lock() += 1;
    let (status, body) = answer.lock().clone();
    if status.is_redirection() { (status, [("location", body)]).into_response() } else { (status, body).into_response() }
}

async fn refresh(app: &TestApp) {
    let state = app.program().state();
    let config = state.secure.config();
    state.secure.revocations.refresh(config.revocation_source.as_ref(), &state.base.clock).await;
}

async fn code(app: &TestApp, setting: &Setting) -> anyhow::Result<Value> {
    let evidence = |challenge: &[u8; 32], client: &Client| setting.evidence(challenge, client, &Description::default());
    Ok(android()?.shake_hands_with(app, evidence).await?["errCode"].clone())
}

async fn what_it_lists_is_refused_and_the_last_good_one_stays(engine: Engine) -> Outcome {
    lingpai_server::telemetry::metrics_endpoint::start();
    let (setting, publisher) = (Setting::new(), Publisher::start().await?);
    publisher.lists("0abc");
    let clock = Arc::new(lingpai_testkit::clock::FrozenClock::at(1_800_000_000_000));
    let builder = || TestApp::builder().engine(engine).clock(clock.clone()).secure_network(publisher.config("use"));
    let app = builder().start().await?;
    setting.trust(&app, &setting.root)?;
    refresh(&app).await;
    assert_eq!(code(&app, &setting).await?, 0);

    // Before its time nothing is asked, after it the new list counts.
    publisher.lists(&setting.serial()?);
    refresh(&app).await;
    assert_eq!((code(&app, &setting).await?, *publisher.asked.lock()), (json!(0), 1));
    clock.advance(24 * HOUR_MS);
    refresh(&app).await;
    assert_eq!((code(&app, &setting).await?, *publisher.asked.lock()), (json!(70004), 2));
    clock.advance(HOUR_MS);
    refresh(&app).await;
    let metrics = app.http().get(app.url("/metrics")).send().await?.text().await?;
    assert!(metrics.contains("lingpai_secure_revocations_age_seconds") && metrics.contains("lingpai_secure_revocation_fetches_total"));

    // Whatever comes instead of a list, the one that there is stays.
    let elsewhere = format!("http://{}/elsewhere", publisher.address);
    for (status, body) in [
        (StatusCode::INTERNAL_SERVER_ERROR, "oops".to_owned()),
        (StatusCode::FOUND, elsewhere),
        (StatusCode::OK, "<html>a sign-in wall</html>".into()),
        (StatusCode::OK, r#"{"entries": {}}"#.into()),
        (StatusCode::OK, r#"{"entries": {"no serial": {"status": "REVOKED"}}}"#.into()),
        (StatusCode::OK, "[]".into()),
        (StatusCode::OK, format!(r#"{{"entries": {{"0abc": {{"status": "REVOKED"}}}}, "padding": "{}"}}"#, "x".repeat(9 << 20))),
    ] {
        publisher.says(status, &body);
        let before = *publisher.asked.lock();
        clock.advance(25 * HOUR_MS);
        refresh(&app).await;
        assert_eq!((code(&app, &setting).await?, *publisher.asked.lock()), (json!(70004), before + 1), "{status} {body:.40}");
    }
    // After a failure it is tried again sooner.
    publisher.lists("0abc");
    clock.advance(HOUR_MS);
    refresh(&app).await;
    assert_eq!(code(&app, &setting).await?, 0);

    // A restart has the last good list before anything is fetched.
    publisher.lists(&setting.serial()?);
    clock.advance(24 * HOUR_MS);
    refresh(&app).await;
    assert_eq!(code(&app, &setting).await?, 70004);
    publisher.says(StatusCode::INTERNAL_SERVER_ERROR, "");
    app.program().state().secure.revocations.read_again();
    assert_eq!(code(&app, &setting).await?, 70004);
    app.stop().await
}

async fn one_that_is_too_old_can_be_refused(engine: Engine) -> Outcome {
    let (setting, publisher) = (Setting::new(), Publisher::start().await?);
    publisher.says(StatusCode::INTERNAL_SERVER_ERROR, "");
    let clock = Arc::new(lingpai_testkit::clock::FrozenClock::at(1_800_000_000_000));
    let app = TestApp::builder().engine(engine).clock(clock.clone()).secure_network(publisher.config("refuse")).start().await?;
    setting.trust(&app, &setting.root)?;
    refresh(&app).await;
    // There never was one.
    assert_eq!(code(&app, &setting).await?, 50000);
    publisher.lists("0abc");
    clock.advance(HOUR_MS);
    refresh(&app).await;
    assert_eq!(code(&app, &setting).await?, 0);
    publisher.says(StatusCode::INTERNAL_SERVER_ERROR, "");
    clock.advance(72 * HOUR_MS);
    refresh(&app).await;
    assert_eq!(code(&app, &setting).await?, 0);
    clock.advance(1);
    let evidence = |challenge: &[u8; 32], client: &Client| setting.evidence(challenge, client, &Description::default());
    refused_by_number(&android()?.shake_hands_with(&app, evidence).await?, 50000);
    publisher.lists("0abc");
    clock.advance(HOUR_MS);
    refresh(&app).await;
    assert_eq!(code(&app, &setting).await?, 0);
    app.stop().await
}
