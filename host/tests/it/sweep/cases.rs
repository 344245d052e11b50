//! Every bad request of one operation.

use axum::http::Method;
use serde_json::{Value, json};

use super::Seed;
use super::document::{Document, Filled, Operation, Parameter};
use super::wrong;

/// One request and what must come of it.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, Vec<u8>)>,
    pub(super) body: Vec<u8>,
    /// Sent without the person's own proof.
    pub(super) bare: bool,
    pub(super) expect: Expect,
}

/// What must come of it.
pub(super) enum Expect {
    /// One of these, in the one error shape; at 422 with this pointer, or one below it.
    Refused { statuses: Vec<u16>, pointer: Option<String> },
    /// Anything but a failure of ours.
    NoFailure,
}

impl Case {
    /// The operation with nothing but its path.
    pub(super) fn plain(operation: &Operation, path: &Filled) -> Self {
        Self {
            name: "plain".into(),
            method: operation.method.clone(),
            path: path.path.clone(),
            headers: Vec::new(),
            body: Vec::new(),
            bare: false,
            expect: Expect::NoFailure,
        }
    }
    fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
    fn header(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
    fn body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", kind)
    }
    fn json(self, body: &Value) -> Self {
        self.body("application/json", serde_json::to_vec(body).unwrap())
    }
    fn refused(mut self, statuses: &[u16]) -> Self {
        self.expect = Expect::Refused { statuses: statuses.to_vec(), pointer: None };
        self
    }
    fn pointing(mut self, at: String) -> Self {
        if let Expect::Refused { pointer, .. } = &mut self.expect {
            *pointer = Some(at);
        }
        self
    }
}

/// What must be refused.
pub(super) fn refused(document: &Document, operation: &Operation, path: &Filled, seed: &mut Seed) -> Vec<Case> {
    let plain = || Case::plain(operation, path);
    // Whatever is not there is missed before a body is looked at.
    let invalid: &[u16] = if path.real { &[422] } else { &[404, 422] };
    let mut cases = fields(document, operation, path, invalid, seed);
    cases.extend(media(document, operation, path));
    cases.extend(query(document, operation, path, invalid));
    cases.extend(paths(document, operation, path));
    if !operation.produces.is_empty() {
        for accept in [&b"image/png"[..], b"application/json;q=0", b"\xff"] {
            cases.push(plain().named("Accept").header("accept", accept).refused(&[406]));
        }
    }
    if operation.at("header").any(|one| one.name == "Idempotency-Key") {
        for key in [Vec::new(), vec![b'k'; 256], b"a b".to_vec(), vec![0xff]] {
            let case = with_body(document, operation, plain()).named("Idempotency-Key").header("idempotency-key", key);
            cases.push(case.refused(&[422]).pointing("Idempotency-Key".into()));
        }
    }
    if operation.permission != "public" {
        let long = [b"Bearer ".to_vec(), vec![b'x'; 8_000]].concat();
        let values = [
            &b""[..],
            b"Bearer",
            b"Bearer ",
            b"Basic YTpi",
            b"Bearer \xff",
            b"Bearer a b",
            b"Bearer mn_x",
            b"Bearer a.b.c",
            b"\xff",
            &long,
        ];
        for value in values {
            let mut case = plain().named("Authorization").header("authorization", value).refused(&[401]);
            case.bare = true;
            cases.push(case);
        }
    }
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"] {
        let method: Method = method.parse().unwrap();
        if document.of(&operation.template).all(|own| own.method != method) {
            let case = Case { method, ..plain() };
            cases.push(case.named("method").refused(&[405]));
        }
    }
    cases
}

/// Somebody else's object, otherwise as it should be.
pub(super) fn foreign(document: &Document, operation: &Operation, theirs: &Filled) -> Case {
    with_body(document, operation, Case::plain(operation, theirs)).named("somebody else's").refused(&[404])
}

/// The body that the operation needs, if any.
fn with_body(document: &Document, operation: &Operation, case: Case) -> Case {
    match &operation.body {
        Some(schema) => case.json(&document.sample(schema, false)),
        None => match operation.consumes.first() {
            Some(media) => case.body(media, "x"),
            None => case,
        },
    }
}

