//! Chinese names.

/// Two or more Chinese characters; `·` may stand between them, as in transcribed names.
#[derive(Clone, PartialEq, Eq)]
pub struct RealName(String);

/// More characters than the register of residents takes.
const LONGEST: usize = 50;

impl RealName {
    /// Reads a name. `None`: it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('·').collect();
        let is_well_formed = parts.iter().all(|part| !part.is_empty() && part.chars().all(is_han));
        let han = parts.iter().map(|part| part.chars().count()).sum::<usize>();
        (is_well_formed && (2..=LONGEST).contains(&han)).then(|| Self(text.to_owned()))
    }

    /// The name.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for RealName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RealName(…)")
    }
}

/// The unified ideographs with their extensions, and 〇 (Unicode, chapter 18). Names have rare ones.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3007}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_chinese() {
        let long = "张".repeat(51);
        for (text, good) in [
            ("张三", true),
            ("欧阳·娜娜", true),
            ("阿·布·丁", true),
            ("𠮷野", true),
            ("张", false),
            ("Bob", false),
            ("张 三", false),
            ("·张三", false),
            ("张··三", false),
            ("张三·", false),
            ("张三3", false),
            ("", false),
            (long.as_str(), false),
        ] {
            assert_eq!(RealName::parse(text).is_some(), good, "{text}");
        }
    }
}
