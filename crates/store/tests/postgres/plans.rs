//! Plans are made once for a connection, when tables may still be empty. They must use the indexes
//! all the same: else every login would go on reading the whole log.

use futures_util::future::join_all;
use lingpai_domain::{
    account::IdentityKind,
    log::LogType,
    store::{CollectionIndex, DocumentQuery, IdentityQuery, IndexesKept, KeyedBy, RecentQuery, SignIn, Store},
};
use lingpai_store::postgres::testing::FreshDatabase;
use serde_json::json;

use crate::{database::object, fresh, samples};

const NOTE_THE_SETTING: &str = "
    CREATE TABLE seen (setting text);
    CREATE FUNCTION note_setting() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO seen VALUES (current_setting('enable_seqscan'));
        RETURN NULL;
    END
    $$;
    CREATE TRIGGER note_setting AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION note_setting()";

#[tokio::test]
async fn whole_tables_are_not_read_where_an_index_will_do() {
    let (store, database) = fresh().await;
    let operator = database.connect().await;
    operator.batch_execute(NOTE_THE_SETTING).await.unwrap();
    store.put("uni-id-users", &object(json!({"_id": "u"}))).await.unwrap();
    let setting: String = operator.query_one("SELECT setting FROM seen", &[]).await.unwrap().get(0);
    assert_eq!(setting, "off");
}

/// Many rows in every table that the operations below look into, and no statistics about them.
const GROW: &str = r#"
    INSERT INTO users (id, doc) SELECT 'x' || n, json_build_object('_id', 'x' || n) FROM generate_series(1, 3000) AS n;
    INSERT INTO identities (kind, value, app, uid) SELECT 'username', 'x' || n, '*', 'x' || n FROM generate_series(1, 3000) AS n;
    INSERT INTO sessions (uid, token, issued_at, expires_at, created_at)
        SELECT 'x' || n, 't' || n, 1, 1, 1 FROM generate_series(1, 3000) AS n;
    INSERT INTO login_attempts (uid, ip, error_times, last_error_time) SELECT 'x' || n, 'i', 1, 1 FROM generate_series(1, 3000) AS n;
    INSERT INTO gate_changes (kind, hash, expires)
        SELECT 'token', sha256(n::text::bytea), 1 FROM generate_series(1, 3000) AS n"#;

/// How many entries of indexes were read so far. Sessions tell it when they end.
async fn entries_read(database: &FreshDatabase) -> i64 {
    let operator = database.connect().await;
    let others = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    while operator.query_one(others, &[]).await.unwrap().get::<_, i64>(0) > 0 {
        tokio::task::yield_now().await;
    }
    let read = "SELECT coalesce(sum(idx_tup_read), 0)::bigint FROM pg_stat_user_indexes";
    operator.query_one(read, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plans_made_while_tables_are_empty_stay_good() {
    let (store, database) = fresh().await;
    let operator = database.connect().await;
    for table in ["users", "logins", "identities", "sessions", "login_attempts", "gate_changes", "log"] {
        operator.batch_execute(&format!("ALTER TABLE {table} SET (autovacuum_enabled = false)")).await.unwrap();
    }
    // One connection, so that what is planned first is what is used later.
    drop(store);
    let options = lingpai_store::Options { connections: 1, ..crate::options() };
    let store = lingpai_store::postgres::PostgresStore::open(database.url(), &options).await.unwrap();
    let recent =
        RecentQuery { kind: LogType::Login, ip: samples::IP.into(), field: IdentityKind::Username, value: "alice".into(), since: 0 };
    let query = IdentityQuery { kind: IdentityKind::Username, values: vec!["alice".into()], app: samples::APP.into() };
    let every_operation = async |round: &str| {
        for uid in ["a", "b"] {
            store.put("uni-id-users", &object(json!({"_id": uid}))).await.unwrap();
        }
        let (one, other) = (format!("{round} one"), format!("{round} other"));
        let revision = store.user("a").await.unwrap().unwrap().revision;
        let sign_ins = [samples::sign_in("a", revision, &one), samples::sign_in("b", revision, &other)];
        let renewals = [samples::renewal("a", revision, &one, "newer one"), samples::renewal("b", revision, &other, "newer other")];
        let sign_ins = sign_ins.map(|sign_in| SignIn { lock: Some(samples::LOCK), ..sign_in });
        for outcome in join_all(sign_ins.iter().map(|sign_in| store.sign_in(sign_in))).await {
            outcome.unwrap();
        }
        for outcome in join_all(renewals.iter().map(|renewal| store.renew(renewal))).await {
            outcome.unwrap();
        }
        store.account_overview("a").await.unwrap();
        store.session_view("a", "t").await.unwrap();
        store.candidates(&query, Some(&recent)).await.unwrap();
    };
    every_operation("first").await;
    operator.batch_execute(GROW).await.unwrap();
    drop(operator);
    every_operation("second").await;
    drop(store);
    // Each table has 3,000 rows.
    let entries = entries_read(&database).await;
    assert!(entries < 1000, "{entries}");
}

/// Three thousand books, with no statistics about them.
const BOOKS: &str = r#"
    INSERT INTO documents (collection, id, doc)
        SELECT 'book', 'x' || n, json_build_object('_id', 'x' || n, 'a', n, 'b', json_build_object('c', n % 7))
        FROM generate_series(1, 3000) AS n"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn own_collections_are_read_by_their_indexes() {
    let (store, database) = fresh().await;
    let operator = database.connect().await;
    operator.batch_execute("ALTER TABLE documents SET (autovacuum_enabled = false)").await.unwrap();
    let fields = vec![vec!["a".to_owned()], vec!["b".to_owned(), "c".to_owned()]];
    let index = CollectionIndex { collection: "book".into(), name: "n".into(), fields, unique: false, sparse: false };
    assert_eq!(store.keep_indexes(std::slice::from_ref(&index)).await.unwrap(), IndexesKept::default());
    operator.batch_execute(BOOKS).await.unwrap();
    // As autovacuum does it soon after so many rows.
    operator.batch_execute("ANALYZE documents").await.unwrap();
    drop(operator);
    drop(store);
    // What writing the rows read.
    let written = entries_read(&database).await;
    let store = lingpai_store::postgres::PostgresStore::open(database.url(), &crate::options()).await.unwrap();
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    for values in [vec![texts(&["77", "77.0"])], vec![texts(&["77", "77.0"]), texts(&["0", "0.0", "-0.0"])]] {
        let query = DocumentQuery { keyed: Some(KeyedBy { index: index.clone(), values }), ..DocumentQuery::all("book") };
        let found = store.documents(&query).await.unwrap().documents;
        assert_eq!(found.iter().map(|stored| &stored.doc["_id"]).collect::<Vec<_>>(), ["x77"]);
    }
    drop(store);
    let entries = entries_read(&database).await - written;
    let operator = database.connect().await;
    let rows = "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'documents'";
    let rows: i64 = operator.query_one(rows, &[]).await.unwrap().get(0);
    assert!(entries < 100 && rows == 0, "{entries} entries of indexes and {rows} rows");
}
