//! JSON with comments, as the documentation of uni-id prints configurations.

use jsonc_parser::{
    CollectOptions, CommentCollectionStrategy, ParseOptions,
    ast::{self, ObjectPropName},
    common::Ranged,
    parse_to_ast,
};
use serde_json::{Map, Number, Value};

use crate::config::report::{Place, Problem, Words};

/// A file's value, and where in the file each part of it stands.
#[derive(Debug)]
pub struct Document {
    /// The value; of repeated keys the last one counts, as in JavaScript.
    pub value: Value,
    file: String,
    text: String,
    positions: Position,
}

/// Where a value begins, and its parts: fields by name, items by their number.
#[derive(Debug, Default)]
struct Position {
    offset: usize,
    parts: Vec<(String, Position)>,
}

impl Position {
    fn part(&self, name: &str) -> Option<&Position> {
        // The items of a list stand where their number says.
        let item = name.parse::<usize>().ok().and_then(|index| self.parts.get(index)).filter(|(index, _)| index == name);
        // From the end: of repeated keys the last one counts.
        item.or_else(|| self.parts.iter().rev().find(|(key, _)| key == name)).map(|(_, part)| part)
    }
}

/// JSON, comments and commas at the end; nothing else that the parser would let pass.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

impl Document {
    /// Reads a text. `file` is what problems call it. The parser bounds the depth of nesting.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problem> {
        let collect = CollectOptions { comments: CommentCollectionStrategy::Off, tokens: false };
        let malformed = |line, column, zh: String, en: String| {
            let place = Place { line, column, ..Place::file(file) };
            let remedy = Words::new(
                "改正这一处；文件为 JSON，可带注释与结尾逗号",
                "correct this place; the file is JSON, with comments and trailing commas allowed",
            );
            Problem::new(place, Words::new(zh, en), remedy)
        };
        let parsed = parse_to_ast(text, &collect, &OPTIONS).map_err(|error| {
            let kind = error.kind();
            malformed(
                Some(error.line_display()),
                Some(error.column_display()),
                format!("不是合法的 JSON：{kind}"),
                format!("not valid JSON: {kind}"),
            )
        })?;
        let Some(root) = parsed.value else {
            return Err(malformed(None, None, "文件是空的".into(), "the file is empty".into()));
        };
        let (value, positions) = convert(root).map_err(|offset| {
            let (line, column) = line_and_column(text, offset);
            malformed(Some(line), Some(column), "数太大".into(), "the number is too large".into())
        })?;
        Ok(Self { value, file: file.to_owned(), text: text.to_owned(), positions })
    }

    /// The place of a part, whether it is there or not. Parts of lists are named by their number.
    pub fn place(&self, path: &[&str]) -> Place {
        let mut shown = String::new();
        for segment in path {
            let is_index = segment.bytes().all(|byte| byte.is_ascii_digit());
            match (is_index, shown.is_empty()) {
                (true, _) => shown.push_str(&format!("[{segment}]")),
                (false, true) => shown.push_str(segment),
                (false, false) => shown.push_str(&format!(".{segment}")),
            }
        }
        let place = Place::file(self.file.clone()).at(shown);
        match self.offset(path) {
            Some(offset) if !path.is_empty() => {
                let (line, column) = line_and_column(&self.text, offset);
                Place { line: Some(line), column: Some(column), ..place }
            }
            _ => place,
        }
    }

    /// Whether a part stands in the file.
    pub fn has(&self, path: &[&str]) -> bool {
        self.offset(path).is_some()
    }

    fn offset(&self, path: &[&str]) -> Option<usize> {
        let mut position = &self.positions;
        for segment in path {
            position = position.part(segment)?;
        }
        Some(position.offset)
    }
}

/// Errors: the offset of a number that is out of range.
fn convert(node: ast::Value<'_>) -> Result<(Value, Position), usize> {
    let mut position = Position { offset: node.start(), parts: Vec::new() };
    let value = match node {
        ast::Value::StringLit(text) => Value::String(text.value.into_owned()),
        ast::Value::NumberLit(number) => Value::Number(number.value.parse::<Number>().map_err(|_| position.offset)?),
        ast::Value::BooleanLit(boolean) => Value::Bool(boolean.value),
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::Array(array) => {
            let mut items = Vec::with_capacity(array.elements.len());
            for (index, element) in array.elements.into_iter().enumerate() {
                let (item, part) = convert(element)?;
                items.push(item);
                position.parts.push((index.to_string(), part));
            }
            Value::Array(items)
        }
        ast::Value::Object(object) => {
            let mut fields = Map::new();
            for property in object.properties {
                let key_offset = property.start();
                let name = match property.name {
                    ObjectPropName::String(name) => name.value.into_owned(),
                    ObjectPropName::Word(name) => name.value.to_owned(),
                };
                let (field, mut part) = convert(property.value)?;
                part.offset = key_offset;
                fields.insert(name.clone(), field);
                position.parts.push((name, part));
            }
            Value::Object(fields)
        }
    };
    Ok((value, position))
}

/// Both count from 1; columns in characters.
fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before.get(line_start..).unwrap_or("").chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn comments_and_commas_at_the_end_are_allowed() {
        let document =
            Document::parse("f", "// 注释\n{\n  \"a\": [1, 2,], /* x */\n  \"令牌\": {\"b\": \"\\ud83d\\ude00\"},\n}\n").unwrap();
        assert_eq!(document.value, json!({"a": [1, 2], "令牌": {"b": "😀"}}));
    }

    #[test]
    fn parts_are_located_by_line_and_column() {
        let document = Document::parse("f", "{\"a\": 1,\n  \"令\": {\"b\": 1, \"b\": 2}, \"c\": [{}, {\"d\": 1}]}").unwrap();
        let at = |path: &[&str]| {
            let place = document.place(path);
            (place.line, place.column, place.path)
        };
        assert_eq!(at(&["a"]), (Some(1), Some(2), "a".into()));
        assert_eq!(at(&["令", "b"]), (Some(2), Some(17), "令.b".into()));
        assert_eq!(at(&["c", "1", "d"]), (Some(2), Some(37), "c[1].d".into()));
        assert_eq!(at(&["c", "2"]), (None, None, "c[2]".into()));
    }

    #[test]
    fn what_is_no_json_is_refused_with_line_and_column() {
        for (text, line, column) in [
            ("{\n  \"a\" 1\n}", Some(2), Some(7)),
            ("{\n  a: 1\n}", Some(2), Some(3)),
            ("{'a': 1}", Some(1), Some(2)),
            ("{\"a\": 1e999}", Some(1), Some(7)),
            ("", None, None),
        ] {
            let problem = Document::parse("f", text).unwrap_err();
            assert_eq!((problem.place.line, problem.place.column), (line, column), "{text}: {problem}");
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(Document::parse("f", &"[".repeat(500_000)).is_err());
        assert!(Document::parse("f", &"{\"a\":".repeat(150_000)).is_err());
    }
}
