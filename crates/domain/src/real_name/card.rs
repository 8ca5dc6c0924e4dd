//! Numbers of Chinese identity cards (GB 11643-1999).

/// A number of 18 characters with a right check digit. An `x` at the end is an `X` (deviation 8: the
/// original took the two for two cards).
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityCard(String);

/// The weights of the first 17 digits (GB 11643-1999, section 6).
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/// The check digit for each remainder of the weighted sum.
const CHECK_DIGITS: &[u8; 11] = b"10X98765432";

impl IdentityCard {
    /// Reads a number. `None`: it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: &[u8; 18] = text.as_bytes().try_into().ok()?;
        let (digits, last) = bytes.split_at(17);
        let mut sum = 0;
        for (digit, weight) in digits.iter().zip(WEIGHTS) {
            sum += char::from(*digit).to_digit(10)? * weight;
        }
        let check = CHECK_DIGITS.get(sum as usize % CHECK_DIGITS.len())?;
        (last.first()?.to_ascii_uppercase() == *check).then(|| Self(text.to_ascii_uppercase()))
    }

    /// The number, with a capital `X`.
    pub fn number(&self) -> &str {
        &self.0
    }

    /// The number as earlier versions of the data may have it: with a small `x`, if it ends so.
    pub fn in_small_letters(&self) -> Option<String> {
        self.0.strip_suffix('X').map(|digits| format!("{digits}x"))
    }
}

impl std::fmt::Debug for IdentityCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentityCard(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_decides() {
        // The standard's own examples.
        for (text, number) in [
            ("11010519491231002X", Some("11010519491231002X")),
            ("11010519491231002x", Some("11010519491231002X")),
            ("440524188001010014", Some("440524188001010014")),
            ("110105194912310021", None),
            ("11010519491231002", None),
            ("11010519491231002XX", None),
            ("123", None),
            ("aaaaaaaaaaaaaaaaaa", None),
            ("1101051949123100２X", None),
            ("", None),
        ] {
            assert_eq!(IdentityCard::parse(text).as_ref().map(IdentityCard::number), number, "{text}");
        }
    }

    #[test]
    fn numbers_do_not_print() {
        let card = IdentityCard::parse("11010519491231002X").unwrap();
        assert_eq!(format!("{card:?}"), "IdentityCard(…)");
        assert_eq!(card.in_small_letters().as_deref(), Some("11010519491231002x"));
        assert_eq!(IdentityCard::parse("440524188001010014").unwrap().in_small_letters(), None);
    }
}
