//! Placeholders inside of texts.

use std::collections::BTreeSet;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Literal text.
    Text(String),
    /// `$now`, `$now+Ns`, `$now-Ns`: the step's clock in milliseconds, plus that many.
    Now(i64),
    /// `$nowMs`, `$nowMs+N`: the same, always as a text.
    NowText(i64),
    /// `$nowSec`, `$nowSec+N`: the step's clock in seconds, plus that many.
    NowSeconds(i64),
    /// `$token1`, `$captcha1.upper`: a value that stays the same within a scenario.
    Named {
        /// The placeholder with its dollar sign.
        name: String,
        /// How the value is written here.
        form: Form,
    },
}

/// How a named value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As it is.
    Plain,
    /// In upper case.
    Upper,
    /// In lower case.
    Lower,
}

impl Form {
    /// Writes a value in this form.
    pub fn of(self, text: &str) -> String {
        match self {
            Form::Plain => text.to_owned(),
            Form::Upper => text.to_uppercase(),
            Form::Lower => text.to_lowercase(),
        }
    }
}

/// Cuts a text into its parts. Only `names` count as named placeholders: other dollar signs are
/// what they are, for passwords and hashes have them too.
pub fn pieces(text: &str, names: &BTreeSet<String>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        literal.push_str(&rest[..at]);
        let (piece, length) = match clock(&rest[at..]).or_else(|| named(&rest[at..], names)) {
            Some(found) => found,
            None => {
                literal.push('$');
                rest = &rest[at + 1..];
                continue;
            }
        };
        if !literal.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut literal)));
        }
        pieces.push(piece);
        rest = &rest[at + length..];
    }
    literal.push_str(rest);
    if !literal.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(literal));
    }
    pieces
}

/// A value of the clock at the beginning of a text, and its length.
fn clock(text: &str) -> Option<(Piece, usize)> {
    let word = 1 + text[1..].find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len() - 1);
    let (offset, digits) = offset(&text[word..]);
    match &text[..word] {
        "$nowMs" => Some((Piece::NowText(offset), word + digits)),
        "$nowSec" => Some((Piece::NowSeconds(offset), word + digits)),
        // Its offset counts seconds and says so.
        "$now" if digits > 0 && text[word + digits..].starts_with('s') => {
            Some((Piece::Now(offset.saturating_mul(1000)), word + digits + 1))
        }
        "$now" => Some((Piece::Now(0), word)),
        _ => None,
    }
}

/// `+12` or `-12` at the beginning of a text, and its length; else 0 and 0.
fn offset(text: &str) -> (i64, usize) {
    if !text.starts_with(['+', '-']) {
        return (0, 0);
    }
    let end = 1 + text[1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len() - 1);
    text[..end].parse().map_or((0, 0), |offset| (offset, end))
}

/// A named placeholder at the beginning of a text, and its length.
fn named(text: &str, names: &BTreeSet<String>) -> Option<(Piece, usize)> {
    let letters = 1 + text[1..].find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len() - 1);
    let end = letters + text[letters..].find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len() - letters);
    let name = names.get(&text[..end])?.clone();
    let (form, suffix) = if text[end..].starts_with(".upper") {
        (Form::Upper, ".upper".len())
    } else if text[end..].starts_with(".lower") {
        (Form::Lower, ".lower".len())
    } else {
        (Form::Plain, 0)
    };
    Some((Piece::Named { name, form }, end + suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<Piece> {
        pieces(text, &["$token1", "$token12", "$captcha1", "$uid1"].map(str::to_owned).into())
    }

    fn name(name: &str) -> Piece {
        Piece::Named { name: name.into(), form: Form::Plain }
    }

    #[test]
    fn clock_values_take_their_own_units() {
        assert_eq!(cut("$now"), [Piece::Now(0)]);
        assert_eq!(cut("$now+7200s"), [Piece::Now(7_200_000)]);
        assert_eq!(cut("$now-5s"), [Piece::Now(-5_000)]);
        assert_eq!(cut("$nowMs-26000"), [Piece::NowText(-26_000)]);
        assert_eq!(cut("$nowSec+7200"), [Piece::NowSeconds(7_200)]);
        assert_eq!(cut("$nowhere"), [Piece::Text("$nowhere".into())]);
    }

    #[test]
    fn placeholders_are_found_inside_of_texts() {
        let expected = [Piece::Text("{\"a\":".into()), Piece::Now(1_000), Piece::Text(",".into()), name("$uid1"), Piece::Text("}".into())];
        assert_eq!(cut("{\"a\":$now+1s,$uid1}"), expected);
    }

    #[test]
    fn the_longest_number_names_the_placeholder() {
        assert_eq!(cut("$token12"), [name("$token12")]);
        assert_eq!(cut("$token1"), [name("$token1")]);
        assert_eq!(cut("$captcha1.upper"), [Piece::Named { name: "$captcha1".into(), form: Form::Upper }]);
    }

    #[test]
    fn other_dollar_signs_stay_what_they_are() {
        for text in ["abc!@#$%", "$UNI_ID_HMAC_SHA256$20$00", "$unknown1", "$", "", "a$$b"] {
            assert_eq!(cut(text), [Piece::Text(text.into())]);
        }
    }
}
