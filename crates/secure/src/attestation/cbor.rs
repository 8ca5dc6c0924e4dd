//! A small strict reader of the CBOR that App Attest uses: definite lengths, no copies, a bounded depth.

use crate::refusal::Refusal;

/// Nesting that App Attest objects need, and one more.
const MAX_DEPTH: usize = 5;

/// The most items in one array or map.
const MAX_ITEMS: u64 = 16;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// An unsigned integer.
    Unsigned(u64),
    /// A byte string.
    Bytes(&'a [u8]),
    /// A text.
    Text(&'a str),
    /// An array.
    Array(Vec<Value<'a>>),
    /// A map with text keys.
    Map(Vec<(&'a str, Value<'a>)>),
}

impl<'a> Value<'a> {
    /// Reads the one value that `bytes` must be.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let mut reader = Reader(bytes);
        let value = reader.value(MAX_DEPTH)?;
        if reader.0.is_empty() { Ok(value) } else { Err(Refusal::EvidenceMalformed) }
    }

    /// A map's entry.
    pub fn field(&self, name: &str) -> Result<&Value<'a>, Refusal> {
        match self {
            Self::Map(entries) => entries.iter().find(|(key, _)| *key == name).map(|(_, value)| value),
            _ => None,
        }
        .ok_or(Refusal::EvidenceMalformed)
    }

    /// A byte string.
    pub fn bytes(&self) -> Result<&'a [u8], Refusal> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err(Refusal::EvidenceMalformed) }
    }

    /// A text.
    pub fn text(&self) -> Result<&'a str, Refusal> {
        if let Self::Text(text) = self { Ok(text) } else { Err(Refusal::EvidenceMalformed) }
    }

    /// An array.
    pub fn array(&self) -> Result<&[Value<'a>], Refusal> {
        if let Self::Array(items) = self { Ok(items) } else { Err(Refusal::EvidenceMalformed) }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: u64) -> Result<&'a [u8], Refusal> {
        let length = usize::try_from(length).map_err(|_| Refusal::EvidenceMalformed)?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Refusal::EvidenceMalformed)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A head: major type and argument. Indefinite lengths and reserved values are refused.
    fn head(&mut self) -> Result<(u8, u64), Refusal> {
        let &[first] = self.take(1)? else { return Err(Refusal::EvidenceMalformed) };
        let argument = match first & 0x1f {
            small @ 0..=23 => u64::from(small),
            size @ 24..=27 => self.take(1 << (size - 24))?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)),
            _ => return Err(Refusal::EvidenceMalformed),
        };
        Ok((first >> 5, argument))
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, Refusal> {
        let depth = depth.checked_sub(1).ok_or(Refusal::EvidenceMalformed)?;
        let (major, argument) = self.head()?;
        if major >= 4 && argument > MAX_ITEMS {
            return Err(Refusal::EvidenceMalformed);
        }
        match major {
            0 => Ok(Value::Unsigned(argument)),
            2 => Ok(Value::Bytes(self.take(argument)?)),
            3 => self.text(argument).map(Value::Text),
            4 => (0..argument).map(|_| self.value(depth)).collect::<Result<_, _>>().map(Value::Array),
            5 => {
                let mut entries: Vec<(&str, Value<'a>)> = Vec::new();
                for _ in 0..argument {
                    let Value::Text(key) = self.value(depth)? else { return Err(Refusal::EvidenceMalformed) };
                    if entries.iter().any(|(other, _)| *other == key) {
                        return Err(Refusal::EvidenceMalformed);
                    }
                    entries.push((key, self.value(depth)?));
                }
                Ok(Value::Map(entries))
            }
            _ => Err(Refusal::EvidenceMalformed),
        }
    }

    fn text(&mut self, length: u64) -> Result<&'a str, Refusal> {
        std::str::from_utf8(self.take(length)?).map_err(|_| Refusal::EvidenceMalformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_of_the_needed_kinds_are_read() {
        let bytes = b"\xa3\x61a\x18\x2a\x61b\x82\x41\xff\x60\x61c\xa0";
        let value = Value::parse(bytes).unwrap();
        assert_eq!(value.field("a"), Ok(&Value::Unsigned(42)));
        assert_eq!(value.field("b").unwrap().array().unwrap(), [Value::Bytes(&[0xff]), Value::Text("")]);
        assert_eq!(value.field("c"), Ok(&Value::Map(vec![])));
        assert!(value.field("d").is_err());
    }

    #[test]
    fn hostile_values_are_refused() {
        let cases: [&[u8]; 10] = [
            b"",
            b"\x5f\x41\x00\xff",                     // indefinite
            b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff", // a length beyond everything
            b"\x9b\x00\x00\x00\x01\x00\x00\x00\x00", // an array of 2^32 items
            b"\x81\x81\x81\x81\x81\x81\x00",         // too deep
            b"\xa2\x61a\x00\x61a\x01",               // a key twice
            b"\xa1\x00\x00",                         // a key that is no text
            b"\x00\x00",                             // something after the value
            b"\x61\xff",                             // a text that is no UTF-8
            b"\xf4",                                 // a kind that is not used
        ];
        for bytes in cases {
            assert_eq!(Value::parse(bytes), Err(Refusal::EvidenceMalformed), "{bytes:x?}");
        }
    }
}
