//! Regular expressions as JavaScript writes them, on an engine whose time is linear in the text.

use regex::{Regex, RegexBuilder};

use super::refusal::{Refusal, RefusalCode, Result};

/// A regular expression.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
    source: String,
    flags: String,
}

/// Longest pattern, bytes.
const LONGEST: usize = 512;
/// Largest compiled pattern, bytes.
const LARGEST: usize = 256 * 1024;

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source && self.flags == other.flags
    }
}

impl Pattern {
    /// Compiles a pattern with flags `i`, `m`, `s` (`g`, `u` and `y` change nothing here). What only a
    /// backtracking engine can do (look-around, back-references) is refused.
    pub fn new(source: &str, flags: &str) -> Result<Self> {
        let refused = || Refusal::new(RefusalCode::Syntax, "clientdb-pattern").with("pattern", source);
        if source.len() > LONGEST || flags.len() > 8 || flags.contains(|c| !"gimsuy".contains(c)) {
            return Err(refused());
        }
        let compiled = RegexBuilder::new(&translated(source))
            .case_insensitive(flags.contains('i'))
            .multi_line(flags.contains('m'))
            .dot_matches_new_line(flags.contains('s'))
            .size_limit(LARGEST)
            .dfa_size_limit(LARGEST)
            .nest_limit(32)
            .build();
        let regex = compiled.map_err(|_| refused())?;
        Ok(Self { regex, source: source.to_owned(), flags: flags.to_owned() })
    }

    /// Whether the pattern is somewhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The pattern as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}

/// JavaScript's classes are those of ASCII; brackets inside of brackets stand for themselves.
fn translated(source: &str) -> String {
    let mut text = String::with_capacity(source.len() + 16);
    let mut chars = source.chars().peekable();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('d') => text.push_str(if in_class { "0-9" } else { "[0-9]" }),
                Some('D') => text.push_str("[^0-9]"),
                Some('w') => text.push_str(if in_class { "0-9A-Za-z_" } else { "[0-9A-Za-z_]" }),
                Some('W') => text.push_str("[^0-9A-Za-z_]"),
                Some('b') if !in_class => text.push_str("(?-u:\\b)"),
                Some('B') if !in_class => text.push_str("(?-u:\\B)"),
                Some('/') => text.push('/'),
                Some('u') => match unicode_escape(&mut chars) {
                    Some(code) => text.push_str(&format!("\\x{{{code:x}}}")),
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
            ']' => {
                in_class = false;
                text.push(']');
            }
            // Operators of classes here, plain characters in JavaScript.
            '&' | '~' if in_class => {
                text.push('\\');
                text.push(c);
            }
            c => text.push(c),
        }
    }
    text
}

fn unicode_escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<u32> {
    let mut code = 0;
    for _ in 0..4 {
        code = code * 16 + chars.peek()?.to_digit(16)?;
        chars.next();
    }
    char::from_u32(code).map(u32::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_javascript() {
        for (source, flags, text, expected) in [
            ("^a.c$", "", "abc", true),
            ("ABC", "i", "xabcx", true),
            ("^\\d+$", "", "12", true),
            ("^\\d+$", "", "٣", false),
            ("[\\w[]", "", "[", true),
            ("a\\/b", "", "a/b", true),
            ("^\\u4e2d", "", "中国", true),
            ("^1\\d{10}$", "", "13800000000", true),
            ("^[^@]+$", "", "a@b", false),
        ] {
            assert_eq!(Pattern::new(source, flags).unwrap().is_match(text), expected, "{source}");
        }
    }

    #[test]
    fn what_cannot_be_had_in_linear_time_is_refused() {
        for source in ["(?=a)b", "(a)\\1", "((a{1000}){1000}){1000}", "(", &"a".repeat(1000), &"(".repeat(200)] {
            assert!(Pattern::new(source, "").is_err(), "{source:.20}");
        }
        assert!(Pattern::new("(a+)+$", "").unwrap().is_match(&"a".repeat(10_000)));
        assert!(Pattern::new("a", "ee").is_err());
    }
}
