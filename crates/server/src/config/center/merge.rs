//! Laying one part of a configuration over another.

use serde_json::Value;

/// Lays `over` over `base`: objects are merged field by field, at any depth, everything else
/// (lists too) is replaced.
pub fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (name, value) in over {
                match base.get_mut(&name) {
                    Some(existing) => merge(existing, value),
                    None => {
                        base.insert(name, value);
                    }
                }
            }
        }
        (base, over) => *base = over,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_are_merged_and_everything_else_is_replaced() {
        let mut base = json!({"a": {"x": 1, "y": {"p": 1}}, "b": [1, 2], "c": 1, "d": {"z": 1}});
        merge(&mut base, json!({"a": {"y": {"q": 2}, "x": 3}, "b": [9], "c": {"n": 1}, "d": 5}));
        assert_eq!(base, json!({"a": {"x": 3, "y": {"p": 1, "q": 2}}, "b": [9], "c": {"n": 1}, "d": 5}));
    }
}
