//! `registerUserByEmail`

use crate::kit::{people::*, *};

both_engines!(development: an_address_is_registered_and_confirmed, wrong_codes_are_refused_and_logged, a_taken_address_is_refused,
    invitations_are_checked);

async fn by_email(app: &TestApp, email: &str, code: &str) -> anyhow::Result<Reply> {
    app.call("registerUserByEmail", json!({"email": email, "password": PASSWORD, "nickname": "Al", "code": code})).await
}

async fn an_address_is_registered_and_confirmed(app: &TestApp) -> Outcome {
    let code = email_code(app, "Alice@Example.com", "register").await?;
    let reply = done(by_email(app, "Alice@Example.com", &code).await?);
    assert_eq!(reply.body["passwordConfirmed"], true);
    let doc = user(app, &reply.uid()?).await?;
    assert_eq!((&doc["email"], &doc["email_confirmed"], &doc["nickname"]), (&json!("alice@example.com"), &json!(1), &json!("Al")));
    assert_eq!((&doc["token"], doc.get("username")), (&json!([reply.token()?]), None));
    assert_eq!(log(app).await?, [row(app, "register", 1, json!({"user_id": reply.uid()?}))]);
    assert_eq!(states(app, "register").await?, [1]);
    let login = json!({"email": "ALICE@example.com", "password": PASSWORD});
    done(app.call("login", login).await?);
    Ok(())
}

async fn wrong_codes_are_refused_and_logged(app: &TestApp) -> Outcome {
    const CODE: &str = "uni-id-email-verify-code-error";
    let code = email_code(app, "alice@example.com", "register").await?;
    refused(&by_email(app, "Alice@example.com", &another_code(&code)).await?, CODE);
    assert_eq!(last_log(app).await?, row(app, "register", 0, json!({"email": "Alice@example.com"})));
    refused(&by_email(app, "bob@example.com", &code).await?, CODE);
    let reset = email_code(app, "carol@example.com", "reset-pwd-by-email").await?;
    refused(&by_email(app, "carol@example.com", &reset).await?, CODE);
    app.clock.advance(180_000);
    refused(&by_email(app, "alice@example.com", &code).await?, CODE);
    assert!(app.documents("uni-id-users").await?.is_empty());
    refused(&by_email(app, "not an address", &code).await?, "uni-id-invalid-email");
    Ok(())
}

async fn a_taken_address_is_refused(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({"email": "alice@example.com", "email_confirmed": 1})).await?;
    let code = email_code(app, "alice@example.com", "register").await?;
    refused(&by_email(app, "alice@example.com", &code).await?, "uni-id-account-exists");
    assert_eq!(last_log(app).await?, row(app, "register", 0, json!({})));
    refused(&by_email(app, "alice@example.com", &code).await?, "uni-id-email-verify-code-error");
    // An address that nobody confirmed belongs to nobody.
    store_user(app, "bob", json!({"email": "bob@example.com", "email_confirmed": 0})).await?;
    let code = email_code(app, "bob@example.com", "register").await?;
    done(by_email(app, "bob@example.com", &code).await?);
    Ok(())
}

async fn invitations_are_checked(app: &TestApp) -> Outcome {
    let inviter = store_user(app, "alice", json!({"my_invite_code": "ABCDEF"})).await?;
    let invited = async |email: &str, invitation: &str| {
        let code = email_code(app, email, "register").await?;
        app.call("registerUserByEmail", json!({"email": email, "password": PASSWORD, "code": code, "inviteCode": invitation})).await
    };
    refused(&invited("bob@example.com", "NOSUCH").await?, "uni-id-invalid-invite-code");
    let uid = done(invited("bob@example.com", "ABCDEF").await?).uid()?;
    assert_eq!(user(app, &uid).await?["inviter_uid"], json!([inviter]));
    Ok(())
}
