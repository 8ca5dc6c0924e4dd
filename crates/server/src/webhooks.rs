//! Delivers what is told of accounts: tries again and again, later and later, across restarts.

use std::{collections::HashMap, sync::Arc, time::Duration};

use lingpai_domain::{
    secret::Secret,
    store::{self, DeliveriesTo, DueDelivery},
    token,
    webhook::Subscription,
};
use lingpai_providers::webhook::WebhookClient;
use tokio::{
    sync::{Mutex, watch},
    task::JoinSet,
};

use crate::{
    config::{Settings, settings::Webhook},
    runtime::told,
    state::{Base, State},
};

/// How often is looked for deliveries that are due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many are under way to one webhook at the same time.
const AT_ONCE: u32 = 16;
/// The first wait after a failure; each is twice as long as the one before.
const FIRST_WAIT_MS: i64 = 10_000;
/// The longest wait.
const LONGEST_WAIT_MS: i64 = 60 * 60 * 1000;
/// A delivery that was not accepted after this long is given up.
const GIVEN_UP_AFTER_MS: i64 = 3 * 24 * 60 * 60 * 1000;

/// The webhooks as the domain knows them.
pub fn subscriptions(settings: &Settings) -> Vec<Subscription> {
    let subscription = |webhook: &Webhook| Subscription { target: target(webhook), events: webhook.events.clone() };
    settings.webhooks.iter().map(subscription).collect()
}

/// Names a webhook without telling its address, which may hold a key.
fn target(webhook: &Webhook) -> String {
    lingpai_domain::random::to_hex(&token::hash(webhook.url.expose())[..8])
}

/// Delivers.
pub struct Postman {
    base: Base,
    client: WebhookClient,
    webhooks: HashMap<String, (Secret, Secret)>,
    /// How long one delivery may take, milliseconds.
    patience_ms: i64,
    /// One for each webhook, so that one that is slow does not hold up the others; and one for deliveries whose webhook was
    /// taken out of the settings.
    lanes: Vec<Lane>,
}

struct Lane {
    to: DeliveriesTo,
    /// Rounds wait for each other.
    turn: Mutex<()>,
}

impl Lane {
    fn new(to: DeliveriesTo) -> Self {
        Self { to, turn: Mutex::default() }
    }
}

impl Postman {
    /// A postman for the webhooks of the settings; `None` if there are none. Errors: the HTTP client
    /// cannot be set up.
    pub fn new(settings: &Settings, base: Base) -> anyhow::Result<Option<Arc<Self>>> {
        if settings.webhooks.is_empty() {
            return Ok(None);
        }
        let deliveries = &settings.deliveries;
        let client = WebhookClient::new(deliveries.private_addresses, deliveries.timeout, base.clock.clone())?;
        let webhooks: HashMap<_, _> =
            settings.webhooks.iter().map(|webhook| (target(webhook), (webhook.url.clone(), webhook.secret.clone()))).collect();
        let mut lanes: Vec<_> = webhooks.keys().cloned().map(|target| Lane::new(DeliveriesTo::One(target))).collect();
        lanes.push(Lane::new(DeliveriesTo::NoneOf(webhooks.keys().cloned().collect())));
        let patience_ms = i64::try_from(deliveries.timeout.as_millis()).unwrap_or(i64::MAX);
        Ok(Some(Arc::new(Self { base, client, webhooks, patience_ms, lanes })))
    }

    /// Delivers until `stop` is told.
    pub async fn run(self: Arc<Self>, stop: watch::Receiver<bool>) {
        let mut under_way = JoinSet::new();
        for lane in 0..self.lanes.len() {
            under_way.spawn(self.clone().run_lane(lane, stop.clone()));
        }
        while under_way.join_next().await.is_some() {}
    }

    async fn run_lane(self: Arc<Self>, lane: usize, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = told(&mut stop) => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            // A round that was begun is finished: its deliveries are bounded in time.
            if let Err(error) = self.round_of(lane).await {
                tracing::warn!(%error, "deliveries to webhooks cannot be read");
            }
        }
    }

    /// Tries everything that is due once. Answers how many deliveries that were.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn round(self: &Arc<Self>) -> store::Result<usize> {
        let mut under_way = JoinSet::new();
        for lane in 0..self.lanes.len() {
            let postman = self.clone();
            under_way.spawn(async move { postman.round_of(lane).await });
        }
        let mut all = 0;
        while let Some(round) = under_way.join_next().await {
            if let Ok(tried) = round {
                all += tried?;
            }
        }
        Ok(all)
    }

    async fn round_of(self: &Arc<Self>, lane: usize) -> store::Result<usize> {
        let Some(lane) = self.lanes.get(lane) else { return Ok(0) };
        let _one_at_a_time = lane.turn.lock().await;
        let mut all = 0;
        loop {
            let now = self.base.clock.now_ms();
            let due = self.base.store.take_deliveries(&lane.to, now, now + 2 * self.patience_ms, AT_ONCE).await?;
            if due.is_empty() {
                return Ok(all);
            }
            all += due.len();
            let mut under_way = JoinSet::new();
            for delivery in due {
                let postman = self.clone();
                under_way.spawn(async move { postman.attempt(&delivery).await });
            }
            while let Some(attempted) = under_way.join_next().await {
                if let Ok(outcome) = attempted {
                    outcome?;
                }
            }
        }
    }

    async fn attempt(&self, due: &DueDelivery) -> store::Result<()> {
        let DueDelivery { delivery, attempts } = due;
        let store = &self.base.store;
        let Some((url, secret)) = self.webhooks.get(&delivery.target) else {
            // Its webhook was taken out of the settings.
            return store.finish_delivery(&delivery.id).await;
        };
        let Err(error) = self.client.deliver(url, secret, &delivery.id, &delivery.body).await else {
            metrics::counter!("lingpai_deliveries_total", "outcome" => "accepted").increment(1);
            return store.finish_delivery(&delivery.id).await;
        };
        let now = self.base.clock.now_ms();
        if now - delivery.created_at > GIVEN_UP_AFTER_MS {
            metrics::counter!("lingpai_deliveries_total", "outcome" => "given-up").increment(1);
            tracing::error!(%error, webhook = delivery.target, id = delivery.id, attempts, "a delivery to a webhook was given up");
            return store.finish_delivery(&delivery.id).await;
        }
        metrics::counter!("lingpai_deliveries_total", "outcome" => "failed").increment(1);
        tracing::warn!(%error, webhook = delivery.target, id = delivery.id, attempts, "a webhook did not accept a delivery");
        store.postpone_delivery(&delivery.id, now + self.wait(*attempts)).await
    }

    /// How long to wait after so many attempts: twice as long each time, and up to a quarter more, so
    /// that deliveries that failed together do not come together.
    fn wait(&self, attempts: i64) -> i64 {
        let doubled = u32::try_from(attempts - 1).unwrap_or(u32::MAX).min(20);
        let wait = FIRST_WAIT_MS.saturating_mul(1 << doubled).min(LONGEST_WAIT_MS);
        wait + i64::from(self.base.random.below(u32::try_from(wait / 4).unwrap_or(1).max(1)))
    }
}

/// Starts delivering, if there are webhooks.
pub async fn run(state: Arc<State>, stop: watch::Receiver<bool>) {
    if let Some(postman) = state.delivery.postman.clone() {
        postman.run(stop).await;
    }
}
