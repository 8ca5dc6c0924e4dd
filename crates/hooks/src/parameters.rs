//! The parameters that `validator.js` describes (`validator.params`).

use std::collections::BTreeMap;

use lingpai_domain::validate::is_kind;
use serde_json::{Map, Value};

use crate::{type_expression::TypeExpression, validation::is_basic};

/// A parameter of a method that the project describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedParameter {
    /// Its name.
    pub name: String,
    /// Whether it must be there.
    pub required: bool,
    /// What it must be.
    pub kind: TypeExpression,
}

/// The described parameters by method; `*` stands for every method.
pub type DescribedParameters = BTreeMap<String, Vec<DescribedParameter>>;

/// Reads what a script described, as JSON: `{method: {name: "type" | {required, type}}}`.
///
/// # Errors
/// A sentence that names what is not understood.
pub(crate) fn parse(text: &str, has_rule: &dyn Fn(&str) -> bool) -> Result<DescribedParameters, String> {
    let methods: BTreeMap<String, Map<String, Value>> = serde_json::from_str(text).map_err(|error| format!("params: {error}"))?;
    let parameter = |method: &str, name: String, described: &Value| {
        let place = format!("params of {method}: {name}");
        let (kind, required) = match described {
            Value::String(kind) => (kind.as_str(), false),
            Value::Object(fields) => {
                if let Some(unknown) = fields.keys().find(|field| !["type", "required"].contains(&field.as_str())) {
                    return Err(format!("{place}: there is no '{unknown}', only type and required"));
                }
                let kind = fields.get("type").and_then(Value::as_str).ok_or_else(|| format!("{place}: the type is missing"))?;
                let required = fields.get("required").map_or(Some(false), Value::as_bool);
                (kind, required.ok_or_else(|| format!("{place}: required is true or false"))?)
            }
            _ => return Err(format!("{place} must be a type, or {{type, required}}")),
        };
        let kind = TypeExpression::parse(kind).ok_or_else(|| format!("{place}: '{kind}' is no type"))?;
        if let Some(unknown) = kind.names().into_iter().find(|name| !has_rule(name) && !is_kind(name) && !is_basic(name)) {
            return Err(format!("{place}: there is no rule for the type '{unknown}'"));
        }
        Ok(DescribedParameter { name, required, kind })
    };
    methods
        .into_iter()
        .map(|(method, described)| {
            let described = described.into_iter().map(|(name, described)| parameter(&method, name, &described));
            Ok((method.clone(), described.collect::<Result<Vec<_>, _>>()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<DescribedParameters, String> {
        parse(text, &|name| name == "timestamp")
    }

    #[test]
    fn types_may_be_the_project_s_the_server_s_and_basic_ones() {
        let read =
            read(r#"{"registerUser": {"a": "timestamp|array<mobile>", "b": {"type": "number", "required": true}}, "*": {}}"#).unwrap();
        let described: Vec<_> = read["registerUser"].iter().map(|described| (described.name.as_str(), described.required)).collect();
        assert_eq!(described, [("a", false), ("b", true)]);
        assert_eq!(read["registerUser"][0].kind, TypeExpression::parse("timestamp|array<mobile>").unwrap());
        assert_eq!(read["*"], []);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (text, named) in [
            (r#"{"m": {"a": "unheardOf"}}"#, "unheardOf"),
            (r#"{"m": {"a": "array<"}}"#, "'array<'"),
            (r#"{"m": {"a": 5}}"#, "params of m: a"),
            (r#"{"m": {"a": {"required": true}}}"#, "type is missing"),
            (r#"{"m": {"a": {"type": "number", "required": 1}}}"#, "true or false"),
            (r#"{"m": {"a": {"type": "number", "require": true}}}"#, "'require'"),
            (r#"{"m": 5}"#, "params"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
    }
}
