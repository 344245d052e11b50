//! Personas that are hostile, through the front door: before their first word an earlier revision answers, after it what was said
//! stands; whatever they ask for beyond their bounds is refused in the host's own words, and nobody else notices.

use serde_json::{Value, json};

use super::voice::{Voice, forever};
use super::voices::{self, Beast, Ends};
use super::{PLUGINS, all_quiet, let_in, recorded, watch_panics};
use crate::kit::{Actor, Script, ScriptedModel, TestHost, backends};

const SLOT: &str = "persona/zoo";

/// One turn with the persona in the zoo's slot, and what came of it.
async fn say(person: &Actor, message: &str) -> Value {
    person.say(json!({"message": message, "persona": "zoo"})).await.ok()
}

/// Binds, then asks.
pub(super) async fn met(host: &TestHost, person: &Actor, name: &str, voice: &Voice) -> Value {
    let_in(&host.operator(), SLOT, voice.build(name)).await;
    say(person, "hello").await
}

/// Each beast ends as it should while somebody else is answered; each control works.
async fn meet(host: &TestHost, beasts: Vec<Beast>) {
    watch_panics();
    let (mallory, alice) = (host.user("mallory").await, host.user("alice").await);
    // Somebody who answers when the first beast does not.
    host.operator().bind(SLOT, "persona-mentor@0.1.0").await;
    let mut expected = Vec::new();
    for Beast { name, voice, ends, control, says } in beasts {
        let plugin = format!("voice-{name}");
        let hers = async { alice.post("/api/v1/tasks", json!({"title": "hers"})).await.created() };
        let (answer, _) = tokio::join!(met(host, &mallory, &plugin, &voice), hers);
        let (response, by) = (answer["response"].as_str().unwrap(), answer["plugin"]["name"].as_str().unwrap());
        match ends {
            Ends::Says(text) => assert_eq!((response, by, &answer["degraded"]), (&*text, &*plugin, &json!(false)), "{name}: {answer}"),
            Ends::Replaced(code) => {
                assert!(by != plugin && answer["degraded"] == true && !response.is_empty(), "{name}: {answer}");
                assert!(!response.contains("zoo-complaint"), "{name}: {answer}");
                expected.push((plugin, code));
            }
            Ends::Broken(code, said) => {
                assert!(response.starts_with(&said), "{name}: {} characters", response.len());
                assert!(
                    response.len() < said.len() + 4_096 && by == plugin && answer["degraded"] == true,
                    "{name}: {by} {}",
                    answer["degraded"]
                );
                expected.push((plugin, code));
            }
        }
        // The slot's previous revision is then a control, so that a beast's place is not taken by another beast.
        let answer = met(host, &mallory, &format!("tame-{name}"), &control).await;
        assert_eq!((answer["response"].as_str(), &answer["degraded"]), (Some(&*says), &json!(false)), "the control of {name}: {answer}");
    }
    recorded(host, expected).await;
    all_quiet(host).await;
}

