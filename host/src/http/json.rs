//! JSON as strangers send it: depth-bounded, with duplicate keys and NUL characters found and named.
//!
//! `serde_json::Value` alone keeps the last of two equal keys and recurses 128 deep; PostgreSQL cannot store `\u0000`.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::{Code, Fault, FieldError, Outcome};

/// A body that is JSON, and what is wrong with it beyond its schema.
#[derive(Clone, Debug)]
pub(super) struct Parsed {
    pub(super) value: Value,
    pub(super) issues: Vec<FieldError>,
}

/// Reads a whole body.
///
/// # Errors
/// 400 `REQ_001` when it is not UTF-8, not JSON, or deeper than `depth`.
pub(super) fn parse(bytes: &[u8], depth: usize) -> Outcome<Parsed> {
    if let Err(error) = std::str::from_utf8(bytes) {
        return Err(Fault::new(Code::Malformed).detail(format!("the body is not UTF-8 at byte {}", error.valid_up_to())));
    }
    let mut state = State { left: depth, depth, path: String::new(), issues: Vec::new() };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value =
        Strict(&mut state).deserialize(&mut reader).and_then(|value| reader.end().map(|()| value)).map_err(|error| explain(&error))?;
    Ok(Parsed { value, issues: state.issues })
}

fn explain(error: &serde_json::Error) -> Fault {
    let text = error.to_string();
    if text.contains(TOO_DEEP) {
        return Fault::new(Code::Malformed).detail("the body is nested too deeply").hint("flatten the body: the bound is 32 levels");
    }
    Fault::new(Code::Malformed).detail(format!("the body is not well-formed JSON at line {}, column {}", error.line(), error.column()))
}

const TOO_DEEP: &str = "nested too deeply";
/// A body full of NULs must not answer with a list as long as itself.
const MOST_ISSUES: usize = 50;

struct State {
    left: usize,
    depth: usize,
    path: String,
    issues: Vec<FieldError>,
}

impl State {
    fn note(&mut self, message: &str) {
        if self.issues.len() < MOST_ISSUES {
            self.issues.push(FieldError::new(self.path.clone(), message));
        }
    }
    fn text(&mut self, text: &str) {
        if text.contains('\0') {
            self.note("must not contain the NUL character");
        }
    }
    /// Runs `inner` one level deeper at `step`.
    fn at<T>(&mut self, step: &str, inner: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push('/');
        self.path.push_str(&step.replace('~', "~0").replace('/', "~1"));
        let result = inner(self);
        self.path.truncate(length);
        result
    }
}

struct Strict<'a>(&'a mut State);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JSON of at most {} levels", self.0.depth)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    /// `3.0` and `3e0` are the integer 3 in JSON Schema: keep them as one, so that they fit an integer field too.
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if value.fract() == 0.0 && value.abs() < EXACT {
            #[expect(clippy::cast_possible_truncation, reason = "integral and within 2^53, so the cast is exact")]
            return Ok((value as i64).into());
        }
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        self.0.text(value);
        Ok(Value::String(value.to_owned()))
    }
    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        self.0.text(&value);
        Ok(Value::String(value))
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let state = self.0;
        state.left = state.left.checked_sub(1).ok_or_else(|| A::Error::custom(TOO_DEEP))?;
        let mut items = Vec::new();
        loop {
            let next = state.at(&items.len().to_string(), |state| list.next_element_seed(Strict(state)))?;
            match next {
                Some(item) => items.push(item),
                None => break,
            }
        }
        state.left += 1;
        Ok(Value::Array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let state = self.0;
        state.left = state.left.checked_sub(1).ok_or_else(|| A::Error::custom(TOO_DEEP))?;
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = state.at(&key, |state| {
                state.text(&key);
                map.next_value_seed(Strict(state))
            })?;
            if object.contains_key(&key) {
                state.at(&key, |state| state.note("is given more than once"));
            }
            object.insert(key, value);
        }
        state.left += 1;
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> String {
        format!("{}1{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn the_deepest_allowed_body_is_read_and_one_level_more_is_refused() {
        assert!(parse(nested(32).as_bytes(), 32).is_ok());
        assert_eq!(parse(nested(33).as_bytes(), 32).unwrap_err().code, Code::Malformed);
        assert_eq!(parse(nested(100_000).as_bytes(), 32).unwrap_err().code, Code::Malformed);
    }

    #[test]
    fn duplicate_keys_and_nul_characters_are_named_by_pointer() {
        let parsed = parse(br#"{"a":1,"a":2,"b/c":["x","y\u0000"]}"#, 32).unwrap();
        let pointers: Vec<_> = parsed.issues.iter().map(|issue| issue.pointer.as_str()).collect();
        assert_eq!(pointers, ["/a", "/b~1c/1"]);
    }

    #[test]
    fn what_is_not_json_or_not_utf8_is_malformed() {
        for bytes in [&b"{"[..], b"{} {}", b"\xff\xfe", br#"{"a":"\ud800"}"#, b"1e999", b"", b"NaN"] {
            assert_eq!(parse(bytes, 32).unwrap_err().code, Code::Malformed, "{bytes:?}");
        }
    }

    #[test]
    fn an_integral_float_is_an_integer() {
        assert_eq!(parse(b"3.0", 32).unwrap().value, serde_json::json!(3));
        assert_eq!(parse(b"0.5", 32).unwrap().value, serde_json::json!(0.5));
    }
}
