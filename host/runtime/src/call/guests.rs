//! The bundled personas and task intelligence on the real runtime, when `make plugins` has built them.

use std::sync::Arc;

use super::bundled::bundled;
use crate::capability::llm::in_memory::{Script, ScriptedModel};
use crate::capability::storage::memories::in_memory::InMemoryMemories;
use crate::capability::storage::tasks::in_memory::InMemoryTasks;
use crate::kit::{House, ada, completion, settings};
use crate::wit::persona::{Outcome, Turn, Wishes};
use crate::wit::types::values::{Memory, Message, Task};
use crate::{Backends, CallRecord, ReplyEvent, Revision, channel};

const PERSONAS: [&str; 5] = ["persona-confidant", "persona-mentor", "persona-mediator", "persona-guardian", "persona-mirror"];

struct Stage {
    house: House,
    model: Arc<ScriptedModel>,
    tasks: Arc<InMemoryTasks>,
}

/// Ada has one memory; no model says anything yet.
fn stage() -> Stage {
    let (model, memories, tasks) =
        (Arc::new(ScriptedModel::default()), Arc::new(InMemoryMemories::default()), Arc::new(InMemoryTasks::default()));
    memories.add(uuid::Uuid::from_u128(1), memory());
    let backends = Backends { models: model.clone(), memories, tasks: tasks.clone(), ..Backends::in_memory() };
    let house = House::on(settings(), |own| Backends { clock: own.clock, log: own.log, ..backends });
    Stage { house, model, tasks }
}

fn memory() -> Memory {
    Memory {
        id: "019463e6-5800-7000-8000-00000000000a".to_owned(),
        title: "Sister".to_owned(),
        content: "My sister moved to Porto. I must be more patient with her.".to_owned(),
        tags: Vec::new(),
        importance: 0.5,
        source_type: "manual".to_owned(),
        source_id: None,
        created: 1,
        updated: 1,
        metadata: "{}".to_owned(),
        extra: Vec::new(),
    }
}

fn said(content: &str) -> Message {
    Message {
        role: "user".to_owned(),
        content: content.to_owned(),
        at: None,
        tool_calls: Vec::new(),
        tool_call_id: None,
        attachments: Vec::new(),
        extra: Vec::new(),
    }
}

fn turn(message: &str) -> Turn {
    let wishes =
        Wishes { temperature: None, max_tokens: None, stop: Vec::new(), model: None, tools: Vec::new(), agentic: false, max_iterations: 3 };
    Turn {
        conversation: String::new(),
        moment: completion().facts.moment,
        message: said(message),
        history: vec![said("hello"), Message { role: "assistant".to_owned(), ..said("Hello Ada.") }],
        summary: None,
        worldview: None,
        trust: 0.5,
        use_memories: true,
        wishes,
        extra: Vec::new(),
    }
}

struct Answer {
    text: String,
    cited: Vec<String>,
    outcome: Outcome,
    record: Arc<CallRecord>,
}

async fn ask(house: &House, revision: &Arc<Revision>, message: &str) -> Answer {
    let (sink, mut stream) = channel(8);
    let reading = async move {
        let (mut text, mut cited) = (String::new(), Vec::new());
        while let Some(event) = stream.recv().await {
            match event {
                ReplyEvent::Piece(piece) => text += &piece,
                ReplyEvent::Cite(id) => cited.push(id),
                _ => {}
            }
        }
        (text, cited)
    };
    let (called, (text, cited)) = tokio::join!(house.runtime.persona(revision, ada()).respond(turn(message), sink), reading);
    let called = called.unwrap();
    Answer { text, cited, outcome: called.value, record: called.record }
}

#[tokio::test]
async fn each_bundled_persona_streams_cites_and_is_honest_without_a_model() {
    for name in PERSONAS {
        let Some(component) = bundled(name) else { continue };
        let stage = stage();
        let revision = stage.house.revision(component).await;
        let card = stage.house.runtime.persona(&revision, ada()).describe("en".to_owned()).await.unwrap();
        let initial = card.record.peak_memory;
        stage.model.then(Script::Says((0..50).map(|word| format!("word{word} ")).collect()));
        let answer = ask(&stage.house, &revision, "What do you know about my sister?").await;
        assert!(answer.text.starts_with("word0 word1 ") && answer.text.ends_with("word49 "), "{name}: {}", answer.text);
        assert!(!answer.outcome.degraded, "{name}");
        assert_eq!(answer.cited, [memory().id], "{name}");
        // Growing memory costs the host system calls that contend with every other call: an ordinary one never does.
        assert_eq!(answer.record.peak_memory, initial, "{name} grows in an ordinary call");
        let asked = stage.model.asked().remove(0);
        assert!(asked.messages.last().unwrap().content.contains("> My sister moved to Porto."), "{name}");
        assert!(!asked.messages[0].content.contains("Porto"), "{name}: a memory is no instruction");
        let answer = ask(&stage.house, &revision, "And my sister?").await;
        assert!(answer.outcome.degraded && answer.text.contains("“My sister moved to Porto."), "{name}: {}", answer.text);
        println!("{name}: {:?} of CPU, {} KiB", answer.record.guest_cpu, answer.record.peak_memory >> 10);
    }
}

