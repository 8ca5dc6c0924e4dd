//! `unbindMobile`

use crate::kit::{people::*, *};

both_engines!(development: a_number_is_unbound, the_last_way_in_stays);

const MOBILE: &str = "13800000077";

async fn a_number_is_unbound(app: &TestApp) -> Outcome {
    let uid = store_user(app, "alice", json!({"mobile": MOBILE, "mobile_confirmed": 1})).await?;
    let token = log_in(app, "alice").await?;
    assert_eq!(done(app.call_as(&token, "unbindMobile", json!({})).await?).body, json!({"errCode": 0}));
    assert_eq!(last_log(app).await?, row(app, "unbind-mobile", 1, json!({"user_id": uid})));
    let doc = user(app, &uid).await?;
    assert_eq!((doc.get("mobile"), doc.get("mobile_confirmed")), (None, None));
    refused(&app.call_as(&token, "unbindMobile", json!({})).await?, "uni-id-unbind-failed");
    // It is free for others.
    let (_, bobs) = someone(app, "bob").await?;
    let code = sms_code(app, MOBILE, "bind-mobile-by-sms").await?;
    done(app.call_as(&bobs, "bindMobileBySms", json!({"mobile": MOBILE, "code": code})).await?);
    Ok(())
}

async fn the_last_way_in_stays(app: &TestApp) -> Outcome {
    let code = sms_code(app, MOBILE, "login-by-sms").await?;
    let reply = done(app.call("loginBySms", json!({"mobile": MOBILE, "code": code})).await?);
    refused(&app.call_as(&reply.token()?, "unbindMobile", json!({})).await?, "uni-id-unbind-unique-login");
    assert_eq!(last_log(app).await?, row(app, "unbind-mobile", 0, json!({"user_id": reply.uid()?})));
    assert_eq!(user(app, &reply.uid()?).await?["mobile"], json!(MOBILE));
    Ok(())
}
