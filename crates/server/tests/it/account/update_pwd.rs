//! `updatePwd`

use crate::kit::{people::*, *};

both_engines!(development: all_tokens_end_with_the_password, a_wrong_old_password_changes_nothing, guesses_are_bounded,
    a_user_who_is_gone_has_no_password, a_token_near_its_end_is_not_renewed_into_the_new_password);

const NEW: &str = "another password";

async fn update(app: &TestApp, token: &str, old: &str, new: &str) -> anyhow::Result<Reply> {
    app.call_as(token, "updatePwd", json!({"oldPassword": old, "newPassword": new})).await
}

async fn all_tokens_end_with_the_password(app: &TestApp) -> Outcome {
    let (uid, first) = someone(app, "alice").await?;
    app.clock.advance(1000);
    let second = log_in(app, "alice").await?;
    let before = user(app, &uid).await?;
    let rows = log(app).await?.len();
    app.clock.advance(1500);
    assert_eq!(done(update(app, &first, PASSWORD, NEW).await?).body, json!({"errCode": 0}));
    let after = user(app, &uid).await?;
    assert_eq!(after["valid_token_date"], START + 2500);
    assert_ne!(after["password"], before["password"]);
    assert_eq!(log(app).await?.len(), rows);
    for token in [&first, &second] {
        refused(&info(app, token).await?, "uni-id-token-expired");
        refused(&app.call_as(token, "refreshToken", json!({})).await?, "uni-id-token-expired");
        refused(&app.call_as(token, "logout", json!({})).await?, "uni-id-token-expired");
    }
    refused(&try_password(app, "alice", PASSWORD).await?, "uni-id-password-error");
    // In the very second of the change as well.
    let token = done(try_password(app, "alice", NEW).await?).token()?;
    done(info(app, &token).await?);
    assert_eq!(user(app, &uid).await?["token"], json!([token]));
    Ok(())
}

async fn a_wrong_old_password_changes_nothing(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    let before = user(app, &uid).await?;
    refused(&update(app, &token, "wrong-password", NEW).await?, "uni-id-password-error");
    refused(&update(app, &token, PASSWORD, "short").await?, "uni-id-invalid-password");
    refused(&update(app, &token, "", NEW).await?, "uni-id-param-required");
    refused(&app.call_as(&token, "updatePwd", json!({"oldPassword": 1, "newPassword": NEW})).await?, "uni-id-invalid-param");
    assert_eq!(user(app, &uid).await?, before);
    done(info(app, &token).await?);
    Ok(())
}

async fn guesses_are_bounded(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    for _ in 0..6 {
        refused(&update(app, &token, "wrong-password", NEW).await?, "uni-id-password-error");
    }
    refused(&update(app, &token, PASSWORD, NEW).await?, "uni-id-password-error-exceed-limit");
    app.clock.advance(3_600_000);
    done(update(app, &token, PASSWORD, NEW).await?);
    Ok(())
}

async fn a_user_who_is_gone_has_no_password(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    assert!(app.store.remove("uni-id-users", &uid).await?);
    refused(&update(app, &token, PASSWORD, NEW).await?, "uni-id-account-not-exists");
    Ok(())
}

async fn a_token_near_its_end_is_not_renewed_into_the_new_password(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    app.clock.advance(6_500_500);
    let reply = done(update(app, &token, PASSWORD, NEW).await?);
    // Whatever came with the answer was made with the old password's session.
    if let Ok(renewed) = reply.token() {
        refused(&info(app, &renewed).await?, "uni-id-token-expired");
    }
    refused(&info(app, &token).await?, "uni-id-token-expired");
    Ok(())
}