#[tokio::test]
async fn each_message_has_its_persona_crisis_before_reflection_before_conflict_before_learning() {
    let stage = stage();
    let mut voices = Vec::new();
    for name in PERSONAS {
        let Some(component) = bundled(name) else { return };
        voices.push((name, stage.house.revision(component).await));
    }
    for (message, wanted) in [
        ("I want to learn what pattern makes me want to die after every argument", "persona-guardian"),
        ("What pattern do you see in the arguments I have while I learn?", "persona-mirror"),
        ("How do I learn to end this argument?", "persona-mediator"),
        ("Help me learn the violin", "persona-mentor"),
        ("I feel lonely", "persona-confidant"),
        ("The train leaves at nine", "persona-confidant"),
    ] {
        let mut best = (-1.0, "");
        for (name, revision) in &voices {
            let fit = stage.house.runtime.persona(revision, ada()).affinity(message.to_owned(), Vec::new()).await.unwrap().value;
            if fit.score > best.0 {
                best = (fit.score, name);
            }
        }
        assert_eq!(best.1, wanted, "{message}");
    }
}

#[tokio::test]
async fn the_mirror_shows_what_it_observed_and_forgets_it() {
    let Some(component) = bundled("persona-mirror") else { return };
    let stage = stage();
    let revision = stage.house.revision(component).await;
    ask(&stage.house, &revision, "I am tired and alone").await;
    let views = || stage.house.runtime.views(&revision, ada());
    assert_eq!(views().list().await.unwrap().value[0].name, "reflections");
    let shown = views().show("reflections".to_owned()).await.unwrap().value;
    assert!(shown.contains("\"observation_count\":1") && shown.contains("\"dimension\":\"energy\""), "{shown}");
    views().reset("reflections".to_owned()).await.unwrap();
    let shown = views().show("reflections".to_owned()).await.unwrap().value;
    assert!(shown.contains("\"observation_count\":0"), "{shown}");
    assert_eq!(views().show("diary".to_owned()).await.unwrap_err().failure.code(), "guest-error");
}

#[tokio::test]
async fn the_bundled_task_intelligence_answers_all_five_questions_by_rules() {
    let Some(component) = bundled("task-intelligence-classic") else { return };
    let stage = stage();
    let revision = stage.house.revision(component).await;
    let moment = || completion().facts.moment;
    let task = |id: &str, title: &str| Task {
        id: id.to_owned(),
        title: title.to_owned(),
        status: "pending".to_owned(),
        completed: None,
        ..completion().task
    };
    for id in 0..3 {
        let done = Task { actual_minutes: Some(30 + id), completed: Some(1), ..task(&format!("d{id}"), "Write weekly report") };
        stage.tasks.add(uuid::Uuid::from_u128(1), Task { status: "completed".to_owned(), ..done });
    }
    let classic = || stage.house.runtime.task_intelligence(&revision, ada());
    let (suggestions, origin) = classic().suggest(moment(), 5).await.unwrap().value;
    assert!(suggestions.len() <= 5 && origin.source == "rules", "{suggestions:?}");
    let (steps, origin) = classic().break_down(task("t", "Write the essay"), moment()).await.unwrap().value;
    assert!(steps.len() == 5 && origin.degraded, "{steps:?}");
    let (effort, _) = classic().estimate(task("t", "Write the weekly report"), moment()).await.unwrap().value;
    assert_eq!((effort.minutes, effort.basis.as_str()), (31, "3 similar tasks"));
    let (drafts, _) = classic().extract(vec![said("Remind me to call Bob tomorrow at 9am.")], moment()).await.unwrap().value;
    assert_eq!(drafts[0].due_local.as_deref(), Some("2026-01-02T09:00"));
    let tasks: Vec<Task> = (0..200).map(|id| task(&format!("t{id}"), "Sort the papers of the year")).collect();
    let ranked = classic().prioritize(tasks, moment()).await.unwrap();
    assert_eq!(ranked.value.0.len(), 200);
    println!("prioritize 200: {:?} of CPU, {} KiB", ranked.record.guest_cpu, ranked.record.peak_memory >> 10);
}
