//! What happens to accounts is told to webhooks: signed, until it is accepted, across restarts.

use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use hmac::{Hmac, KeyInit, Mac};
use lingpai_domain::store::DeliveriesTo;
use lingpai_testkit::SeededRandom;
use parking_lot::Mutex;
use sha2::Sha256;
use tokio::sync::Semaphore;

use crate::kit::{people::*, *};

each_engine!(
    every_event_is_delivered_and_signed,
    only_what_is_asked_for_is_delivered,
    what_is_not_accepted_comes_again_later,
    deliveries_survive_a_restart,
    a_delivery_is_given_up_in_the_end,
    private_addresses_are_refused_unless_allowed,
    deliveries_to_a_webhook_that_is_gone_are_dropped,
    what_does_not_happen_is_not_told,
    a_webhook_that_hangs_holds_up_no_other,
);

const SECRET: &str = "a secret of the webhook";

/// A webhook on loopback.
struct Receiver {
    url: String,
    shared: Arc<Shared>,
}

struct Shared {
    status: AtomicU16,
    got: Mutex<Vec<(HeaderMap, Bytes)>>,
    /// As many as came.
    arrived: Semaphore,
}

impl Receiver {
    async fn start() -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}/hook?key=hidden", listener.local_addr()?);
        let shared = Arc::new(Shared { status: AtomicU16::new(200), got: Mutex::default(), arrived: Semaphore::new(0) });
        let router = Router::new().fallback(keep).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, shared })
    }

    fn answer(&self, status: u16) {
        self.shared.status.store(status, Ordering::SeqCst);
    }

    /// What came since the last look: `event` and `uid`.
    fn take(&self) -> Vec<(String, String)> {
        let got = std::mem::take(&mut *self.shared.got.lock());
        let mut events: Vec<_> = got
            .iter()
            .map(|(_, body)| {
                let body: Value = serde_json::from_slice(body).unwrap_or_default();
                let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
                (text("event"), text("uid"))
            })
            .collect();
        events.sort();
        events
    }

    fn app(&self, engine: Engine, events: &str) -> TestAppBuilder {
        let webhooks = format!("[{{url = {:?}, secret = {SECRET:?}, events = {events}}}]", self.url);
        TestApp::builder().engine(engine).setting("webhooks", webhooks).setting("deliveries.private_addresses", "true")
    }
}

async fn keep(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    shared.got.lock().push((headers, body));
    shared.arrived.add_permits(1);
    StatusCode::from_u16(shared.status.load(Ordering::SeqCst)).unwrap_or_default()
}

/// Everything that is due is attempted.
async fn round(app: &TestApp) -> Outcome {
    if let Some(postman) = &app.program().state().delivery.postman {
        postman.round().await?;
    }
    Ok(())
}

fn events(names: &[&str], uid: &str) -> Vec<(String, String)> {
    names.iter().map(|name| ((*name).to_owned(), uid.to_owned())).collect()
}

async fn every_event_is_delivered_and_signed(engine: Engine) -> Outcome {
    let receiver = Receiver::start().await?;
    let app = receiver.app(engine, "[\"*\"]").start().await?;
    let registered = done(register(&app, "alice").await?);
    let uid = registered.uid()?;
    let (headers, body) = {
        round(&app).await?;
        receiver.shared.got.lock().first().cloned().unwrap_or_default()
    };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{}\n", header("lingpai-timestamp")).as_bytes());
    mac.update(&body);
    let expected: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((header("lingpai-signature"), header("lingpai-timestamp")), (expected, (START / 1000).to_string()));
    let told: Value = serde_json::from_slice(&body)?;
    assert_eq!(told["id"], json!(header("lingpai-event-id")));
    assert_eq!(
        told,
        json!({"id": told["id"], "event": "register", "time": START, "uid": uid, "appId": "__UNI__TEST", "platform": "web",
            "ip": "127.0.0.1", "deviceId": DEVICE, "userAgent": "lingpai-testkit"})
    );
    receiver.take();

    app.clock.advance(2_000);
    let token = log_in(&app, "alice").await?;
    done(app.call_as(&registered.token()?, "logout", json!({})).await?);
    let change = json!({"oldPassword": PASSWORD, "newPassword": "another password"});
    done(app.call_as(&token, "updatePwd", change).await?);
    app.clock.advance(2_000);
    let token = done(try_password(&app, "alice", "another password").await?).token()?;
    done(app.call_as(&token, "closeAccount", json!({})).await?);
    round(&app).await?;
    assert_eq!(receiver.take(), events(&["close", "login", "login", "logout", "password-change"], &uid));
    round(&app).await?;
    assert!(receiver.take().is_empty(), "nothing comes twice");
    app.stop().await
}

async fn only_what_is_asked_for_is_delivered(engine: Engine) -> Outcome {
    let (one, two) = (Receiver::start().await?, Receiver::start().await?);
    let webhooks = format!(
        "[{{url = {:?}, secret = {SECRET:?}, events = [\"login\"]}}, {{url = {:?}, secret = {SECRET:?}, events = [\"logout\", \"login\"]}}]",
        one.url, two.url
    );
    let app = one.app(engine, "[\"*\"]").setting("webhooks", webhooks).start().await?;
    let (uid, token) = someone(&app, "alice").await?;
    done(app.call_as(&token, "logout", json!({})).await?);
    round(&app).await?;
    assert_eq!((one.take(), two.take()), (events(&["login"], &uid), events(&["login", "logout"], &uid)));
    app.stop().await
}

