//! Regular expressions as JavaScript writes them, on an engine whose time is linear in the text.

use regex::{Regex, RegexBuilder};

use super::refusal::{Refusal, RefusalCode, Result};

/// A regular expression.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
    folds: bool,
    source: String,
    flags: String,
}

/// Longest pattern of a caller, bytes.
const LONGEST: usize = 512;
/// Largest compiled pattern of a caller, bytes. Compiling takes about 10 µs for each KiB.
const LARGEST: usize = 128 * 1024;
/// The same of a schema, which the project wrote itself and which is compiled once.
const LONGEST_IN_SCHEMA: usize = 4096;
const LARGEST_IN_SCHEMA: usize = 4 << 20;

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source && self.flags == other.flags
    }
}

impl Pattern {
    /// Compiles a caller's pattern with flags `i`, `m`, `s` (`g`, `u` and `y` change nothing here). What only a
    /// backtracking engine can do (look-around, back-references) is refused, and what is large.
    pub fn new(source: &str, flags: &str) -> Result<Self> {
        Self::within(LONGEST, LARGEST, source, flags)
    }

    /// Compiles a pattern of a schema, which may be larger.
    pub fn of_schema(source: &str) -> Result<Self> {
        Self::within(LONGEST_IN_SCHEMA, LARGEST_IN_SCHEMA, source, "")
    }

    fn within(longest: usize, largest: usize, source: &str, flags: &str) -> Result<Self> {
        let refused = || Refusal::new(RefusalCode::Syntax, "clientdb-pattern").with("pattern", source);
        if source.len() > longest || flags.len() > 8 || flags.contains(|c| !"gimsuy".contains(c)) {
            return Err(refused());
        }
        let folds = flags.contains('i');
        let translated = translated(source, folds).ok_or_else(refused)?;
        let compiled = RegexBuilder::new(&translated)
            .multi_line(flags.contains('m'))
            .dot_matches_new_line(flags.contains('s'))
            .size_limit(largest)
            .dfa_size_limit(largest)
            .nest_limit(32)
            .build();
        let regex = compiled.map_err(|_| refused())?;
        Ok(Self { regex, folds, source: source.to_owned(), flags: flags.to_owned() })
    }

    /// Whether the pattern is somewhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        if self.folds { self.regex.is_match(&text.to_lowercase()) } else { self.regex.is_match(text) }
    }

    /// The pattern as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}

/// JavaScript's classes are those of ASCII; brackets inside of brackets stand for themselves. `folds`:
/// letters become small ones, as those of the text do. (The library's own way goes through all of
/// Unicode for each class, which takes seconds for a pattern of many.) `None`: flags inside of the pattern, which
/// JavaScript does not have, and which would lead the library's own way.
fn translated(source: &str, folds: bool) -> Option<String> {
    let mut text = String::with_capacity(source.len() + 16);
    let mut chars = source.chars().peekable();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('d') => text.push_str(if in_class { "0-9" } else { "[0-9]" }),
                // Of characters by their number there is only one case.
                Some('x') => match escape(&mut chars, 2) {
                    Some(c) => push(&mut text, c, folds),
                    None => text.push_str("\\x"),
                },
                Some('D') => text.push_str("[^0-9]"),
                Some('w') => text.push_str(if in_class { "0-9A-Za-z_" } else { "[0-9A-Za-z_]" }),
                Some('W') => text.push_str("[^0-9A-Za-z_]"),
                Some('b') if !in_class => text.push_str("(?-u:\\b)"),
                Some('B') if !in_class => text.push_str("(?-u:\\B)"),
                Some('/') => text.push('/'),
                Some('u') => match escape(&mut chars, 4) {
                    Some(c) => push(&mut text, c, folds),
                    None => text.push_str("\\u"),
                },
                Some(other) => {
                    text.push('\\');
                    text.push(other);
                }
                None => text.push('\\'),
            },
            '[' if in_class => text.push_str("\\["),
            '[' => {
                in_class = true;
                text.push('[');
                if chars.peek() == Some(&'^') {
                    chars.next();
                    text.push('^');
                }
            }
            '(' if !in_class && chars.peek() == Some(&'?') => {
                chars.next();
                if !matches!(chars.peek(), Some(':' | '<' | '=' | '!')) {
                    return None;
                }
                text.push_str("(?");
            }
            ']' => {
                in_class = false;
                text.push(']');
            }
            // Operators of classes here, plain characters in JavaScript.
            '&' | '~' if in_class => {
                text.push('\\');
                text.push(c);
            }
            c if folds => text.extend(c.to_lowercase()),
            c => text.push(c),
        }
    }
    Some(text)
}

