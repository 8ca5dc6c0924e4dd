//! Types of parameters as the original's validator writes them: `timestamp|array<timestamp>`.

use std::fmt;

/// A type that a parameter's value must have (seed 002, "Override or add validation rules").
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeExpression {
    /// A rule or a basic type by its name.
    Named(String),
    /// `array<T>`: a list whose elements all have the type.
    Array(Box<TypeExpression>),
    /// `A|B`: one of the types.
    Union(Vec<TypeExpression>),
}

impl TypeExpression {
    /// How deep `array<...>` may nest.
    const MAX_DEPTH: usize = 8;

    /// Reads a type expression; `None` where it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let parsed = union(&mut rest, Self::MAX_DEPTH)?;
        rest.trim().is_empty().then_some(parsed)
    }

    /// All names in it, from left to right.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Named(name) => vec![name],
            Self::Array(element) => element.names(),
            Self::Union(types) => types.iter().flat_map(Self::names).collect(),
        }
    }
}

impl fmt::Display for TypeExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::Array(element) => write!(f, "array<{element}>"),
            Self::Union(types) => {
                for (number, alternative) in types.iter().enumerate() {
                    let bar = if number == 0 { "" } else { "|" };
                    write!(f, "{bar}{alternative}")?;
                }
                Ok(())
            }
        }
    }
}

fn union(rest: &mut &str, depth: usize) -> Option<TypeExpression> {
    let mut types = vec![single(rest, depth)?];
    while let Some(after) = rest.trim_start().strip_prefix('|') {
        *rest = after;
        types.push(single(rest, depth)?);
    }
    if types.len() == 1 { types.pop() } else { Some(TypeExpression::Union(types)) }
}

fn single(rest: &mut &str, depth: usize) -> Option<TypeExpression> {
    let text = rest.trim_start();
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(text.len());
    let (name, after) = text.split_at_checked(end).filter(|(name, _)| !name.is_empty())?;
    *rest = after;
    let Some(inner) = after.trim_start().strip_prefix('<').filter(|_| name == "array") else {
        return Some(TypeExpression::Named(name.to_owned()));
    };
    *rest = inner;
    let element = union(rest, depth.checked_sub(1)?)?;
    *rest = rest.trim_start().strip_prefix('>')?;
    Some(TypeExpression::Array(Box::new(element)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> TypeExpression {
        TypeExpression::Named(name.to_owned())
    }

    #[test]
    fn names_arrays_and_unions_are_read() {
        assert_eq!(TypeExpression::parse("timestamp"), Some(named("timestamp")));
        let array = TypeExpression::Array(Box::new(named("timestamp")));
        assert_eq!(TypeExpression::parse(" array < timestamp > "), Some(array.clone()));
        let either = TypeExpression::Union(vec![named("timestamp"), array.clone()]);
        assert_eq!(TypeExpression::parse("timestamp|array<timestamp>"), Some(either.clone()));
        assert_eq!(TypeExpression::parse("array<timestamp|array<timestamp>>"), Some(TypeExpression::Array(Box::new(either))));
        assert_eq!(TypeExpression::parse("array"), Some(named("array")));
        let written = "timestamp|array<array<a>|b>";
        assert_eq!(TypeExpression::parse(written).map(|read| read.to_string()), Some(written.to_owned()));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "|", "a|", "array<", "array<a", "array<a>>", "a b", "list<a>", "数", "array<数>"] {
            assert_eq!(TypeExpression::parse(text), None, "{text}");
        }
        assert_eq!(TypeExpression::parse(&"array<".repeat(100_000)), None);
    }
}