/// Each field of the body with each mistake that it can have.
fn fields(document: &Document, operation: &Operation, path: &Filled, invalid: &[u16], seed: &mut Seed) -> Vec<Case> {
    let Some(schema) = &operation.body else { return Vec::new() };
    let mut cases = Vec::new();
    for wrong in wrong::bodies(document, schema) {
        let case = Case::plain(operation, path).named(format!("{} {}", wrong.pointer, wrong.why)).json(&wrong.body);
        cases.push(case.refused(invalid).pointing(wrong.pointer));
    }
    let mut cases = seed.choose(cases, 120);
    if let Value::Object(good) = document.sample(schema, true)
        && let Some((key, value)) = good.iter().next()
    {
        let text = format!("{{{0}:{1},{0}:{1}}}", json!(key), value);
        let case = Case::plain(operation, path).named("a key twice").body("application/json", text);
        cases.push(case.refused(invalid));
    }
    cases
}

/// Bodies that are no JSON, too large, too deep, of another kind.
fn media(document: &Document, operation: &Operation, path: &Filled) -> Vec<Case> {
    let plain = || Case::plain(operation, path);
    let mut cases = Vec::new();
    if operation.consumes.is_empty() {
        return cases;
    }
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "",
        "/",
        "application/jso",
    ] {
        cases.push(plain().named("content type").body(kind, "{}").refused(&[415]));
    }
    let mut bare = plain().named("no content type").refused(&[415]);
    bare.body = b"{}".to_vec();
    cases.push(bare);
    let Some(schema) = &operation.body else { return cases };
    let deep = format!("{}1{}", "[".repeat(33), "]".repeat(33));
    let deeper = "{\"a\":".repeat(50_000);
    let texts: [&[u8]; 14] = [
        b"{",
        b"{\"a\":}",
        b"{} {}",
        b"{,}",
        b"{'a':1}",
        b"NaN",
        b"{\"a\":NaN}",
        b"{\"a\":1e999}",
        b"{\"a\":01}",
        b"{\"a\":\"\xff\xfe\"}",
        b"{\"a\":\"\\ud800\"}",
        b"\xef\xbb\xbf{}",
        deep.as_bytes(),
        deeper.as_bytes(),
    ];
    for text in texts {
        let name: String = String::from_utf8_lossy(text).chars().take(20).collect();
        cases.push(plain().named(format!("malformed {name}")).body("application/json", text).refused(&[400]));
    }
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20));
    cases.push(plain().named("over 1 MiB").body("application/json", large).refused(&[413]));
    if !document.shape(schema).required().is_empty() {
        let missing: &[u16] = if path.real { &[422] } else { &[404, 422] };
        cases.push(plain().named("no body").refused(missing));
    }
    cases
}

/// Each query parameter with each mistake, and one that is not known.
fn query(document: &Document, operation: &Operation, path: &Filled, invalid: &[u16]) -> Vec<Case> {
    let ask = |pair: &str| Case { path: format!("{}?{pair}", path.path), ..with_body(document, operation, Case::plain(operation, path)) };
    let mut cases = Vec::new();
    for one in operation.at("query") {
        let shape = document.shape(&one.schema);
        for (why, value) in wrong::values(&shape) {
            let text = match &value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => continue,
            };
            // In a query everything is text, and a list is its items.
            let kind = shape.kind();
            if (kind == "string" && !value.is_string()) || kind == "array" || (kind != "string" && why == "text") {
                continue;
            }
            let pair = format!("{}={}", one.name, escaped(&text));
            cases.push(ask(&pair).named(format!("?{} {why}", one.name)).refused(invalid).pointing(format!("?{}", one.name)));
        }
        if document.shape(&one.schema).kind() != "array" {
            let value = plain_value(document, one);
            let pair = format!("{0}={value}&{0}={value}", one.name);
            cases.push(ask(&pair).named(format!("?{} twice", one.name)).refused(invalid).pointing(format!("?{}", one.name)));
        }
        let pair = format!("{}=%ff%fe", one.name);
        cases.push(ask(&pair).named(format!("?{} is not UTF-8", one.name)).refused(&[400, 404]));
    }
    if operation.template.starts_with("/api/") {
        cases.push(ask("no_such_parameter=1").named("an unknown parameter").refused(invalid).pointing("?no_such_parameter".into()));
    }
    cases
}

