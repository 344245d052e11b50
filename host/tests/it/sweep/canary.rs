//! What alice writes wherever anybody can write, looked for in everything that bob can get: answers, headers and logs, on his
//! own paths and on hers, with questions that would find it. Driven by the document, so that tomorrow's operations are in it.
//!
//! Alice's texts hold a word that only she ever says, beside words that both say: what bob asks for fits hers as well as his.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::cases::Case;
use super::document::{Filled, Operation, Shape};
use super::world::{Got, Person, World};
use super::wrong;
use crate::kit::{TestHost, logged, watch_logs_for};

/// What both talk about.
const TOPIC: &str = "garden compost";

/// What ends or takes away, done by nobody before the rest is: a session, a password, an account.
fn ends_something(operation: &Operation) -> bool {
    operation.method == Method::DELETE
        || ["logout", "password", "reset", "cancel", "revoke"].iter().any(|word| operation.template.contains(word))
}

/// What only alice says and has.
struct Hers {
    word: String,
    ids: BTreeSet<String>,
}

impl Hers {
    /// Where an answer shows something of hers that the request did not say itself.
    fn found_in(&self, got: &Got, case: &Case) -> Option<String> {
        let headers: String =
            got.headers.iter().map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()))).collect();
        let all = format!("{headers}{}", got.text);
        let said = format!("{} {}", case.path, String::from_utf8_lossy(&case.body));
        let mut own = self.ids.iter().chain([&self.word]);
        own.find(|own| all.contains(own.as_str()) && !said.contains(own.as_str())).cloned()
    }
}

/// Whether any text may stand here.
fn is_free(shape: &Shape) -> bool {
    let bound = ["enum", "format", "pattern", "const"].iter().any(|word| shape.keywords.contains_key(*word));
    shape.kind() == "string" && !bound && shape.number("maxLength").is_none_or(|most| most >= 48)
}

/// A body with this text wherever any may stand; with `full`, in every known field.
fn filled_with(world: &World<'_>, schema: &Value, text: &str, full: bool) -> Value {
    let mut body = world.document.sample(schema, full);
    for (pointer, shape) in wrong::places(&world.document, schema) {
        if let (true, Some(place)) = (is_free(&shape), body.pointer_mut(&pointer)) {
            *place = json!(text);
        }
    }
    body
}

/// The operation on this path with such a body, and such questions.
fn case(world: &World<'_>, operation: &Operation, path: &Filled, text: &str, full: bool) -> Case {
    let mut case = Case::plain(operation, path);
    if let Some(schema) = &operation.body {
        case.body = serde_json::to_vec(&filled_with(world, schema, text, full)).unwrap();
        case.headers.push(("content-type", b"application/json".to_vec()));
    } else if let Some(media) = operation.consumes.first() {
        let line = json!({"title": text, "content": text}).to_string();
        case.body = line.into_bytes();
        let media: &'static str = Box::leak(media.clone().into_boxed_str());
        case.headers.push(("content-type", media.as_bytes().to_vec()));
    }
    let asks = operation.at("query").filter(|one| is_free(&world.document.shape(&one.schema)));
    let pairs: Vec<String> = asks.map(|one| format!("{}={}", one.name, text.replace(' ', "%20"))).collect();
    if full && !pairs.is_empty() {
        case.path = format!("{}?{}", case.path, pairs.join("&"));
    }
    case
}

fn ids_in(value: &Value, ids: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if Uuid::try_parse(text).is_ok() && text.len() == 36 => drop(ids.insert(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| ids_in(item, ids)),
        Value::Object(fields) => fields.values().for_each(|field| ids_in(field, ids)),
        _ => {}
    }
}

/// Whether `person` may do this as an ordinary person.
fn is_for_people(world: &World<'_>, operation: &Operation) -> bool {
    !world.fitting(operation).operates && operation.template != "/api/v1/auth/register"
}

