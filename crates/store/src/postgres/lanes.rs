//! Connections on which many reads by key are under way at once.
//!
//! PostgreSQL answers what was sent over a connection in the order of sending, without being asked
//! one at a time. Many short reads over a few connections so cost both sides far fewer wake-ups than
//! each over a connection of its own. A read that may take long does not belong here: those behind
//! it would wait.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use deadpool_postgres::{ClientWrapper, Object, Pool};
use tokio::sync::RwLock;

use super::failure::Failure;

/// The lanes. Each opens its connection when it is first needed, and another when that is lost.
pub struct Lanes {
    lanes: Vec<RwLock<Option<Arc<ClientWrapper>>>>,
    next: AtomicUsize,
}

/// One lane's connection, for one read.
pub struct Place<'l> {
    lane: &'l RwLock<Option<Arc<ClientWrapper>>>,
    connection: Arc<ClientWrapper>,
}

impl Lanes {
    /// At most this many: more would be one connection per read again.
    const MOST: usize = 4;

    /// How many of so many connections are lanes; there may be none.
    pub fn share(connections: usize) -> usize {
        (connections / 4).min(Self::MOST)
    }

    /// So many lanes.
    pub fn new(count: usize) -> Self {
        Self { lanes: (0..count).map(|_| RwLock::default()).collect(), next: AtomicUsize::new(0) }
    }

    /// A place on the next lane; `None` without lanes. A new connection is taken out of the pool,
    /// which then counts it no more.
    pub async fn place(&self, pool: &Pool) -> Result<Option<Place<'_>>, Failure> {
        if self.lanes.is_empty() {
            return Ok(None);
        }
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(lane) = self.lanes.get(turn % self.lanes.len()) else { return Ok(None) };
        if let Some(connection) = usable(lane.read().await.as_ref()) {
            return Ok(Some(Place { lane, connection }));
        }
        let mut vacant = lane.write().await;
        // Somebody else may have opened one in the meantime.
        let connection = match usable(vacant.as_ref()) {
            Some(connection) => connection,
            None => Arc::clone(vacant.insert(Arc::new(Object::take(pool.get().await?)))),
        };
        Ok(Some(Place { lane, connection }))
    }
}

fn usable(connection: Option<&Arc<ClientWrapper>>) -> Option<Arc<ClientWrapper>> {
    connection.filter(|connection| !connection.is_closed()).cloned()
}

impl Place<'_> {
    /// The connection.
    pub fn connection(&self) -> &ClientWrapper {
        &self.connection
    }

    /// Keeps the connection from being used again. It is closed when the reads on it have ended.
    pub async fn abandon(self) {
        let mut lane = self.lane.write().await;
        if lane.as_ref().is_some_and(|current| Arc::ptr_eq(current, &self.connection)) {
            *lane = None;
        }
    }
}
