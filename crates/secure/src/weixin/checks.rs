//! Whether a mini program may call: one pure function over the facts.

use super::{EncryptKey, Payload};
use crate::envelope::TimeWindow;
use crate::refusal::Refusal;

/// What is known about a mini program's client outside the seal.
#[derive(Clone, Copy, Debug)]
pub struct ClientFacts<'a> {
    /// The appId of the call's clientInfo.
    pub app_id: &'a str,
    /// The deviceId of the call's clientInfo.
    pub device_id: &'a str,
    /// The registry's entry for this appId, if there is one.
    pub entry: Option<RegistryEntry<'a>>,
    /// The server's time; the documented tolerance is five minutes.
    pub window: TimeWindow,
}

/// A registered mini program.
#[derive(Clone, Copy, Debug)]
pub struct RegistryEntry<'a> {
    /// The mini program's own appid.
    pub wx_app_id: &'a str,
    /// A development entry admits simulators.
    pub development: bool,
}

/// How far the search for the key came.
#[derive(Debug)]
pub enum KeyLookup {
    /// The account of the call's token does not exist.
    AccountUnknown,
    /// The code is not known to belong to an openid.
    OpenIdUnknown,
    /// WeChat did not hand out the keys.
    NotFetched,
    /// WeChat does not list the version that the client used.
    VersionUnknown,
    /// The key.
    Found(EncryptKey),
}

/// Opens the sealed `content` (or the `verifyClientSign`) of a verified call and checks the client.
///
/// In the order of the documented codes: without content 70008; clock 70001, appId 70002, deviceId 70003, the mini
/// program's appid 70004, simulator 70010. They are inside the seal, so the steps towards the key come before them:
/// account 70005, openid 70006, keys 70007, key version 70009.
pub fn verify(content: Option<&str>, lookup: &KeyLookup, facts: &ClientFacts<'_>) -> Result<Payload, Refusal> {
    let content = content.ok_or(Refusal::SignatureMissing)?;
    let key = match lookup {
        KeyLookup::AccountUnknown => return Err(Refusal::AccountMissing),
        KeyLookup::OpenIdUnknown => return Err(Refusal::OpenIdMissing),
        KeyLookup::NotFetched => return Err(Refusal::KeyNotFetched),
        KeyLookup::VersionUnknown => return Err(Refusal::UnknownKey),
        KeyLookup::Found(key) => key,
    };
    let payload = key.open_payload(content)?;
    check(&payload, facts)?;
    Ok(payload)
}

fn check(payload: &Payload, facts: &ClientFacts<'_>) -> Result<(), Refusal> {
    facts.window.check(payload.timestamp)?;
    let Some(entry) = facts.entry.filter(|_| payload.app_id == facts.app_id) else {
        return Err(Refusal::AppIdMismatch);
    };
    if payload.device_id != facts.device_id {
        return Err(Refusal::DeviceIdMismatch);
    }
    if payload.wx_app_id != entry.wx_app_id {
        return Err(Refusal::WxAppIdMismatch);
    }
    if payload.simulator && !entry.development {
        return Err(Refusal::Simulator);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000;

    fn payload() -> Payload {
        Payload {
            data: "{}".into(),
            app_id: "__UNI__A".into(),
            device_id: "D1".into(),
            wx_app_id: "wx1".into(),
            simulator: false,
            timestamp: NOW,
        }
    }

    fn facts() -> ClientFacts<'static> {
        ClientFacts {
            app_id: "__UNI__A",
            device_id: "D1",
            entry: Some(RegistryEntry { wx_app_id: "wx1", development: false }),
            window: TimeWindow { now_ms: NOW, tolerance_ms: 300_000 },
        }
    }

    fn found() -> (EncryptKey, KeyLookup) {
        let key = || EncryptKey::parse("ABEiM0RVZneImaq7zN3u/w==", "0123456789abcdef").unwrap();
        (key(), KeyLookup::Found(key()))
    }

    fn verdict(payload: &Payload, facts: &ClientFacts<'_>) -> Result<(), Refusal> {
        let (key, lookup) = found();
        let content = key.seal(&serde_json::to_string(payload).unwrap()).unwrap();
        verify(Some(&content), &lookup, facts).map(|opened| assert_eq!(&opened, payload))
    }

    #[test]
    fn a_right_client_passes_up_to_the_edge_of_the_clock() {
        assert_eq!(verdict(&payload(), &facts()), Ok(()));
        assert_eq!(verdict(&Payload { timestamp: NOW - 300_000, ..payload() }, &facts()), Ok(()));
    }

    #[test]
    fn each_wrong_fact_has_its_code() {
        let cases = [
            (Payload { timestamp: NOW - 300_001, ..payload() }, 70001),
            (Payload { timestamp: NOW + 300_001, ..payload() }, 70001),
            (Payload { app_id: "__UNI__B".into(), ..payload() }, 70002),
            (Payload { device_id: "D2".into(), ..payload() }, 70003),
            (Payload { wx_app_id: "wx2".into(), ..payload() }, 70004),
            (Payload { simulator: true, ..payload() }, 70010),
        ];
        for (payload, code) in cases {
            assert_eq!(verdict(&payload, &facts()).unwrap_err().code().number(), code, "{payload:?}");
        }
        assert_eq!(verdict(&payload(), &ClientFacts { entry: None, ..facts() }), Err(Refusal::AppIdMismatch));
    }

    #[test]
    fn a_development_entry_admits_simulators() {
        let entry = Some(RegistryEntry { wx_app_id: "wx1", development: true });
        assert_eq!(verdict(&Payload { simulator: true, ..payload() }, &ClientFacts { entry, ..facts() }), Ok(()));
    }

    #[test]
    fn of_several_wrong_facts_the_first_in_the_order_is_told() {
        let mut wrong =
            Payload { data: "{}".into(), app_id: "x".into(), device_id: "x".into(), wx_app_id: "x".into(), simulator: true, timestamp: 0 };
        let codes: Vec<u32> = (0..5)
            .map(|step| {
                let code = verdict(&wrong, &facts()).unwrap_err().code().number();
                match step {
                    0 => wrong.timestamp = NOW,
                    1 => wrong.app_id = "__UNI__A".into(),
                    2 => wrong.device_id = "D1".into(),
                    _ => wrong.wx_app_id = "wx1".into(),
                }
                code
            })
            .collect();
        assert_eq!(codes, [70001, 70002, 70003, 70004, 70010]);
    }

    #[test]
    fn without_a_key_the_step_that_failed_is_told() {
        let code = |content, lookup: &KeyLookup| verify(content, lookup, &facts()).unwrap_err().code().number();
        assert_eq!(code(None, &KeyLookup::OpenIdUnknown), 70008);
        assert_eq!(code(Some("x"), &KeyLookup::AccountUnknown), 70005);
        assert_eq!(code(Some("x"), &KeyLookup::OpenIdUnknown), 70006);
        assert_eq!(code(Some("x"), &KeyLookup::NotFetched), 70007);
        assert_eq!(code(Some("x"), &KeyLookup::VersionUnknown), 70009);
        assert_eq!(code(Some("x"), &found().1), 70004);
    }
}
