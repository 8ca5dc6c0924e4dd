//! `acceptInvite`, `getInvitedUser`

use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    *,
};

both_engines!(development: an_inviter_can_be_named_once, circles_are_refused, codes_count_in_their_application, of_many_inviters_one_wins,
    the_invited_are_listed_by_level, pages_and_totals, impossible_pages_are_refused);

async fn member(app: &TestApp, name: &str, code: &str, inviters: &[&str]) -> anyhow::Result<(String, String)> {
    let mut fields = json!({"my_invite_code": code});
    if !inviters.is_empty() {
        fields["inviter_uid"] = json!(inviters);
        fields["invite_time"] = START.into();
    }
    Ok((store_user(app, name, fields).await?, log_in(app, name).await?))
}

async fn accept(app: &TestApp, token: &str, code: &str) -> anyhow::Result<Reply> {
    app.call_as(token, "acceptInvite", json!({"inviteCode": code})).await
}

async fn an_inviter_can_be_named_once(app: &TestApp) -> Outcome {
    member(app, "root", "ROOT22", &[]).await?;
    member(app, "inviter", "INVITE", &["u-root"]).await?;
    let (uid, token) = member(app, "alice", "ALICE2", &[]).await?;
    member(app, "below", "BELOW2", &["u-alice"]).await?;
    refused(&accept(app, &token, "invite").await?, "uni-id-invalid-invite-code");
    app.clock.advance(1000);
    assert_eq!(done(accept(app, &token, "INVITE").await?).body, json!({"errCode": 0, "errMsg": ""}));
    let alice = user(app, &uid).await?;
    assert_eq!((&alice["inviter_uid"], &alice["invite_time"]), (&json!(["u-inviter", "u-root"]), &json!(START + 1000)));
    assert_eq!(user(app, "u-below").await?["inviter_uid"], json!(["u-alice", "u-inviter", "u-root"]));
    refused(&accept(app, &token, "ROOT22").await?, "uni-id-change-inviter-forbidden");
    Ok(())
}

async fn circles_are_refused(app: &TestApp) -> Outcome {
    let (uid, token) = member(app, "alice", "ALICE2", &[]).await?;
    member(app, "bob", "BOB222", &["u-alice"]).await?;
    member(app, "carol", "CAROL2", &["u-bob", "u-alice"]).await?;
    for code in ["ALICE2", "BOB222", "CAROL2"] {
        refused(&accept(app, &token, code).await?, "uni-id-invalid-invite-code");
    }
    assert_eq!(user(app, &uid).await?.get("inviter_uid"), None);
    let ghost = tokens::sign(&tokens::hs256(), &tokens::claims("ghost", START / 1000), tokens::SECRET);
    refused(&accept(app, &ghost, "ALICE2").await?, "uni-id-account-not-exists");
    Ok(())
}

async fn codes_count_in_their_application(app: &TestApp) -> Outcome {
    store_user(app, "elsewhere", json!({"my_invite_code": "OTHER2", "dcloud_appid": ["__UNI__OTHER"]})).await?;
    let (_, token) = member(app, "alice", "ALICE2", &[]).await?;
    refused(&accept(app, &token, "OTHER2").await?, "uni-id-invalid-invite-code");
    Ok(())
}

async fn of_many_inviters_one_wins(app: &TestApp) -> Outcome {
    for number in 0..10 {
        member(app, &format!("inviter-{number}"), &format!("CODE{number}"), &[]).await?;
    }
    let (uid, token) = member(app, "alice", "ALICE2", &[]).await?;
    let call = |number| Call::new("acceptInvite").token(&token).params(json!({"inviteCode": format!("CODE{}", number % 10)}));
    let replies = all_at_once(app, (0..30).map(call).collect()).await?;
    assert_eq!((count(&replies, 0), count(&replies, "uni-id-change-inviter-forbidden")), (1, 29), "{replies:?}");
    assert_eq!(user(app, &uid).await?["inviter_uid"].as_array().map(Vec::len), Some(1));
    Ok(())
}

async fn the_invited_are_listed_by_level(app: &TestApp) -> Outcome {
    let (_, token) = member(app, "alice", "ALICE2", &[]).await?;
    let fields =
        json!({"inviter_uid": ["u-alice"], "invite_time": 5, "mobile": "13800001234", "nickname": "B", "avatar_file": {"url": "x"}});
    store_user(app, "bob", fields).await?;
    member(app, "carol", "CAROL2", &["u-bob", "u-alice"]).await?;
    let list = |level: Value| app.call_as(&token, "getInvitedUser", json!({"level": level}));
    assert_eq!(
        done(list(json!(1)).await?).body,
        json!({"errCode": 0, "invitedUser": [
            {"uid": "u-bob", "username": "bob", "nickname": "B", "mobile": "138****1234", "inviteTime": 5, "avatarFile": {"url": "x"}},
        ]})
    );
    assert_eq!(done(list(json!(2)).await?).body["invitedUser"], json!([{"uid": "u-carol", "username": "carol", "inviteTime": START}]));
    for level in [json!(0), json!(-1), json!(1.5), json!(3), json!(1e300), json!(u64::MAX)] {
        assert_eq!(done(list(level).await?).body["invitedUser"], json!([]));
    }
    Ok(())
}

async fn pages_and_totals(app: &TestApp) -> Outcome {
    let (_, token) = member(app, "alice", "ALICE2", &[]).await?;
    for number in 0..25 {
        store_user(app, &format!("guest-{number:02}"), json!({"inviter_uid": ["u-alice"], "invite_time": number})).await?;
    }
    let list = async |mut params: Value| -> anyhow::Result<(Vec<String>, Value)> {
        params["level"] = 1.into();
        let body = done(app.call_as(&token, "getInvitedUser", params).await?).body;
        let names = body["invitedUser"].as_array().into_iter().flatten().filter_map(|user| user["username"].as_str().map(str::to_owned));
        Ok((names.collect(), body.get("total").cloned().unwrap_or_default()))
    };
    assert_eq!(list(json!({})).await?.0.len(), 20);
    let (names, total) = list(json!({"limit": 2, "offset": 3, "needTotal": true})).await?;
    assert_eq!((names, total), (vec!["guest-03".to_owned(), "guest-04".to_owned()], json!(25)));
    assert_eq!(list(json!({"limit": 100_000, "offset": 24})).await?.0, ["guest-24"]);
    assert_eq!(list(json!({"limit": 0, "needTotal": true})).await?, (vec![], json!(25)));
    assert_eq!(list(json!({"offset": u64::MAX})).await?.0, Vec::<String>::new());
    Ok(())
}

async fn impossible_pages_are_refused(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    for (field, value) in [
        ("limit", json!(-1)),
        ("offset", json!(-1)),
        ("limit", json!(1.5)),
        ("limit", json!("1")),
        ("needTotal", json!(1)),
        ("level", json!("1")),
    ] {
        let mut params = json!({"level": 1});
        params[field] = value;
        refused_with(&app.call_as(&token, "getInvitedUser", params).await?, "uni-id-invalid-param", field);
    }
    Ok(())
}
