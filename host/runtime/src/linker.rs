//! What a component's imports are linked to: once for each (component, grant), never for a call.
//!
//! Only granted interfaces are linked, so a component cannot reach what it was not given, not even by a bug in a door.
//! Grants are per function: an import of one function that is not granted refuses the component.

use mnemosyne_bindings::capability;
use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};

use crate::call::CallState;
use crate::capability::grant::{Access, Grant};
use crate::error::{Reason, Refused};

/// Adds one interface to a linker.
type Add = fn(&mut Linker<CallState>) -> wasmtime::Result<()>;

macro_rules! interface {
    ($name:literal, $($path:ident)::+) => {
        ($name, |linker| capability::$($path)::+::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state))
    };
}

/// Every interface the host can give, by its name without version.
const INTERFACES: &[(&str, Add)] = &[
    interface!("mnemosyne:types/errors", types::errors),
    interface!("mnemosyne:types/values", types::values),
    interface!("mnemosyne:log/log", log::log),
    interface!("mnemosyne:config/config", config::config),
    interface!("mnemosyne:storage/kv", storage::kv),
    interface!("mnemosyne:storage/memories", storage::memories),
    interface!("mnemosyne:storage/tasks", storage::tasks),
    interface!("mnemosyne:vector/index", vector::index),
    interface!("mnemosyne:llm/chat", llm::chat),
    interface!("mnemosyne:llm/embeddings", llm::embeddings),
    interface!("mnemosyne:actions/actions", actions::actions),
    interface!("mnemosyne:http/http", http::http),
    interface!("mnemosyne:persona/reply", persona::reply),
    interface!("mnemosyne:auth/identity", auth::identity),
    interface!("mnemosyne:auth/secrets", auth::secrets),
    interface!("mnemosyne:auth/credentials", auth::credentials),
];

/// Names of the interfaces the host can give, without versions.
pub fn interfaces() -> impl Iterator<Item = &'static str> {
    INTERFACES.iter().map(|(name, _)| *name)
}

/// Links a component to what it is granted.
///
/// # Errors
/// Every import that is unknown or not granted, each with the line that would grant it.
pub(crate) fn link(engine: &Engine, component: &Component, grant: &Grant) -> Result<InstancePre<CallState>, Refused> {
    let mut linker = Linker::new(engine);
    let mut reasons = Vec::new();
    for (import, item) in component.component_type().imports(engine) {
        if let Err(found) = link_import(engine, &mut linker, grant, import, &item.ty) {
            reasons.extend(found);
        }
    }
    if !reasons.is_empty() {
        return Err(Refused { reasons });
    }
    linker.instantiate_pre(component).map_err(|error| {
        let sentence = format!("an import does not fit what this host gives: {:#}", error.root_cause());
        Refused::because("import-mismatch", sentence, "build the plugin against this host's `wit/` and run `plug check`")
    })
}

fn link_import(
    engine: &Engine,
    linker: &mut Linker<CallState>,
    grant: &Grant,
    import: &str,
    item: &ComponentItem,
) -> Result<(), Vec<Reason>> {
    let name = import.split('@').next().unwrap_or(import);
    let Some((_, add)) = INTERFACES.iter().find(|(known, _)| *known == name) else {
        return Err(vec![unknown(import)]);
    };
    if grant.access(name) == Access::Absent {
        return Err(vec![not_granted(name, None)]);
    }
    // An interface of an optional need that was not granted is linked all the same: its door answers `denied`.
    if let (ComponentItem::ComponentInstance(instance), Access::Granted) = (item, grant.access(name)) {
        let functions = instance.exports(engine).filter(|(_, export)| matches!(export.ty, ComponentItem::ComponentFunc(_)));
        let missing: Vec<Reason> = functions
            .filter(|(function, _)| !grant.allows_function(name, function))
            .map(|(function, _)| not_granted(name, Some(function)))
            .collect();
        if !missing.is_empty() {
            return Err(missing);
        }
    }
    add(linker).map_err(|error| vec![Reason { code: "import-mismatch", sentence: format!("{error:#}"), fix: String::new() }])
}

fn unknown(import: &str) -> Reason {
    let import = crate::text::scrub(import, 200);
    Reason {
        code: "import-unknown",
        sentence: format!("the component imports `{import}`, which this host does not give"),
        fix: "remove the import, or run a host whose `wit/` has it".to_owned(),
    }
}

fn not_granted(interface: &str, function: Option<&str>) -> Reason {
    let short = interface.strip_prefix("mnemosyne:").unwrap_or(interface);
    let (import, fix) = match (short, function) {
        ("auth/credentials", Some(function)) => (format!("{short}.{function}"), format!("[needs.auth]\ncredentials = [\"{function}\"]")),
        (_, Some(function)) => (format!("{short}.{function}"), needs_line(short)),
        (_, None) => (short.to_owned(), needs_line(short)),
    };
    Reason {
        code: "import-not-granted",
        sentence: format!("the component imports `mnemosyne:{import}`, which is not granted"),
        fix: format!("{fix}\nin plugin.toml, and `mnemosyne plugin grant` for the operator's part"),
    }
}

fn needs_line(short: &str) -> String {
    crate::capability::grant::manifest_lines(&format!("mnemosyne:{short}")).to_owned()
}
