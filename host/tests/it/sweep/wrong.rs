//! Values that a schema must refuse, and odd ones that it may take.
//!
//! Made from the schema's own words instead of asked of a validator: the validator is what is being tested.

use serde_json::{Map, Value, json};

use super::document::{Document, Shape};

/// A value at a place (an RFC 6901 pointer) of an otherwise good body, with the reason in words.
pub(super) struct Wrong {
    pub(super) pointer: String,
    pub(super) why: &'static str,
    pub(super) body: Value,
}

/// Every place of a schema: its pointer and what it takes, outermost first.
pub(super) fn places(document: &Document, schema: &Value) -> Vec<(String, Shape)> {
    let mut places = Vec::new();
    within(document, schema, "", 5, &mut places);
    places
}

fn within(document: &Document, schema: &Value, at: &str, depth: usize, places: &mut Vec<(String, Shape)>) {
    let shape = document.shape(schema);
    if depth > 0 && !shape.mixed {
        for (name, schema) in shape.properties() {
            let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            within(document, schema, &pointer, depth - 1, places);
        }
        if let (Some(items), "array") = (shape.keywords.get("items"), shape.kind()) {
            within(document, items, &format!("{at}/0"), depth - 1, places);
        }
    }
    places.push((at.to_owned(), shape));
}

/// Every single mistake that a body can have: of a value, of a missing field, of one field too many.
pub(super) fn bodies(document: &Document, schema: &Value) -> Vec<Wrong> {
    let good = document.sample(schema, true);
    let mut wrong = Vec::new();
    for (pointer, shape) in places(document, schema) {
        for (why, value) in values(&shape) {
            let mut body = good.clone();
            let Some(place) = body.pointer_mut(&pointer) else { continue };
            *place = value;
            wrong.push(Wrong { pointer: pointer.clone(), why, body });
        }
        if shape.mixed {
            continue;
        }
        for name in shape.required() {
            let mut body = good.clone();
            let Some(object) = body.pointer_mut(&pointer).and_then(Value::as_object_mut) else { continue };
            object.remove(&name);
            wrong.push(Wrong { pointer: format!("{pointer}/{name}"), why: "a required field is missing", body });
        }
        if shape.is_closed() {
            let mut body = good.clone();
            let Some(object) = body.pointer_mut(&pointer).and_then(Value::as_object_mut) else { continue };
            object.insert("no_such_field".into(), json!(1));
            wrong.push(Wrong { pointer: format!("{pointer}/no_such_field"), why: "an unknown field", body });
        }
    }
    wrong
}

/// Values that do not fit, each with its reason.
pub(super) fn values(shape: &Shape) -> Vec<(&'static str, Value)> {
    let mut values = Vec::new();
    if shape.types.is_empty() {
        return values;
    }
    let takes = |word: &str| shape.types.contains(word);
    let numbers = takes("integer") || takes("number");
    values.extend(
        [
            (!takes("null"), "null", Value::Null),
            (!takes("boolean"), "a boolean", json!(true)),
            (!numbers, "a number", json!(7)),
            (!numbers, "a huge number", json!(1e300)),
            (numbers && !takes("number"), "a fraction", json!(1.5)),
            (!takes("string"), "text", json!("7")),
            (!takes("string"), "text that is no number", json!("NaN")),
            (!takes("array"), "an array", json!([])),
            (!takes("object"), "an object", Value::Object(Map::new())),
        ]
        .into_iter()
        .filter(|(wrong, ..)| *wrong)
        .map(|(_, why, value)| (why, value)),
    );
    if shape.mixed {
        return values;
    }
    if numbers {
        bounds(shape, &mut values);
    }
    if takes("string") {
        texts(shape, &mut values);
    }
    if takes("array") {
        let items = |count: i64| Value::Array(vec![json!("x"); usize::try_from(count).unwrap()]);
        values.extend(shape.number("maxItems").map(|most| ("too many items", items(most + 1))));
        values.extend(shape.number("minItems").filter(|least| *least > 0).map(|least| ("too few items", items(least - 1))));
    }
    values
}

fn bounds(shape: &Shape, values: &mut Vec<(&'static str, Value)>) {
    values.extend(shape.number("minimum").map(|least| ("below its least", json!(least - 1))));
    values.extend(shape.number("maximum").map(|most| ("above its most", json!(most + 1))));
    if shape.keywords.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("int")) {
        values.extend([("beyond 64 bits", json!(1e30)), ("far below 64 bits", json!(-1e30))]);
    }
}

fn texts(shape: &Shape, values: &mut Vec<(&'static str, Value)>) {
    if shape.keywords.contains_key("enum") {
        values.extend([("none of its words", json!("no-such-word")), ("an empty word", json!(""))]);
        return;
    }
    values.push(("a NUL character", json!("a\u{0}b")));
    if let Some(most) = shape.number("maxLength") {
        values.push(("too long", json!("ä".repeat(usize::try_from(most).unwrap() + 1))));
    }
    if shape.number("minLength").is_some_and(|least| least > 0) {
        values.push(("empty", json!("")));
    }
    let not: &[&str] = match shape.keywords.get("format").and_then(Value::as_str) {
        Some("date-time") => {
            &["2030-01-31T09:00:00", "2030-01-31", "2030-13-01T00:00:00Z", "tomorrow", "", "99999-01-01T00:00:00Z", "1700000000"]
        }
        Some("date") => &["2030-02-30", "tomorrow", ""],
        Some("uuid") => &[
            "",
            "1",
            "0198f3a0",
            "0198f3a000007000800000000000dead",
            "{0198f3a0-0000-7000-8000-00000000dead}",
            "zzzzzzzz-0000-7000-8000-00000000dead",
        ],
        Some("email") => &["", "nobody", "@", "a@b@c"],
        _ => &[],
    };
    values.extend(not.iter().map(|text| ("not of its format", json!(text))));
}

/// Values that a careless program would stumble over, right or not.
pub(super) fn odd() -> Vec<(&'static str, Value)> {
    vec![
        ("control characters", json!("a\u{1}\u{1b}[31m\r\nb\u{7f}")),
        ("right to left and joined", json!("\u{202e}\u{200d}\u{feff}👨‍👩‍👧 ﷽")),
        ("a very long text", json!("x".repeat(200_000))),
        ("spaces", json!(" \t\u{a0} ")),
        ("a path", json!("../../etc/passwd\u{2028}")),
        ("SQL", json!("'; DROP TABLE tasks; --%_\\")),
        ("markup", json!("<script>alert(1)</script>{{7*7}}${7*7}")),
        ("the least integer", json!(i64::MIN)),
        ("the largest integer", json!(i64::MAX)),
        ("beyond 64 bits", json!(u64::MAX)),
        ("a huge number", json!(1e308)),
        ("a tiny number", json!(5e-324)),
        ("minus zero", json!(-0.0)),
        ("null", Value::Null),
        ("many items", json!(vec!["x"; 5_000])),
        ("many fields", Value::Object((0..5_000).map(|number| (format!("k{number}"), json!(number))).collect())),
        ("nested", (0..20).fold(json!(1), |inner, _| json!({ "a": [inner] }).get("a").cloned().unwrap_or_default())),
        ("an odd key", json!({"": 1, "a/b~c": {"\u{1}": "x"}, "__proto__": {}})),
        ("the first moment", json!("0001-01-01T00:00:00Z")),
        ("the last moment", json!("9999-12-31T23:59:59.999999999Z")),
        ("an offset", json!("2030-01-31T09:00:00+23:59")),
        ("the nil id", json!("00000000-0000-0000-0000-000000000000")),
    ]
}
