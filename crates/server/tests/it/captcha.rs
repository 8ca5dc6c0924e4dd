//! `uni-captcha-co.getImageCaptcha`

use crate::kit::{people::*, *};

both_engines!(development: pictures_come_in_the_form_that_the_client_shows, scenes_of_projects_are_served, the_captcha_is_good_for_logins);

fn picture(params: Value) -> Call {
    Call::new("getImageCaptcha").function("uni-captcha-co").params(params)
}

async fn pictures_come_in_the_form_that_the_client_shows(app: &TestApp) -> Outcome {
    for (params, form) in [
        (json!({"scene": "register"}), "data:image/svg+xml"),
        (json!({"scene": "register", "isUniAppX": false}), "data:image/svg+xml"),
        (json!({"scene": "register", "isUniAppX": true}), "data:image/bmp;base64,"),
    ] {
        for call in [picture(params.clone()), picture(params.clone()).by_client()] {
            let reply = done(app.send(call).await?);
            assert!(reply.body["captchaBase64"].as_str().is_some_and(|uri| uri.starts_with(form)), "{params}");
        }
    }
    Ok(())
}

async fn scenes_of_projects_are_served(app: &TestApp) -> Outcome {
    done(app.send(picture(json!({"scene": "my-own-scene"}))).await?);
    assert_eq!(states(app, "my-own-scene").await?, [0]);
    refused(&app.send(picture(json!({"scene": "x".repeat(65)}))).await?, "uni-id-invalid-param");
    refused(&app.send(picture(json!({}))).await?, "uni-id-param-required");
    Ok(())
}

async fn the_captcha_is_good_for_logins(app: &TestApp) -> Outcome {
    done(app.send(picture(json!({"scene": "register"}))).await?);
    let text = codes(app, "register").await?[0]["code"].clone();
    done(app.call("registerUser", json!({"username": "alice", "password": PASSWORD, "captcha": text})).await?);
    Ok(())
}
