//! Parameters that keep to the rules.

use lingpai_domain::validate::Rule;
use lingpai_server::methods::Method;

use super::{Map, Value, json};

/// A value that keeps to the rule.
pub fn value(rule: Rule) -> Value {
    match rule {
        Rule::Username => json!("valid-name"),
        Rule::Mobile => json!("13900000009"),
        Rule::Email => json!("valid@example.com"),
        Rule::Password => json!("valid password"),
        Rule::Nickname | Rule::Text => json!("valid"),
        Rule::TextList => json!(["valid"]),
        Rule::Number | Rule::Count => json!(1),
        Rule::Boolean => json!(true),
        Rule::RealName => json!("张三"),
        Rule::IdCard => json!("11010519491231002X"),
        Rule::Object => json!({"valid": true}),
    }
}

/// All parameters of a method, with values that keep to their rules.
pub fn params(method: &Method) -> Map<String, Value> {
    method.fields.iter().map(|field| (field.name.to_owned(), value(field.rule))).collect()
}
