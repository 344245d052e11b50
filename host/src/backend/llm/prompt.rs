//! A plugin's request as the body of `POST /chat/completions`, in the way its model's profile wants it.

use mnemosyne_runtime::capability::llm::ModelRequest;
use mnemosyne_runtime::wit::types::values::{Message, Tool, ToolCall};
use serde_json::{Map, Value, json};

use super::context;
use super::error::ModelError;
use crate::config::Profile;

/// What has been learned about a server that does not know everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Quirks {
    /// It refuses `stream_options`.
    pub(super) no_stream_options: bool,
    /// It refuses `response_format`.
    pub(super) no_response_format: bool,
}

/// Tokens of everything that a request puts before the model, estimated.
pub(super) fn size(request: &ModelRequest) -> u32 {
    let messages = request.messages.iter().map(context::message_tokens).fold(0, u32::saturating_add);
    let tool = |tool: &Tool| context::tokens(&tool.name) + context::tokens(&tool.description) + context::tokens(&tool.parameters) + 8;
    let tools = request.tools.iter().map(tool).fold(0, u32::saturating_add);
    messages.saturating_add(tools).saturating_add(request.json_schema.as_deref().map_or(0, context::tokens))
}

/// Leaves out what does not fit into the model's window.
pub(super) fn fit(request: &mut ModelRequest, window: u32) -> Result<(), ModelError> {
    let own = request.messages.iter().map(context::message_tokens).fold(0, u32::saturating_add);
    let beside = size(request).saturating_sub(own).saturating_add(request.max_tokens);
    let room = window.saturating_sub(beside);
    match context::trim(&mut request.messages, room) {
        Some(0) => Ok(()),
        Some(dropped) => {
            tracing::debug!(dropped, room, "the oldest messages do not fit into the model");
            Ok(())
        }
        None => Err(ModelError::Invalid {
            code: "llm-context",
            message: format!("the conversation does not fit into the model's {window} tokens"),
        }),
    }
}

/// The body. `model` may be absent for servers with only one.
pub(super) fn body(request: &ModelRequest, model: &str, profile: Profile, stream: bool, quirks: Quirks) -> Result<Value, ModelError> {
    let mut body = Map::new();
    body.insert("model".into(), model.into());
    body.insert("messages".into(), messages(request, profile, quirks).into());
    body.insert("stream".into(), stream.into());
    if stream && !quirks.no_stream_options {
        body.insert("stream_options".into(), json!({"include_usage": true}));
    }
    if profile == Profile::Reasoning {
        body.insert("max_completion_tokens".into(), request.max_tokens.into());
        if let Some(effort) = &request.reasoning {
            body.insert("reasoning_effort".into(), effort.as_str().into());
        }
    } else {
        body.insert("max_tokens".into(), request.max_tokens.into());
        let knobs = [
            ("temperature", request.temperature),
            ("top_p", request.top_p),
            ("presence_penalty", request.presence_penalty),
            ("frequency_penalty", request.frequency_penalty),
        ];
        for (name, value) in knobs {
            if let Some(value) = value {
                body.insert(name.into(), short(value));
            }
        }
        if !request.stop.is_empty() {
            body.insert("stop".into(), json!(request.stop));
        }
    }
    if !request.tools.is_empty() {
        body.insert("tools".into(), tools(&request.tools)?.into());
        body.insert("tool_choice".into(), choice(request.tool_choice.as_deref()));
    }
    if let (Some(schema), false) = (&request.json_schema, quirks.no_response_format) {
        let schema: Value = serde_json::from_str(schema).map_err(|_| not_a_schema())?;
        body.insert("response_format".into(), json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}));
    }
    Ok(Value::Object(body))
}

pub(super) fn not_a_schema() -> ModelError {
    ModelError::Invalid { code: "llm-schema", message: "the schema is no JSON Schema".into() }
}

/// 0.8, not 0.800000011920929.
fn short(value: f32) -> Value {
    value.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}

fn messages(request: &ModelRequest, profile: Profile, quirks: Quirks) -> Vec<Value> {
    let mut system: Vec<&str> = Vec::new();
    let mut list: Vec<Value> = Vec::new();
    for said in &request.messages {
        if profile == Profile::EmbeddedSystem && said.role == "system" {
            system.push(&said.content);
        } else {
            list.push(message(said));
        }
    }
    let wanted = request.json_schema.as_ref().filter(|_| quirks.no_response_format);
    let wanted = wanted.map(|schema| format!("Answer with JSON only, without a fence, that keeps to this JSON Schema:\n{schema}"));
    if profile == Profile::EmbeddedSystem {
        let head: Vec<&str> = system.into_iter().chain(wanted.as_deref()).collect();
        embed(&head.join("\n\n"), &mut list);
    } else if let Some(wanted) = wanted {
        list.insert(0, json!({"role": "system", "content": wanted}));
    }
    list
}

/// Puts the system's text at the head of the first user message, or makes one.
fn embed(head: &str, list: &mut Vec<Value>) {
    if head.is_empty() {
        return;
    }
    let first = list.iter_mut().find(|message| message["role"] == "user").filter(|message| message["content"].is_string());
    match first {
        Some(message) => message["content"] = format!("{head}\n\n{}", message["content"].as_str().unwrap_or_default()).into(),
        None => list.insert(0, json!({"role": "user", "content": head})),
    }
}

