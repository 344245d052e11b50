//! The door of `actions`: granted and permitted? → fits its schema? → rounds left? → done as the caller, or only proposed.

use std::time::Duration;

use mnemosyne_bindings::capability::types::errors::{Error, ErrorKind};
use serde_json::{Value, json};

use super::backend::Operation;
use crate::call::Call;
use crate::capability::Asking;
use crate::capability::door::{Answer, HostFunction, at_once, denied, error, from_backend, invalid, waiting};
use crate::capability::reply::core::{Reply, note};
use crate::capability::reply::{ActionEvent, ReplyEvent};
use crate::capability::storage::memories::core::Wish;
use crate::meter::LimitBroken;
use crate::wit::types::values::{Tool, ToolCall};

/// Most tools that are offered.
const MAX_TOOLS: usize = 32;
/// Most bytes of arguments and of a result.
const MAX_JSON: usize = 64 << 10;
/// Most actions of one round, that is of one answer of a model.
const MAX_A_ROUND: u32 = 8;

pub(crate) const OFFERED: HostFunction = HostFunction {
    interface: "actions/actions",
    function: "offered",
    name: "actions/actions.offered",
    cost: 1,
    max_bytes_in: 0,
    max_bytes_out: 256 << 10,
    deadline: Duration::ZERO,
    idempotent: true,
};

pub(crate) const PERFORM: HostFunction = HostFunction {
    interface: "actions/actions",
    function: "perform",
    name: "actions/actions.perform",
    cost: 4,
    max_bytes_in: MAX_JSON + 1024,
    max_bytes_out: MAX_JSON,
    deadline: Duration::from_secs(20),
    idempotent: false,
};

/// Rounds of actions in a turn. A model's answer begins a new one, as far as actions followed the last.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    /// Whether actions have effects.
    pub(crate) agentic: bool,
    /// Most rounds.
    pub(crate) most: u32,
    /// The person does not want memories used: no action reads them either.
    without_memories: bool,
    begun: u32,
    in_round: u32,
}

impl Rounds {
    /// So many rounds, with or without effects.
    pub(crate) fn new(agentic: bool, most: u32) -> Self {
        Self { agentic, most, ..Self::default() }
    }

    /// The same with the person's wish about their memories.
    pub(crate) fn wishing(self, memories: Wish) -> Self {
        Self { without_memories: memories == Wish::Without, ..self }
    }

    /// A model has answered: the next action begins a round.
    pub(crate) fn model_asked(&mut self) {
        self.in_round = 0;
    }

    fn one_more(&mut self) -> Result<(), Error> {
        if self.in_round == 0 {
            if self.begun >= self.most {
                return Err(error(ErrorKind::Quota, "actions-rounds", "this turn's rounds of actions are used up", false));
            }
            self.begun += 1;
        }
        if self.in_round >= MAX_A_ROUND {
            return Err(error(ErrorKind::Quota, "actions-round", "a round has at most 8 actions", false));
        }
        self.in_round += 1;
        Ok(())
    }
}

/// The permission of operations that read memories.
const READS_MEMORIES: &str = "memory:read";

fn permitted(call: &Call, rounds: &Rounds, operation: &Operation) -> bool {
    if rounds.without_memories && operation.permission == READS_MEMORIES {
        return false;
    }
    let may = call.caller.user.as_deref().is_some_and(|user| user.permissions.contains(operation.permission));
    may && call.revision.grant().action(operation.operation)
}

/// What grant and caller allow.
pub(crate) fn offered(call: &Call, rounds: &Rounds) -> Result<Vec<Tool>, LimitBroken> {
    let tools = || {
        let permitted = call.backends().actions.catalogue().iter().filter(|operation| permitted(call, rounds, operation));
        permitted.take(MAX_TOOLS).map(|operation| operation.tool.clone()).collect()
    };
    Ok(at_once(call, &OFFERED, 0, tools)?.unwrap_or_default())
}

/// The operation behind a tool's name and its arguments, if all of it may be.
fn judged<'c>(call: &'c Call, rounds: &mut Rounds, wanted: &ToolCall) -> Result<&'c Operation, Error> {
    if wanted.id.len() > 256 || wanted.name.len() > 64 || wanted.arguments.len() > MAX_JSON {
        return Err(invalid("actions-too-large", "arguments have at most 64 KiB"));
    }
    let operation = call.backends().actions.catalogue().iter().find(|operation| operation.tool.name == wanted.name);
    // An operation that does not exist and one that is not allowed look alike: neither is offered.
    let operation = operation.filter(|operation| permitted(call, rounds, operation));
    let operation = operation.ok_or_else(|| denied("actions-not-offered", "this operation is not offered here"))?;
    if !serde_json::from_str::<Value>(&wanted.arguments).is_ok_and(|arguments| arguments.is_object()) {
        return Err(invalid("actions-arguments", "the arguments are no JSON object"));
    }
    call.backends().actions.check(operation, &wanted.arguments).map_err(|problem| from_backend(&problem, "actions"))?;
    rounds.one_more()?;
    Ok(operation)
}

/// Does it, or proposes it when the turn is not agentic.
pub(crate) async fn perform(call: &Call, rounds: &mut Rounds, reply: Option<&Reply>, wanted: ToolCall) -> Answer<String> {
    let bytes = wanted.id.len() + wanted.name.len() + wanted.arguments.len();
    let judged = judged(call, rounds, &wanted);
    let proposed = !rounds.agentic;
    let (operation, check) = crate::capability::door::split(judged);
    let answer = waiting(call, &PERFORM, bytes, check, async {
        let Some(operation) = operation else { return Ok(String::new()) };
        if proposed {
            let arguments: Value = serde_json::from_str(&wanted.arguments).unwrap_or_default();
            return Ok(json!({ "proposed": true, "name": wanted.name, "arguments": arguments }).to_string());
        }
        let done = call.backends().actions.perform(Asking::of(call), operation, &wanted.arguments).await;
        let done = done.map_err(|problem| from_backend(&problem, "actions"))?;
        if done.len() > MAX_JSON {
            return Err(error(ErrorKind::Internal, "actions-result", "the result is larger than 64 KiB; it was done", false));
        }
        Ok(done)
    })
    .await?;
    let result = answer.clone().map_err(|error| error.code);
    note(reply, ReplyEvent::Action(ActionEvent { name: wanted.name, arguments: wanted.arguments, result, proposed })).await;
    Ok(answer)
}
