//! An example of every method: a call and its answer, beside the method in its group's `examples.json`. The reference pages and
//! the OpenAPI document show them, and a test makes every call and compares the answer.
//!
//! What stands in angle brackets is different each time: `"<token>"`.

use std::{collections::HashMap, sync::LazyLock};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Access, Method, UNI_OPEN_BRIDGE};

/// The examples of each group, by the names of methods.
const FILES: &[&str] = &[
    include_str!("account/examples.json"),
    include_str!("admin/examples.json"),
    include_str!("captcha/examples.json"),
    include_str!("dev/examples.json"),
    include_str!("external/examples.json"),
    include_str!("facial_recognition_verify/examples.json"),
    include_str!("fission/examples.json"),
    include_str!("login/examples.json"),
    include_str!("logout/examples.json"),
    include_str!("multi_end/examples.json"),
    include_str!("open_bridge/examples.json"),
    include_str!("passkey/examples.json"),
    include_str!("register/examples.json"),
    include_str!("relate/examples.json"),
    include_str!("second_step/examples.json"),
    include_str!("secure_network/examples.json"),
    include_str!("session/examples.json"),
    include_str!("utils/examples.json"),
    include_str!("verify/examples.json"),
];

static EXAMPLES: LazyLock<HashMap<String, Example>> = LazyLock::new(|| FILES.iter().flat_map(|file| parse(file)).collect());

/// A call of a method and its answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Example {
    /// What is different in `clientInfo`.
    #[serde(default)]
    client_info: Map<String, Value>,
    /// The parameters.
    pub params: Map<String, Value>,
    /// The answer.
    pub answer: Map<String, Value>,
}

fn parse(file: &str) -> HashMap<String, Example> {
    // A test reads them all.
    serde_json::from_str(file).unwrap_or_default()
}

/// The example of a method. Every method of the registry has one.
pub fn of(method: &Method) -> Option<&'static Example> {
    EXAMPLES.get(method.name)
}

impl Example {
    /// `clientInfo` of the call.
    pub fn client_info(&self) -> Map<String, Value> {
        let mut info = Map::from_iter([
            ("uniPlatform".to_owned(), "web".into()),
            ("appId".to_owned(), "__UNI__TEST".into()),
            ("deviceId".to_owned(), "test-device".into()),
        ]);
        info.extend(self.client_info.clone());
        info
    }

    /// The body of the call in the URL form.
    pub fn body(&self, method: &Method) -> Value {
        if method.function == UNI_OPEN_BRIDGE {
            return self.params.clone().into();
        }
        let mut body = json!({"clientInfo": self.client_info()});
        if method.access.needs_token() {
            body["uniIdToken"] = "<token>".into();
        }
        body["params"] = self.params.clone().into();
        body
    }

    /// Headers of the call besides `Content-Type`.
    pub fn headers(method: &Method) -> &'static [(&'static str, &'static str)] {
        match method.access {
            Access::Signed(_) => {
                &[("uni-id-nonce", "<nonce>"), ("uni-id-timestamp", "<milliseconds>"), ("uni-id-signature", "<signature>")]
            }
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::methods::registry::METHODS;

    #[test]
    fn every_method_has_one_and_nothing_else_has() {
        for file in FILES {
            assert!(!serde_json::from_str::<HashMap<String, Example>>(file).unwrap().is_empty());
        }
        for method in METHODS {
            let example = of(method).unwrap_or_else(|| panic!("{} has no example", method.name));
            let known = |name: &String| method.fields.iter().any(|field| field.name == name);
            assert!(example.params.keys().all(known), "{}: a parameter that there is not", method.name);
            let is_told = |name: &str| example.answer.contains_key(name);
            for output in method.outputs {
                let (first, _) = output.name.split_once(['.', '[']).unwrap_or((output.name, ""));
                assert!(is_told(first), "{}: the answer lacks {first}", method.name);
            }
            for field in method.fields.iter().filter(|field| field.required) {
                assert!(example.params.contains_key(field.name), "{}: the call lacks {}", method.name, field.name);
            }
        }
        assert_eq!(EXAMPLES.len(), METHODS.len());
    }
}
