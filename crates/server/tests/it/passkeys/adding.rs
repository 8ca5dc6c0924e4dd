//! Adding passkeys.

use super::*;
use data_encoding::BASE32_NOPAD;
use lingpai_domain::second_step::totp;

both_engines!(switched_on: a_passkey_is_added, adding_takes_the_password, who_has_no_password_need_not_give_one, wrong_answers_are_refused,
    a_ceremony_is_its_users_and_devices, a_ceremony_ends_in_time, a_ceremony_counts_once, the_same_passkey_is_not_added_twice,
    there_is_a_limit, names_are_kept_short);
both_engines!(with_second_steps: adding_takes_the_second_step);

async fn a_passkey_is_added(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    let begun = begin(app, &token).await?;
    let options = &begun["publicKey"];
    assert_eq!(options["rp"], json!({"id": "example.com", "name": "Example"}));
    assert_eq!((&options["user"]["name"], &options["user"]["displayName"]), (&json!("alice"), &json!("alice")));
    let handle = options["user"]["id"].as_str().unwrap_or_default().to_owned();
    assert!(handle.len() == 43 && !handle.contains(&uid), "{handle}");
    assert_eq!(
        (&options["excludeCredentials"], &options["attestation"], &options["timeout"]),
        (&json!([]), &json!("none"), &json!(300_000))
    );
    assert_eq!(
        options["authenticatorSelection"],
        json!({"residentKey": "required", "requireResidentKey": true, "userVerification": "required"})
    );

    let mut phone = phone();
    let credential = phone.create(options);
    let added = done(finish(app, &token, &begun, &credential).await?).body["passkey"].clone();
    let shown = json!({
        "id": added["id"], "name": "Phone", "createDate": START, "backedUp": true, "transports": ["hybrid", "internal"],
    });
    assert_eq!(added, shown);
    let list = json!({"errCode": 0, "available": true, "limit": 3, "confirmBy": "password", "passkeys": [shown]});
    assert_eq!(listed(app, &token).await?, list);
    assert_eq!(last_log(app).await?, row(app, "bind-passkey", 1, json!({"user_id": uid})));
    assert_eq!(user(app, &uid).await?["passkeys"], json!(1));

    // The next one is for the same account, and not on this phone.
    let next = begin(app, &token).await?;
    assert_eq!(next["publicKey"]["user"]["id"], json!(handle));
    let known = json!([{"type": "public-key", "id": credential["id"], "transports": ["hybrid", "internal"]}]);
    assert_eq!(next["publicKey"]["excludeCredentials"], known);
    Ok(())
}

async fn adding_takes_the_password(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    refused(&app.call_as(&token, "startPasskeyRegistration", json!({})).await?, "uni-id-param-required");
    for _ in 0..6 {
        let wrong = json!({"password": "wrong-password"});
        refused(&app.call_as(&token, "startPasskeyRegistration", wrong).await?, "uni-id-password-error");
    }
    let right = json!({"password": PASSWORD});
    refused(&app.call_as(&token, "startPasskeyRegistration", right).await?, "uni-id-password-error-exceed-limit");
    refused(&app.call("startPasskeyRegistration", json!({"password": PASSWORD})).await?, "uni-id-check-token-failed");
    Ok(())
}

async fn who_has_no_password_need_not_give_one(app: &TestApp) -> Outcome {
    let code = sms_code(app, "13800000001", "login-by-sms").await?;
    let token = done(app.call("loginBySms", json!({"mobile": "13800000001", "code": code})).await?).token()?;
    assert_eq!(listed(app, &token).await?["confirmBy"], json!(""));
    let begun = done(app.call_as(&token, "startPasskeyRegistration", json!({})).await?).body;
    assert_eq!(begun["publicKey"]["user"]["name"], json!("13800000001"));
    let credential = phone().create(&begun["publicKey"]);
    done(finish(app, &token, &begun, &credential).await?);
    Ok(())
}

async fn adding_takes_the_second_step(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let set_up = done(app.call_as(&token, "setUpTotp", json!({"password": PASSWORD})).await?);
    let secret = BASE32_NOPAD.decode(set_up.body["secret"].as_str().unwrap_or_default().as_bytes())?;
    let code = || {
        app.clock.advance(totp::STEP_MS);
        totp::code(&secret, totp::step_at(app.program().state().base.clock.now_ms()))
    };
    done(app.call_as(&token, "confirmTotp", json!({"code": code()})).await?);
    assert_eq!(listed(app, &token).await?["confirmBy"], json!("code"));
    refused(&app.call_as(&token, "startPasskeyRegistration", json!({"password": PASSWORD})).await?, "uni-id-param-required");
    let wrong = json!({"code": another_code(&code())});
    refused(&app.call_as(&token, "startPasskeyRegistration", wrong).await?, "uni-id-second-step-error");
    let begun = done(app.call_as(&token, "startPasskeyRegistration", json!({"code": code()})).await?).body;
    let mut phone = phone();
    let credential = phone.create(&begun["publicKey"]);
    done(finish(app, &token, &begun, &credential).await?);
    // The password is the first of two steps; the passkey is both.
    refused(&try_password(app, "alice", PASSWORD).await?, "uni-id-second-step-required");
    done(sign_in(app, &phone).await?);
    Ok(())
}

