//! `closeAccount`

use crate::kit::{people::*, *};

both_engines!(development: a_closed_account_is_closed_everywhere, a_user_who_is_gone_cannot_be_closed);

async fn a_closed_account_is_closed_everywhere(app: &TestApp) -> Outcome {
    let (uid, first) = someone(app, "alice").await?;
    app.clock.advance(1000);
    let second = log_in(app, "alice").await?;
    let rows = log(app).await?.len();
    assert_eq!(done(app.call_as(&first, "closeAccount", json!({})).await?).body, json!({"errCode": 0}));
    assert_eq!(user(app, &uid).await?["status"], 4);
    assert_eq!(log(app).await?.len(), rows);
    for token in [&first, &second] {
        refused(&info(app, token).await?, "uni-id-account-closed");
        refused(&app.call_as(token, "refreshToken", json!({})).await?, "uni-id-account-closed");
        refused(&app.call_as(token, "closeAccount", json!({})).await?, "uni-id-account-closed");
    }
    refused(&try_password(app, "alice", PASSWORD).await?, "uni-id-account-closed");
    // The name is not free again.
    refused(&register(app, "alice").await?, "uni-id-account-exists");
    Ok(())
}

async fn a_user_who_is_gone_cannot_be_closed(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    assert!(app.store.remove("uni-id-users", &uid).await?);
    refused(&app.call_as(&token, "closeAccount", json!({})).await?, "uni-id-account-not-exists");
    assert!(app.documents("uni-id-users").await?.is_empty());
    Ok(())
}
