//! The Redis of tests, with a way in between that a test can break.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use lingpai_store::redis::Redis;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::clock::FrozenClock;

/// Names the URL of the Redis server that tests use.
const URL: &str = "LINGPAI_TEST_REDIS";

/// What the way to Redis does with connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// They lead to Redis.
    Open,
    /// They are closed, and so are new ones.
    Cut,
    /// They stay, and nothing comes through.
    Stuck,
}

/// A way to the Redis server of `LINGPAI_TEST_REDIS`, which all tests share: keys are to be a test's own.
pub struct TestRedis {
    address: SocketAddr,
    url: url::Url,
    way: watch::Sender<Way>,
    task: JoinHandle<()>,
}

impl TestRedis {
    /// Opens one.
    ///
    /// # Errors
    /// If no server is named (`scripts/with-test-services.sh` starts one).
    pub async fn start() -> Result<Self> {
        Self::start_in(0).await
    }

    /// The same to another of the server's databases, for a test that would disturb the others.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_in(database: u8) -> Result<Self> {
        let url = std::env::var(URL).with_context(|| format!("{URL} must name a Redis server (`make test` starts one)"))?;
        let mut url = url::Url::parse(&url)?;
        url.set_path(&database.to_string());
        let server = (url.host_str().context("a host")?.to_owned(), url.port().unwrap_or(6379));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (way, looked_at) = watch::channel(Way::Open);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(lead(client, server.clone(), looked_at.clone()));
            }
        });
        Ok(Self { address, url, way, task })
    }

    /// What `redis.url` is to be.
    ///
    /// # Errors
    /// If the server's URL takes no port.
    pub fn url(&self) -> Result<String> {
        let mut url = self.url.clone();
        let fits = url.set_host(Some("127.0.0.1")).is_ok() && url.set_port(Some(self.address.port())).is_ok();
        fits.then(|| url.to_string()).context("a URL with a port")
    }

    /// Opens, cuts or blocks the way, present connections included.
    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// The server itself, whatever the way is like.
    ///
    /// # Errors
    /// If its URL is wrong.
    pub fn direct(&self) -> Result<Redis> {
        Ok(Redis::new(self.url.as_str(), Duration::from_secs(10), Arc::new(FrozenClock::default()))?)
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn lead(mut client: TcpStream, server: (String, u16), mut way: watch::Receiver<Way>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    loop {
        let now = *way.borrow_and_update();
        match now {
            Way::Open => tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut client, &mut server) => return,
                changed = way.changed() => if changed.is_err() { return },
            },
            Way::Cut => return,
            Way::Stuck => {
                // What was under way is lost, as behind a firewall that forgot the connection.
                let _ = way.changed().await;
                return;
            }
        }
    }
}
