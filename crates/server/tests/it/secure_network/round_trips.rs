//! What the secure network costs the store.

use lingpai_domain::store::RoundTrips;
use lingpai_secure::{envelope::SecretType, handshake::Evidence};

use super::client::*;
use crate::kit::{store_in_between::controlled, *};

each_engine!(the_secure_network_keeps_to_its_round_trips);

async fn the_secure_network_keeps_to_its_round_trips(engine: Engine) -> Outcome {
    let builder = TestApp::builder().engine(engine).mode(Mode::Production).secure_network(web_config(json!({"enable": false})));
    let (builder, store) = controlled(builder);
    let app = builder.start().await?;
    let mut client = Client::web("d1")?;
    // The space's key is made when it is first asked for.
    Client::space_key(&app).await?;
    let at_most = |what: &str, most: (u64, u64)| {
        let RoundTrips { reads, writes } = store.take_round_trips();
        assert!(reads <= most.0 && writes <= most.1, "{what}: {reads} reads and {writes} writes, {most:?} at most");
    };
    store.take_round_trips();
    let challenge = client.challenge(&app).await?;
    at_most("challenge", (0, 1));
    let hello = client.hello(&app, challenge, Evidence::None);
    store.take_round_trips();
    assert_eq!(client.greet(&app, &hello).await?.0["errCode"], 0);
    at_most("getAppClientKey", (0, 2));

    client = client.shake_hands(&app).await?;
    let call = json!({"method": "getSupportedLoginType", "params": [{}]});
    // The first one reads the key, and takes part in the memory of calls: a look at the nodes, a change, a look at what the
    // store remembers; what it decides is written behind its back, and then the nodes are looked at again. One more of each:
    // a sign of life may fall into it, or what the call before left to be done; and the look whether keys were revoked.
    for (what, most) in [("the first sealed call", (6, 3)), ("the next one", (4, 2))] {
        store.take_round_trips();
        client.call(&app, "uni-id-co", SecretType::Both, call.clone()).await?;
        at_most(what, most);
    }
    // A call waits for none of them.
    store.fail(true);
    assert_eq!(client.call(&app, "uni-id-co", SecretType::Both, call).await?["errCode"], 0);
    store.fail(false);
    app.stop().await
}
