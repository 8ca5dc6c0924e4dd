//! A small strict reader of DER values: definite lengths, no copies, no recursion of its own.

use crate::refusal::Refusal;

/// Universal tag numbers.
pub(super) const BOOLEAN: u32 = 1;
/// INTEGER.
pub(super) const INTEGER: u32 = 2;
/// BIT STRING.
pub(super) const BIT_STRING: u32 = 3;
/// OCTET STRING.
pub(super) const OCTET_STRING: u32 = 4;
/// OBJECT IDENTIFIER.
pub(super) const OBJECT_IDENTIFIER: u32 = 6;
/// ENUMERATED.
pub(super) const ENUMERATED: u32 = 10;
/// SEQUENCE.
pub(super) const SEQUENCE: u32 = 16;
/// SET.
pub(super) const SET: u32 = 17;

/// One value: its tag and content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value<'a> {
    /// 0 universal, 2 context-specific.
    pub class: u8,
    pub constructed: bool,
    pub number: u32,
    pub content: &'a [u8],
}

/// Reads values one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn byte(&mut self) -> Result<u8, Refusal> {
        let (first, rest) = self.0.split_first().ok_or(Refusal::EvidenceMalformed)?;
        self.0 = rest;
        Ok(*first)
    }

    /// The next value.
    pub fn next(&mut self) -> Result<Value<'a>, Refusal> {
        let first = self.byte()?;
        let mut number = u32::from(first & 0x1f);
        if number == 0x1f {
            number = self.long_number()?;
        }
        let length = self.length()?;
        let (content, rest) = self.0.split_at_checked(length).ok_or(Refusal::EvidenceMalformed)?;
        self.0 = rest;
        Ok(Value { class: first >> 6, constructed: first & 0x20 != 0, number, content })
    }

    /// A tag number of 31 or more: base 128, at most three digits, no leading zero.
    fn long_number(&mut self) -> Result<u32, Refusal> {
        let mut number = 0u32;
        for position in 0..3 {
            let byte = self.byte()?;
            if position == 0 && byte == 0x80 {
                break;
            }
            number = number << 7 | u32::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return if number >= 31 { Ok(number) } else { Err(Refusal::EvidenceMalformed) };
            }
        }
        Err(Refusal::EvidenceMalformed)
    }

    /// A definite length of at most three bytes, in its shortest form.
    fn length(&mut self) -> Result<usize, Refusal> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(usize::from(first));
        }
        let digits = usize::from(first & 0x7f);
        if digits == 0 || digits > 3 {
            return Err(Refusal::EvidenceMalformed);
        }
        let mut length = 0usize;
        for _ in 0..digits {
            length = length << 8 | usize::from(self.byte()?);
        }
        let shortest = length >= 0x80 && length >> (8 * (digits - 1)) != 0;
        if shortest { Ok(length) } else { Err(Refusal::EvidenceMalformed) }
    }

    /// The next value, which must have this universal tag.
    pub fn expect(&mut self, number: u32) -> Result<&'a [u8], Refusal> {
        let value = self.next()?;
        let constructed = matches!(number, SEQUENCE | SET);
        if value.class == 0 && value.number == number && value.constructed == constructed {
            Ok(value.content)
        } else {
            Err(Refusal::EvidenceMalformed)
        }
    }

    /// A SEQUENCE or SET's reader.
    pub fn inside(&mut self, number: u32) -> Result<Reader<'a>, Refusal> {
        self.expect(number).map(Reader)
    }

    /// An INTEGER or ENUMERATED that is not negative and fits.
    pub fn unsigned(&mut self, number: u32) -> Result<u64, Refusal> {
        let content = self.expect(number)?;
        let digits = content.strip_prefix(&[0]).unwrap_or(content);
        let negative = content.first().is_none_or(|byte| byte & 0x80 != 0);
        if negative || digits.len() > 8 {
            return Err(Refusal::EvidenceMalformed);
        }
        Ok(digits.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    /// A BOOLEAN: DER knows 0x00 and 0xff.
    pub fn boolean(&mut self) -> Result<bool, Refusal> {
        match self.expect(BOOLEAN)? {
            [0] => Ok(false),
            [0xff] => Ok(true),
            _ => Err(Refusal::EvidenceMalformed),
        }
    }

    /// Nothing may be left.
    pub fn end(&self) -> Result<(), Refusal> {
        if self.is_empty() { Ok(()) } else { Err(Refusal::EvidenceMalformed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_tags_and_lengths_are_read() {
        // [704] EXPLICIT, constructed, 2 bytes inside.
        let mut reader = Reader(&[0xbf, 0x85, 0x40, 0x02, 0x05, 0x00]);
        let value = reader.next().unwrap();
        assert_eq!((value.class, value.constructed, value.number, value.content), (2, true, 704, &[5, 0][..]));
        assert!(reader.is_empty());
        let mut long = vec![0x04, 0x81, 0x80];
        long.extend([7; 0x80]);
        assert_eq!(Reader(&long).expect(OCTET_STRING).unwrap().len(), 0x80);
    }

    #[test]
    fn loose_encodings_are_refused() {
        let cases: [&[u8]; 8] = [
            &[],
            &[0x04],
            &[0x04, 0x80, 0, 0],
            &[0x04, 0x81, 0x01, 0x00],
            &[0x04, 0x82, 0x00, 0x81],
            &[0x04, 0x05, 0x00],
            &[0xbf, 0x80, 0x40, 0x00],
            &[0xbf, 0x85, 0x80, 0x80, 0x01, 0x00],
        ];
        for bytes in cases {
            assert_eq!(Reader(bytes).next(), Err(Refusal::EvidenceMalformed), "{bytes:x?}");
        }
    }

    #[test]
    fn numbers_are_unsigned_and_bounded() {
        assert_eq!(Reader(&[2, 2, 0, 0xff]).unsigned(INTEGER), Ok(255));
        assert_eq!(Reader(&[2, 1, 0xff]).unsigned(INTEGER), Err(Refusal::EvidenceMalformed));
        assert_eq!(Reader(&[2, 0]).unsigned(INTEGER), Err(Refusal::EvidenceMalformed));
        assert_eq!(Reader(&[2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0]).unsigned(INTEGER), Err(Refusal::EvidenceMalformed));
        assert_eq!(Reader(&[1, 1, 1]).boolean(), Err(Refusal::EvidenceMalformed));
    }
}
