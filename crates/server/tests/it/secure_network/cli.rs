//! `lingpai secure keys`, beside a running program.

use crate::kit::{binary::Workplace, *};

#[tokio::test]
async fn keys_are_listed_rotated_and_revoked() -> Outcome {
    let place = Workplace::new()?;
    let center = "data/config-center";
    let program = place.serve(&[])?;
    assert!(program.stop()?.success());
    place.write(&format!("{center}/secure-network/config.json"), &super::client::web_config(json!({"enable": false})).to_string())?;
    let program = place.serve(&[])?;
    let published: Value = serde_json::from_str(&reqwest::get(program.url("/secure-network/keys")).await?.text().await?)?;

    let json = |arguments: &[&str]| -> anyhow::Result<Value> {
        let ended = place.run(arguments, &[])?;
        assert_eq!(ended.code, 0, "{}", ended.said);
        Ok(serde_json::from_str(&ended.said)?)
    };
    let listed = json(&["secure", "keys", "list"])?;
    assert_eq!((&listed["identityKey"], &listed["clientKeys"]), (&published["identityKey"], &json!([])));
    assert_eq!(listed["spaceKeys"][0]["keyId"], published["keys"][0]["keyId"]);
    let rotated = json(&["secure", "keys", "rotate"])?;
    assert_eq!((&rotated["identityKey"], rotated["spaceKeys"].as_array().map(Vec::len)), (&published["identityKey"], Some(1)));
    assert_ne!(rotated["spaceKeys"][0]["keyId"], published["keys"][0]["keyId"]);
    place.run(&["secure", "keys", "revoke"], &[])?.expect(2, &["--app", "--device", "--key"]);
    place.run(&["secure", "keys", "revoke", "--device", "d1"], &[])?.expect(0, &["Revoked 0 keys"]);
    assert!(program.stop()?.success());
    Ok(())
}

#[test]
fn what_is_wrong_with_the_rules_is_told_by_check() -> Outcome {
    let place = Workplace::new()?;
    place.run(&["init"], &[])?.expect(0, &["lingpai.toml"]);
    place.write("uni-config-center/secure-network/config.json", "{\n  \"enabel\": true\n}")?;
    place.run(&["check"], &[])?.expect(2, &["secure-network/config.json:2:3 [enabel]", "enable"]);
    Ok(())
}
