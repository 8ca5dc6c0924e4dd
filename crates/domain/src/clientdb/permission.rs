//! Permissions of schemas: yes, no, or under a condition.

use serde_json::{Map, Value};

use super::{
    evaluate::{Lookups, Subject, holds},
    expression::Expression,
    jql,
    refusal::Result,
    session::Session,
};

/// Who may do something.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Rule {
    /// Nobody but administrators.
    #[default]
    Never,
    /// Everybody.
    Always,
    /// Whoever fulfils the condition, for the documents that do.
    When(Expression),
}

/// What a rule says for one caller.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Yes.
    Granted,
    /// No. Whether being logged in might change that.
    Denied {
        /// The rule speaks of the caller.
        needs_user: bool,
    },
    /// For documents of which this holds.
    Depends(Expression),
}

impl Rule {
    /// Reads `true`, `false`, or the text of a condition.
    pub fn parse(value: &Value) -> Option<Result<Self>> {
        Some(match value {
            Value::Bool(true) => Ok(Self::Always),
            Value::Bool(false) => Ok(Self::Never),
            Value::String(text) => jql::permission(text).map(Self::When),
            _ => return None,
        })
    }

    /// What the rule says for this caller.
    pub fn verdict(&self, session: &Session) -> Verdict {
        match self {
            Self::Never => Verdict::Denied { needs_user: false },
            Self::Always => Verdict::Granted,
            Self::When(condition) => {
                let bound = condition.bind(session);
                match simplified(&bound) {
                    Verdict::Denied { .. } => Verdict::Denied { needs_user: condition.needs_user() },
                    verdict => verdict,
                }
            }
        }
    }
}

/// Evaluates what no document can change.
fn simplified(expression: &Expression) -> Verdict {
    const DENIED: Verdict = Verdict::Denied { needs_user: false };
    let speaks_of_documents =
        expression.any_part(&|part| matches!(part, Expression::Field(_) | Expression::Lookup(..) | Expression::Match(..)));
    if !speaks_of_documents {
        let nothing = (Map::new(), Lookups::default());
        let subject = Subject { doc: &nothing.0, lookups: &nothing.1 };
        return if holds(expression, subject) == Ok(Some(true)) { Verdict::Granted } else { DENIED };
    }
    match expression {
        Expression::All(parts) => {
            let mut left = Vec::new();
            for part in parts {
                match simplified(part) {
                    Verdict::Granted => {}
                    Verdict::Depends(part) => left.push(part),
                    denied => return denied,
                }
            }
            Verdict::Depends(Expression::All(left))
        }
        Expression::Any(parts) => {
            let mut left = Vec::new();
            for part in parts {
                match simplified(part) {
                    Verdict::Granted => return Verdict::Granted,
                    Verdict::Depends(part) => left.push(part),
                    Verdict::Denied { .. } => {}
                }
            }
            match left.len() {
                0 => DENIED,
                1 => Verdict::Depends(left.remove(0)),
                _ => Verdict::Depends(Expression::Any(left)),
            }
        }
        // Whatever is compared with somebody who is not there is unknown.
        Expression::Compare(_, left, right) if **left == Expression::Nobody || **right == Expression::Nobody => DENIED,
        other => Verdict::Depends(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clientdb::session::SessionUser;

    fn verdict(rule: &str, user: Option<SessionUser>) -> Verdict {
        let session = Session { user, now_ms: 5, client_ip: "1.1.1.1".into() };
        Rule::parse(&json!(rule)).unwrap().unwrap().verdict(&session)
    }

    fn editor() -> Option<SessionUser> {
        Some(SessionUser { uid: "u".into(), roles: vec!["editor".into()], permissions: vec!["READ".into()], token_expired: Some(9) })
    }

    #[test]
    fn what_no_document_changes_is_decided_at_once() {
        for (rule, granted) in [
            ("auth.uid != null", true),
            ("'editor' in auth.role", true),
            ("'WRITE' in auth.permission", false),
            ("'WRITE' in auth.permission || 'READ' in auth.permission", true),
            ("doc.a == 1 || 'READ' in auth.permission", true),
            ("doc.a == 1 && 'WRITE' in auth.permission", false),
            ("!('WRITE' in auth.permission)", true),
            ("now < auth.tokenExpired", true),
        ] {
            let expected = if granted { Verdict::Granted } else { Verdict::Denied { needs_user: true } };
            assert_eq!(verdict(rule, editor()), expected, "{rule}");
        }
    }

    #[test]
    fn nobody_is_nobody() {
        for rule in [
            "doc._id == auth.uid",
            "doc._id != auth.uid",
            "!(doc._id == auth.uid) && auth.uid != null",
            "auth.uid == doc.missing",
            "auth.uid",
            "auth.uid != null",
            "auth.uid == auth.uid",
            "auth.uid in ['a', null]",
            "!(auth.uid in [null])",
            "auth.role.length == 0",
            "'editor' in auth.role",
        ] {
            if rule.contains("length") {
                assert!(Rule::parse(&json!(rule)).unwrap().is_err());
                continue;
            }
            assert_eq!(verdict(rule, None), Verdict::Denied { needs_user: true }, "{rule}");
        }
        assert_eq!(verdict("auth.uid == null", None), Verdict::Granted);
    }
}
