//! Plans are made once for a connection, when tables may still be empty. They must use the indexes
//! all the same: else every login would go on reading the whole log.

use lingpai_domain::store::Store;
use serde_json::json;

use crate::{database::object, fresh};

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
