//! The OpenAPI document of the URL form, generated from the registry.

use std::sync::LazyLock;

use axum::Json;
use serde_json::{Map, Value, json};

use lingpai_domain::validate::Rule;

use crate::methods::{
    Method, UNI_OPEN_BRIDGE,
    examples::{self, Example},
    registry::METHODS,
};

static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

/// `/openapi.json`
pub async fn serve() -> Json<&'static Value> {
    Json(&DOCUMENT)
}

/// The document (OpenAPI 3.1).
pub fn document() -> Value {
    let paths: Map<String, Value> =
        METHODS.iter().map(|method| (format!("/{}/{}", method.function, method.name), json!({"post": operation(method)}))).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Lingpai 令牌",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "URL 形式的接口:请求体为 {clientInfo, uniIdToken, params},已处理的请求总是以 HTTP 200 回答,结果看 errCode。\n\n\
                The URL form: the body is {clientInfo, uniIdToken, params}; handled requests are answered with HTTP 200, and errCode tells the result.",
        },
        "paths": paths,
        "components": {"schemas": {"ClientInfo": client_info(), "Error": error()}},
    })
}

fn operation(method: &Method) -> Value {
    let properties: Map<String, Value> = method.fields.iter().map(|field| (field.name.to_owned(), schema(field.rule))).collect();
    let required: Vec<&str> = method.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let mut params = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        params["required"] = json!(required);
    }
    let mut envelope = json!({"clientInfo": {"$ref": "#/components/schemas/ClientInfo"}, "params": params});
    let mut demanded = vec!["clientInfo"];
    if method.access.needs_token() {
        envelope["uniIdToken"] = json!({"type": "string", "description": "用户 token · the user's token"});
        demanded.push("uniIdToken");
    }
    // Those of uni-open-bridge take their parameters as they are.
    let mut request = match method.function {
        UNI_OPEN_BRIDGE => json!({"schema": envelope["params"]}),
        _ => json!({"schema": {"type": "object", "required": demanded, "properties": envelope}}),
    };
    let mut answer = json!({"schema": {"oneOf": [success(method), {"$ref": "#/components/schemas/Error"}]}});
    if let Some(example) = examples::of(method) {
        request["example"] = example.body(method);
        answer["example"] = example.answer.clone().into();
    }
    let header = |name: &str| json!({"name": name, "in": "header", "required": true, "schema": {"type": "string"}});
    let headers: Vec<Value> = Example::headers(method).iter().map(|(name, _)| header(name)).collect();
    let codes: Vec<&str> = method.errors.iter().map(|code| code.wire()).collect();
    json!({
        "operationId": format!("{}.{}", method.function, method.name),
        "tags": [method.group],
        "summary": method.summary.zh,
        "description": method.summary.en,
        "x-access": method.access.name(),
        "x-error-codes": codes,
        "parameters": headers,
        "requestBody": {
            "required": true,
            "content": {"application/json": request},
        },
        "responses": {"200": {
            "description": "errCode 为 0 表示成功 · errCode 0 is success",
            "content": {"application/json": answer},
        }},
    })
}

fn success(method: &Method) -> Value {
    let mut properties = json!({"errCode": {"const": 0}});
    for output in method.outputs {
        let leaf = json!({"type": output.kind, "description": format!("{} · {}", output.about.zh, output.about.en)});
        match output.name.split_once('.') {
            Some((parent, field)) => {
                let parent = match parent.strip_suffix("[]") {
                    Some(list) => &mut properties[list]["items"],
                    None => &mut properties[parent],
                };
                parent["type"] = json!("object");
                parent["properties"][field] = leaf;
            }
            None => properties[output.name] = leaf,
        }
    }
    json!({"type": "object", "required": ["errCode"], "properties": properties})
}

fn schema(rule: Rule) -> Value {
    match rule {
        Rule::Username => json!({"type": "string", "pattern": "^(?!\\d+$)[A-Za-z0-9_-]+$", "maxLength": 128}),
        Rule::Password => json!({"type": "string", "minLength": 6, "maxLength": 1024, "format": "password"}),
        Rule::Mobile => json!({"type": "string", "pattern": "^1\\d{10}$"}),
        Rule::Email => json!({"type": "string", "pattern": "@", "maxLength": 254}),
        Rule::Nickname => json!({"type": "string", "maxLength": 100, "pattern": "^(?!\\d+$)[^@]*$"}),
        Rule::Text => json!({"type": "string"}),
        Rule::TextList => json!({"type": "array", "items": {"type": "string"}, "maxItems": 1000}),
        Rule::Number => json!({"type": "number"}),
        Rule::Count => json!({"type": "integer", "minimum": 0}),
        Rule::Boolean => json!({"type": "boolean"}),
        Rule::RealName => json!({"type": "string", "pattern": "^\\p{Script=Han}+(·\\p{Script=Han}+)*$", "minLength": 2}),
        Rule::IdCard => json!({"type": "string", "pattern": "^\\d{17}[0-9Xx]$"}),
        Rule::Object => json!({"type": "object"}),
    }
}

fn client_info() -> Value {
    json!({
        "type": "object",
        "description": "uni.getSystemInfo 返回的客户端信息 · what uni.getSystemInfo returns",
        "required": ["uniPlatform", "appId"],
        "properties": {
            "uniPlatform": {"type": "string", "examples": ["web", "app", "mp-weixin"]},
            "appId": {"type": "string", "examples": ["__UNI__123456"]},
            "deviceId": {"type": "string"},
            "locale": {"type": "string", "examples": ["zh-Hans", "zh-Hant", "en"]},
            "osName": {"type": "string"},
            "appName": {"type": "string"},
            "appVersion": {"type": "string"},
            "appVersionCode": {"type": ["string", "number"]},
            "channel": {"type": ["string", "number"]},
        },
    })
}

fn error() -> Value {
    json!({
        "type": "object",
        "required": ["errCode", "errMsg"],
        "properties": {"errCode": {"type": "string"}, "errMsg": {"type": "string"}, "code": {"type": "number"}},
    })
}
