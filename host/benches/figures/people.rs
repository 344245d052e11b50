//! Accounts through the front door, tasks straight into the database: making them is not what is measured.

use std::path::Path;

use mnemosyne_host::model::task::{Priority, QuestType, Status, Task};
use mnemosyne_host::store::{ConnectOptions, Db, tasks};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::process::client;

/// The password of everybody here.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) token: String,
}

async fn sign_in(base: &str, path: &str, body: Value) -> Person {
    let request = client().post(format!("{base}/api/v1/auth/{path}")).json(&body);
    let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    let name = text(&answer["user"]["username"]);
    Person { id: text(&answer["user"]["id"]).parse().expect("an id"), name, token: text(&answer["access_token"]) }
}

/// Registers so many.
pub(crate) async fn register(base: &str, count: usize) -> Vec<Person> {
    let mut people = Vec::with_capacity(count);
    for number in 0..count {
        let name = format!("person{number}");
        let body = json!({"email": format!("{name}@example.org"), "username": name, "password": PASSWORD});
        people.push(sign_in(base, "register", body).await);
    }
    people
}

/// Signs them in again: a token belongs to one address.
pub(crate) async fn again(base: &str, people: &[Person]) -> Vec<Person> {
    let mut signed = Vec::with_capacity(people.len());
    for person in people {
        signed.push(sign_in(base, "login", json!({"username": person.name, "password": PASSWORD})).await);
    }
    signed
}

/// So many open tasks for each, in a data folder that no host uses now.
pub(crate) async fn give_tasks(data: &Path, people: &[Person], each: usize) -> Vec<Vec<Uuid>> {
    let db = Db::connect(&database(data), &ConnectOptions::default()).await.expect("the database opens");
    let mut all = Vec::with_capacity(people.len());
    for person in people {
        let mut tx = db.begin().await.expect("a transaction");
        let mut ids = Vec::with_capacity(each);
        for _ in 0..each {
            let task = task(person.id);
            tasks::insert(&mut tx, &task).await.expect("a task");
            ids.push(task.id);
        }
        tx.commit().await.expect("a commit");
        all.push(ids);
    }
    db.close().await;
    all
}

/// The address of a data folder's database.
pub(crate) fn database(data: &Path) -> String {
    format!("sqlite://{}", data.join("mnemosyne.db").display())
}

fn task(user_id: Uuid) -> Task {
    let now = jiff::Timestamp::now().as_millisecond();
    Task {
        id: Uuid::now_v7(),
        user_id,
        parent_id: None,
        title: "Water the plants".to_owned(),
        description: "The ones by the window, too".to_owned(),
        status: Status::Pending,
        priority: Priority::Medium,
        quest_type: QuestType::Solo,
        difficulty: 2,
        experience_points: 20,
        due_date: None,
        start_date: None,
        started_at: None,
        completed_at: None,
        created_at: now,
        updated_at: now,
        deleted_at: None,
        estimated_duration_minutes: Some(20),
        actual_duration_minutes: None,
        progress: 0,
        tags: vec!["home".to_owned()],
        assignees: Vec::new(),
        is_shared: false,
        value_impact: [("calm".to_owned(), 0.7)].into(),
        requires_all_complete: false,
        recurrence: None,
        series_id: None,
        next_due: None,
        metadata: mnemosyne_host::model::Object::new(),
        completion_id: None,
        version: 1,
    }
}
