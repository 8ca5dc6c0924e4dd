//! How fast the store on PostgreSQL is: `cargo run --release -p lingpai-store --example postgres_rates -- URL [USERS [ONLY]]`.
//!
//! Fills an empty database with users of about 1.5 KB and prints rates and latencies of the hot
//! operations, or of the one named, with 32 tasks on the store's default pool.

use std::{sync::Arc, time::Duration};

use lingpai_domain::{
    account::IdentityKind,
    clock::Clock,
    log::{LogRow, LogSubject, LogType},
    store::{FailedLogin, IdentityQuery, LockRule, NewSession, RecentQuery, SignIn, Store},
};
use lingpai_store::{Options, open};
use serde_json::json;

const TASKS: usize = 32;
const NOW: i64 = 1_760_000_000_000;

struct Fixed;

impl Clock for Fixed {
    fn now_ms(&self) -> i64 {
        NOW
    }
}

fn uid(number: usize) -> String {
    format!("{:024x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn log(id: String, number: usize) -> LogRow {
    LogRow {
        id,
        appid: "__UNI__AAAAAAA".into(),
        device_id: Some(format!("device-{number}")),
        ip: "10.0.0.1".into(),
        kind: LogType::Login,
        ua: "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36".into(),
        create_date: NOW,
        subject: LogSubject::User(uid(number)),
        success: true,
    }
}

fn sign_in(number: usize, round: usize) -> SignIn {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&number.to_le_bytes());
    hash[8..16].copy_from_slice(&round.to_le_bytes());
    SignIn {
        uid: uid(number),
        revision: 1,
        session: NewSession {
            token: format!("{}.{round:08x}{number:08x}.{}", "h".repeat(36), "p".repeat(240)),
            hash,
            issued_at: NOW / 1000,
            expires_at: NOW / 1000 + 7200,
            app: "__UNI__AAAAAAA".into(),
            device_id: Some(format!("device-{number}")),
            ip: "10.0.0.1".into(),
            user_agent: "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36".into(),
            now: NOW,
            max_tokens: 10,
        },
        lock: Some(LockRule { limit: 6, retry_ms: 3_600_000 }),
        rehash: None,
        previous: None,
        log: log(format!("{round:012x}{number:012x}"), number),
    }
}

/// Runs `operation(task, step)` until the time is over and prints what came of it.
#[expect(clippy::disallowed_methods, reason = "this program measures")]
async fn measure<F>(name: &str, only: Option<&str>, seconds: u64, operation: impl Fn(usize, usize) -> F + Clone + Send + 'static)
where
    F: Future<Output = ()> + Send,
{
    if only.is_some_and(|only| only != name) {
        return;
    }
    let begin = std::time::Instant::now();
    let end = begin + Duration::from_secs(seconds);
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let operation = operation.clone();
            tokio::spawn(async move {
                let mut times = Vec::new();
                let mut step = 0;
                while std::time::Instant::now() < end {
                    let start = std::time::Instant::now();
                    operation(task, step).await;
                    times.push(start.elapsed());
                    step += 1;
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.expect("no task fails"));
    }
    let rate = times.len() as f64 / begin.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    println!("{name:<14} {rate:>8.0}/s   p50 {:.2} ms   p99 {:.2} ms   p99.9 {:.2} ms", at(0.5), at(0.99), at(0.999));
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("the URL of an empty database is needed")?;
    let users: usize = arguments.next().map_or(Ok(100_000), |users| users.parse())?;
    let only = arguments.next();
    let store: Arc<dyn Store> = open(&url, &Options::new(Arc::new(Fixed))).await?;
    let present = usize::try_from(store.count("uni-id-users").await?)?;
    let fill: Vec<_> = (0..TASKS)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for number in (present + task..users).step_by(TASKS) {
                    let doc = json!({
                        "_id": uid(number), "username": format!("user{number}"), "mobile": format!("{}", 13_000_000_000_u64 + number as u64),
                        "mobile_confirmed": 1, "password": "x".repeat(120), "dcloud_appid": ["__UNI__AAAAAAA"], "nickname": "n".repeat(20),
                        "register_env": {"appid": "__UNI__AAAAAAA", "os_name": "android", "client_ip": "10.0.0.1"}, "note": "z".repeat(1000),
                    });
                    store.put("uni-id-users", doc.as_object().expect("an object")).await.expect("the user is stored");
                }
            })
        })
        .collect();
    for task in fill {
        task.await?;
    }

    let by_step = move |task: usize, step: usize| (task + step * TASKS).wrapping_mul(7919) % users;
    let each = Arc::clone(&store);
    measure("sign_in", only.as_deref(), 10, move |task, step| {
        let store = Arc::clone(&each);
        async move {
            store.sign_in(&sign_in(by_step(task, step), present + step * TASKS + task)).await.expect("it signs in");
        }
    })
    .await;
    let each = Arc::clone(&store);
    measure("user", only.as_deref(), 5, move |task, step| {
        let store = Arc::clone(&each);
        async move {
            store.user(&uid(by_step(task, step))).await.expect("it answers").expect("the user is there");
        }
    })
    .await;
    let each = Arc::clone(&store);
    measure("candidates", only.as_deref(), 5, move |task, step| {
        let store = Arc::clone(&each);
        async move {
            let value = format!("user{}", by_step(task, step));
            let query = IdentityQuery { kind: IdentityKind::Username, values: vec![value.clone()], app: "__UNI__AAAAAAA".into() };
            let recent =
                RecentQuery { kind: LogType::Login, ip: "10.0.0.1".into(), field: IdentityKind::Username, value, since: NOW - 7_200_000 };
            assert_eq!(store.candidates(&query, Some(&recent)).await.expect("it answers").users.len(), 1);
        }
    })
    .await;
    let each = Arc::clone(&store);
    measure("fail_login", only.as_deref(), 5, move |task, step| {
        let store = Arc::clone(&each);
        async move {
            let number = by_step(task, step);
            let mut row = log(format!("f{:012x}{:011x}", step * TASKS + task, present), number);
            row.subject = LogSubject::Identifier(IdentityKind::Username, format!("user{number}"));
            row.success = false;
            let failure =
                FailedLogin { uid: uid(number), ip: "10.0.0.9".into(), now: NOW, lock: LockRule { limit: 6, retry_ms: 3_600_000 }, log: row };
            store.fail_login(&failure).await.expect("it counts");
        }
    })
    .await;
    Ok(())
}
