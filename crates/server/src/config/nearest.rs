//! The known name that somebody probably meant.

use super::report::Words;

/// Names longer than this are compared by their beginning only, so that the work stays bounded.
const COMPARED_CHARACTERS: usize = 128;

/// What may differ of a name that somebody meant, percent of its last part or of the whole.
const FARTHEST: usize = 50;

/// The candidate closest to `name`, whatever the case; `None` where none is near. The last part weighs more than
/// the sections before it: `sms.webhook_url` means `providers.sms.webhook_url`.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let compared = candidates.map(|candidate| {
        let lower = candidate.to_lowercase();
        let (last, whole) = (difference(last_part(&name), last_part(&lower)), difference(&name, &lower));
        // The same sections before another last part make nothing near; a dot that is missing or too many does.
        let is_cut_otherwise = name.matches('.').count() != lower.matches('.').count();
        let is_near = last <= FARTHEST || is_cut_otherwise && whole <= FARTHEST || is_told_short(last_part(&name), last_part(&lower));
        (last * 2 + whole, is_near, candidate)
    });
    let (_, is_near, candidate) = compared.min_by_key(|(distance, ..)| *distance)?;
    is_near.then_some(candidate)
}

/// Whether one is the other without some of its words: `secret` for `client_secret`.
fn is_told_short(left: &str, right: &str) -> bool {
    let words = |text: &str| text.split('_').map(str::to_owned).collect::<Vec<_>>();
    let (left, right) = (words(left), words(right));
    left.iter().all(|word| right.contains(word)) || right.iter().all(|word| left.contains(word))
}

/// The remedy for a name that is none: the known one that is near, and where all of them stand.
pub fn remedy(nearest: Option<&str>, all: Words) -> Words {
    match nearest {
        Some(name) => Words::new(format!("最接近的是 {name}；{}", all.zh), format!("the nearest is {name}; {}", all.en)),
        None => all,
    }
}

/// As [`remedy`], where so few are known that all can be named.
pub fn remedy_of_few(name: &str, known: &[&str]) -> Words {
    let all = Words::new(format!("可以写 {}", known.join("、")), format!("there are {}", known.join(", ")));
    remedy(nearest(name, known.iter().copied()), all)
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
    fn where_nothing_is_near_nothing_is_named() {
        let known = ["storage.s3.prefix", "server.listen", "mode", "spaces", "data.dir", "providers.sms.webhook_url"];
        for typed in ["x", "foo.bar", "", "令牌", "colour", "server.zzzzzzzz", "a.b.c.d", "providers.sms.zzz"] {
            assert_eq!(nearest(typed, known.into_iter()), None, "{typed}");
        }
        assert_eq!(nearest("x", std::iter::empty()), None);
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
            ("data_dir", "data.dir"),
            ("providers.webhook", "providers.sms.webhook_url"),
        ] {
            assert_eq!(nearest(typed, known.into_iter()), Some(meant), "{typed}");
        }
    }
}
