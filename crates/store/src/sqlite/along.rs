//! What is written along with other operations, and deliveries to webhooks.

use lingpai_domain::store::{AccountEdit, AuditRow, DeliveriesTo, DueDelivery, GuessKind, NewDelivery, UserUpdated};
use rusqlite::Connection;

use super::{failure::Failure, guesses, passwords, updates};
use crate::document::to_text;

/// Stores deliveries.
pub fn tell(connection: &Connection, deliveries: &[NewDelivery]) -> Result<(), Failure> {
    for delivery in deliveries {
        connection
            .prepare_cached("INSERT INTO deliveries (id, target, body, created_at, due_at) VALUES (?1, ?2, ?3, ?4, ?4)")?
            .execute((&delivery.id, &delivery.target, &delivery.body, delivery.created_at))?;
    }
    Ok(())
}

/// Appends a row to the audit.
pub fn audit(connection: &Connection, row: &AuditRow) -> Result<(), Failure> {
    connection
        .prepare_cached("INSERT INTO documents (collection, id, doc) VALUES ('lingpai-audit', ?1, ?2)")?
        .execute((&row.id, to_text(&row.doc)?))?;
    Ok(())
}

/// See [`lingpai_domain::store::Store::edit_account`].
pub fn edit_account(connection: &Connection, edit: &AccountEdit) -> Result<UserUpdated, Failure> {
    let mut update = edit.update.clone();
    if let Some(password) = &edit.password {
        let date = passwords::after_all_tokens(connection, &update.uid, password.valid_token_date)?;
        update.doc.insert("password".into(), password.password.clone().into());
        update.doc.extend(password.version.map(|version| ("password_secret_version".to_owned(), version.into())));
        update.doc.insert("valid_token_date".into(), date.into());
    }
    let updated = updates::update(connection, &update)?;
    if updated == UserUpdated::Done {
        if edit.password.is_some() {
            guesses::forget(connection, &edit.update.uid, GuessKind::Password)?;
        }
        if let Some(row) = &edit.audit {
            audit(connection, row)?;
        }
        tell(connection, &edit.told)?;
    }
    Ok(updated)
}

/// See [`lingpai_domain::store::Store::take_deliveries`].
pub fn take(connection: &Connection, to: &DeliveriesTo, now: i64, busy_until: i64, most: u32) -> Result<Vec<DueDelivery>, Failure> {
    let (is_theirs, target) = theirs(to)?;
    let mut take = connection.prepare_cached(&format!(
        "UPDATE deliveries SET attempts = attempts + 1, due_at = ?3
         WHERE id IN (SELECT id FROM deliveries WHERE {is_theirs} AND due_at <= ?2 ORDER BY due_at LIMIT ?4)
         RETURNING id, target, body, created_at, attempts"
    ))?;
    let due = take.query_map((target, now, busy_until, most), |row| {
        let delivery = NewDelivery { id: row.get(0)?, target: row.get(1)?, body: row.get(2)?, created_at: row.get(3)? };
        Ok(DueDelivery { delivery, attempts: row.get(4)? })
    })?;
    Ok(due.collect::<Result<_, _>>()?)
}

/// Whether any delivery is due.
pub fn is_due(connection: &Connection, to: &DeliveriesTo, now: i64) -> Result<bool, Failure> {
    let (is_theirs, target) = theirs(to)?;
    let sql = format!("SELECT EXISTS (SELECT 1 FROM deliveries WHERE {is_theirs} AND due_at <= ?2)");
    Ok(connection.prepare_cached(&sql)?.query_row((target, now), |row| row.get(0))?)
}

/// The condition for deliveries of the wanted webhooks, and its first parameter.
fn theirs(to: &DeliveriesTo) -> Result<(&'static str, String), Failure> {
    Ok(match to {
        DeliveriesTo::One(target) => ("target = ?1", target.clone()),
        DeliveriesTo::NoneOf(targets) => ("target NOT IN (SELECT value FROM json_each(?1))", serde_json::to_string(targets)?),
    })
}

/// See [`lingpai_domain::store::Store::finish_delivery`].
pub fn finish(connection: &Connection, id: &str) -> Result<(), Failure> {
    connection.prepare_cached("DELETE FROM deliveries WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// See [`lingpai_domain::store::Store::postpone_delivery`].
pub fn postpone(connection: &Connection, id: &str, due_at: i64) -> Result<(), Failure> {
    connection.prepare_cached("UPDATE deliveries SET due_at = ?2 WHERE id = ?1")?.execute((id, due_at))?;
    Ok(())
}