backends! {
    async fn beasts_that_speak_are_replaced_or_cut_and_nobody_else_is_harmed(host: TestHost) {
        meet(&host, voices::beasts()).await;
        // What the smuggler wanted was proposed and not done.
        let mallory = host.sign_in("mallory").await;
        assert_eq!(mallory.get("/api/v1/tasks").await.ok()["total"], 0);
    }

    async fn beasts_that_ask_models_stay_within_their_bounds(mut host: TestHost) {
        let model = ScriptedModel::start(Script::Says(vec!["Fine".to_owned(), ".".to_owned()])).await;
        host.restart_with(|config| model.configure(config)).await;
        let beasts = voices::model_users();
        let most = beasts.len() * 2 * 4;
        meet(&host, beasts).await;
        let asked = model.requests().len();
        assert!((4..=most).contains(&asked), "the model was asked {asked} times");
    }

    async fn a_persona_that_never_stops_is_ended_by_a_client_that_leaves(host: TestHost) {
        watch_panics();
        let mallory = host.user("mallory").await;
        // 16 384 pieces are the most that anybody may push: without end, these four bytes would come to 64 KiB
        let block = "(memory.fill (i32.const 131072) (i32.const 97) (i32.const 4)) (call $say (i32.const 131072) (i32.const 4))";
        let_in(&host.operator(), SLOT, Voice::saying(forever(block)).build("voice-never-stops")).await;
        for _ in 0..5 {
            let body = json!({"message": "hello", "persona": "zoo", "on_disconnect": "cancel"});
            let mut events = mallory.stream(body).await;
            let meta = events.next().await.unwrap();
            events.until("delta").await;
            drop(events);
            all_quiet(&host).await;
            let conversation = meta.data["conversation_id"].as_str().unwrap();
            let kept = loop {
                let messages = mallory.get(&format!("/api/v1/chat/conversations/{conversation}/messages")).await.ok();
                match messages["items"].as_array().unwrap().get(1) {
                    Some(kept) => break kept.clone(),
                    None => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
                }
            };
            let said = kept["content"].as_str().unwrap();
            assert!(kept["degraded"] == true && said.starts_with("aaaa") && said.len() < 64 << 10, "{} bytes", said.len());
        }
    }

    async fn a_persona_that_fails_again_and_again_is_not_asked_for_a_while(host: TestHost) {
        watch_panics();
        let mallory = host.user("mallory").await;
        let_in(&host.operator(), "persona/lone", Voice::saying("(unreachable)").build("voice-traps")).await;
        let body = || json!({"message": "hello", "persona": "lone"});
        let suspended = loop {
            let answer = mallory.say(body()).await;
            if answer.status == 503 {
                break answer;
            }
            answer.refused(502, "PLG_001");
        };
        assert_ne!(suspended.header("retry-after"), "");
        let error = suspended.refused(503, "PLG_008");
        assert!(error["message"].as_str().unwrap().contains("not asked for a while"), "{error}");
    }

    async fn an_affinity_that_lies_loops_or_breaks_costs_only_itself(host: TestHost) {
        watch_panics();
        let (operator, alice) = (host.operator(), host.user("alice").await);
        let score = |score: &str| format!("(f32.store (i32.const 3076) (f32.const {score})) (i32.const 3072)");
        let beasts = [
            ("nan", score("nan")),
            ("shouting", score("1e30")),
            ("infinite", score("inf")),
            ("loop", super::build::SPIN.to_owned()),
            ("trap", "(unreachable)".to_owned()),
            ("error", "(i32.store8 (i32.const 3072) (i32.const 1)) (i32.const 3072)".to_owned()),
            ("bomb", super::build::GROW.to_owned()),
        ];
        let chosen = async || {
            let answer = alice.say(json!({"message": "good morning"})).await.ok();
            answer["plugin"]["name"].as_str().unwrap().to_owned()
        };
        for (name, affinity) in beasts {
            let plugin = format!("voice-affinity-{name}");
            let_in(&operator, SLOT, Voice { affinity, ..Voice::default() }.build(&plugin)).await;
            assert_ne!(chosen().await, plugin);
        }
        let_in(&operator, SLOT, Voice { affinity: score("1"), ..Voice::default() }.build("voice-affinity-honest")).await;
        assert_eq!(chosen().await, "voice-affinity-honest", "the control is asked and chosen");
        all_quiet(&host).await;
    }

    async fn reading_and_sending_together_waits_for_exactly_that_acknowledgement(host: TestHost) {
        let operator = host.operator();
        let outside = "[needs.http]\nendpoints = { a = 'https://a.example.org' }\n";
        let reading = format!("[needs.storage]\nmemories = 'read'\n[needs.llm]\nclasses = ['chat']\nmax-tokens-per-call = 100\n{outside}");
        let revision = operator.add_plugin(Voice::default().with("", &reading).build("voice-exfiltrates")).await;
        assert_eq!(revision["state"], "held");
        let warning = revision["difference"]["acknowledgement"].as_str().unwrap();
        assert!(warning.contains("memories") && warning.contains("a.example.org"), "{warning}");
        let approve = async |body: Value| operator.post(&format!("{PLUGINS}/voice-exfiltrates/0.1.0/approve"), body).await;
        let bind = async |plugin: &str| {
            let body = json!({"plugin": plugin, "version": "0.1.0"});
            operator.ask(reqwest::Method::PUT, "/api/v1/admin/slots/persona/zoo").header("if-match", "*").json(body).send().await
        };
        let error = approve(json!({})).await.refused(422, "VAL_001");
        assert_eq!(error["errors"][0]["pointer"], "/accept_difference");
        approve(json!({"accept_difference": "0".repeat(64)})).await.refused(409, "DB_002");
        bind("voice-exfiltrates").await.refused(409, "PLG_009");
        // The controls: sending alone needs no such word, and with the word the pair is let in.
        let harmless = operator.add_plugin(Voice::default().with("", outside).build("voice-sends")).await;
        assert_eq!((&harmless["state"], &harmless["difference"]["acknowledgement"]), (&json!("held"), &Value::Null));
        operator.post(&format!("{PLUGINS}/voice-sends/0.1.0/approve"), json!({})).await.ok();
        bind("voice-sends").await.ok();
        approve(json!({"accept_difference": revision["difference"]["hash"]})).await.ok();
        bind("voice-exfiltrates").await.ok();
    }

    async fn an_operator_takes_the_way_out_and_the_component_does_not_even_link(host: TestHost) {
        let operator = host.operator();
        let sending = Voice::default().with(super::voice::SEND, "[needs.http]\nendpoints = { a = 'https://a.example.org' }\n");
        operator.add_plugin(sending.build("voice-sends")).await;
        operator.post(&format!("{PLUGINS}/voice-sends/0.1.0/approve"), json!({})).await.ok();
        let path = format!("{PLUGINS}/voice-sends/grant");
        let etag = operator.get(&path).await.header("etag").to_owned();
        let policy = json!({"policy": {"deny": ["http"]}});
        operator.ask(reqwest::Method::PUT, &path).header("if-match", &etag).json(policy).send().await.ok();
        let body = json!({"plugin": "voice-sends", "version": "0.1.0"});
        let bind = operator.ask(reqwest::Method::PUT, "/api/v1/admin/slots/persona/zoo").header("if-match", "*").json(body).send().await;
        let error = bind.refused(422, "PLG_007");
        assert!(error["errors"].to_string().contains("http"), "{error}");
    }
}