/// Alice writes wherever she can; tells how many operations took it, and which did not.
async fn plant(world: &World<'_>, hers: &mut Hers) -> (usize, Vec<String>) {
    let text = format!("{TOPIC} {}", hers.word);
    let (mut planted, mut refused) = (0, Vec::new());
    let writing = |operation: &&Operation| operation.method != Method::GET && is_for_people(world, operation) && !ends_something(operation);
    for operation in world.document.operations().iter().filter(writing) {
        let path = world.fill(&world.alice, operation).await;
        let mut taken = false;
        // Some bodies cannot have every field at once; then only what must be there.
        for full in [true, false] {
            let got = world.send(&case(world, operation, &path, &text, full), &world.alice).await;
            if (200..300).contains(&got.status) {
                ids_in(&got.json, &mut hers.ids);
                taken = true;
                break;
            }
        }
        if taken {
            planted += 1;
        } else {
            refused.push(operation.name());
        }
    }
    (planted, refused)
}

/// What bob gets on his own paths and on hers.
async fn look(world: &World<'_>, hers: &Hers, operation: &Operation, bob: &Person) -> (usize, Vec<String>) {
    let (mut sent, mut wrong) = (0, Vec::new());
    let his = world.fill(&world.bob, operation).await;
    let mut paths = vec![his.clone()];
    if operation.template.contains('{') {
        let foreign = world.fill(&world.alice, operation).await;
        paths.extend((foreign != his).then_some(foreign));
    }
    for path in paths {
        for full in [true, false] {
            let case = case(world, operation, &path, TOPIC, full);
            let got = world.send(&case, bob).await;
            sent += 1;
            if let Some(found) = hers.found_in(&got, &case) {
                let shown: String = got.text.chars().take(300).collect();
                wrong.push(format!("{} {} shows `{found}`: {} {shown}", operation.name(), case.path, got.status));
            }
        }
    }
    (sent, wrong)
}

/// How many operations show alice what she wrote.
async fn shown_to_her(world: &World<'_>, hers: &Hers) -> usize {
    let mut shown = 0;
    for operation in world.document.operations().iter().filter(|one| one.method == Method::GET && is_for_people(world, one)) {
        let path = world.fill(&world.alice, operation).await;
        let got = world.send(&Case::plain(operation, &path), &world.alice).await;
        shown += usize::from(got.text.contains(&hers.word));
    }
    shown
}

/// The walk.
pub(super) async fn everywhere(host: &TestHost) {
    let world = World::of(host).await;
    let mut hers = Hers { word: format!("canary{}", host.app.ids.id().simple()), ids: BTreeSet::new() };
    watch_logs_for(&hers.word);
    let (planted, refused) = plant(&world, &mut hers).await;
    // Positive control: she herself gets it back.
    let shown = shown_to_her(&world, &hers).await;
    assert!(planted >= 5 && shown >= 3 && hers.ids.len() >= 5, "planted by {planted}, shown by {shown}, refused by {refused:?}");
    let (mut sent, mut wrong) = (0, Vec::new());
    let (ending, others): (Vec<_>, Vec<_>) = world.document.operations().iter().partition(|one| ends_something(one));
    for operation in others.into_iter().chain(ending) {
        // Some end the session that they are done in.
        let again = if ends_something(operation) { Some(Person::of("bob", &host.sign_in("bob").await)) } else { None };
        let (more, found) = look(&world, &hers, operation, again.as_ref().unwrap_or(&world.bob)).await;
        sent += more;
        wrong.extend(found);
    }
    assert_eq!(shown_to_her(&world, &hers).await, shown, "bob took something away");
    println!(
        "written by {planted} operations, read back by {shown}; {} ids; {sent} requests of another person; not taken: {refused:?}",
        hers.ids.len()
    );
    assert!(wrong.is_empty(), "{} of {sent}:\n{}", wrong.len(), wrong.join("\n"));
    let lines = logged(&hers.word);
    assert!(lines.is_empty(), "{} log lines, the first: {}", lines.len(), lines[0]);
}
