//! Codes and captchas.

use std::borrow::Cow;

use lingpai_domain::store::{CaptchaGuess, CaptchaOutcome, CodeGuess, GuessOutcome, Issued, NewCaptcha, NewCode, SendScope};
use postgres_types::Json;

use super::{
    PostgresStore,
    failure::Failure,
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
    }
}

impl PostgresStore {
    pub(super) async fn code_issue(&self, code: &NewCode) -> Result<Issued, Failure> {
        let scopes: Vec<_> = code.limits.iter().map(|limit| scope_name(limit.scope)).collect();
        let windows: Vec<_> = code.limits.iter().map(|limit| limit.window_ms).collect();
        let counts: Vec<_> = code.limits.iter().map(|limit| i64::from(limit.count)).collect();
        let rows = self
            .write(
                "SELECT o_limit, o_retry_after FROM lingpai_issue_code($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
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
                    &scopes,
                    &windows,
                    &counts,
                ],
            )
            .await?;
        let row = only(rows)?;
        let Some(place) = column::<Option<i64>>(&row, 0)? else {
            return Ok(Issued::Done);
        };
        // Arrays of the database begin at 1.
        let limit = usize::try_from(place - 1).ok().and_then(|place| code.limits.get(place));
        let limit = limit.ok_or(Failure::Internal("the database named an unknown limit"))?;
        Ok(Issued::TooMany { scope: limit.scope, retry_after_ms: column(&row, 1)? })
    }

    pub(super) async fn code_withdraw(&self, id: &str) -> Result<(), Failure> {
        self.write("DELETE FROM codes WHERE id = $1", &[&storable(id)]).await?;
        Ok(())
    }

    pub(super) async fn code_consume(&self, guess: &CodeGuess) -> Result<GuessOutcome, Failure> {
        let rows = self
            .write(
                "SELECT lingpai_consume_code($1, $2, $3, $4, $5, $6, $7)",
                &[
                    &code_kind(&guess.target),
                    &storable(guess.target.value()),
                    &storable(&guess.scene),
                    &storable(&guess.code),
                    &guess.now,
                    &i64::from(guess.max_guesses),
                    &guess.on_wrong.as_ref().map(LogColumns::from),
                ],
            )
            .await?;
        Ok(if column(&only(rows)?, 0)? { GuessOutcome::Right } else { GuessOutcome::Wrong })
    }

    /// Stores a captcha; `voids`: only in place of the latest one, which becomes void.
    pub(super) async fn captcha_issue(&self, captcha: &NewCaptcha, voids: bool) -> Result<bool, Failure> {
        let rows = self
            .write(
                "SELECT lingpai_issue_captcha($1, $2, $3, $4, $5, $6, $7, $8)",
                &[
                    &storable(&captcha.id),
                    &storable(&captcha.device_id),
                    &storable(&captcha.scene),
                    &storable(&captcha.code),
                    &storable(&captcha.ip),
                    &captcha.created_date,
                    &captcha.expired_date,
                    &voids,
                ],
            )
            .await?;
        column(&only(rows)?, 0)
    }

    pub(super) async fn captcha_consume(&self, guess: &CaptchaGuess) -> Result<CaptchaOutcome, Failure> {
        let rows = self
            .write(
                "SELECT lingpai_consume_captcha($1, $2, $3, $4, $5)",
                &[&storable(&guess.device_id), &storable(&guess.scene), &storable(&guess.code), &guess.now, &i64::from(guess.max_guesses)],
            )
            .await?;
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
