//! What strangers send, and who may send it: driven by the OpenAPI document over every operation, so that an operation that
//! comes tomorrow is covered without an edit here.
//!
//! ```text
//! document.rs  the document: operations, parameters, what a schema takes, a value that fits it
//! wrong.rs     values that a schema must refuse, by construction rather than by the validator under test
//! cases.rs     every bad request of one operation: body, fields, path, query, headers, method
//! world.rs     people, an object of theirs for each path, requests to the router, what an error must look like
//! walk.rs      every operation × every kind of principal
//! canary.rs    what one person writes wherever they can, looked for in all that another one can get
//! ```
//! Nothing is random: `MNEMOSYNE_TEST_SEED` (a number, 1 when unset) chooses which of many equal values are tried; under
//! `make soak` all of them are.

mod canary;
mod cases;
mod document;
mod walk;
mod world;
mod wrong;

use crate::kit::{backends, full};
use cases::{Case, Expect};
use document::Operation;
use world::World;

/// Chooses among equal values.
#[derive(Clone)]
struct Seed(u64);

impl Seed {
    fn given() -> Self {
        Self(std::env::var("MNEMOSYNE_TEST_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1))
    }

    /// splitmix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// All of them in full, `few` of them otherwise.
    fn choose<T>(&mut self, mut from: Vec<T>, few: usize) -> Vec<T> {
        while !full() && from.len() > few {
            let at = usize::try_from(self.next() % from.len() as u64).expect("below a length");
            from.swap_remove(at);
        }
        from
    }
}

backends! {
async fn bad_input_is_refused_in_one_shape_and_changes_nothing(host: TestHost) {
    let world = World::of(&host).await;
    let mut seed = Seed::given();
    let (mut sent, mut wrong) = (0, Vec::new());
    // Looking makes what it looks at; the second look is the first one that counts.
    world.everything().await;
    let mut before = world.everything().await;
    for operation in world.document.operations() {
        let who = world.fitting(operation);
        let path = world.fill(who, operation).await;
        for case in cases::refused(&world.document, operation, &path, &mut seed) {
            sent += 1;
            wrong.extend(judge(&world, operation, &case, who).await);
        }
        if let Some(theirs) = world.foreign(operation).await {
            let case = cases::foreign(&world.document, operation, &theirs);
            sent += 1;
            wrong.extend(judge(&world, operation, &case, &world.bob).await);
        }
        let after = world.everything().await;
        wrong.extend(before.differences(&after).into_iter().map(|what| format!("{} changed {what}", operation.name())));
        before = after;
    }
    println!("{sent} bad requests to {} operations", world.document.operations().len());
    assert!(wrong.is_empty(), "{} of {sent}:\n{}", wrong.len(), wrong.join("\n"));
}

async fn odd_input_is_taken_or_refused_and_never_a_failure_of_ours(host: TestHost) {
    let world = World::of(&host).await;
    let mut seed = Seed::given();
    let (mut sent, mut wrong) = (0, Vec::new());
    for operation in world.document.operations() {
        // Some of these succeed, a logout among them: each operation gets a person of its own.
        let carol = world.somebody().await;
        let who = if world.fitting(operation).operates { world.fitting(operation) } else { &carol };
        let path = if who.operates { document::Filled::unknown(operation) } else { world.fill(who, operation).await };
        for case in cases::odd(&world.document, operation, &path, &mut seed) {
            sent += 1;
            wrong.extend(judge(&world, operation, &case, who).await);
        }
    }
    println!("{sent} odd requests to {} operations", world.document.operations().len());
    assert!(wrong.is_empty(), "{} of {sent}:\n{}", wrong.len(), wrong.join("\n"));
}

async fn the_declared_permission_decides_for_every_principal(host: TestHost) {
    walk::everywhere(&host).await;
}

async fn nothing_of_one_person_reaches_another_by_any_route(host: TestHost) {
    canary::everywhere(&host).await;
}

async fn an_operator_sees_nothing_that_a_person_wrote(host: TestHost) {
    let world = World::of(&host).await;
    for operation in world.document.operations() {
        // What alice has is there before the operator looks for it.
        let alices = world.fill(&world.alice, operation).await;
        for path in [alices, world.fill(&world.operator, operation).await] {
            let answer = world.send(&Case::plain(operation, &path), &world.operator).await;
            assert!(!answer.text.contains(world::MARK), "{}: {}", operation.name(), answer.text);
        }
    }
}
}

/// What is wrong with the answer to one case, in one line.
async fn judge(world: &World<'_>, operation: &Operation, case: &Case, who: &world::Person) -> Option<String> {
    let answer = world.send(case, who).await;
    let verdict = match &case.expect {
        Expect::Refused { statuses, pointer } => {
            if !statuses.contains(&answer.status) {
                Err(format!("is not one of {statuses:?}"))
            } else if let (422, Some(pointer)) = (answer.status, pointer) {
                answer.one_shape().and_then(|()| answer.points_at(pointer))
            } else {
                answer.one_shape()
            }
        }
        Expect::NoFailure if answer.status >= 500 => Err("is a failure of ours".into()),
        Expect::NoFailure if answer.status >= 400 => answer.one_shape(),
        Expect::NoFailure => Ok(()),
    };
    let leaks = who.name != world.alice.name && answer.text.contains(world::MARK);
    let verdict = if leaks { Err("shows what alice wrote".to_owned()) } else { verdict };
    let shown: String = answer.text.chars().take(300).collect();
    verdict.err().map(|why| format!("{} [{}]: {} {why}: {shown}", operation.name(), case.name, answer.status))
}