fn message(said: &Message) -> Value {
    let mut message = json!({"role": said.role, "content": said.content});
    if !said.tool_calls.is_empty() {
        if said.content.is_empty() {
            message["content"] = Value::Null;
        }
        message["tool_calls"] = said.tool_calls.iter().map(call).collect();
    }
    if let Some(id) = &said.tool_call_id {
        message["tool_call_id"] = id.as_str().into();
    }
    message
}

fn call(call: &ToolCall) -> Value {
    json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}})
}

fn tools(tools: &[Tool]) -> Result<Vec<Value>, ModelError> {
    let one = |tool: &Tool| {
        let parameters: Value = serde_json::from_str(&tool.parameters).ok().filter(Value::is_object).ok_or_else(|| {
            ModelError::Invalid { code: "llm-tools", message: format!("the parameters of tool `{}` are no JSON Schema", tool.name) }
        })?;
        Ok(json!({"type": "function", "function": {"name": tool.name, "description": tool.description, "parameters": parameters}}))
    };
    tools.iter().map(one).collect()
}

fn choice(choice: Option<&str>) -> Value {
    match choice {
        None => "auto".into(),
        Some(word @ ("auto" | "none" | "required")) => word.into(),
        Some(tool) => json!({"type": "function", "function": {"name": tool}}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(messages: &[(&str, &str)]) -> ModelRequest {
        let said = |(role, content): &(&str, &str)| Message {
            role: (*role).into(),
            content: (*content).into(),
            at: None,
            tool_calls: Vec::new(),
            tool_call_id: None,
            attachments: Vec::new(),
            extra: Vec::new(),
        };
        ModelRequest {
            messages: messages.iter().map(said).collect(),
            class: "chat".into(),
            temperature: Some(0.8),
            top_p: None,
            presence_penalty: Some(0.1),
            frequency_penalty: None,
            reasoning: Some("high".into()),
            max_tokens: 100,
            stop: vec!["END".into()],
            json_schema: None,
            tools: Vec::new(),
            tool_choice: None,
            wished_model: None,
        }
    }

    #[test]
    fn each_profile_says_it_in_its_own_way() {
        let asked = request(&[("system", "be kind"), ("system", "be brief"), ("user", "hello")]);
        let standard = body(&asked, "m", Profile::Standard, true, Quirks::default()).unwrap();
        assert_eq!(standard["temperature"], json!(0.8), "as short as it was given");
        assert_eq!((&standard["max_tokens"], &standard["stream_options"]["include_usage"]), (&json!(100), &json!(true)));
        assert!(standard.get("reasoning_effort").is_none());

        let reasoning = body(&asked, "m", Profile::Reasoning, false, Quirks::default()).unwrap();
        assert_eq!((&reasoning["max_completion_tokens"], &reasoning["reasoning_effort"]), (&json!(100), &json!("high")));
        for refused in ["temperature", "presence_penalty", "stop", "max_tokens", "stream_options"] {
            assert!(reasoning.get(refused).is_none(), "{refused}");
        }

        let embedded = body(&asked, "m", Profile::EmbeddedSystem, false, Quirks::default()).unwrap();
        assert_eq!(embedded["messages"], json!([{"role": "user", "content": "be kind\n\nbe brief\n\nhello"}]));
        let alone = body(&request(&[("system", "hello")]), "m", Profile::EmbeddedSystem, false, Quirks::default()).unwrap();
        assert_eq!(alone["messages"], json!([{"role": "user", "content": "hello"}]));
    }

    #[test]
    fn a_server_without_schemas_is_told_in_words() {
        let mut asked = request(&[("user", "hello")]);
        asked.json_schema = Some(r#"{"type":"object"}"#.into());
        let told = body(&asked, "m", Profile::Standard, false, Quirks { no_response_format: true, ..Quirks::default() }).unwrap();
        assert!(told.get("response_format").is_none());
        assert!(told["messages"][0]["content"].as_str().unwrap().contains(r#"{"type":"object"}"#));
        asked.json_schema = Some("{".into());
        assert!(matches!(
            body(&asked, "m", Profile::Standard, false, Quirks::default()),
            Err(ModelError::Invalid { code: "llm-schema", .. })
        ));
    }

    #[test]
    fn tools_go_out_and_wrong_ones_do_not() {
        let mut asked = request(&[("user", "hello")]);
        asked.tools = vec![Tool { name: "list".into(), description: "Lists.".into(), parameters: r#"{"type":"object"}"#.into() }];
        asked.tool_choice = Some("list".into());
        let sent = body(&asked, "m", Profile::Standard, false, Quirks::default()).unwrap();
        assert_eq!(sent["tool_choice"], json!({"type": "function", "function": {"name": "list"}}));
        assert_eq!(sent["tools"][0]["function"]["parameters"], json!({"type": "object"}));
        asked.tools[0].parameters = "[]".into();
        assert!(matches!(
            body(&asked, "m", Profile::Standard, false, Quirks::default()),
            Err(ModelError::Invalid { code: "llm-tools", .. })
        ));
    }
}