/// A character that stands for itself.
fn push(text: &mut String, c: char, folds: bool) {
    for c in c.to_lowercase().filter(|_| folds).chain(Some(c).filter(|_| !folds)) {
        text.push_str(&format!("\\x{{{:x}}}", u32::from(c)));
    }
}

fn escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, digits: usize) -> Option<char> {
    let mut code = 0;
    for _ in 0..digits {
        code = code * 16 + chars.peek()?.to_digit(16)?;
        chars.next();
    }
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_javascript() {
        for (source, flags, text, expected) in [
            ("^a.c$", "", "abc", true),
            ("ABC", "i", "xabcx", true),
            ("[A-C]\\x44É", "i", "bDé", true),
            ("^[^a]$", "i", "A", false),
            ("^\\S+$", "i", "A b", false),
            ("^\\d+$", "", "12", true),
            ("^\\d+$", "", "٣", false),
            ("[\\w[]", "", "[", true),
            ("a\\/b", "", "a/b", true),
            ("^\\u4e2d", "", "中国", true),
            ("^1\\d{10}$", "", "13800000000", true),
            ("^[^@]+$", "", "a@b", false),
            ("^(?:a|(?<name>b))\\(?[(?]$", "", "b(?", true),
        ] {
            assert_eq!(Pattern::new(source, flags).unwrap().is_match(text), expected, "{source}");
        }
    }

    #[test]
    fn what_projects_check_names_and_numbers_with_is_not_too_large() {
        for (source, text) in [
            (r"^[\u4e00-\u9fa5a-zA-Z0-9_\-]{2,20}$", "张三_1"),
            (r"^([a-z0-9_\.\-]+)@([a-z0-9\-]{1,63}\.){1,8}[a-z]{2,24}$", "a.b@c.example.com"),
            (r"^\p{L}[\p{L}\d]*$", "张3"),
            (r"^[\u4e00-\u9fa5]{2,30}(·[\u4e00-\u9fa5]{2,30}){0,3}$", "阿凡提·买买提"),
            (r"^.{2,100}$", "anything"),
        ] {
            let pattern = Pattern::new(source, "u").unwrap_or_else(|error| panic!("{source}: {error:?}"));
            assert!(pattern.is_match(text), "{source}");
        }
        for (source, text) in [(r"^[\s\S]{0,500}$", "anything"), (r"^\p{L}{2,20}$", "张三"), (r"^[\p{L}\p{N}_]{1,64}$", "é9")] {
            let pattern = Pattern::of_schema(source).unwrap_or_else(|error| panic!("{source}: {error:?}"));
            assert!(pattern.is_match(text), "{source}");
        }
    }

    #[test]
    fn what_cannot_be_had_in_linear_time_is_refused() {
        for source in [
            "(?i)[^a]",
            "a(?i:b)",
            "(?x)a b",
            "(?P<a>b)",
            "(?-u:a)",
            "(?=a)b",
            "(a)\\1",
            "((a{1000}){1000}){1000}",
            "(",
            &"a".repeat(1000),
            &"(".repeat(200),
        ] {
            assert!(Pattern::new(source, "").is_err(), "{source:.20}");
        }
        assert!(Pattern::new("(a+)+$", "").unwrap().is_match(&"a".repeat(10_000)));
        assert!(Pattern::new("a", "ee").is_err());
    }
}
