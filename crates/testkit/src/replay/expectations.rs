//! Expectations between calls: what was sent, and what was asked of third parties.

use serde_json::{Map, Value};

use super::{
    bindings::Bindings,
    matching::{Difference, Matcher},
};

/// Compares a list of recorded items with what came.
pub fn compare_items(path: &str, recorded: &[Value], came: &[Value], bindings: &mut Bindings) -> Vec<Difference> {
    let mut matcher = Matcher::new(bindings, None);
    matcher.compare(path, &Value::from(recorded.to_vec()), &Value::from(came.to_vec()));
    matcher.differences
}

/// Requests with all scalars of their data as texts: a query has nothing else.
pub fn plain_requests(requests: &[Value]) -> Vec<Value> {
    let plain = |request: &Value| {
        let mut request = request.clone();
        if let Some(data) = request.get_mut("data").and_then(Value::as_object_mut) {
            *data = data.iter().map(|(name, value)| (name.clone(), plain_scalar(value))).collect::<Map<_, _>>();
        }
        request
    };
    requests.iter().map(plain).collect()
}

fn plain_scalar(value: &Value) -> Value {
    match value {
        Value::Number(_) | Value::Bool(_) => value.to_string().into(),
        other => other.clone(),
    }
}
