//! The scheme of `uni-cloud-s2s`.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::{hex, hmac, now, signed};
use crate::kit::{engines::with_app, people::*, *};

each_engine!(a_connect_code_is_all_it_takes, signatures_are_of_the_configured_key);

const KEY: &str = "q0etb3cl0s8mrlfdqp33ist1ou0r97pg";

/// A configuration with this file besides.
fn center(folder: &Path, s2s: &Value) -> anyhow::Result<()> {
    let uni_id = json!({
        "passwordSecret": [{"type": "hmac-sha256", "version": 1}], "tokenSecret": tokens::SECRET, "requestAuthSecret": super::SECRET,
    });
    for (name, config) in [("uni-id", &uni_id), ("uni-cloud-s2s", s2s)] {
        std::fs::create_dir_all(folder.join(name))?;
        std::fs::write(folder.join(name).join("config.json"), config.to_string())?;
    }
    Ok(())
}

fn login() -> Call {
    Call::new("externalLogin").params(json!({"uid": "u-alice"}))
}

const ILLEGAL: &str = "uni-id-illegal-request";

async fn a_connect_code_is_all_it_takes(engine: Engine) -> Outcome {
    let folder = tempfile::tempdir()?;
    center(folder.path(), &json!({"type": "connectCode", "connectCode": "cc-123456"}))?;
    with_app(TestApp::builder().engine(engine).center(folder.path()), async |app| {
        store_user(app, "alice", json!({})).await?;
        for header in ["CONNECTCODE cc-123456", "connectcode cc-123456"] {
            done(app.send(login().header("unicloud-s2s-authorization", header)).await?);
        }
        for header in ["CONNECTCODE x", "CONNECTCODE", "cc-123456", "Bearer cc-123456", "CONNECTCODE cc-1234567"] {
            refused(&app.send(login().header("unicloud-s2s-authorization", header)).await?, ILLEGAL);
        }
        refused(&app.send(login()).await?, ILLEGAL);
        // requestAuthSecret counts no more.
        refused(&app.send(signed(app, "externalLogin", json!({"uid": "u-alice"}))).await?, ILLEGAL);
        Ok(())
    })
    .await
}

async fn signatures_are_of_the_configured_key(engine: Engine) -> Outcome {
    let folder = tempfile::tempdir()?;
    center(folder.path(), &json!({"type": "sign", "signKey": KEY}))?;
    with_app(TestApp::builder().engine(engine).center(folder.path()), async |app| {
        store_user(app, "alice", json!({})).await?;
        let at = |offset: i64, key: &str, method: &str| {
            let timestamp = (now(app) + offset).to_string();
            let digits = match method {
                "sha256" => hex(&Sha256::digest(format!("{timestamp}\n\n{key}"))),
                _ => hmac(key, &format!("{timestamp}\n")),
            };
            login().header("unicloud-s2s-timestamp", &timestamp).header("unicloud-s2s-signature", &format!("{method} {digits}"))
        };
        for call in [at(0, KEY, "hmac-sha256"), at(-60_000, KEY, "sha256"), at(60_000, KEY, "hmac-sha256")] {
            done(app.send(call.clone()).await?);
            refused(&app.send(call).await?, ILLEGAL);
        }
        for call in [at(1, "x", "hmac-sha256"), at(60_001, KEY, "hmac-sha256"), at(-60_001, KEY, "sha256"), at(2, KEY, "plain"), login()] {
            refused(&app.send(call).await?, ILLEGAL);
        }
        Ok(())
    })
    .await
}
