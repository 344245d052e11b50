//! The bundled plugins on the real runtime, when `make plugins` has built them. Without them these tests say so and pass:
//! the whole journey with them is the host's suite.

use std::sync::Arc;

use uuid::Uuid;

use crate::capability::Backends;
use crate::capability::auth::{Evidence, Secret};
use crate::capability::llm::in_memory::{Script, ScriptedModel};
use crate::capability::storage::memories::in_memory::InMemoryMemories;
use crate::kit::voice::{memory, moment, said, turn};
use crate::kit::{House, ada, completion, nobody, settings};
use crate::wit::auth_provider::Progress;
use crate::{Caller, LoginInput, ReplyEvent, channel};

pub(super) fn bundled(name: &str) -> Option<Arc<[u8]>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins").join(format!("{name}.wasm"));
    let bytes = std::fs::read(&path).ok();
    if bytes.is_none() {
        eprintln!("{name} is not built: run `make plugins`");
    }
    bytes.map(Into::into)
}

#[tokio::test]
async fn the_bundled_rules_award_and_level_within_their_limits() {
    for name in ["xp-rules-classic", "xp-rules-momentum"] {
        let Some(component) = bundled(name) else { continue };
        let house = House::new();
        let revision = house.revision(component).await;
        let rules = || house.runtime.xp_rules(&revision, nobody());
        let first = rules().award(completion()).await.unwrap();
        let second = rules().award(completion()).await.unwrap();
        assert!(first.value.base > 0, "{name}: {:?}", first.value);
        assert_eq!(format!("{:?}", first.value), format!("{:?}", second.value), "{name} is pure");
        assert_eq!(rules().level_at(0).await.unwrap().value.number, 1);
        assert!(!rules().describe("en".to_owned()).await.unwrap().value.title.is_empty());
        assert!(!rules().classify(completion().task, completion().facts).await.unwrap().value.is_empty());
        println!("{name}: {:?} of CPU, {} KiB", second.record.guest_cpu, second.record.peak_memory >> 10);
    }
}

#[tokio::test]
async fn the_bundled_password_provider_proves_with_evidence() {
    let Some(component) = bundled("auth-provider-password") else { return };
    let house = House::new();
    house.credentials.add_password("ada", "correct horse", "account-1");
    let revision = house.revision(component).await;
    let login = |password: &str| LoginInput {
        fields: vec![("login".to_owned(), "ada".to_owned())],
        secrets: vec![("password".to_owned(), Secret::new(password.to_owned()))],
        locale: "en".to_owned(),
        ..LoginInput::default()
    };
    let caller = || Caller::nobody("auth-provider/password", "req-1");
    let right = house.runtime.auth_provider(&revision, caller()).finish(login("correct horse"), None).await.unwrap();
    assert!(matches!(&right.value, Progress::Done(assertion) if assertion.subject == "account-1"), "{:?}", right.value);
    assert_eq!(right.evidence, [Evidence::Password { subject: "account-1".to_owned() }]);
    let wrong = house.runtime.auth_provider(&revision, caller()).finish(login("wrong"), None).await.unwrap_err();
    assert_eq!(wrong.failure.code(), "guest-error", "{}", wrong.failure);
}

const VOICES: [&str; 5] = ["persona-confidant", "persona-guardian", "persona-mediator", "persona-mentor", "persona-mirror"];

/// A house where ada has a memory, and a model that says this; without it there is no model.
fn home(says: Option<&str>) -> (House, Arc<ScriptedModel>) {
    let (model, memories) = (Arc::new(ScriptedModel::default()), InMemoryMemories::default());
    memories.add(Uuid::from_u128(1), memory(7, "Every good morning begins with a walk along the canal"));
    if let Some(says) = says {
        model.then(Script::Says(says.split_inclusive(' ').map(str::to_owned).collect()));
    }
    let models = model.clone();
    (House::on(settings(), |backends| Backends { models, memories: Arc::new(memories), ..backends }), model)
}

#[tokio::test]
async fn the_bundled_personas_describe_themselves_and_answer_with_a_model_and_without() {
    for name in VOICES {
        for says in [Some("A walk is a fine beginning."), None] {
            let Some(component) = bundled(name) else { continue };
            let (house, model) = home(says);
            let revision = house.revision(component).await;
            let card = house.runtime.persona(&revision, nobody()).describe("en".to_owned()).await.unwrap().value;
            assert!(!card.name.is_empty() && !card.purpose.is_empty(), "{name}");
            let (sink, mut stream) = channel(64);
            let plain = crate::wit::persona::Turn { wishes: crate::wit::persona::Wishes { agentic: false, ..turn().wishes }, ..turn() };
            let reader = async {
                let mut text = String::new();
                while let Some(event) = stream.recv().await {
                    if let ReplyEvent::Piece(piece) = event {
                        text.push_str(&piece);
                    }
                }
                text
            };
            let (ended, text) = tokio::join!(house.runtime.persona(&revision, ada()).respond(plain, sink), reader);
            let ended = ended.unwrap();
            assert!(!text.trim().is_empty(), "{name} said nothing");
            assert_eq!(ended.value.degraded, says.is_none(), "{name}: {text}");
            if let Some(says) = says {
                assert!(text.contains(says), "{name}: {text}");
                assert!(!model.asked().is_empty());
            }
            println!("{name}: {:?} of CPU, {} host calls", ended.record.guest_cpu, ended.record.host_calls);
        }
    }
}

#[tokio::test]
async fn the_bundled_task_intelligence_answers_by_rules() {
    let Some(component) = bundled("task-intelligence-classic") else { return };
    let (house, _) = home(None);
    let revision = house.revision(component).await;
    let help = || house.runtime.task_intelligence(&revision, ada());
    let task = completion().task;
    assert_eq!(help().suggest(moment(), 5).await.unwrap().value.1.source, "rules");
    assert_eq!(help().break_down(task.clone(), moment()).await.unwrap().value.1.source, "rules");
    let effort = help().estimate(task.clone(), moment()).await.unwrap().value.0;
    assert!(effort.low <= effort.minutes && effort.minutes <= effort.high && effort.minutes > 0);
    let order = help().prioritize(vec![task], moment()).await.unwrap().value.0;
    assert_eq!(order.len(), 1);
    let found = help().extract(vec![said("user", "I need to call the dentist tomorrow at 9")], moment()).await.unwrap().value;
    assert_eq!(found.1.source, "rules");
}
