//! Signing in with a passkey.

use super::*;

both_engines!(switched_on: a_passkey_signs_in, signing_in_ends_the_session_before, nothing_is_asked_of_whom, wrong_answers_are_refused_and_logged,
    an_answer_signs_in_once, a_ceremony_is_its_devices_and_applications, a_ceremony_ends_in_time, a_copied_passkey_is_refused,
    accounts_that_may_not_sign_in_do_not, applications_are_kept_apart, a_removed_passkey_leads_nowhere, both_wire_forms_take_it);
both_engines!(hardened: every_node_takes_the_ceremonies_of_the_others);

fn hardened(builder: TestAppBuilder) -> TestAppBuilder {
    switched_on(builder.mode(Mode::Production))
}

/// A user with a phone. The user's token, too.
async fn owner(app: &TestApp, name: &str) -> anyhow::Result<(String, String, lingpai_webauthn::software::SoftwareAuthenticator)> {
    let (uid, token) = someone(app, name).await?;
    let mut phone = phone();
    add(app, &token, &mut phone).await?;
    Ok((uid, token, phone))
}

async fn a_passkey_signs_in(app: &TestApp) -> Outcome {
    let (uid, token, phone) = owner(app, "alice").await?;
    app.clock.advance(5_000);
    let reply = done(sign_in(app, &phone).await?);
    let token_of = reply.body["newToken"].clone();
    let login = json!({"errCode": 0, "newToken": token_of, "uid": uid, "passwordConfirmed": true, "type": "login"});
    assert_eq!(reply.body, login);
    done(info(app, &reply.token()?).await?);
    assert_eq!(last_log(app).await?, row(app, "login", 1, json!({"user_id": uid})));
    let sessions = done(app.call_as(&reply.token()?, "getSessions", json!({})).await?).body["sessions"].clone();
    assert_eq!(sessions.as_array().map(Vec::len), Some(2), "{sessions}");
    let passkey = listed(app, &token).await?["passkeys"][0].clone();
    assert_eq!(passkey["lastUseDate"], json!(START + 5_000));
    assert_eq!(user(app, &uid).await?["last_login_date"], json!(START + 5_000));
    Ok(())
}

async fn signing_in_ends_the_session_before(app: &TestApp) -> Outcome {
    let (_, token, phone) = owner(app, "alice").await?;
    app.clock.advance(2_000);
    let begun = begin_login(app).await?;
    done(app.send(login(&begun, &phone.get(&begun["publicKey"])).token(&token)).await?);
    refused(&info(app, &token).await?, "uni-id-check-token-failed");
    Ok(())
}

/// Whoever asks learns nothing about who there is.
async fn nothing_is_asked_of_whom(app: &TestApp) -> Outcome {
    owner(app, "alice").await?;
    let begun = done(app.call("startPasskeyLogin", json!({"username": "alice"})).await?).body;
    let options = json!({
        "challenge": begun["publicKey"]["challenge"], "timeout": 300_000, "rpId": "example.com", "allowCredentials": [],
        "userVerification": "required",
    });
    assert_eq!(begun["publicKey"], options);
    assert_eq!(begun["publicKey"]["challenge"].as_str().map(str::len), Some(43));
    assert_ne!(begin_login(app).await?["publicKey"]["challenge"], begun["publicKey"]["challenge"]);
    Ok(())
}