fn plain_value(document: &Document, parameter: &Parameter) -> String {
    match document.sample(&parameter.schema, false) {
        Value::String(text) => escaped(&text),
        other => other.to_string(),
    }
}

/// Ids that are none, and ids of nothing.
fn paths(document: &Document, operation: &Operation, path: &Filled) -> Vec<Case> {
    let mut cases = Vec::new();
    let segments = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
    for (at, segment) in segments(&operation.template).iter().enumerate() {
        let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else { continue };
        let schema = operation.at("path").find(|one| one.name == name).map(|one| one.schema.clone()).unwrap_or_default();
        let mut values = vec!["%00", "%ff%fe", "a%00b"];
        let long = "x".repeat(6_000);
        if schema["format"] == "uuid" {
            let malformed = [
                "1",
                "null",
                "undefined",
                "..",
                "%2e%2e%2f",
                "0198f3a000007000800000000000dead",
                "%7B0198f3a0-0000-7000-8000-00000000dead%7D",
            ];
            values.extend(malformed);
            values.extend([super::document::NOWHERE, long.as_str()]);
        }
        for value in values {
            let mut parts = segments(&path.path);
            value.clone_into(&mut parts[at]);
            let case = Case { path: parts.join("/"), ..with_body(document, operation, Case::plain(operation, path)) };
            let shown: String = value.chars().take(40).collect();
            // Another route may take such a segment for a word of its own: never more than "no".
            let statuses: &[u16] = if value == ".." { &[404, 405] } else { &[404] };
            cases.push(case.named(format!("{{{name}}} = {shown}")).refused(statuses));
        }
    }
    cases
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02x}") }).collect()
}

/// What may be taken or refused.
pub(super) fn odd(document: &Document, operation: &Operation, path: &Filled, seed: &mut Seed) -> Vec<Case> {
    let plain = || with_body(document, operation, Case::plain(operation, path));
    let mut cases = Vec::new();
    if let Some(schema) = &operation.body {
        let good = document.sample(schema, true);
        for (pointer, _) in wrong::places(document, schema) {
            for (why, value) in seed.choose(wrong::odd(), 5) {
                let mut body = good.clone();
                let Some(place) = body.pointer_mut(&pointer) else { continue };
                *place = value;
                cases.push(Case::plain(operation, path).named(format!("{pointer} {why}")).json(&body));
            }
        }
        cases.push(Case::plain(operation, path).named("all fields").json(&good));
    }
    for media in operation.consumes.iter().filter(|media| *media != "application/json") {
        for bytes in [&b""[..], b"x", b"\0asm\x0d\0\x01\0", &[0xff; 9_000]] {
            cases.push(Case::plain(operation, path).named(media.as_str()).body(media, bytes));
        }
    }
    for one in operation.at("query") {
        for (why, value) in seed.choose(wrong::odd(), 6) {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let pair = escaped(&text.chars().take(2_000).collect::<String>());
            let case = plain();
            cases.push(Case { path: format!("{}?{}={pair}", case.path, one.name), ..case }.named(format!("?{} {why}", one.name)));
        }
    }
    let headers: [(&str, &[u8]); 12] = [
        ("if-match", b"x"),
        ("if-match", b"W/\"1\", \"99999999999999999999\""),
        ("if-match", b"\xff"),
        ("if-none-match", b"\xff"),
        ("if-none-match", b"*"),
        ("range", b"bytes=0-0"),
        ("range", b"bytes=9-1,x"),
        ("x-request-id", b"a b\xff"),
        ("accept-language", b"\xff;q=x"),
        ("x-forwarded-for", b"\xff, ::1"),
        ("content-length", b"x"),
        ("authorization", b"Bearer \xff"),
    ];
    cases.extend(headers.into_iter().map(|(name, value)| plain().named(name).header(name, value)));
    cases
}