async fn what_is_not_accepted_comes_again_later(engine: Engine) -> Outcome {
    let receiver = Receiver::start().await?;
    let app = receiver.app(engine, "[\"login\"]").start().await?;
    // A redirect is no acceptance, and is not followed.
    receiver.answer(302);
    let (uid, token) = someone(&app, "alice").await?;
    done(info(&app, &token).await?);
    round(&app).await?;
    assert_eq!(receiver.take(), events(&["login"], &uid));
    // The waits double: 10, 20, 40 seconds, and up to a quarter more.
    for wait in [10_000, 20_000, 40_000] {
        app.clock.advance(wait - 1);
        round(&app).await?;
        assert!(receiver.take().is_empty(), "too early: {wait}");
        app.clock.advance(wait / 4 + 1);
        round(&app).await?;
        assert_eq!(receiver.take(), events(&["login"], &uid), "{wait}");
    }
    receiver.answer(204);
    app.clock.advance(3_600_000 * 2);
    round(&app).await?;
    assert_eq!(receiver.take().len(), 1);
    app.clock.advance(3_600_000 * 2);
    round(&app).await?;
    assert!(receiver.take().is_empty());
    app.stop().await
}

async fn deliveries_survive_a_restart(engine: Engine) -> Outcome {
    let receiver = Receiver::start().await?;
    let app = receiver.app(engine, "[\"login\"]").start().await?;
    receiver.answer(500);
    let (uid, _) = someone(&app, "alice").await?;
    round(&app).await?;
    assert_eq!(receiver.take().len(), 1);
    let clock = app.clock.clone();
    let database = app.stop_and_keep_database().await?;
    receiver.answer(200);
    let app = receiver.app(engine, "[\"login\"]").database(database).clock(clock).random(SeededRandom::new(2)).start().await?;
    app.clock.advance(15_000);
    round(&app).await?;
    assert_eq!(receiver.take(), events(&["login"], &uid));
    app.stop().await
}

async fn a_delivery_is_given_up_in_the_end(engine: Engine) -> Outcome {
    let receiver = Receiver::start().await?;
    let app = receiver.app(engine, "[\"login\"]").start().await?;
    receiver.answer(500);
    someone(&app, "alice").await?;
    round(&app).await?;
    app.clock.advance(3 * 86_400_000 + 1);
    round(&app).await?;
    assert_eq!(receiver.take().len(), 2);
    app.clock.advance(86_400_000);
    round(&app).await?;
    assert!(receiver.take().is_empty());
    app.stop().await
}

async fn private_addresses_are_refused_unless_allowed(engine: Engine) -> Outcome {
    let receiver = Receiver::start().await?;
    for url in [receiver.url.clone(), receiver.url.replace("127.0.0.1", "localhost")] {
        let webhooks = format!("[{{url = {url:?}, secret = {SECRET:?}, events = [\"*\"]}}]");
        let app = TestApp::builder().engine(engine).setting("webhooks", webhooks).start().await?;
        someone(&app, "alice").await?;
        round(&app).await?;
        assert!(receiver.take().is_empty(), "{url}");
        app.stop().await?;
    }
    Ok(())
}

async fn deliveries_to_a_webhook_that_is_gone_are_dropped(engine: Engine) -> Outcome {
    let (gone, there) = (Receiver::start().await?, Receiver::start().await?);
    gone.answer(500);
    let app = gone.app(engine, "[\"login\"]").start().await?;
    someone(&app, "alice").await?;
    round(&app).await?;
    let clock = app.clock.clone();
    let database = app.stop_and_keep_database().await?;
    let app = there.app(engine, "[\"login\"]").database(database).clock(clock).random(SeededRandom::new(2)).start().await?;
    gone.take();
    app.clock.advance(15_000);
    round(&app).await?;
    assert!(gone.take().is_empty() && there.take().is_empty());
    assert!(app.store.take_deliveries(&DeliveriesTo::NoneOf(Vec::new()), i64::MAX, i64::MAX, 10).await?.is_empty());
    app.stop().await
}

async fn what_does_not_happen_is_not_told(engine: Engine) -> Outcome {
    let receiver = Receiver::start().await?;
    let app = receiver.app(engine, "[\"*\"]").start().await?;
    store_user(&app, "alice", json!({})).await?;
    refused(&try_password(&app, "alice", "wrong-password").await?, "uni-id-password-error");
    refused(&register(&app, "alice").await?, "uni-id-account-exists");
    round(&app).await?;
    assert!(receiver.take().is_empty());
    app.stop().await
}

/// Takes connections and never says anything.
async fn hanging() -> anyhow::Result<String> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}/hook", listener.local_addr()?);
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    Ok(url)
}

async fn a_webhook_that_hangs_holds_up_no_other(engine: Engine) -> Outcome {
    let (hanging, well) = (hanging().await?, Receiver::start().await?);
    let webhooks = format!(
        "[{{url = {hanging:?}, secret = {SECRET:?}, events = [\"*\"]}}, {{url = {:?}, secret = {SECRET:?}, events = [\"*\"]}}]",
        well.url
    );
    let app = well.app(engine, "[\"*\"]").setting("webhooks", webhooks).setting("deliveries.timeout_ms", "60000").start().await?;
    // More than are under way at the same time.
    for number in 1..=20 {
        done(register(&app, &format!("user-{number}")).await?);
    }
    let postman = app.program().state().delivery.postman.clone().ok_or_else(|| anyhow::anyhow!("there is a postman"))?;
    let round = tokio::spawn(async move { postman.round().await });
    let all = tokio::time::timeout(std::time::Duration::from_secs(20), well.shared.arrived.acquire_many(20)).await;
    assert!(all.is_ok(), "{} of 20 arrived", well.take().len());
    assert!(!round.is_finished());
    round.abort();
    app.stop().await
}
