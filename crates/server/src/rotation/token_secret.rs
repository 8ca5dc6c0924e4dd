//! New values for every `tokenSecret` of a `uni-id/config.json`, whose comments and order stay.

/// The text with other secrets, and how many there are. Those that were the same stay the same.
pub fn replace(text: &str, mut fresh: impl FnMut() -> String) -> (String, usize) {
    let mut known: Vec<(&str, String)> = Vec::new();
    let (mut changed, mut rest, mut count) = (String::with_capacity(text.len()), text, 0);
    while let Some(value) = next_value(rest) {
        let (old, before) = (&rest[value.clone()], &rest[..value.start]);
        let new = match known.iter().find(|(known, _)| *known == old) {
            Some((_, new)) => new.clone(),
            None => {
                let new = fresh();
                known.push((old, new.clone()));
                new
            }
        };
        changed.push_str(before);
        changed.push_str(&new);
        rest = &rest[value.end..];
        count += 1;
    }
    changed.push_str(rest);
    (changed, count)
}

/// Where the next secret stands, without its quotation marks.
fn next_value(text: &str) -> Option<std::ops::Range<usize>> {
    const NAME: &str = "\"tokenSecret\"";
    let mut from = 0;
    loop {
        let after_name = from + text.get(from..)?.find(NAME)? + NAME.len();
        from = after_name;
        let value = text.get(after_name..)?.trim_start().strip_prefix(':').map(str::trim_start).and_then(|rest| rest.strip_prefix('"'));
        let Some(value) = value else { continue };
        let start = text.len() - value.len();
        let mut escaped = false;
        let end = value.char_indices().find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        return Some(start..start + end?.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(text: &str) -> (String, usize) {
        let mut number = 0;
        replace(text, || {
            number += 1;
            format!("new{number}")
        })
    }

    #[test]
    fn secrets_are_exchanged_and_nothing_else() {
        let text = "[{ // 注释\n  \"tokenSecret\" : \"a\\\"b\", \"passwordSecret\": \"a\"\n}, {\"tokenSecret\":\"c\"}, {\"tokenSecret\": \"a\\\"b\"}]";
        let expected = "[{ // 注释\n  \"tokenSecret\" : \"new1\", \"passwordSecret\": \"a\"\n}, {\"tokenSecret\":\"new2\"}, {\"tokenSecret\": \"new1\"}]";
        assert_eq!(replaced(text), (expected.to_owned(), 3));
    }

    #[test]
    fn odd_texts_stay() {
        for text in ["", "{}", "{\"tokenSecret\": 5}", "{\"tokenSecret\"", "{\"tokenSecret\": \"open"] {
            assert_eq!(replaced(text), (text.to_owned(), 0), "{text}");
        }
    }
}
