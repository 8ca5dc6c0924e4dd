//! Files that clients uploaded.

use lingpai_domain::store::{FileAdded, FileQuota, FileRecord};

use super::database::{Database, NOW, on_every_store};

on_every_store!(
    files_are_kept_as_they_were,
    an_id_is_used_once,
    quotas_hold_however_many_come_at_once,
    only_the_owner_or_an_operator_removes
);

const PLENTY: FileQuota = FileQuota { per_owner: 1_000, total: 10_000 };

fn file(id: &str, owner: Option<&str>, size: u64) -> FileRecord {
    FileRecord {
        id: id.into(),
        owner: owner.map(str::to_owned),
        app: "__UNI__A".into(),
        cloud_path: "a/\u{0}中.png".into(),
        size,
        media_type: "image/png".into(),
        created_at: NOW,
    }
}

async fn files_are_kept_as_they_were(db: &Database) {
    for file in [file("a", Some("u"), 5), file("b", None, 0)] {
        assert_eq!(db.store.add_file(&file, PLENTY).await.unwrap(), FileAdded::Done);
        assert_eq!(db.store.file(&file.id).await.unwrap(), Some(file));
    }
    assert_eq!(db.store.file("gone").await.unwrap(), None);
}

async fn an_id_is_used_once(db: &Database) {
    let (first, second) = (file("a", Some("u"), 5), file("a", Some("v"), 6));
    let (one, two) = tokio::join!(db.store.add_file(&first, PLENTY), db.store.add_file(&second, PLENTY));
    let outcomes = [one.unwrap(), two.unwrap()];
    assert!(outcomes.contains(&FileAdded::Done) && outcomes.contains(&FileAdded::Taken), "{outcomes:?}");
}

async fn quotas_hold_however_many_come_at_once(db: &Database) {
    let add = async |id: String, owner: Option<&str>| {
        db.store.add_file(&file(&id, owner, 400), FileQuota { per_owner: 1_000, total: 2_000 }).await.unwrap()
    };
    let (a, b, c, d) =
        tokio::join!(add("a".into(), Some("u")), add("b".into(), Some("u")), add("c".into(), Some("u")), add("d".into(), Some("u")));
    let done = [a, b, c, d].into_iter().filter(|outcome| *outcome == FileAdded::Done).count();
    assert_eq!(done, 2);
    for (id, owner, expected) in [
        ("e", Some("v"), FileAdded::Done),
        ("f", None, FileAdded::Done),
        ("g", Some("w"), FileAdded::Done),
        ("h", Some("x"), FileAdded::OverQuota),
    ] {
        assert_eq!(add(id.into(), owner).await, expected, "{id}");
    }
    // What is removed makes room.
    assert!(db.store.remove_file("e", Some("v")).await.unwrap());
    assert_eq!(add("i".into(), Some("x")).await, FileAdded::Done);
}

async fn only_the_owner_or_an_operator_removes(db: &Database) {
    for file in [file("a", Some("u"), 5), file("b", None, 5)] {
        db.store.add_file(&file, PLENTY).await.unwrap();
    }
    assert!(!db.store.remove_file("a", Some("v")).await.unwrap());
    assert!(!db.store.remove_file("b", Some("v")).await.unwrap());
    assert!(db.store.remove_file("a", Some("u")).await.unwrap());
    assert!(!db.store.remove_file("a", Some("u")).await.unwrap());
    assert!(db.store.remove_file("b", None).await.unwrap());
}