async fn wrong_answers_are_refused_and_logged(app: &TestApp) -> Outcome {
    let (uid, _, mut phone) = owner(app, "alice").await?;
    let rows = log(app).await?.len();
    // What is wrong with the page is no failure of the user's.
    let of_the_page: [Case; 4] = [
        (|b| b.origin = "https://evil.example".into(), "uni-id-passkey-origin-not-allowed"),
        (|b| b.client_data = json!({"topOrigin": "https://evil.example"}), "uni-id-passkey-origin-not-allowed"),
        (|b| b.client_data = json!({"challenge": "AAAA"}), "uni-id-passkey-expired"),
        (|b| b.kind = Some("webauthn.create"), "uni-id-passkey-invalid"),
    ];
    for (change, code) in of_the_page {
        phone.behaviour = Behaviour::good(ORIGIN);
        change(&mut phone.behaviour);
        refused(&sign_in(app, &phone).await?, code);
    }
    assert_eq!(log(app).await?.len(), rows);
    let of_the_authenticator: [Case; 4] = [
        (|b| b.user_verified = false, "uni-id-passkey-user-not-verified"),
        (|b| b.rp_id = Some("evil.example".into()), "uni-id-passkey-origin-not-allowed"),
        (|b| b.backup = (false, false), "uni-id-passkey-invalid"),
        (|b| b.tells_user = false, "uni-id-passkey-invalid"),
    ];
    for (change, code) in of_the_authenticator {
        phone.behaviour = Behaviour::good(ORIGIN);
        change(&mut phone.behaviour);
        refused(&sign_in(app, &phone).await?, code);
        assert_eq!(last_log(app).await?, row(app, "login", 0, json!({"user_id": uid})));
    }
    phone.behaviour = Behaviour::good(ORIGIN);
    let begun = begin_login(app).await?;
    let mut forged = phone.get(&begun["publicKey"]);
    forged["response"]["signature"] = phone.get(&begin_login(app).await?["publicKey"])["response"]["signature"].clone();
    refused(&app.send(login(&begun, &forged)).await?, "uni-id-passkey-invalid");
    // A passkey of nobody's.
    let mut stranger = super::phone();
    stranger.create(&json!({"rp": {"id": "example.com"}, "user": {"id": "AAAA"}, "challenge": "AAAA"}));
    refused(&sign_in(app, &stranger).await?, "uni-id-passkey-not-exists");
    assert_eq!(last_log(app).await?, row(app, "login", 0, json!({})));
    for credential in [json!({}), json!({"id": "AA", "rawId": "AA", "type": "public-key", "response": {}})] {
        refused(&app.send(login(&begun, &credential)).await?, "uni-id-passkey-invalid");
    }
    done(sign_in(app, &phone).await?);
    Ok(())
}

async fn an_answer_signs_in_once(app: &TestApp) -> Outcome {
    let (_, _, phone) = owner(app, "alice").await?;
    let begun = begin_login(app).await?;
    let answer = phone.get(&begun["publicKey"]);
    done(app.send(login(&begun, &answer)).await?);
    // Neither the same answer nor another to the same challenge.
    for again in [answer.clone(), phone.get(&begun["publicKey"])] {
        refused(&app.send(login(&begun, &again)).await?, "uni-id-passkey-expired");
    }
    // Nor the same answer with another ceremony.
    let other = begin_login(app).await?;
    refused(&app.send(login(&other, &answer)).await?, "uni-id-passkey-expired");
    Ok(())
}

async fn a_ceremony_is_its_devices_and_applications(app: &TestApp) -> Outcome {
    let (_, token, phone) = owner(app, "alice").await?;
    let begun = begin_login(app).await?;
    let answer = phone.get(&begun["publicKey"]);
    for call in [
        login(&begun, &answer).device("another"),
        login(&begun, &answer).client_info("deviceId", Value::Null),
        login(&begun, &answer).client_info("appId", "__UNI__OTHER"),
    ] {
        refused(&app.send(call).await?, "uni-id-passkey-expired");
    }
    let registration = begin(app, &token).await?;
    refused(&app.send(login(&registration, &answer)).await?, "uni-id-passkey-expired");
    done(app.send(login(&begun, &answer)).await?);
    Ok(())
}

async fn a_ceremony_ends_in_time(app: &TestApp) -> Outcome {
    let (_, _, phone) = owner(app, "alice").await?;
    let (used, unused) = (begin_login(app).await?, begin_login(app).await?);
    app.clock.advance(15 * 60 * 1000 - 1);
    done(app.send(login(&used, &phone.get(&used["publicKey"]))).await?);
    app.clock.advance(1);
    refused(&app.send(login(&unused, &phone.get(&unused["publicKey"]))).await?, "uni-id-passkey-expired");
    // When its use is forgotten it is over.
    let state = app.program().state();
    state.base.store.sweep(state.base.clock.now_ms(), 0, None).await?;
    refused(&app.send(login(&used, &phone.get(&used["publicKey"]))).await?, "uni-id-passkey-expired");
    Ok(())
}

