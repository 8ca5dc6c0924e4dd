//! A strict reader of CBOR that takes items one after the other: definite lengths, no copies, a bounded depth.
//!
//! That of the secure network reads App Attest's objects into values; here keys are small integers, what follows a
//! key must be found by skipping it, and most of an attestation statement is not looked at.

use crate::Refusal;

/// Nesting that attestation objects have (a certificate in `x5c` in `attStmt`), and one more.
const MAX_DEPTH: usize = 5;

/// The most entries of one array or map.
const MAX_ENTRIES: u64 = 32;

/// Reads items off the front of bytes.
#[derive(Clone, Debug)]
pub struct Reader<'a>(&'a [u8]);

/// The head of an item: its major type and argument (RFC 8949, section 3).
#[derive(Clone, Copy)]
struct Head {
    major: u8,
    argument: u64,
}

impl<'a> Reader<'a> {
    /// Reads from the front of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The number of a map's entries, which follow.
    pub fn map(&mut self) -> Result<u64, Refusal> {
        match self.head()? {
            Head { major: 5, argument } if argument <= MAX_ENTRIES => Ok(argument),
            _ => Err(Refusal::Malformed),
        }
    }

    /// A text.
    pub fn text(&mut self) -> Result<&'a str, Refusal> {
        match self.head()? {
            Head { major: 3, argument } => std::str::from_utf8(self.take(argument)?).map_err(|_| Refusal::Malformed),
            _ => Err(Refusal::Malformed),
        }
    }

    /// A byte string.
    pub fn bytes(&mut self) -> Result<&'a [u8], Refusal> {
        match self.head()? {
            Head { major: 2, argument } => self.take(argument),
            _ => Err(Refusal::Malformed),
        }
    }

    /// An integer.
    pub fn integer(&mut self) -> Result<i64, Refusal> {
        let Head { major, argument } = self.head()?;
        let value = i64::try_from(argument).map_err(|_| Refusal::Malformed)?;
        match major {
            0 => Ok(value),
            1 => Ok(-1 - value),
            _ => Err(Refusal::Malformed),
        }
    }

    /// Whatever item comes next: its bytes.
    pub fn item(&mut self) -> Result<&'a [u8], Refusal> {
        let before = self.0;
        self.skip(MAX_DEPTH)?;
        Ok(before.get(..before.len() - self.0.len()).unwrap_or_default())
    }

    fn skip(&mut self, depth: usize) -> Result<(), Refusal> {
        let depth = depth.checked_sub(1).ok_or(Refusal::Malformed)?;
        let Head { major, argument } = self.head()?;
        if matches!(major, 4 | 5) && argument > MAX_ENTRIES {
            return Err(Refusal::Malformed);
        }
        match major {
            0 | 1 => {}
            2 | 3 => {
                self.take(argument)?;
            }
            4 => (0..argument).try_for_each(|_| self.skip(depth))?,
            5 => (0..argument * 2).try_for_each(|_| self.skip(depth))?,
            // false, true, null: what extensions answer.
            7 if (20..=22).contains(&argument) => {}
            _ => return Err(Refusal::Malformed),
        }
        Ok(())
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], Refusal> {
        let length = usize::try_from(length).map_err(|_| Refusal::Malformed)?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Refusal::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn head(&mut self) -> Result<Head, Refusal> {
        let &[first] = self.take(1)? else { return Err(Refusal::Malformed) };
        let argument = match first & 0x1f {
            small @ 0..=23 => u64::from(small),
            size @ 24..=27 => self.take(1 << (size - 24))?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)),
            // Indefinite lengths and reserved values.
            _ => return Err(Refusal::Malformed),
        };
        Ok(Head { major: first >> 5, argument })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_taken_off_the_front() {
        let mut reader = Reader::new(b"\xa2\x03\x26\x20\x42\xff\x00\x62hi\x00");
        assert_eq!(reader.map(), Ok(2));
        assert_eq!((reader.integer(), reader.integer()), (Ok(3), Ok(-7)));
        assert_eq!((reader.integer(), reader.bytes()), (Ok(-1), Ok(&b"\xff\x00"[..])));
        assert_eq!(reader.text(), Ok("hi"));
        assert_eq!(reader.rest(), b"\x00");
    }

    #[test]
    fn an_item_is_skipped_whatever_is_in_it() {
        let mut reader = Reader::new(b"\xa2\x63alg\x26\x63x5c\x82\x41\x00\xf5\x01");
        assert_eq!(reader.item().map(<[u8]>::len), Ok(14));
        assert_eq!(reader.integer(), Ok(1));
    }

    #[test]
    fn hostile_items_are_refused() {
        let cases: [&[u8]; 10] = [
            b"",
            b"\x5f\x41\x00\xff",                     // an indefinite length
            b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff", // a length beyond everything
            b"\x9b\x00\x00\x00\x01\x00\x00\x00\x00", // an array of 2^32 items
            b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff", // a map whose number of items overflows
            b"\x98\x21",                             // an array of 33 items
            b"\x81\x81\x81\x81\x81\x00",             // too deep
            b"\x81",                                 // cut off
            b"\xc0\x00",                             // a tag
            b"\xf9\x00\x00",                         // a float
        ];
        for bytes in cases {
            assert_eq!(Reader::new(bytes).item(), Err(Refusal::Malformed), "{bytes:x?}");
        }
        assert_eq!(Reader::new(b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff").integer(), Err(Refusal::Malformed));
        assert_eq!(Reader::new(b"\x61\xff").text(), Err(Refusal::Malformed));
    }
}
