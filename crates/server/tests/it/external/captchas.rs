//! `uni-captcha-co.verifyImageCaptcha`

use super::signed;
use crate::kit::{people::*, *};

both_engines!(development: functions_of_a_project_check_captchas_once);

async fn functions_of_a_project_check_captchas_once(app: &TestApp) -> Outcome {
    done(app.send(Call::new("getImageCaptcha").function("uni-captcha-co").params(json!({"scene": "my-form"}))).await?);
    let text = codes(app, "my-form").await?[0]["code"].clone();
    let verify = |scene: &str, captcha: &Value| json!({"scene": scene, "captcha": captcha});
    let send = |params: Value| app.send(signed(app, "verifyImageCaptcha", params).function("uni-captcha-co"));

    let unsigned = Call::new("verifyImageCaptcha").function("uni-captcha-co").params(verify("my-form", &text));
    refused(&app.send(unsigned.clone()).await?, "uni-id-illegal-request");
    refused(&app.send(unsigned.by_client()).await?, "uni-id-illegal-request");
    assert_eq!(states(app, "my-form").await?, [0]);

    refused(&send(verify("my-form", &json!("!!!!"))).await?, "uni-captcha-verify-fail");
    refused(&send(verify("register", &text)).await?, "uni-captcha-verify-fail");
    done(send(verify("my-form", &text)).await?);
    assert_eq!(states(app, "my-form").await?, [1]);
    refused(&send(verify("my-form", &text)).await?, "uni-captcha-verify-fail");
    Ok(())
}
