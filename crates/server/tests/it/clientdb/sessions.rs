//! Tokens: renewed near their end, and refused with the codes on which clients go to the login page.

use super::*;
use crate::kit::people::*;

both_engines!(development: a_token_near_its_end_is_renewed, refused_tokens_lead_to_the_login_page, a_refused_token_does_not_matter_where_none_is_needed);

const OWN: [(&str, &str); 2] = [("where", "_id == $env.uid"), ("field", "username")];

async fn own(app: &TestApp, token: &str) -> anyhow::Result<Value> {
    let mut steps: Vec<(&str, Value)> = OWN.iter().map(|(method, param)| (*method, json!([param]))).collect();
    steps.push(("get", json!([])));
    ask(app, token, "uni-id-users", &steps).await
}

async fn a_token_near_its_end_is_renewed(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    assert_eq!(own(app, &token).await?.get("token"), None);
    app.clock.advance(6100 * 1000);
    let answer = own(app, &token).await?;
    let now = app.program().state().base.clock.now_ms();
    assert_eq!(answer["tokenExpired"], now + 7200 * 1000);
    let renewed = answer["token"].as_str().unwrap_or_default().to_owned();
    assert!(!renewed.is_empty() && renewed != token);
    assert_eq!(info(app, &renewed).await?.code(), 0);
    // A refused request brings it as well.
    app.clock.advance(6100 * 1000);
    let answer = ask(app, &renewed, "uni-id-log", &[("get", json!([]))]).await?;
    assert_eq!(answer["code"], "PERMISSION_ERROR");
    assert!(answer["token"].is_string() && answer["tokenExpired"].is_number());
    Ok(())
}

async fn refused_tokens_lead_to_the_login_page(app: &TestApp) -> Outcome {
    denied(&own(app, "").await?, "TOKEN_INVALID_ANONYMOUS_USER");
    denied(&own(app, "rubbish").await?, "TOKEN_INVALID_WRONG_TOKEN");
    let (_, token) = someone(app, "alice").await?;
    app.clock.advance(7201 * 1000);
    denied(&own(app, &token).await?, "TOKEN_INVALID_TOKEN_EXPIRED");
    let token = log_in(app, "alice").await?;
    done(app.call_as(&token, "logout", json!({})).await?);
    denied(&own(app, &token).await?, "TOKEN_INVALID_WRONG_TOKEN");
    let token = log_in(app, "alice").await?;
    app.clock.advance(2000);
    done(app.call_as(&token, "updatePwd", json!({"oldPassword": PASSWORD, "newPassword": PASSWORD})).await?);
    denied(&own(app, &token).await?, "TOKEN_INVALID_TOKEN_EXPIRED");
    app.clock.advance(2000);
    let token = log_in(app, "alice").await?;
    done(app.call_as(&token, "closeAccount", json!({})).await?);
    denied(&own(app, &token).await?, "TOKEN_INVALID");
    Ok(())
}

async fn a_refused_token_does_not_matter_where_none_is_needed(app: &TestApp) -> Outcome {
    let admins = [("where", json!([{"role": "admin"}])), ("count", json!([]))];
    assert_eq!(ask(app, "rubbish", "uni-id-users", &admins).await?, json!({"code": 0, "total": 0}));
    Ok(())
}
