//! `setPushCid`

use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    *,
};

both_engines!(development: a_device_is_stored_and_taken_over, what_is_needed_is_named, of_many_calls_one_row_is_left);

fn call(token: &str, cid: &str) -> Call {
    Call::new("setPushCid").token(token).params(json!({"pushClientId": cid}))
}

async fn a_device_is_stored_and_taken_over(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    let (other, second) = someone(app, "bob").await?;
    done(app.send(call(&token, "cid1").client_info("deviceModel", "m").client_info("screenWidth", 3)).await?);
    done(app.send(call(&second, "cid2")).await?);
    let (of_user, of_device) = (app.documents("uni-id-device").await?, app.documents("opendb-device").await?);
    assert_eq!((of_user.len(), of_device.len()), (1, 1));
    assert_ne!(uid, other);
    for (field, value) in
        [("user_id", json!(other)), ("device_id", json!(DEVICE)), ("push_clientid", json!("cid2")), ("appid", json!("__UNI__TEST"))]
    {
        assert_eq!(of_user[0].get(field), Some(&value), "{field}");
    }
    assert_eq!(of_user[0].get("token_expired"), Some(&json!(START + 7_200_000)));
    for (field, value) in [("model", json!("m")), ("screen_width", json!(3)), ("uni_platform", json!("web")), ("create_date", json!(START))]
    {
        assert_eq!(of_device[0].get(field), Some(&value), "{field}");
    }
    // Whoever logs out of the device gets no more messages there.
    done(app.call_as(&second, "logout", json!({})).await?);
    assert_eq!(app.documents("uni-id-device").await?[0].get("token_expired"), Some(&json!(0)));
    Ok(())
}

async fn what_is_needed_is_named(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    refused_with(&app.send(call(&token, "cid").client_info("deviceId", Value::Null)).await?, "uni-id-param-required", "deviceId");
    refused_with(&app.send(call(&token, &"x".repeat(513))).await?, "uni-id-invalid-param", "pushClientId");
    for id in ["d1", "d2"] {
        app.put("uni-id-device", json!({"_id": id, "device_id": DEVICE})).await?;
    }
    refused(&app.send(call(&token, "cid")).await?, "uni-id-system-error");
    Ok(())
}

async fn of_many_calls_one_row_is_left(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let replies = all_at_once(app, (0..20).map(|number| call(&token, &format!("cid-{number}"))).collect()).await?;
    assert_eq!(count(&replies, 0), 20);
    assert_eq!((app.documents("uni-id-device").await?.len(), app.documents("opendb-device").await?.len()), (1, 1));
    Ok(())
}
