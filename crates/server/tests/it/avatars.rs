//! Pictures of newcomers: fetched after the answer, encoded again, and kept as the user's own.

use lingpai_testkit::{Engine, upstreams::Upstreams};

use crate::kit::{
    people::user,
    weixin::{self, World, from_phone},
    *,
};

each_engine!(
    a_picture_becomes_the_users_own_file,
    what_is_no_picture_is_taken_away,
    what_cannot_be_had_stays_where_it_is,
    nobody_waits_and_newer_pictures_stay,
    only_public_addresses_are_asked,
    without_an_address_of_our_own_nothing_is_fetched,
);

const PUBLIC_URL: &str = "https://id.example.com";

async fn start(engine: Engine, settings: &[(&str, &str)]) -> anyhow::Result<World> {
    let upstreams = Upstreams::start(None).await?;
    upstreams.name_pictures_here();
    let mut builder = weixin::beside(&upstreams, TestApp::builder().engine(engine));
    for (path, value) in [("storage.public_url", PUBLIC_URL), ("storage.avatars_from_private_addresses", "true")].iter().chain(settings) {
        builder = builder.setting(*path, *value);
    }
    World::start(upstreams, builder).await
}

async fn register(world: &World, code: &str) -> anyhow::Result<String> {
    done(world.app.send(from_phone("loginByWeixin", json!({"code": code}))).await?).uid()
}

/// The user's `avatar_file` once everything is fetched that is to be.
async fn picture(world: &World, uid: &str) -> anyhow::Result<Value> {
    let state = world.app.program().state();
    state.avatars.round(state).await;
    Ok(user(&world.app, uid).await?.get("avatar_file").cloned().unwrap_or_default())
}

async fn a_picture_becomes_the_users_own_file(engine: Engine) -> Outcome {
    let world = start(engine, &[]).await?;
    let uid = register(&world, "wx-A").await?;
    let file = picture(&world, &uid).await?;
    let url = file["url"].as_str().unwrap_or_default();
    let path = url.strip_prefix(PUBLIC_URL).unwrap_or_else(|| panic!("{file}"));
    assert_eq!((&file["extname"], &file["name"]), (&json!("png"), &json!("user/avatar/avatar.png")));
    let served = world.app.http().get(world.app.url(path)).send().await?;
    assert_eq!((served.status().as_u16(), served.headers()["content-type"].to_str()?), (200, "image/png"));
    assert!(served.bytes().await?.starts_with(b"\x89PNG"));
    let id = path.split('/').nth(2).unwrap_or_default();
    let record = world.app.store.file(id).await?.unwrap_or_else(|| panic!("no {id}"));
    assert_eq!((record.owner.as_deref(), record.media_type.as_str()), (Some(uid.as_str()), "image/png"));
    // Who comes back brings no picture again.
    world.app.clock.advance(1000);
    world.upstreams.take_requests();
    assert_eq!(register(&world, "wx-A~2").await?, uid);
    assert_eq!(picture(&world, &uid).await?, file);
    assert_eq!(world.asked("qlogo"), 0);
    world.stop().await
}

async fn what_is_no_picture_is_taken_away(engine: Engine) -> Outcome {
    let world = start(engine, &[]).await?;
    for code in ["wx-svg", "wxbadavatar-B"] {
        let uid = register(&world, code).await?;
        assert_eq!(picture(&world, &uid).await?, Value::Null, "{code}");
    }
    assert_eq!(stored(&world.app.folder().join("data/storage")), 0);
    world.stop().await
}

async fn what_cannot_be_had_stays_where_it_is(engine: Engine) -> Outcome {
    let world = start(engine, &[("storage.total_quota_mb", "1")]).await?;
    let uid = register(&world, "wx-down").await?;
    assert!(picture(&world, &uid).await?["url"].as_str().is_some_and(|url| url.contains("qlogo.cn")));
    world.stop().await
}

async fn nobody_waits_and_newer_pictures_stay(engine: Engine) -> Outcome {
    let world = start(engine, &[]).await?;
    let held = world.upstreams.hold_pictures().await;
    // Answered, although the picture is not handed out.
    let uid = register(&world, "wx-A").await?;
    let newer = json!({"url": "https://example.com/new.png", "extname": "png", "name": "new.png"});
    let mut document = user(&world.app, &uid).await?;
    document.insert("avatar_file".into(), newer.clone());
    world.app.put("uni-id-users", Value::Object(document)).await?;
    drop(held);
    assert_eq!(picture(&world, &uid).await?, newer);
    assert_eq!(stored(&world.app.folder().join("data/storage")), 0, "the picture is not kept for nothing");
    world.stop().await
}

/// How many files are in a folder and those inside of it.
fn stored(folder: &std::path::Path) -> usize {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { stored(&entry.path()) } else { 1 }).sum()
}

async fn only_public_addresses_are_asked(engine: Engine) -> Outcome {
    let world = start(engine, &[("storage.avatars_from_private_addresses", "false")]).await?;
    let uid = register(&world, "wx-A").await?;
    assert_eq!(picture(&world, &uid).await?, Value::Null);
    assert_eq!(world.asked("qlogo"), 0);
    world.stop().await
}

async fn without_an_address_of_our_own_nothing_is_fetched(engine: Engine) -> Outcome {
    for settings in [("storage.public_url", ""), ("storage.avatars", "false"), ("storage.enabled", "false")] {
        let world = start(engine, &[settings]).await?;
        let uid = register(&world, "wx-A").await?;
        assert!(picture(&world, &uid).await?["url"].as_str().is_some_and(|url| url.contains("qlogo.cn")), "{settings:?}");
        assert_eq!(world.asked("qlogo"), 0);
        world.stop().await?;
    }
    Ok(())
}
