//! Values on their way into a runtime and out of it, field by field, as `JSON.stringify` sees them.

use rquickjs::{
    Array, Ctx, Filter, Function, IntoJs, Object, String as JsString, Value as JsValue, atom::PredefinedAtom, function::This,
    object::Property,
};
use serde_json::{Map, Number, Value};

/// How deep a result may nest; what nests deeper is taken for cyclic.
const MAX_DEPTH: usize = 64;
/// What an element counts besides its text, in bytes.
const ELEMENT_COST: usize = 4;
/// The largest number of JavaScript below 2^63.
const MAX_INTEGER: f64 = 9_223_372_036_854_774_784.0;

/// Why a result cannot be taken over.
pub(crate) enum Refusal {
    /// A getter, `toJSON` or the engine failed: the exception is pending.
    Exception(rquickjs::Error),
    /// Larger than the limit.
    TooLarge,
    /// Nested too deeply, or an object that contains itself.
    TooDeep,
    /// A bigint.
    NotJson,
}

impl From<rquickjs::Error> for Refusal {
    fn from(error: rquickjs::Error) -> Self {
        Self::Exception(error)
    }
}

/// Makes `value` inside the runtime.
///
/// # Errors
/// The runtime is out of memory.
pub(crate) fn to_script<'js>(ctx: &Ctx<'js>, value: &Value) -> rquickjs::Result<JsValue<'js>> {
    Ok(match value {
        Value::Null => JsValue::new_null(ctx.clone()),
        Value::Bool(value) => JsValue::new_bool(ctx.clone(), *value),
        Value::Number(number) => match number.as_i64().and_then(|number| i32::try_from(number).ok()) {
            Some(number) => JsValue::new_int(ctx.clone(), number),
            None => JsValue::new_float(ctx.clone(), number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => text.as_str().into_js(ctx)?,
        Value::Array(elements) => {
            let array = Array::new(ctx.clone())?;
            for (index, element) in elements.iter().enumerate() {
                array.set(index, to_script(ctx, element)?)?;
            }
            array.into_value()
        }
        Value::Object(fields) => {
            let object = Object::new(ctx.clone())?;
            for (name, field) in fields {
                let field = to_script(ctx, field)?;
                if name == "__proto__" {
                    // Setting it would change the prototype; it is to be a field as in JSON.parse.
                    object.prop(name.as_str(), Property::from(field).configurable().enumerable().writable())?;
                } else {
                    object.set(name.as_str(), field)?;
                }
            }
            object.into_value()
        }
    })
}

/// Takes a value out of the runtime; `None` for what JSON leaves out (undefined, functions, symbols).
///
/// # Errors
/// See [`Refusal`].
pub(crate) fn from_script<'js>(value: &JsValue<'js>, limit: usize, well_formed: &Function<'js>) -> Result<Option<Value>, Refusal> {
    Reader { left: limit, well_formed }.read(value, "", 0)
}

/// The text of a string; halves of surrogate pairs become U+FFFD.
pub(crate) fn text_of<'js>(text: &JsString<'js>, well_formed: &Function<'js>) -> rquickjs::Result<String> {
    match text.to_string() {
        Err(rquickjs::Error::Utf8(_)) => well_formed.call::<_, JsString>((text.clone(),))?.to_string(),
        result => result,
    }
}

struct Reader<'a, 'js> {
    left: usize,
    well_formed: &'a Function<'js>,
}

impl<'js> Reader<'_, 'js> {
    fn spend(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.left = self.left.checked_sub(bytes).ok_or(Refusal::TooLarge)?;
        Ok(())
    }

    fn text(&mut self, text: &JsString<'js>) -> Result<String, Refusal> {
        let text = text_of(text, self.well_formed)?;
        self.spend(text.len())?;
        Ok(text)
    }

    fn read(&mut self, value: &JsValue<'js>, key: &str, depth: usize) -> Result<Option<Value>, Refusal> {
        if depth > MAX_DEPTH {
            return Err(Refusal::TooDeep);
        }
        self.spend(ELEMENT_COST)?;
        if let Some(value) = value.as_bool() {
            return Ok(Some(Value::Bool(value)));
        }
        if let Some(value) = value.as_int() {
            return Ok(Some(value.into()));
        }
        if let Some(value) = value.as_float() {
            return Ok(Some(number(value)));
        }
        if let Some(text) = value.as_string() {
            return Ok(Some(Value::String(self.text(text)?)));
        }
        if value.is_null() {
            return Ok(Some(Value::Null));
        }
        if value.is_big_int() {
            return Err(Refusal::NotJson);
        }
        let Some(object) = value.as_object().filter(|_| !value.is_function()) else { return Ok(None) };
        if let Some(convert) = object.get::<_, JsValue>(PredefinedAtom::ToJSON)?.into_function() {
            let converted: JsValue = convert.call((This(object.clone()), key))?;
            // What toJSON answers is not asked for its own toJSON, as in JSON.stringify.
            return match converted.as_object().filter(|_| !converted.is_function()) {
                Some(object) => self.fields(object, depth),
                None => self.read(&converted, key, depth + 1),
            };
        }
        self.fields(object, depth)
    }

    fn fields(&mut self, object: &Object<'js>, depth: usize) -> Result<Option<Value>, Refusal> {
        if let Some(array) = object.as_array() {
            let mut elements = Vec::new();
            for index in 0..array.len() {
                let element: JsValue = array.get(index)?;
                elements.push(self.read(&element, "", depth + 1)?.unwrap_or(Value::Null));
            }
            return Ok(Some(Value::Array(elements)));
        }
        let mut fields = Map::new();
        for name in object.own_keys::<JsString>(Filter::new().string().enum_only()) {
            let name = name?;
            let field: JsValue = object.get(name.clone())?;
            let name = self.text(&name)?;
            if let Some(field) = self.read(&field, &name, depth + 1)? {
                fields.insert(name, field);
            }
        }
        Ok(Some(Value::Object(fields)))
    }
}

fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() <= MAX_INTEGER {
        // Exact: an integer that fits; printed without a fraction, as JavaScript does.
        return Value::Number((value as i64).into());
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}
