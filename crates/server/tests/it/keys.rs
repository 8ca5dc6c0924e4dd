//! `lingpai keys rotate`, with the real program.

use data_encoding::BASE32_NOPAD;
use lingpai_domain::second_step::totp;

use crate::kit::{
    binary::{Program, Workplace},
    people::PASSWORD,
    *,
};

/// A production server with an administrator who has a second step. Answers the secret and the recovery codes.
async fn place_with_second_step() -> anyhow::Result<(Workplace, Vec<u8>, Vec<String>)> {
    let place = Workplace::new()?;
    place.run(&["init"], &[])?.expect(0, &[]);
    let text = place.read("lingpai.toml")?.replace("__UNI__0000000", "__UNI__TEST").replace("[security]", "[security]\nsecond_step = true");
    place.write("lingpai.toml", &text)?;
    place.run_with_input(&["admin", "create", "--username", "operator", "--password-stdin"], PASSWORD)?.expect(0, &[]);
    let program = place.serve(&[])?;
    let token = done(login(&program).await?).token()?;
    let set_up = done(program.call_as(&token, "setUpTotp", json!({"password": PASSWORD})).await?);
    let secret = BASE32_NOPAD.decode(set_up.body["secret"].as_str().unwrap_or_default().as_bytes())?;
    // The step before, so that the present one is left for a sign-in.
    let confirmed = done(program.call_as(&token, "confirmTotp", json!({"code": totp::code(&secret, step() - 1)})).await?);
    let codes = confirmed.body["recoveryCodes"].as_array().cloned().unwrap_or_default();
    assert!(program.stop()?.success());
    Ok((place, secret, codes.iter().filter_map(Value::as_str).map(str::to_owned).collect()))
}

/// The program runs by the real time.
fn step() -> i64 {
    use lingpai_domain::clock::Clock;
    totp::step_at(lingpai_server::runtime::SystemClock.now_ms())
}

async fn login(program: &Program) -> anyhow::Result<Reply> {
    program.call("login", json!({"username": "operator", "password": PASSWORD})).await
}

async fn finish(program: &Program, code: &str) -> anyhow::Result<Reply> {
    let asked = login(program).await?;
    refused(&asked, "uni-id-second-step-required");
    program.call("loginBySecondStep", json!({"ticket": asked.body["secondStep"]["ticket"], "code": code})).await
}

#[tokio::test]
async fn what_is_at_rest_moves_to_another_master_key() -> Outcome {
    let (place, secret, recovery) = place_with_second_step().await?;
    place.run(&["keys", "rotate"], &[])?.expect(2, &["--master-key", "--token-secret"]);
    place.run(&["keys", "rotate", "--master-key", "--dry-run"], &[])?.expect(0, &["second steps: 1"]);
    assert!(!place.path("data/master_key.new").exists());
    let rotated = place.run(&["keys", "rotate", "--master-key"], &[])?;
    rotated.expect(0, &["second steps: 1", "master_key.new"]);
    let new = place.read("data/master_key.new")?;
    assert!(new.trim().len() >= 32 && !rotated.said.contains(new.trim()));
    // Begun again, nothing is left to do, and the key is the same.
    place.run(&["keys", "rotate", "--master-key"], &[])?.expect(0, &["second steps: 0", "1 had been done before"]);
    assert_eq!(place.read("data/master_key.new")?, new);

    // With the old key nothing can be read any more.
    let program = place.serve(&[])?;
    refused(&finish(&program, &totp::code(&secret, step())).await?, "uni-id-system-error");
    assert!(program.stop()?.success());
    let text = place.read("lingpai.toml")?;
    let line = text.lines().find(|line| line.starts_with("master_key = ")).unwrap_or_default();
    let file = place.path("data/master_key.new").display().to_string();
    place.write("lingpai.toml", &text.replace(line, &format!("master_key = \"file:{file}\"")))?;
    let program = place.serve(&[])?;
    refused(&finish(&program, &recovery[0]).await?, "uni-id-second-step-error");
    done(finish(&program, &totp::code(&secret, step())).await?);
    assert!(program.stop()?.success());
    Ok(())
}

#[tokio::test]
async fn a_key_that_reads_nothing_is_refused() -> Outcome {
    let (place, _, _) = place_with_second_step().await?;
    let wrong = [("LINGPAI_SECURITY_MASTER_KEY", "another master key, which nothing was stored under")];
    place.run(&["keys", "rotate", "--master-key"], &wrong)?.expect(1, &["1 cannot be read"]);
    place.run(&["keys", "rotate", "--master-key"], &[])?.expect(0, &["second steps: 1"]);
    Ok(())
}

#[tokio::test]
async fn a_new_token_secret_ends_all_sessions() -> Outcome {
    let place = Workplace::new()?;
    place.run(&["init"], &[])?.expect(0, &[]);
    let text = place.read("lingpai.toml")?.replace("__UNI__0000000", "__UNI__TEST");
    place.write("lingpai.toml", &text)?;
    place.run_with_input(&["admin", "create", "--username", "operator", "--password-stdin"], PASSWORD)?.expect(0, &[]);
    let program = place.serve(&[])?;
    let token = done(login(&program).await?).token()?;
    assert!(program.stop()?.success());
    let before = place.read("uni-config-center/uni-id/config.json")?;
    place.run(&["keys", "rotate", "--token-secret", "--dry-run"], &[])?.expect(0, &["1 tokenSecret"]);
    assert_eq!(place.read("uni-config-center/uni-id/config.json")?, before);
    place.run(&["keys", "rotate", "--token-secret"], &[])?.expect(0, &["1 tokenSecret"]);
    let after = place.read("uni-config-center/uni-id/config.json")?;
    assert_ne!(after, before);
    let program = place.serve(&[])?;
    refused(&program.call_as(&token, "getAccountInfo", json!({})).await?, "uni-id-check-token-failed");
    let token = done(login(&program).await?).token()?;
    done(program.call_as(&token, "getAccountInfo", json!({})).await?);
    assert!(program.stop()?.success());
    Ok(())
}
