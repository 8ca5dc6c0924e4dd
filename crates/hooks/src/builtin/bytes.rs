//! Bytes and randomness for scripts.

use std::rc::Rc;

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use rquickjs::{Ctx, Exception, FromJs, Function, IntoJs, Object, TypedArray, Value};
use subtle::ConstantTimeEq;

use crate::engine::Surroundings;

/// How base64 is read: with or without padding, and with any trailing bits, as scripts write it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);
/// The most random bytes that one call gets.
const MAX_RANDOM: usize = 1 << 20;

/// Bytes from a script, which sends them as base64 text.
pub(super) struct Packed(pub(super) Vec<u8>);

impl<'js> FromJs<'js> for Packed {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> rquickjs::Result<Self> {
        let text = String::from_js(ctx, value)?;
        BASE64.decode(text).map(Self).map_err(|_| Exception::throw_type(ctx, "not base64"))
    }
}

/// Bytes for a script, which receives a `Uint8Array`.
pub(super) struct Raw(pub(super) Vec<u8>);

impl<'js> IntoJs<'js> for Raw {
    fn into_js(self, ctx: &Ctx<'js>) -> rquickjs::Result<Value<'js>> {
        Ok(TypedArray::<u8>::new_copy(ctx.clone(), &self.0)?.into_value())
    }
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>, around: &Rc<Surroundings>) -> rquickjs::Result<()> {
    native.set("utf8Encode", Function::new(ctx.clone(), |text: String| Raw(text.into_bytes()))?)?;
    native.set("utf8Decode", Function::new(ctx.clone(), |bytes: Packed| String::from_utf8_lossy(&bytes.0).into_owned())?)?;
    native.set("isUtf8", Function::new(ctx.clone(), |bytes: Packed| std::str::from_utf8(&bytes.0).is_ok())?)?;
    native.set("base64Decode", Function::new(ctx.clone(), |bytes: Packed| Raw(bytes.0))?)?;
    native.set("constantTimeEqual", Function::new(ctx.clone(), |left: Packed, right: Packed| bool::from(left.0.ct_eq(&right.0)))?)?;
    let around = around.clone();
    let random = move |ctx: Ctx<'js>, count: usize| -> rquickjs::Result<Raw> {
        if count > MAX_RANDOM {
            return Err(Exception::throw_range(&ctx, "too many random bytes at once"));
        }
        let mut bytes = vec![0; count];
        around.random.fill(&mut bytes);
        Ok(Raw(bytes))
    };
    native.set("randomBytes", Function::new(ctx.clone(), random)?)
}
