//! Of many at the same time exactly one wins.

use super::*;
use crate::kit::simultaneous::{all_at_once, count};

both_engines!(switched_on: one_ceremony_signs_in_once, one_ceremony_adds_one, one_credential_goes_to_one, the_last_two_are_not_both_removed);

const MANY: usize = 50;

async fn one_ceremony_signs_in_once(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let mut phone = phone();
    add(app, &token, &mut phone).await?;
    let begun = begin_login(app).await?;
    let calls = (0..MANY).map(|_| login(&begun, &phone.get(&begun["publicKey"]))).collect();
    let replies = all_at_once(app, calls).await?;
    assert_eq!((count(&replies, 0), count(&replies, "uni-id-passkey-expired")), (1, MANY - 1));
    Ok(())
}

async fn one_ceremony_adds_one(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let begun = begin(app, &token).await?;
    let mut phone = phone();
    let call = |credential: Value| {
        let params = json!({"ceremonyId": begun["ceremonyId"], "credential": credential});
        Call::new("finishPasskeyRegistration").params(params).token(&token)
    };
    let calls = (0..MANY).map(|_| call(phone.create(&begun["publicKey"]))).collect();
    let replies = all_at_once(app, calls).await?;
    assert_eq!((count(&replies, 0), count(&replies, "uni-id-passkey-expired")), (1, MANY - 1));
    assert_eq!(app.documents("lingpai-passkeys").await?.len(), 1);
    Ok(())
}

async fn one_credential_goes_to_one(app: &TestApp) -> Outcome {
    let mut phone = phone();
    let mut calls = Vec::new();
    for number in 0..MANY {
        let (_, token) = someone(app, &format!("user{number}")).await?;
        let begun = begin(app, &token).await?;
        let credential = if number == 0 { phone.create(&begun["publicKey"]) } else { phone.create_again(&begun["publicKey"]) };
        let params = json!({"ceremonyId": begun["ceremonyId"], "credential": credential});
        calls.push(Call::new("finishPasskeyRegistration").params(params).token(&token));
    }
    let replies = all_at_once(app, calls).await?;
    assert_eq!((count(&replies, 0), count(&replies, "uni-id-passkey-exists")), (1, MANY - 1));
    assert_eq!(app.documents("lingpai-passkeys").await?.len(), 1);
    Ok(())
}

async fn the_last_two_are_not_both_removed(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    let ids = [add(app, &token, &mut phone()).await?, add(app, &token, &mut phone()).await?];
    let mut doc = user(app, &uid).await?;
    doc.remove("password");
    app.put("uni-id-users", doc.into()).await?;
    let calls = (0..MANY).map(|n| Call::new("removePasskey").params(json!({"id": ids[n % 2]})).token(&token)).collect();
    let replies = all_at_once(app, calls).await?;
    assert_eq!(count(&replies, 0), 1);
    assert_eq!(listed(app, &token).await?["passkeys"].as_array().map(Vec::len), Some(1));
    Ok(())
}
