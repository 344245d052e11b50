//! The caller's tasks, at their door.

use std::sync::Arc;

use mnemosyne_bindings::capability::types::errors::ErrorKind;
use uuid::Uuid;

use super::core::{Listing, get, list};
use super::in_memory::InMemoryTasks;
use super::*;
use crate::capability::Backends;
use crate::kit::{House, ada, ada_who_may_not_read, bob, completion, nobody, settings};
use crate::wit::types::values::Task;

const READ: &str = "[needs.storage]\ntasks = 'read'";

fn task(id: u128, title: &str, due: Option<i64>) -> Task {
    let open = Task { completed: None, status: "pending".into(), ..completion().task };
    Task { id: Uuid::from_u128(id).to_string(), title: title.to_owned(), due, ..open }
}

fn house() -> House {
    let tasks = InMemoryTasks::default();
    for one in [task(1, "call mum", Some(20)), task(2, "pay rent", None), task(3, "water", Some(10))] {
        tasks.add(Uuid::from_u128(1), one);
    }
    tasks.add(Uuid::from_u128(2), task(9, "call mum", None));
    House::on(settings(), |backends| Backends { tasks: Arc::new(tasks), ..backends })
}

fn listing(filter: TaskFilter, limit: u32) -> Listing<'static> {
    Listing { filter, parent: None, cursor: None, limit }
}

#[tokio::test]
async fn the_callers_own_by_due_date_and_nobody_elses() {
    let call = house().at_a_personas_door(READ, ada()).await;
    let page = list(&call, listing(TaskFilter::default(), 100)).await.unwrap().unwrap();
    let titles: Vec<&str> = page.items.iter().map(|task| task.title.as_str()).collect();
    assert_eq!(titles, ["water", "call mum", "pay rent"]);
    assert!(get(&call, &Uuid::from_u128(9).to_string()).await.unwrap().unwrap().is_none());
    let call = house().at_a_personas_door(READ, bob()).await;
    assert_eq!(list(&call, listing(TaskFilter::default(), 100)).await.unwrap().unwrap().items.len(), 1);
}

#[tokio::test]
async fn a_filter_narrows_and_has_its_caps() {
    let call = house().at_a_personas_door(READ, ada()).await;
    let text = |text: &str| TaskFilter { text: Some(text.to_owned()), ..TaskFilter::default() };
    assert_eq!(list(&call, listing(text("RENT"), 5)).await.unwrap().unwrap().items.len(), 1);
    assert_eq!(list(&call, listing(text(&"x".repeat(4097)), 5)).await.unwrap().unwrap_err().code, "tasks-text");
    assert_eq!(list(&call, listing(TaskFilter::default(), 101)).await.unwrap().unwrap_err().code, "tasks-limit");
    let parent = Listing { parent: Some("../1"), ..listing(TaskFilter::default(), 5) };
    assert_eq!(list(&call, parent).await.unwrap().unwrap_err().code, "tasks-parent");
    let statuses = TaskFilter { statuses: vec!["pending".into(); 17], ..TaskFilter::default() };
    assert_eq!(list(&call, listing(statuses, 5)).await.unwrap().unwrap_err().code, "tasks-statuses");
}

#[tokio::test]
async fn without_grant_caller_or_permission_it_is_denied() {
    let cases = [("", ada()), (READ, nobody()), (READ, ada_who_may_not_read()), ("[needs.storage]\nmemories = 'read'", ada())];
    for (manifest, caller) in cases {
        let call = house().at_a_personas_door(manifest, caller).await;
        assert_eq!(list(&call, listing(TaskFilter::default(), 5)).await.unwrap().unwrap_err().kind, ErrorKind::Denied);
        assert_eq!(get(&call, "x").await.unwrap().unwrap_err().kind, ErrorKind::Denied);
    }
}
