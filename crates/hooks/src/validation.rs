//! Checking parameters with the project's rules.

use std::{future::Future, pin::Pin};

use serde_json::Value;

use crate::{error::HookError, hooks::Hooks, type_expression::TypeExpression};

/// A verdict: the script's own error where it complains.
type Verdict = Result<(), HookError>;

/// The rules of the server: `None` for a name that they do not know.
type BuiltIn<'a> = &'a (dyn Fn(&str, &Value) -> Option<Verdict> + Sync);

impl Hooks {
    /// Checks a value against a type. Names for which `validator.js` has no rule are the server's own
    /// (`built_in`) or basic types: `string`, `number`, `boolean`, `object`, `array`.
    ///
    /// # Errors
    /// What the rule complains of, or why it gave no verdict.
    pub async fn validate(&self, expression: &TypeExpression, value: &Value, built_in: BuiltIn<'_>) -> Verdict {
        let verdicts = self.check(expression, vec![value], built_in).await?;
        verdicts.into_iter().next().unwrap_or_else(|| Err(HookError::failed("no verdict")))
    }

    /// The verdicts on all values, so that a list costs one trip into the engine.
    fn check<'a>(
        &'a self,
        expression: &'a TypeExpression,
        values: Vec<&'a Value>,
        built_in: BuiltIn<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<Verdict>, HookError>> + Send + 'a>> {
        Box::pin(async move {
            match expression {
                TypeExpression::Named(name) if self.has_rule(name) => self.check_by_rule(name, &values).await,
                TypeExpression::Named(name) => values.iter().map(|value| check_by_name(name, value, built_in)).collect(),
                TypeExpression::Array(element) => self.check_elements(element, &values, built_in).await,
                TypeExpression::Union(types) => self.check_union(types, values, built_in).await,
            }
        })
    }

    async fn check_by_rule(&self, name: &str, values: &[&Value]) -> Result<Vec<Verdict>, HookError> {
        let verdicts = self.check_rule(name, values.iter().map(|value| (*value).clone()).collect()).await?;
        Ok(verdicts
            .into_iter()
            .map(|verdict| match verdict.get("errCode") {
                None => Ok(()),
                Some(err_code) => {
                    let err_msg = verdict.get("errMsg").and_then(Value::as_str).unwrap_or_default().to_owned();
                    Err(HookError::Thrown { err_code: err_code.clone(), err_msg })
                }
            })
            .collect())
    }

    async fn check_elements<'a>(
        &'a self,
        element: &'a TypeExpression,
        values: &[&'a Value],
        built_in: BuiltIn<'a>,
    ) -> Result<Vec<Verdict>, HookError> {
        let elements = values.iter().filter_map(|value| value.as_array()).flatten().collect();
        let mut verdicts = self.check(element, elements, built_in).await?.into_iter();
        Ok(values
            .iter()
            .map(|value| match value.as_array() {
                Some(elements) => verdicts.by_ref().take(elements.len()).fold(Ok(()), Result::and),
                None => Err(invalid()),
            })
            .collect())
    }

    /// A value that fits none of the types gets the first one's complaint.
    async fn check_union<'a>(
        &'a self,
        types: &'a [TypeExpression],
        values: Vec<&'a Value>,
        built_in: BuiltIn<'a>,
    ) -> Result<Vec<Verdict>, HookError> {
        let mut verdicts: Vec<Verdict> = values.iter().map(|_| Err(invalid())).collect();
        for (number, alternative) in types.iter().enumerate() {
            let open: Vec<usize> = verdicts.iter().enumerate().filter(|(_, verdict)| verdict.is_err()).map(|(index, _)| index).collect();
            let candidates = open.iter().filter_map(|index| values.get(*index).copied()).collect();
            let answers = self.check(alternative, candidates, built_in).await?;
            for (index, answer) in open.into_iter().zip(answers) {
                if let Some(verdict) = verdicts.get_mut(index).filter(|_| number == 0 || answer.is_ok()) {
                    *verdict = answer;
                }
            }
        }
        Ok(verdicts)
    }
}

fn check_by_name(name: &str, value: &Value, built_in: BuiltIn<'_>) -> Result<Verdict, HookError> {
    if let Some(verdict) = built_in(name, value) {
        return Ok(verdict);
    }
    match basic(name) {
        Some(fits) => Ok(if fits(value) { Ok(()) } else { Err(invalid()) }),
        None => Err(HookError::failed(format!("there is no rule for the type '{name}'"))),
    }
}

/// Whether this is a basic type.
pub(crate) fn is_basic(name: &str) -> bool {
    basic(name).is_some()
}

fn basic(name: &str) -> Option<fn(&Value) -> bool> {
    match name {
        "string" => Some(Value::is_string),
        "number" => Some(Value::is_number),
        "boolean" => Some(Value::is_boolean),
        "object" => Some(Value::is_object),
        "array" => Some(Value::is_array),
        _ => None,
    }
}

fn invalid() -> HookError {
    HookError::Thrown { err_code: lingpai_domain::error::Code::InvalidParam.wire().into(), err_msg: String::new() }
}
