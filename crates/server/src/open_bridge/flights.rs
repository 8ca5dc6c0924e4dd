//! One renewal of a credential at a time in this process; the store's leases see to the other nodes.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// Who is renewing what.
#[derive(Default)]
pub struct Flights {
    under_way: Mutex<HashMap<String, Arc<AsyncMutex<()>>>>,
}

impl Flights {
    /// Waits until nobody else of this process renews this credential.
    pub async fn alone(&self, key: &str) -> OwnedMutexGuard<()> {
        let turn = {
            let mut under_way = self.under_way.lock();
            // Those that nobody holds or waits for any more.
            under_way.retain(|_, turn| Arc::strong_count(turn) > 1);
            under_way.entry(key.to_owned()).or_default().clone()
        };
        turn.lock_owned().await
    }
}
