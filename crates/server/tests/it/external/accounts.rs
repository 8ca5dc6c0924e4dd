//! `externalRegister`, `externalLogin`, `updateUserInfoByExternal`

use super::signed;
use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    *,
};

both_engines!(development: a_user_is_registered_and_signs_in, an_external_id_belongs_to_one, parallel_registrations_have_one_winner,
    users_who_may_not_sign_in_do_not, profiles_are_updated_everywhere, sessions_end_with_password_and_status, identifiers_stay_unique);
both_engines!(apart: applications_with_secrets_of_their_own_stay_apart);

fn apart(builder: TestAppBuilder) -> TestAppBuilder {
    let entry = |app: &str, secret: &str| {
        json!({
            "dcloudAppid": app, "isDefaultConfig": app == "__UNI__TEST", "passwordSecret": [{"type": "hmac-sha256", "version": 1}],
            "tokenSecret": tokens::SECRET, "requestAuthSecret": secret,
        })
    };
    builder.uni_id(json!([entry("__UNI__TEST", super::SECRET), entry("__UNI__OTHER", "a secret of the other application")]))
}

async fn register(app: &TestApp, external: &str) -> anyhow::Result<String> {
    done(app.send(signed(app, "externalRegister", json!({"externalUid": external}))).await?).uid()
}

async fn a_user_is_registered_and_signs_in(app: &TestApp) -> Outcome {
    let params = json!({"externalUid": "e1", "nickname": "Ex", "gender": 1, "avatar": "https://cdn.example.com/a/b.png?x=1"});
    let reply = done(app.send(signed(app, "externalRegister", params.clone())).await?);
    let (uid, token) = (reply.uid()?, reply.token()?);
    for (field, value) in params.as_object().into_iter().flatten() {
        assert_eq!(&reply.body[field], value);
    }
    assert_eq!(last_log(app).await?, row(app, "register", 1, json!({"user_id": uid})));
    let doc = user(app, &uid).await?;
    let profile = json!({"nickname": "Ex", "gender": 1, "avatar": "https://cdn.example.com/a/b.png?x=1"});
    assert_eq!(doc["identities"], json!([{"provider": "externalDirectConnect", "uid": "e1", "userInfo": profile}]));
    assert_eq!(doc["avatar_file"], json!({"name": "/a/b.png", "extname": "png", "url": "https://cdn.example.com/a/b.png?x=1"}));
    done(info(app, &token).await?);
    app.clock.advance(1000);
    for params in [json!({"externalUid": "e1"}), json!({"uid": uid}), json!({"uid": uid, "externalUid": "nobody"})] {
        let reply = done(app.send(signed(app, "externalLogin", params)).await?);
        assert_eq!((reply.uid()?, reply.body.get("passwordConfirmed")), (uid.clone(), None));
        assert_eq!(last_log(app).await?, row(app, "login", 1, json!({"user_id": uid})));
        done(info(app, &reply.token()?).await?);
    }
    Ok(())
}

async fn an_external_id_belongs_to_one(app: &TestApp) -> Outcome {
    let uid = register(app, "e1").await?;
    refused(&app.send(signed(app, "externalRegister", json!({"externalUid": "e1"}))).await?, "uni-id-account-exists");
    assert_eq!(last_log(app).await?, row(app, "register", 0, json!({})));
    let elsewhere = signed(app, "externalRegister", json!({"externalUid": "e1"})).client_info("appId", "__UNI__OTHER");
    assert_ne!(done(app.send(elsewhere).await?).uid()?, uid);
    assert_eq!(done(app.send(signed(app, "externalLogin", json!({"externalUid": "e1"}))).await?).uid()?, uid);
    Ok(())
}

async fn parallel_registrations_have_one_winner(app: &TestApp) -> Outcome {
    let calls = (0..20).map(|_| signed(app, "externalRegister", json!({"externalUid": "e1"}))).collect();
    let replies = all_at_once(app, calls).await?;
    assert_eq!((count(&replies, 0), count(&replies, "uni-id-account-exists")), (1, 19), "{replies:?}");
    assert_eq!(app.documents("uni-id-users").await?.len(), 1);
    Ok(())
}

