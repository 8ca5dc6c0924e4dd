//! The second step of signing in.

pub mod confirm_totp;
pub mod get_second_step;
pub mod remove_totp;
pub mod renew_recovery_codes;
pub mod set_up_totp;

use lingpai_domain::error::{Code, Result};

use super::{Output, Summary};
use crate::pipeline::{Caller, Scope};

/// The recovery codes of an answer.
const RECOVERY_CODES: Output = Output {
    name: "recoveryCodes",
    kind: "array",
    about: Summary {
        zh: "恢复码,各可使用一次,只显示这一次", en: "recovery codes, each good for once; they are not shown again"
    },
};

/// Errors of methods that take a code.
const CODE_ERRORS: &[Code] = &[Code::ConfigFieldRequired, Code::SecondStepNotExists, Code::SecondStepError, Code::SecondStepExceedLimit];

/// Demands a right code of the caller's second step, and uses it up.
pub(in crate::methods) async fn demand_code(scope: &Scope<'_>, caller: &Caller, code: &str) -> Result<()> {
    scope.context().answer_second_step(caller.uid(), code, scope.lock_rule()).await
}
