//! `actions` for plugins: the catalogue of the host's operations, and their schemas. What they do stands in the services,
//! which come after the runtime: [`Actions::with`] joins the two.

mod catalogue;

use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;
use jsonschema::Validator;
use mnemosyne_runtime::capability::actions::{ActionsBackend, Operation};
use mnemosyne_runtime::{Asking, BackendError, User};
use serde_json::Value;

/// Does an operation as a person, with that person's permissions, as if they had asked themselves.
#[async_trait]
pub trait Performer: Send + Sync {
    /// The operation's result. `of` says which plugin asked, in which call: it is kept with what was done.
    ///
    /// # Errors
    /// In the contract's words.
    async fn perform(&self, of: &Asking<'_>, user: &User, operation: &str, arguments: Value) -> Result<Value, BackendError>;
}

/// The host's operations.
pub struct Actions {
    catalogue: Vec<Operation>,
    schemas: Vec<Option<Validator>>,
    // Weak: services hold the runtime, and the runtime holds this; together they would never go.
    performer: OnceLock<Weak<dyn Performer>>,
}

impl Default for Actions {
    fn default() -> Self {
        let catalogue = catalogue::operations();
        let schema = |operation: &Operation| {
            let schema: Value = serde_json::from_str(&operation.tool.parameters).ok()?;
            jsonschema::validator_for(&schema).ok()
        };
        let schemas = catalogue.iter().map(schema).collect();
        Self { catalogue, schemas, performer: OnceLock::new() }
    }
}

impl Actions {
    /// Names who performs, once; whoever calls keeps it alive.
    pub fn with(&self, performer: &Arc<dyn Performer>) {
        let _ = self.performer.set(Arc::downgrade(performer));
    }
}

#[async_trait]
impl ActionsBackend for Actions {
    fn catalogue(&self) -> &[Operation] {
        &self.catalogue
    }

    fn check(&self, operation: &Operation, arguments: &str) -> Result<(), BackendError> {
        let wrong = |message: &str| BackendError::invalid("actions-arguments", message);
        let place = self.catalogue.iter().position(|known| known.operation == operation.operation);
        let schema = place.and_then(|place| self.schemas.get(place)?.as_ref()).ok_or_else(|| wrong("the operation has no schema"))?;
        let arguments: Value = serde_json::from_str(arguments).map_err(|_| wrong("the arguments are no JSON"))?;
        schema.validate(&arguments).map_err(|error| wrong(&format!("{}: {error}", error.instance_path())))
    }

    async fn perform(&self, of: Asking<'_>, operation: &Operation, arguments: &str) -> Result<String, BackendError> {
        let performer = self.performer.get().and_then(Weak::upgrade).ok_or(BackendError::Unavailable { retry_after_ms: None })?;
        let user = of.user.ok_or_else(|| BackendError::denied("actions-no-caller", "there is no user in this call"))?;
        let arguments = serde_json::from_str(arguments).map_err(|_| BackendError::invalid("actions-arguments", "no JSON"))?;
        let result = performer.perform(&of, user, operation.operation, arguments).await;
        let outcome = if result.is_ok() { "ok" } else { "refused" };
        tracing::info!(operation = operation.operation, plugin = of.plugin, user = %user.id, call = %of.call, outcome, "a persona acted for its person");
        Ok(result?.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, arguments: &str) -> Result<(), BackendError> {
        let actions = Actions::default();
        let operation = actions.catalogue().iter().find(|operation| operation.tool.name == name).unwrap().clone();
        actions.check(&operation, arguments)
    }

    #[test]
    fn every_operation_has_a_schema_and_a_name_of_its_own() {
        let actions = Actions::default();
        assert!(actions.schemas.iter().all(Option::is_some));
        let names: std::collections::BTreeSet<_> = actions.catalogue.iter().map(|operation| &operation.tool.name).collect();
        assert_eq!(names.len(), actions.catalogue.len());
        assert!(actions.catalogue.iter().all(|operation| operation.tool.description.len() < 1 << 10));
    }

    #[test]
    fn arguments_are_held_against_the_schema() {
        assert!(check("create_task", r#"{"title":"Water the plants","priority":"high"}"#).is_ok());
        assert!(check("complete_task", r#"{"id":"0198f3a0-0000-7000-8000-000000000001"}"#).is_ok());
        for wrong in [
            "{}",
            r#"{"title":""}"#,
            r#"{"title":1}"#,
            r#"{"title":"x","user_id":"0198f3a0"}"#,
            r#"{"title":"x","priority":"now"}"#,
            "[]",
            "x",
        ] {
            assert!(check("create_task", wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn before_the_services_are_there_nothing_is_performed() {
        let actions = Actions::default();
        let operation = actions.catalogue[0].clone();
        let user = User::default();
        let of = Asking { user: Some(&user), plugin: "p", slot: "s", request: "r", call: uuid::Uuid::nil() };
        assert!(matches!(actions.perform(of, &operation, "{}").await, Err(BackendError::Unavailable { .. })));
    }
}
