//! Reading `clientInfo` from JSON.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor, value},
};
use serde_json::{Number, Value};

use super::{ClientInfo, Fact, Name, name_of};

impl<'de> Deserialize<'de> for ClientInfo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadInfo)
    }
}

/// Something was sent, but nothing with fields.
fn no_object() -> ClientInfo {
    ClientInfo { was_sent: true, ..ClientInfo::default() }
}

struct ReadInfo;

impl<'de> Visitor<'de> for ReadInfo {
    type Value = ClientInfo;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("clientInfo")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ClientInfo, A::Error> {
        // As many as usual clients send.
        let mut info = ClientInfo { fields: Vec::with_capacity(32), was_sent: true, ..ClientInfo::default() };
        while let Some(name) = map.next_key_seed(ReadName)? {
            info.put(name, map.next_value::<Fact>()?);
        }
        Ok(info)
    }

    fn visit_unit<E>(self) -> Result<ClientInfo, E> {
        Ok(ClientInfo::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<ClientInfo, E> {
        Ok(no_object())
    }

    fn visit_i64<E>(self, _: i64) -> Result<ClientInfo, E> {
        Ok(no_object())
    }

    fn visit_u64<E>(self, _: u64) -> Result<ClientInfo, E> {
        Ok(no_object())
    }

    fn visit_f64<E>(self, _: f64) -> Result<ClientInfo, E> {
        Ok(no_object())
    }

    fn visit_str<E>(self, _: &str) -> Result<ClientInfo, E> {
        Ok(no_object())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ClientInfo, A::Error> {
        while list.next_element::<Value>()?.is_some() {}
        Ok(no_object())
    }
}

struct ReadName;

impl<'de> DeserializeSeed<'de> for ReadName {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for ReadName {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        Ok(name_of(name).unwrap_or_else(|| Name::Other(name.into())))
    }
}

impl<'de> Deserialize<'de> for Fact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadFact)
    }
}

struct ReadFact;

impl<'de> Visitor<'de> for ReadFact {
    type Value = Fact;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Fact, E> {
        Ok(Fact::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Fact, E> {
        Ok(Fact::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Fact, E> {
        Ok(Fact::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Fact, E> {
        Ok(Fact::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Fact, E> {
        Ok(Number::from_f64(number).map_or(Fact::Null, Fact::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Fact, E> {
        Ok(Fact::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Fact, A::Error> {
        Value::deserialize(value::SeqAccessDeserializer::new(list)).map(Fact::from)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Fact, A::Error> {
        Value::deserialize(value::MapAccessDeserializer::new(map)).map(Fact::from)
    }
}
