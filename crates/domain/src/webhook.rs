//! Who is told of what happens to accounts: webhooks, of which a delivery each is stored together
//! with what it tells of.

use serde_json::json;

use crate::{context::Context, project::AccountEvent, store::NewDelivery};

/// A webhook that wants to know of some events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Names the webhook in stored deliveries.
    pub target: String,
    /// Of what it is told.
    pub events: Vec<AccountEvent>,
}

impl Context<'_> {
    /// The deliveries for an event: to be handed to the store along with it.
    pub fn told(&self, event: AccountEvent, uid: &str) -> Vec<NewDelivery> {
        let wanted = self.subscriptions.iter().filter(|subscription| subscription.events.contains(&event));
        wanted
            .map(|subscription| {
                let (id, now) = (self.id(), self.clock.now_ms());
                let body = json!({
                    "id": id,
                    "event": event.wire(),
                    "time": now,
                    "uid": uid,
                    "appId": self.client.app_id,
                    "platform": self.client.platform,
                    "ip": self.client.ip,
                    "deviceId": self.client.device_id,
                    "userAgent": self.client.user_agent,
                });
                NewDelivery { id, target: subscription.target.clone(), body: body.to_string(), created_at: now }
            })
            .collect()
    }
}
