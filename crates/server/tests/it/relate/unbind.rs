//! `unbindWeixin`, `unbindQQ`, `unbindAlipay`, `unbindApple`

use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    *,
};

both_engines!(development: what_is_bound_can_be_unbound, the_last_way_in_stays, of_two_last_ways_one_stays, nobody_has_nothing_to_unbind);

const PARTIES: [(&str, &str, &str); 4] = [
    ("unbindWeixin", "unbind-weixin", "wx_unionid"),
    ("unbindQQ", "unbind-qq", "qq_unionid"),
    ("unbindAlipay", "unbind-alipay", "ali_openid"),
    ("unbindApple", "unbind-apple", "apple_openid"),
];

async fn what_is_bound_can_be_unbound(app: &TestApp) -> Outcome {
    let bound = json!({
        "wx_unionid": "w", "wx_openid": {"mp": "o"}, "qq_unionid": "q", "qq_openid": {"app": "o"}, "ali_openid": "a", "apple_openid": "p",
        "third_party": {"kept": true},
    });
    let uid = store_user(app, "alice", bound).await?;
    let token = log_in(app, "alice").await?;
    for (method, kind, _) in PARTIES {
        assert_eq!(done(app.call_as(&token, method, json!({})).await?).body, json!({"errCode": 0}));
        assert_eq!(last_log(app).await?, row(app, kind, 1, json!({"user_id": uid})));
        refused(&app.call_as(&token, method, json!({})).await?, "uni-id-unbind-failed");
        assert_eq!(last_log(app).await?, row(app, kind, 0, json!({"user_id": uid})));
    }
    let left = user(app, &uid).await?;
    assert!(left.keys().all(|field| !["wx_", "qq_", "ali_", "apple_"].iter().any(|party| field.starts_with(party))), "{left:?}");
    assert_eq!(left["third_party"], json!({"kept": true}));
    Ok(())
}

async fn the_last_way_in_stays(app: &TestApp) -> Outcome {
    for (number, (method, kind, field)) in PARTIES.into_iter().enumerate() {
        for (what, doc, code) in [
            ("alone", json!({}), "uni-id-unbind-unique-login"),
            ("named", json!({"username": format!("name-{number}")}), "uni-id-unbind-password-not-exists"),
            ("unconfirmed", json!({"mobile": "13800000001"}), "uni-id-unbind-mobile-not-exists"),
        ] {
            let uid = format!("{what}-{number}");
            let mut doc = doc;
            doc["_id"] = uid.clone().into();
            doc[field] = uid.clone().into();
            app.put("uni-id-users", doc.clone()).await?;
            let token = tokens::sign(&tokens::hs256(), &tokens::claims(&uid, START / 1000), tokens::SECRET);
            refused(&app.call_as(&token, method, json!({})).await?, code);
            assert_eq!(last_log(app).await?, row(app, kind, 0, json!({"user_id": uid})));
            assert_eq!(user(app, &uid).await?[field], json!(uid));
        }
    }
    Ok(())
}

async fn of_two_last_ways_one_stays(app: &TestApp) -> Outcome {
    app.put("uni-id-users", json!({"_id": "u", "ali_openid": "a", "apple_openid": "p"})).await?;
    let token = tokens::sign(&tokens::hs256(), &tokens::claims("u", START / 1000), tokens::SECRET);
    let calls = ["unbindAlipay", "unbindApple"].map(|method| Call::new(method).token(&token));
    let replies = all_at_once(app, calls.to_vec()).await?;
    assert_eq!((count(&replies, 0), count(&replies, "uni-id-unbind-unique-login")), (1, 1), "{replies:?}");
    Ok(())
}

async fn nobody_has_nothing_to_unbind(app: &TestApp) -> Outcome {
    let token = tokens::sign(&tokens::hs256(), &tokens::claims("ghost", START / 1000), tokens::SECRET);
    for (method, ..) in PARTIES {
        refused(&app.call_as(&token, method, json!({})).await?, "uni-id-unbind-failed");
    }
    Ok(())
}
