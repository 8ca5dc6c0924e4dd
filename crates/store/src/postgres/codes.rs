//! Codes and captchas.

use std::borrow::Cow;

use lingpai_domain::store::{CaptchaGuess, CaptchaOutcome, CodeGuess, GuessOutcome, Issued, NewCaptcha, NewCode, SendLimit, SendScope};
use postgres_types::Json;

use super::{
    PostgresStore,
    failure::Failure,
    group::{Locks, Single, Write},
    log::LogColumns,
    outcome::Outcome,
    statements::{column, only},
    text::storable,
};
use crate::document::{CodeParts, code_kind};

/// A scope as `lingpai_issue_code` reads it.
const fn scope_name(scope: SendScope) -> &'static str {
    match scope {
        SendScope::Target => "target",
        SendScope::Device => "device",
        SendScope::Ip => "ip",
        SendScope::App => "app",
    }
}

/// What `lingpai_lock_codes` locks for a target.
fn lock(kind: &str, target: &str) -> String {
    format!("{kind}\u{1f}{target}")
}

impl PostgresStore {
    pub(super) async fn code_issue(&self, code: &NewCode) -> Result<Issued, Failure> {
        let (of_app, others) = code.limits_by_application();
        let windows = |limits: &[&SendLimit]| limits.iter().map(|limit| limit.window_ms).collect::<Vec<_>>();
        let counts = |limits: &[&SendLimit]| limits.iter().map(|limit| i64::from(limit.count)).collect::<Vec<_>>();
        let rows = self
            .write(
                "SELECT o_limit, o_retry_after
                FROM lingpai_issue_code_of_app($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
                &[
                    &storable(&code.id),
                    &code_kind(&code.target),
                    &storable(code.target.value()),
                    &storable(&code.scene),
                    &storable(&code.code),
                    &storable(&code.ip),
                    &code.device_id.as_deref().map(storable),
                    &code.created_date,
                    &code.expired_date,
                    &others.iter().map(|limit| scope_name(limit.scope)).collect::<Vec<_>>(),
                    &windows(&others),
                    &counts(&others),
                    &storable(&code.app),
                    &windows(&of_app),
                    &of_app.iter().map(|limit| limit.slice_ms()).collect::<Vec<_>>(),
                    &counts(&of_app),
                ],
            )
            .await?;
        let row = only(rows)?;
        let Some(place) = column::<Option<i64>>(&row, 0)? else {
            return Ok(Issued::Done);
        };
        // Arrays of the database begin at 1; the application's limits follow the others.
        let limit = usize::try_from(place - 1).ok().and_then(|place| others.iter().chain(&of_app).nth(place));
        let limit = limit.ok_or(Failure::Internal("the database named an unknown limit"))?;
        Ok(Issued::TooMany { scope: limit.scope, retry_after_ms: column(&row, 1)? })
    }

    pub(super) async fn code_withdraw(&self, id: &str) -> Result<(), Failure> {
        self.write("DELETE FROM codes WHERE id = $1", &[&storable(id)]).await?;
        Ok(())
    }

    pub(super) async fn code_consume(&self, guess: &CodeGuess) -> Result<GuessOutcome, Failure> {
        let (kind, target) = (code_kind(&guess.target), storable(guess.target.value()).into_owned());
        let write = Single {
            sql: "SELECT lingpai_consume_code($1, $2, $3, $4, $5, $6, $7)",
            locks: Locks::codes(vec![lock(kind, &target)]),
            params: vec![
                Box::new(kind),
                Box::new(target),
                Box::new(storable(&guess.scene).into_owned()),
                Box::new(storable(&guess.code).into_owned()),
                Box::new(guess.now),
                Box::new(i64::from(guess.max_guesses)),
                Box::new(guess.on_wrong.as_ref().map(LogColumns::from)),
            ],
        };
        let rows = self.write_in_group(Write::Single(write)).await?;
        Ok(if column(&only(rows)?, 0)? { GuessOutcome::Right } else { GuessOutcome::Wrong })
    }

    /// Stores a captcha; `voids`: only in place of the latest one, which becomes void.
    pub(super) async fn captcha_issue(&self, captcha: &NewCaptcha, voids: bool) -> Result<bool, Failure> {
        let device_id = storable(&captcha.device_id).into_owned();
        let write = Single {
            sql: "SELECT lingpai_issue_captcha($1, $2, $3, $4, $5, $6, $7, $8)",
            locks: Locks::codes(vec![lock("captcha", &device_id)]),
            params: vec![
                Box::new(storable(&captcha.id).into_owned()),
                Box::new(device_id),
                Box::new(storable(&captcha.scene).into_owned()),
                Box::new(storable(&captcha.code).into_owned()),
                Box::new(storable(&captcha.ip).into_owned()),
                Box::new(captcha.created_date),
                Box::new(captcha.expired_date),
                Box::new(voids),
            ],
        };
        let rows = self.write_in_group(Write::Single(write)).await?;
        column(&only(rows)?, 0)
    }

    pub(super) async fn captcha_consume(&self, guess: &CaptchaGuess) -> Result<CaptchaOutcome, Failure> {
        let device_id = storable(&guess.device_id).into_owned();
        let write = Single {
            sql: "SELECT lingpai_consume_captcha($1, $2, $3, $4, $5)",
            locks: Locks::codes(vec![lock("captcha", &device_id)]),
            params: vec![
                Box::new(device_id),
                Box::new(storable(&guess.scene).into_owned()),
                Box::new(storable(&guess.code).into_owned()),
                Box::new(guess.now),
                Box::new(i64::from(guess.max_guesses)),
            ],
        };
        let rows = self.write_in_group(Write::Single(write)).await?;
        CaptchaOutcome::read(column(&only(rows)?, 0)?)
    }

    pub(super) async fn code_put(&self, parts: CodeParts) -> Result<(), Failure> {
        fn text(text: &Option<String>) -> Option<Cow<'_, str>> {
            text.as_deref().map(storable)
        }
        self.write(
            "INSERT INTO codes (id, kind, target, scene, code, state, ip, device_id, created_date, expired_date, extra)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ON CONFLICT (id) DO UPDATE SET
                kind = excluded.kind, target = excluded.target, scene = excluded.scene, code = excluded.code, state = excluded.state,
                guesses = 0, ip = excluded.ip, created_date = excluded.created_date,
                expired_date = excluded.expired_date, extra = excluded.extra",
            &[
                &storable(&parts.id),
                &parts.kind,
                &text(&parts.target),
                &text(&parts.scene),
                &text(&parts.code),
                &parts.state,
                &text(&parts.ip),
                &text(&parts.device_id),
                &parts.created_date,
                &parts.expired_date,
                &parts.extra.as_ref().map(Json),
            ],
        )
        .await?;
        Ok(())
    }
}
