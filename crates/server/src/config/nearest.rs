//! The known name that somebody probably meant.

/// Names longer than this are compared by their beginning only, so that the work stays bounded.
const COMPARED_CHARACTERS: usize = 128;

/// The candidate closest to `name`, whatever the case. The last part weighs more than the sections
/// before it: `sms.webhook_url` means `providers.sms.webhook_url`.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    candidates.min_by_key(|candidate| {
        let candidate = candidate.to_lowercase();
        difference(last_part(&name), last_part(&candidate)) * 2 + difference(&name, &candidate)
    })
}

fn last_part(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// The share of the longer name that would have to be edited, in percent.
fn difference(left: &str, right: &str) -> usize {
    let length = left.chars().count().max(right.chars().count()).min(COMPARED_CHARACTERS);
    distance(left, right) * 100 / length.max(1)
}

/// Levenshtein's distance: how many single-character edits lead from one text to the other.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(COMPARED_CHARACTERS).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().take(COMPARED_CHARACTERS).enumerate() {
        let mut previous = i + 1;
        let mut next = Vec::with_capacity(row.len());
        next.push(previous);
        for (b, pair) in right.iter().zip(row.windows(2)) {
            let [diagonal, above] = pair else { continue };
            previous = (diagonal + usize::from(a != *b)).min(above + 1).min(previous + 1);
            next.push(previous);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("令牌", "令"), 1);
    }

    #[test]
    fn slips_of_the_pen_and_forgotten_sections_are_understood() {
        let known = ["server.listen", "server.workers", "providers.sms.webhook_url", "providers.email.host", "data.dir"];
        for (typed, meant) in [
            ("server.lisen", "server.listen"),
            ("listen", "server.listen"),
            ("sms.webhook_url", "providers.sms.webhook_url"),
            ("server.worker", "server.workers"),
            ("SERVER.LISTEN", "server.listen"),
            ("providers.webhook", "providers.sms.webhook_url"),
        ] {
            assert_eq!(nearest(typed, known.into_iter()), Some(meant), "{typed}");
        }
    }
}