async fn wrong_answers_are_refused(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    let cases: [Case; 6] = [
        (|b| b.origin = "https://evil.example".into(), "uni-id-passkey-origin-not-allowed"),
        (|b| b.rp_id = Some("evil.example".into()), "uni-id-passkey-origin-not-allowed"),
        (|b| b.client_data = json!({"crossOrigin": true}), "uni-id-passkey-origin-not-allowed"),
        (|b| b.user_verified = false, "uni-id-passkey-user-not-verified"),
        (|b| b.client_data = json!({"challenge": "AAAA"}), "uni-id-passkey-expired"),
        (|b| b.backup = (false, true), "uni-id-passkey-invalid"),
    ];
    for (change, code) in cases {
        let begun = begin(app, &token).await?;
        let mut phone = phone();
        change(&mut phone.behaviour);
        refused(&finish(app, &token, &begun, &phone.create(&begun["publicKey"])).await?, code);
        assert_eq!(last_log(app).await?, row(app, "bind-passkey", 0, json!({"user_id": uid})));
    }
    let begun = begin(app, &token).await?;
    for credential in [json!({}), json!({"id": 5}), phone().create(&begun["publicKey"])["response"].clone()] {
        refused(&finish(app, &token, &begun, &credential).await?, "uni-id-passkey-invalid");
    }
    assert_eq!(listed(app, &token).await?["passkeys"], json!([]));
    Ok(())
}

async fn a_ceremony_is_its_users_and_devices(app: &TestApp) -> Outcome {
    let (_, alice) = someone(app, "alice").await?;
    let (_, bob) = someone(app, "bob").await?;
    let begun = begin(app, &alice).await?;
    let credential = phone().create(&begun["publicKey"]);
    refused(&finish(app, &bob, &begun, &credential).await?, "uni-id-passkey-expired");
    let params = json!({"ceremonyId": begun["ceremonyId"], "credential": credential});
    let elsewhere = Call::new("finishPasskeyRegistration").params(params.clone()).token(&alice);
    for call in [elsewhere.clone().device("another"), elsewhere.clone().client_info("deviceId", Value::Null)] {
        refused(&app.send(call).await?, "uni-id-passkey-expired");
    }
    // Neither is one of signing in, nor anything that was made up.
    let begun = begin_login(app).await?;
    for id in [begun["ceremonyId"].clone(), json!("a.b"), json!("x".repeat(100_000))] {
        let forged = json!({"ceremonyId": id, "credential": params["credential"]});
        refused(&app.call_as(&alice, "finishPasskeyRegistration", forged).await?, "uni-id-passkey-expired");
    }
    done(app.send(elsewhere).await?);
    Ok(())
}

async fn a_ceremony_ends_in_time(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let begun = begin(app, &token).await?;
    let credential = phone().create(&begun["publicKey"]);
    app.clock.advance(15 * 60 * 1000);
    refused(&finish(app, &token, &begun, &credential).await?, "uni-id-passkey-expired");
    Ok(())
}

async fn a_ceremony_counts_once(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let begun = begin(app, &token).await?;
    let mut phone = phone();
    let (first, second) = (phone.create(&begun["publicKey"]), phone.create(&begun["publicKey"]));
    done(finish(app, &token, &begun, &first).await?);
    for credential in [first, second] {
        refused(&finish(app, &token, &begun, &credential).await?, "uni-id-passkey-expired");
    }
    Ok(())
}

async fn the_same_passkey_is_not_added_twice(app: &TestApp) -> Outcome {
    let (uid, alice) = someone(app, "alice").await?;
    let begun = begin(app, &alice).await?;
    let mut phone = phone();
    done(finish(app, &alice, &begun, &phone.create(&begun["publicKey"])).await?);
    // An authenticator that makes the same credential for a second challenge, for somebody else too.
    let (_, bob) = someone(app, "bob").await?;
    for (token, who) in [(&alice, uid.as_str()), (&bob, "u-bob")] {
        let again = begin(app, token).await?;
        let same = phone.create_again(&again["publicKey"]);
        refused(&finish(app, token, &again, &same).await?, "uni-id-passkey-exists");
        assert_eq!(last_log(app).await?, row(app, "bind-passkey", 0, json!({"user_id": who})));
    }
    Ok(())
}

async fn there_is_a_limit(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let begun = begin(app, &token).await?;
    for _ in 0..3 {
        add(app, &token, &mut phone()).await?;
    }
    refused(&app.call_as(&token, "startPasskeyRegistration", json!({"password": PASSWORD})).await?, "uni-id-passkey-exceed-limit");
    let credential = phone().create(&begun["publicKey"]);
    refused(&finish(app, &token, &begun, &credential).await?, "uni-id-passkey-exceed-limit");
    Ok(())
}

async fn names_are_kept_short(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    for (given, kept) in [(json!("x".repeat(100)), "x".repeat(64)), (json!(" "), "Passkey".into()), (json!("a\u{0}\nb"), "ab".into())] {
        let begun = begin(app, &token).await?;
        let credential = phone().create(&begun["publicKey"]);
        let params = json!({"ceremonyId": begun["ceremonyId"], "credential": credential, "name": given});
        let added = done(app.call_as(&token, "finishPasskeyRegistration", params).await?);
        assert_eq!(added.body["passkey"]["name"], json!(kept));
    }
    Ok(())
}
