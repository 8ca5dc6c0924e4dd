//! The nodes that admit sealed calls, as one row in the store tells. It is changed by comparing and swapping only, so that
//! all nodes agree on what it said when.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use lingpai_domain::error::{Error, Result};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::state::Base;

const KEY: &str = "lingpai:secure-network:replay-nodes";

/// How much longer than a node's own time others wait before they hold it for dead: how far two clocks may drift apart
/// within that time, and how long a node may pause between looking at its time and acting on it.
const GRACE: Duration = Duration::from_secs(1);

/// The row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roll {
    /// The nodes by their names.
    pub nodes: BTreeMap<String, Beat>,
    /// The node that decides from its own memory. While there is one, no other node admits anything.
    pub alone: Option<String>,
    /// Calls with an older timestamp are refused by every node: a node that decided alone died, and its last ones with it.
    /// Milliseconds.
    pub horizon: i64,
    /// How far timestamps may be from now, milliseconds; zero: nobody has said so yet.
    #[serde(default)]
    pub window: i64,
}

/// A node's sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    /// Grows with every sign.
    pub number: u64,
    /// For how long the node takes itself for alive without another one, milliseconds.
    pub for_ms: u64,
}

impl Roll {
    /// Reads the row, and its text for [`Roll::replace`].
    pub async fn read(base: &Base) -> Result<(Self, Option<String>)> {
        let text = base.store.open_data(KEY, base.clock.now_ms()).await?.map(|(text, _)| text);
        let roll = text.as_deref().map(serde_json::from_str).transpose().map_err(Error::internal)?;
        Ok((roll.unwrap_or_default(), text))
    }

    /// Writes the row unless it is another than `text` by now: then nothing happens, and the answer is `false`.
    pub async fn replace(&self, base: &Base, text: Option<&str>) -> Result<bool> {
        let new = serde_json::to_string(self).map_err(Error::internal)?;
        Ok(base.store.replace_open_data(KEY, text, &new, None).await?)
    }

    /// Puts a node's next sign of life into the row.
    pub fn beat(&mut self, node: &str, lease: Duration) {
        let for_ms = u64::try_from(lease.as_millis()).unwrap_or(u64::MAX);
        let beat = self.nodes.entry(node.to_owned()).or_insert(Beat { number: 0, for_ms });
        *beat = Beat { number: beat.number.wrapping_add(1), for_ms };
    }

    /// Notes how far timestamps may be from now. What a narrower window may have forgotten stays refused.
    pub fn widen(&mut self, window_ms: i64, now_ms: i64) {
        if self.window > 0 && window_ms > self.window {
            self.horizon = self.horizon.max(now_ms.saturating_sub(self.window));
        }
        self.window = window_ms;
    }

    /// Takes a node out that is gone. If it decided alone, nobody knows its last decisions.
    pub fn bury(&mut self, node: &str, now_ms: i64) {
        self.nodes.remove(node);
        if self.alone.as_deref() == Some(node) {
            self.alone = None;
            self.horizon = self.horizon.max(now_ms);
        }
    }
}

/// When which sign of life was first seen. A node is dead when the same sign stands for longer than the node itself lets
/// it: no clock is compared with another's.
#[derive(Debug, Default)]
pub struct Observations(HashMap<String, (Beat, Instant)>);

impl Observations {
    /// Looks at a row; the nodes that are dead.
    pub fn look(&mut self, roll: &Roll, now: Instant) -> Vec<String> {
        self.0.retain(|node, _| roll.nodes.contains_key(node));
        let mut dead = Vec::new();
        for (node, beat) in &roll.nodes {
            let (seen, since) = self.0.entry(node.clone()).or_insert((*beat, now));
            if seen != beat {
                (*seen, *since) = (*beat, now);
            }
            if now.duration_since(*since) >= Duration::from_millis(beat.for_ms).saturating_add(GRACE) {
                dead.push(node.clone());
            }
        }
        if let Some(alone) = roll.alone.as_ref().filter(|alone| !roll.nodes.contains_key(*alone)) {
            dead.push(alone.clone());
        }
        dead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(4);

    #[test]
    fn a_node_that_gives_no_sign_is_dead_after_its_own_time() {
        let (mut roll, mut seen) = (Roll::default(), Observations::default());
        roll.beat("a", LEASE);
        let start = Instant::now();
        assert!(seen.look(&roll, start).is_empty());
        assert!(seen.look(&roll, start + LEASE).is_empty());
        roll.beat("a", LEASE);
        assert!(seen.look(&roll, start + LEASE + GRACE).is_empty());
        assert_eq!(seen.look(&roll, start + (LEASE + GRACE) * 2), ["a"]);
        roll.bury("a", 7);
        assert_eq!(roll, Roll::default());
    }

    #[test]
    fn who_decided_alone_and_died_leaves_a_horizon() {
        let mut roll = Roll { alone: Some("a".into()), horizon: 5, ..Roll::default() };
        roll.beat("a", LEASE);
        roll.beat("b", LEASE);
        roll.bury("b", 9);
        assert_eq!((roll.horizon, roll.alone.as_deref()), (5, Some("a")));
        roll.bury("a", 7);
        assert_eq!((roll.horizon, roll.alone), (7, None));
    }
}
