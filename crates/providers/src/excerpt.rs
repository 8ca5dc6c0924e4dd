//! What of an upstream's words may go into errors and logs.

/// The longest excerpt, in characters.
const MAX_CHARS: usize = 200;

/// Stands for what was taken out.
const HIDDEN: &str = "***";

/// Makes an upstream's words fit for an error: without the values in `hidden`, without anything
/// that looks like a code of ours (six digits), on one line, and short.
pub(crate) fn excerpt(text: &str, hidden: &[&str]) -> String {
    let mut text = text.to_owned();
    for value in hidden.iter().filter(|value| !value.is_empty()) {
        text = text.replace(value, HIDDEN);
    }
    let text = without_codes(&text);
    let mut words = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    match words.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

/// Hides every run of exactly six digits.
fn without_codes(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut digits = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
        } else {
            push_digits(&mut result, &mut digits);
            result.push(c);
        }
    }
    push_digits(&mut result, &mut digits);
    result
}

fn push_digits(result: &mut String, digits: &mut String) {
    result.push_str(if digits.len() == 6 { HIDDEN } else { digits });
    digits.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_codes_and_line_breaks_do_not_survive() {
        let words = excerpt("bad key s3cr3t\r\nfor 13800000000: code 123456 (id 1234567)\u{7}", &["s3cr3t", "13800000000", ""]);
        assert_eq!(words, "bad key *** for ***: code *** (id 1234567)");
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        let words = excerpt(&"令".repeat(1000), &[]);
        assert_eq!(words.chars().count(), MAX_CHARS + 1);
    }
}
