//! The tokens of the where language.

use serde_json::Value;

use super::{
    LONGEST_TEXT, MOST_PARTS,
    refusal::{Refusal, Result},
    value::number,
};

/// A token, and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its first byte in the text.
    pub at: usize,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A name: `a`, `_id`, `$env`, `字段`. Dots are tokens of their own.
    Name(String),
    /// A text in quotes.
    Text(String),
    /// A text in backquotes: pieces of text, and between them the texts of expressions.
    Template(Vec<String>, Vec<String>),
    /// A number.
    Number(Value),
    /// A regular expression: source and flags.
    Pattern(String, String),
    /// An operator or a bracket.
    Sign(&'static str),
}

/// Longest first.
const SIGNS: [&str; 27] = [
    "===", "!==", "==", "!=", ">=", "<=", "&&", "||", ">", "<", "!", "(", ")", "[", "]", "{", "}", ",", ".", ":", "+", "-", "*", "/", "%",
    "?", "=",
];

/// Takes a text apart.
pub fn tokens(text: &str) -> Result<Vec<Token>> {
    if text.len() > LONGEST_TEXT {
        return Err(Refusal::too_large(format!("{LONGEST_TEXT} bytes")));
    }
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        if tokens.len() > MOST_PARTS * 4 {
            return Err(Refusal::too_large(format!("{MOST_PARTS} parts")));
        }
        let rest = &text[at..];
        let (kind, length) = match c {
            '"' | '\'' => quoted(rest, c)?,
            '`' => template(rest)?,
            '0'..='9' => numeral(rest)?,
            '/' if begins_value(tokens.last()) => pattern(rest)?,
            c if c == '_' || c == '$' || c.is_alphabetic() => {
                let end = rest.find(|c: char| c != '_' && c != '$' && c != '-' && !c.is_alphanumeric()).unwrap_or(rest.len());
                // A hyphen is part of names of collections (`uni-id-users`), and a minus before a digit or a blank.
                let name = rest[..end].trim_end_matches('-');
                (Kind::Name(name.to_owned()), name.len())
            }
            _ => {
                let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign)).ok_or_else(|| Refusal::unexpected(rest))?;
                (Kind::Sign(sign), sign.len())
            }
        };
        tokens.push(Token { kind, at });
        at += length;
    }
    Ok(tokens)
}

/// Whether a value may begin after this token, so that a slash begins a pattern.
fn begins_value(before: Option<&Token>) -> bool {
    match before.map(|token| &token.kind) {
        None => true,
        Some(Kind::Sign(sign)) => !matches!(*sign, ")" | "]"),
        Some(Kind::Name(name)) => name == "in",
        Some(_) => false,
    }
}

fn quoted(rest: &str, quote: char) -> Result<(Kind, usize)> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Ok((Kind::Text(text), at + 1)),
            '\\' => text.push(escaped(chars.next().map(|(_, c)| c)).ok_or_else(|| Refusal::unexpected(rest))?),
            c => text.push(c),
        }
    }
    Err(Refusal::unexpected(rest))
}

fn escaped(c: Option<char>) -> Option<char> {
    Some(match c? {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'x' | 'u' => return None,
        other => other,
    })
}

fn template(rest: &str) -> Result<(Kind, usize)> {
    let (mut texts, mut expressions) = (vec![String::new()], Vec::new());
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '`' => return Ok((Kind::Template(texts, expressions), at + 1)),
            '\\' => {
                let c = escaped(chars.next().map(|(_, c)| c)).ok_or_else(|| Refusal::unexpected(rest))?;
                texts.iter_mut().next_back().into_iter().for_each(|text| text.push(c));
            }
            '$' if chars.peek().is_some_and(|(_, c)| *c == '{') => {
                chars.next();
                let mut expression = String::new();
                loop {
                    match chars.next().map(|(_, c)| c) {
                        Some('}') => break,
                        Some('`') | None => return Err(Refusal::unexpected(rest)),
                        Some(c) => expression.push(c),
                    }
                }
                expressions.push(expression);
                texts.push(String::new());
            }
            c => texts.iter_mut().next_back().into_iter().for_each(|text| text.push(c)),
        }
    }
    Err(Refusal::unexpected(rest))
}

fn numeral(rest: &str) -> Result<(Kind, usize)> {
    let mut end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let is_digit = |at: usize| rest.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    if rest[end..].starts_with('.') && is_digit(end + 1) {
        end += 1 + rest[end + 1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - end - 1);
    }
    let text = &rest[..end];
    let value = match text.parse::<i64>() {
        Ok(whole) => Value::from(whole),
        Err(_) => number(text.parse::<f64>().ok().filter(|value| value.is_finite()).ok_or_else(|| Refusal::unexpected(rest))?),
    };
    Ok((Kind::Number(value), end))
}

fn pattern(rest: &str) -> Result<(Kind, usize)> {
    let (mut escaped, mut in_class) = (false, false);
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '/' if !in_class => {
                let flags: String = rest[at + 1..].chars().take_while(char::is_ascii_alphabetic).collect();
                let length = at + 1 + flags.len();
                return Ok((Kind::Pattern(rest[1..at].to_owned(), flags), length));
            }
            _ => {}
        }
    }
    Err(Refusal::unexpected(rest))
}