async fn a_copied_passkey_is_refused(app: &TestApp) -> Outcome {
    let (uid, _, mut phone) = owner(app, "alice").await?;
    for (counter, code) in
        [(5, json!(0)), (6, json!(0)), (6, json!("uni-id-passkey-cloned")), (2, json!("uni-id-passkey-cloned")), (7, json!(0))]
    {
        phone.behaviour.counter = Some(counter);
        let reply = sign_in(app, &phone).await?;
        assert_eq!(reply.code(), code, "{counter}: {}", reply.body);
        let state = i64::from(code == json!(0));
        assert_eq!(last_log(app).await?, row(app, "login", state, json!({"user_id": uid})));
    }
    Ok(())
}

async fn accounts_that_may_not_sign_in_do_not(app: &TestApp) -> Outcome {
    let (uid, _, phone) = owner(app, "alice").await?;
    for (status, code) in
        [(1, "uni-id-account-banned"), (2, "uni-id-account-auditing"), (3, "uni-id-account-audit-failed"), (4, "uni-id-account-closed")]
    {
        let mut doc = user(app, &uid).await?;
        doc.insert("status".into(), status.into());
        app.put("uni-id-users", doc.into()).await?;
        refused(&sign_in(app, &phone).await?, code);
        assert_eq!(last_log(app).await?, row(app, "login", 0, json!({"user_id": uid})));
    }
    Ok(())
}

async fn applications_are_kept_apart(app: &TestApp) -> Outcome {
    let (uid, _, phone) = owner(app, "alice").await?;
    let mut doc = user(app, &uid).await?;
    doc.insert("dcloud_appid".into(), json!(["__UNI__OTHER"]));
    app.put("uni-id-users", doc.into()).await?;
    refused(&sign_in(app, &phone).await?, "uni-id-account-not-exists-in-current-app");
    let begun = done(app.send(from_app("startPasskeyLogin", "__UNI__OTHER", json!({}))).await?).body;
    let answer = phone.get(&begun["publicKey"]);
    done(app.send(login(&begun, &answer).client_info("appId", "__UNI__OTHER")).await?);
    Ok(())
}

async fn a_removed_passkey_leads_nowhere(app: &TestApp) -> Outcome {
    let (_, token, phone) = owner(app, "alice").await?;
    let id = listed(app, &token).await?["passkeys"][0]["id"].clone();
    done(app.call_as(&token, "removePasskey", json!({"id": id})).await?);
    refused(&sign_in(app, &phone).await?, "uni-id-passkey-not-exists");
    Ok(())
}

async fn both_wire_forms_take_it(app: &TestApp) -> Outcome {
    let (uid, _, phone) = owner(app, "alice").await?;
    let begun = done(app.send(Call::new("startPasskeyLogin").by_client()).await?).body;
    let reply = done(app.send(login(&begun, &phone.get(&begun["publicKey"])).by_client()).await?);
    assert_eq!(reply.uid()?, uid);
    Ok(())
}

/// What ceremonies are signed with follows from the master key, which all nodes have.
async fn every_node_takes_the_ceremonies_of_the_others(app: &TestApp) -> Outcome {
    let (uid, _, phone) = owner(app, "alice").await?;
    let begun = begin_login(app).await?;
    let state = app.program().state();
    let passkeys = lingpai_server::passkeys::Passkeys::new(&state.settings, &*state.base.random);
    assert!(passkeys.is_some_and(|other| other.knows(begun["ceremonyId"].as_str().unwrap_or_default())));
    assert_eq!(done(app.send(login(&begun, &phone.get(&begun["publicKey"]))).await?).uid()?, uid);
    Ok(())
}