async fn users_who_may_not_sign_in_do_not(app: &TestApp) -> Outcome {
    let identity = json!([{"provider": "externalDirectConnect", "uid": "e1", "userInfo": {}}]);
    store_user(app, "banned", json!({"status": 1, "identities": identity})).await?;
    store_user(app, "elsewhere", json!({"dcloud_appid": ["__UNI__OTHER"]})).await?;
    for (params, code) in [
        (json!({"externalUid": "e1"}), "uni-id-account-banned"),
        (json!({"uid": "u-banned"}), "uni-id-account-banned"),
        (json!({"uid": "u-elsewhere"}), "uni-id-account-not-exists-in-current-app"),
        (json!({"uid": "ghost"}), "uni-id-account-not-exists"),
        (json!({"externalUid": "nobody"}), "uni-id-account-not-exists"),
    ] {
        refused(&app.send(signed(app, "externalLogin", params)).await?, code);
        assert_eq!(last_log(app).await?, row(app, "login", 0, json!({})));
    }
    refused(&app.send(signed(app, "updateUserInfoByExternal", json!({"externalUid": "nobody"}))).await?, "uni-id-account-not-exists");
    Ok(())
}

async fn profiles_are_updated_everywhere(app: &TestApp) -> Outcome {
    let uid = register(app, "e1").await?;
    let elsewhere = signed(app, "externalRegister", json!({"externalUid": "e1", "gender": 1})).client_info("appId", "__UNI__OTHER");
    let other = done(app.send(elsewhere).await?).uid()?;
    let params = json!({"externalUid": "e1", "nickname": "New", "avatar": "noext"});
    assert_eq!(done(app.send(signed(app, "updateUserInfoByExternal", params)).await?).body, json!({"errCode": 0}));
    for uid in [uid, other.clone()] {
        let doc = user(app, &uid).await?;
        assert_eq!((&doc["nickname"], &doc["avatar_file"]["name"]), (&json!("New"), &json!("noext")));
        assert_eq!(doc["identities"][0]["userInfo"], json!({"nickname": "New", "avatar": "noext"}));
    }
    assert_eq!(user(app, &other).await?["gender"], json!(1));
    // A user whom the other system does not know is updated, too.
    store_user(app, "plain", json!({})).await?;
    done(app.send(signed(app, "updateUserInfoByExternal", json!({"uid": "u-plain", "nickname": "P"}))).await?);
    assert_eq!(user(app, "u-plain").await?["nickname"], json!("P"));
    Ok(())
}

async fn sessions_end_with_password_and_status(app: &TestApp) -> Outcome {
    let reply = done(app.send(signed(app, "externalRegister", json!({"externalUid": "e1"}))).await?);
    let (uid, first) = (reply.uid()?, reply.token()?);
    app.clock.advance(1);
    let update = |params: Value| app.send(signed(app, "updateUserInfoByExternal", params));
    done(update(json!({"externalUid": "e1", "username": "Alice", "password": "another password"})).await?);
    refused(&info(app, &first).await?, "uni-id-token-expired");
    let second = done(try_password(app, "alice", "another password").await?).token()?;
    done(update(json!({"uid": uid, "status": 1})).await?);
    refused(&info(app, &second).await?, "uni-id-account-banned");
    Ok(())
}

async fn identifiers_stay_unique(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({})).await?;
    let uid = register(app, "e1").await?;
    refused(
        &app.send(signed(app, "updateUserInfoByExternal", json!({"uid": uid, "username": "ALICE", "nickname": "n"}))).await?,
        "uni-id-account-exists",
    );
    assert_eq!(user(app, &uid).await?.get("nickname"), None);
    Ok(())
}

async fn applications_with_secrets_of_their_own_stay_apart(app: &TestApp) -> Outcome {
    let identity = json!([{"provider": "externalDirectConnect", "uid": "e1", "userInfo": {}}]);
    store_user(app, "there", json!({"dcloud_appid": ["__UNI__OTHER"], "identities": identity})).await?;
    for params in [json!({"uid": "u-there", "nickname": "n"}), json!({"externalUid": "e1", "nickname": "n"})] {
        refused(&app.send(signed(app, "updateUserInfoByExternal", params)).await?, "uni-id-account-not-exists");
    }
    // The signature of one application is none of the other.
    let call = signed(app, "externalLogin", json!({"externalUid": "e1"})).client_info("appId", "__UNI__OTHER");
    refused(&app.send(call).await?, "uni-id-illegal-request");
    assert_eq!(user(app, "u-there").await?.get("nickname"), None);
    Ok(())
}
