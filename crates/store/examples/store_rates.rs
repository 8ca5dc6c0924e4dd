//! Measures what a store does: `cargo run --release -p lingpai-store --example store_rates -- URL [USERS] [SECONDS]`.
//!
//! The database should be empty: it is filled with users of about 1.5 KB first. Prints, for each
//! operation, the rate with 32 concurrent callers, the percentiles of its duration, and the
//! processor time that this process spent on it (which a busy machine does not change much).

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use lingpai_domain::{
    account::IdentityKind,
    clock::Clock,
    log::{LogRow, LogSubject, LogType},
    store::{IdentityQuery, LockRule, NewSession, RecentQuery, SignIn, SignedIn, Store},
};
use lingpai_store::{Options, open};
use serde_json::json;
use tokio::time::Instant;

const CALLERS: u64 = 32;

/// A clock that ticks once per reading, so that ids and tokens differ.
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now_ms(&self) -> i64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "sqlite:bench.db".into());
    let users: u64 = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let seconds: u64 = arguments.next().map_or(Ok(10), |text| text.parse())?;
    let clock = Arc::new(Ticking(AtomicI64::new(1_760_000_000_000)));
    let store = open(&url, &Options::new(clock.clone())).await?;
    if store.count("uni-id-users").await? < users {
        fill(&store, users).await?;
    }
    let duration = Duration::from_secs(seconds);
    measure("sign_in", &store, users, duration, move |store, n, salt| {
        let clock = clock.clone();
        async move {
            let outcome = store.sign_in(&sign_in(n, salt, clock.now_ms())).await?;
            anyhow::ensure!(outcome == SignedIn::Done, "{outcome:?}");
            Ok(())
        }
    })
    .await?;
    measure("user", &store, users, duration / 3, |store, n, _| async move {
        anyhow::ensure!(store.user(&uid(n)).await?.is_some(), "no user");
        Ok(())
    })
    .await?;
    measure("candidates", &store, users, duration / 3, |store, n, _| async move {
        let name = format!("name-{n}");
        let query = IdentityQuery { kind: IdentityKind::Username, values: vec![name.clone()], app: "__UNI__APP".into() };
        let recent = RecentQuery { kind: LogType::Login, ip: "203.0.113.7".into(), field: IdentityKind::Username, value: name, since: 0 };
        anyhow::ensure!(store.candidates(&query, Some(&recent)).await?.users.len() == 1, "no candidate");
        Ok(())
    })
    .await
}

async fn fill(store: &Arc<dyn Store>, users: u64) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..CALLERS {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            for n in (task..users).step_by(CALLERS as usize) {
                let mut doc = json!({"_id": uid(n), "username": format!("name-{n}"), "nickname": format!("Nick {n}"),
                    "mobile": format!("138{n:08}"), "mobile_confirmed": 1, "dcloud_appid": ["__UNI__APP"], "password": "x".repeat(96),
                    "password_secret_version": 1, "register_date": 1_750_000_000_000_i64, "my_invite_code": format!("C{n}")});
                doc["register_env"] = json!({"appid": "__UNI__APP", "uni_platform": "web", "filler": "f".repeat(1000)});
                if let Some(doc) = doc.as_object() {
                    store.put("uni-id-users", doc).await?;
                }
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    println!("filled with {users} users: {:.0}/s", users as f64 / start.elapsed().as_secs_f64());
    Ok(())
}

fn uid(n: u64) -> String {
    // Scattered, as random ids are.
    format!("{:016x}{n:08x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn sign_in(n: u64, salt: u64, now: i64) -> SignIn {
    let mut hash = [0; 32];
    for (part, word) in hash.chunks_exact_mut(8).zip([salt, n, now as u64, 7]) {
        part.copy_from_slice(&word.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    }
    let session = NewSession {
        token: format!("{}.{now:x}.{salt:016x}", "t".repeat(280)),
        hash,
        issued_at: now / 1000,
        expires_at: now / 1000 + 7200,
        app: "__UNI__APP".into(),
        device_id: Some(format!("device-{n:020}")),
        ip: "203.0.113.7".into(),
        user_agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36".into(),
        now,
        max_tokens: 10,
    };
    let log = LogRow {
        id: format!("{now:012x}{:012x}", salt & 0xffff_ffff_ffff),
        appid: session.app.clone(),
        device_id: session.device_id.clone(),
        ip: session.ip.clone(),
        kind: LogType::Login,
        ua: session.user_agent.clone(),
        create_date: now,
        subject: LogSubject::User(uid(n)),
        success: true,
        told: Vec::new(),
    };
    let lock = Some(LockRule { limit: 6, retry_ms: 3_600_000 });
    SignIn { uid: uid(n), revision: 1, session, lock, rehash: None, previous: None, log }
}

async fn measure<F, W>(name: &str, store: &Arc<dyn Store>, users: u64, duration: Duration, work: F) -> anyhow::Result<()>
where
    F: Fn(Arc<dyn Store>, u64, u64) -> W + Clone + Send + 'static,
    W: Future<Output = anyhow::Result<()>> + Send,
{
    let start = Instant::now();
    let processor = processor_ms();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..CALLERS {
        let (store, work) = (Arc::clone(store), work.clone());
        tasks.spawn(async move {
            let mut seed = task.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1;
            let mut times = Vec::new();
            while start.elapsed() < duration {
                // xorshift64
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                let begin = Instant::now();
                work(Arc::clone(&store), seed % users, seed).await?;
                times.push(begin.elapsed());
                // Reads never wait, so they would not let the other callers in.
                tokio::task::yield_now().await;
            }
            anyhow::Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    let rate = times.len() as f64 / start.elapsed().as_secs_f64();
    let processor = (processor_ms() - processor) * 1000.0 / times.len() as f64;
    times.sort_unstable();
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).map_or(0.0, |t| t.as_secs_f64() * 1000.0);
    println!(
        "{name}: {rate:.0}/s, {processor:.0} us processor time, p50 {:.3} ms, p99 {:.3} ms, p99.9 {:.3} ms, max {:.1} ms",
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0 - 1e-9)
    );
    Ok(())
}

/// Milliseconds of processor time that this process has used; 0 where the system does not tell.
fn processor_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields 14 and 15, in ticks of 10 ms; the second field may have blanks, and ends with `)`.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() * 10.0
}
