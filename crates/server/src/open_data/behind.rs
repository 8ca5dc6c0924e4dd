//! Of which keys Redis holds older values than the database, because it could not be reached.

use std::collections::HashMap;

/// How many keys are removed, or looked at, in one go.
pub const PORTION: usize = 1_000;

/// What is behind: single keys, or, when they are too many to be remembered, everything.
pub struct Behind {
    most: usize,
    /// How often each fell behind.
    keys: HashMap<String, u64>,
    /// Set: nothing in Redis is to be believed until all of it has been gone through.
    all: Option<Page>,
    /// How often everything fell behind.
    times: u64,
}

/// How far everything has been removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where Redis goes on.
    pub cursor: u64,
    round: u64,
}

/// What is to be removed next.
#[derive(Debug, PartialEq)]
pub enum CatchUp {
    /// Nothing is behind.
    Nothing,
    /// These keys, each with how often it fell behind.
    Keys(Vec<(String, u64)>),
    /// All keys of this page.
    All(Page),
}

impl Behind {
    /// Nothing is behind. `most`: so many keys are remembered.
    pub fn new(most: usize) -> Self {
        Self { most, keys: HashMap::new(), all: None, times: 0 }
    }

    /// Whether what Redis holds of a key must not be believed.
    pub fn holds(&self, key: &str) -> bool {
        self.all.is_some() || self.keys.contains_key(key)
    }

    /// What Redis holds of this key is older than the database's.
    pub fn add(&mut self, key: &str) {
        if let Some(times) = self.keys.get_mut(key) {
            *times += 1;
        } else if self.keys.len() < self.most {
            self.keys.insert(key.to_owned(), 1);
        } else {
            // From the beginning, whatever was gone through already: this key may have been among it.
            self.keys = HashMap::new();
            self.times += 1;
            self.all = Some(Page { cursor: 0, round: self.times });
        }
    }

    /// What is to be removed next, a portion.
    pub fn to_remove(&self) -> CatchUp {
        match self.all {
            Some(page) => CatchUp::All(page),
            None if self.keys.is_empty() => CatchUp::Nothing,
            None => CatchUp::Keys(self.keys.iter().take(PORTION).map(|(key, times)| (key.clone(), *times)).collect()),
        }
    }

    /// These keys are removed. One that fell behind again meanwhile stays.
    pub fn removed(&mut self, keys: &[(String, u64)]) {
        for (key, times) in keys {
            if self.keys.get(key) == Some(times) {
                self.keys.remove(key);
            }
        }
    }

    /// All keys of a page are removed; `next` is where Redis goes on, 0: that was the last one.
    pub fn removed_page(&mut self, page: &Page, next: u64) {
        // Not if everything fell behind again, or somebody else was faster.
        if self.all == Some(*page) {
            self.all = (next != 0).then_some(Page { cursor: next, ..*page });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behind(keys: &[&str]) -> Behind {
        let mut behind = Behind::new(2);
        keys.iter().for_each(|key| behind.add(key));
        behind
    }

    fn page(behind: &Behind) -> Page {
        match behind.to_remove() {
            CatchUp::All(page) => page,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_key_stays_until_it_is_removed() {
        let mut behind = behind(&["a", "b"]);
        assert!(behind.holds("a") && behind.holds("b") && !behind.holds("c"));
        behind.removed(&[("a".into(), 1)]);
        assert!(!behind.holds("a"));
        let CatchUp::Keys(keys) = behind.to_remove() else { panic!("nothing to remove") };
        assert_eq!(keys, [("b".to_owned(), 1)]);
        // It falls behind again while it is being removed.
        behind.add("b");
        behind.removed(&keys);
        assert!(behind.holds("b"));
        behind.removed(&[("b".into(), 2)]);
        assert_eq!(behind.to_remove(), CatchUp::Nothing);
    }

    #[test]
    fn more_than_can_be_remembered_is_everything() {
        let mut behind = behind(&["a", "b", "c"]);
        assert!(behind.holds("a") && behind.holds("never written"));
        let first = page(&behind);
        assert_eq!(first.cursor, 0);
        behind.removed_page(&first, 7);
        // One of two at the same page comes too late.
        behind.removed_page(&first, 9);
        let second = page(&behind);
        assert_eq!(second.cursor, 7);
        // What falls behind now may be in a page that is through already.
        behind.add("a");
        behind.removed_page(&second, 0);
        assert!(behind.holds("a") && !behind.holds("b"));
        behind.removed(&[("a".into(), 1)]);
        assert_eq!(behind.to_remove(), CatchUp::Nothing);
    }

    #[test]
    fn everything_again_begins_anew() {
        let mut behind = behind(&["a", "b", "c"]);
        let first = page(&behind);
        for key in ["d", "e", "f"] {
            behind.add(key);
        }
        // What was removed before that does not count, although it began at the same place.
        behind.removed_page(&first, 0);
        assert!(behind.holds("a"));
        let again = page(&behind);
        assert_eq!(again.cursor, 0);
        behind.removed_page(&again, 0);
        assert_eq!(behind.to_remove(), CatchUp::Nothing);
    }

    #[test]
    fn a_portion_is_bounded() {
        let mut behind = Behind::new(5_000);
        (0..3_000).for_each(|n| behind.add(&n.to_string()));
        let CatchUp::Keys(keys) = behind.to_remove() else { panic!("nothing to remove") };
        assert_eq!(keys.len(), PORTION);
    }
}
