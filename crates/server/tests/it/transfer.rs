//! `lingpai import` and `lingpai export`.

use crate::kit::{binary::Workplace, people::PASSWORD, *};

/// As uniCloud's console writes them.
fn users() -> String {
    [
        json!({"_id": {"$oid": "60a1b2c3d4e5f60718293a4b"}, "username": "old-user",
            "register_date": {"$date": "2021-05-17T03:04:05.678Z"}, "own_field": {"kept": [1, null]}}),
        json!({"_id": "second", "username": "second", "dcloud_appid": ["__UNI__TEST"], "token": []}),
    ]
    .map(|doc| doc.to_string())
    .join("\n")
}

#[tokio::test]
async fn what_is_imported_is_there_and_exported_as_it_was() -> Outcome {
    let place = Workplace::new()?;
    place.write("from/uni-id-users.json", &format!("\u{feff}{}\n\n", users()))?;
    place.write("from/my-roles.jsonl", "{\"_id\":\"r\",\"role_id\":\"editor\",\"permission\":[\"write\"]}\r\n")?;
    place.run(&["import", "from/uni-id-users.json"], &[])?.expect(0, &["uni-id-users: 2"]);
    place.run(&["import", "--collection", "uni-id-roles", "from/my-roles.jsonl"], &[])?.expect(0, &["uni-id-roles: 1"]);
    // Again, as after a failure half-way.
    place.run(&["import", "from/uni-id-users.json"], &[])?.expect(0, &["uni-id-users: 2"]);

    place.run(&["export", "--to", "out", "uni-id-users", "uni-id-roles"], &[])?.expect(0, &["uni-id-users: 2", "uni-id-roles: 1"]);
    let lines: Vec<Value> = place.read("out/uni-id-users.jsonl")?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["_id"], json!("60a1b2c3d4e5f60718293a4b"));
    assert_eq!(lines[0]["register_date"], json!(1_621_220_645_678_i64));
    assert_eq!(lines[0]["own_field"], json!({"kept": [1, null]}));
    assert_eq!(lines[1], json!({"_id": "second", "username": "second", "dcloud_appid": ["__UNI__TEST"], "token": []}));
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(place.path("out/uni-id-users.jsonl"))?);
        assert_eq!(mode & 0o777, 0o600);
    }
    place.run(&["export", "--to", "out"], &[])?.expect(2, &["uni-id-users.jsonl", "uni-id-roles.jsonl"]);
    Ok(())
}

#[tokio::test]
async fn an_export_is_imported_elsewhere_and_its_users_sign_in() -> Outcome {
    let (old, new) = (Workplace::new()?, Workplace::new()?);
    let program = old.serve(&[])?;
    done(program.call("registerAdmin", json!({"username": "moving", "password": PASSWORD})).await?);
    assert!(program.stop()?.success());
    old.run(&["export", "--to", "out"], &[])?.expect(0, &["uni-id-users: 1", "uni-id-log: 1"]);
    for collection in ["uni-id-users", "uni-id-log"] {
        new.write(&format!("{collection}.jsonl"), &old.read(&format!("out/{collection}.jsonl"))?)?;
    }
    new.run(&["import", "uni-id-users.jsonl", "uni-id-log.jsonl"], &[])?.expect(0, &[]);
    // The same configuration, whose secrets the passwords were hashed with.
    let config = old.path("data/config-center").display().to_string();
    let program = new.serve(&["--config-center", &config])?;
    done(program.call("login", json!({"username": "moving", "password": PASSWORD})).await?);
    assert!(program.stop()?.success());
    Ok(())
}

#[test]
fn own_collections_are_moved_as_well() -> Outcome {
    let schema = r#"{"permission": {"read": true}, "properties": {"due": {"bsonType": "date"}}}"#;
    let index = r#"[{"IndexName": "n", "MgoKeySchema": {"MgoIndexKeys": [{"Name": "n", "Direction": "1"}], "MgoIsUnique": true}}]"#;
    let (old, new) = (Workplace::new()?, Workplace::new()?);
    for place in [&old, &new] {
        place.write("center/database/book.schema.json", schema)?;
        place.write("center/database/book.index.json", index)?;
    }
    let run = |place: &Workplace, arguments: &[&str]| place.run(&[arguments, &["--config-center", "center"]].concat(), &[]);
    let line =
        json!({"_id": {"$oid": "60a1b2c3d4e5f60718293a4b"}, "due": {"$date": "2021-05-17T11:04:05.678+08:00"}, "n": {"$numberLong": "5"}});
    old.write("book.json", &format!("{line}\n{{\"_id\":\"second\"}}\n"))?;
    run(&old, &["import", "book.json"])?.expect(0, &["book: 2"]);
    run(&old, &["export", "--to", "out"])?.expect(0, &["book: 2", "uni-id-users: 0"]);
    new.write("book.jsonl", &old.read("out/book.jsonl")?)?;
    run(&new, &["import", "book.jsonl"])?.expect(0, &["book: 2"]);
    run(&new, &["export", "--to", "out", "book"])?.expect(0, &["book: 2"]);
    let lines: Vec<Value> = new.read("out/book.jsonl")?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let first = json!({"_id": "60a1b2c3d4e5f60718293a4b", "due": {"$date": "2021-05-17T03:04:05.678Z"}, "n": 5});
    assert_eq!(lines, [first, json!({"_id": "second"})]);
    // A collection is what has a schema: a slip in a file's name makes none.
    old.write("bok.jsonl", "{\"_id\":\"a\"}\n")?;
    run(&old, &["import", "bok.jsonl"])?.expect(2, &["bok", "book", "Nothing was written"]);
    run(&old, &["export", "--to", "elsewhere", "bok"])?.expect(2, &["bok", "book"]);
    Ok(())
}

#[test]
fn everything_wrong_is_told_and_nothing_is_written() -> Outcome {
    let place = Workplace::new()?;
    place.write("uni-id-users.jsonl", "{\"_id\":\"a\"}\n[{\"_id\":\"b\"}]\nnonsense\n{\"username\":\"c\"}\n{\"_id\":1}\n")?;
    place.write("people.jsonl", "{\"_id\":\"a\"}\n")?;
    let named = [
        "uni-id-users.jsonl:2",
        "uni-id-users.jsonl:3",
        "uni-id-users.jsonl:4",
        "uni-id-users.jsonl:5",
        "people",
        "absent.jsonl",
        "Nothing was written",
    ];
    place.run(&["import", "uni-id-users.jsonl", "people.jsonl", "absent.jsonl"], &[])?.expect(2, &named);
    assert!(!place.path("data/lingpai.db").exists());
    place.run(&["export", "no-such-collection"], &[])?.expect(2, &["no-such-collection", "uni-id-users"]);
    place.run(&["import"], &[])?.expect(2, &[]);
    Ok(())
}
