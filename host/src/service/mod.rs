//! The rules of the product: who may, in what order, what is recorded. One file a resource.
//!
//! A service takes a [`principal::Principal`] and plain values, calls `plugin` for behaviour and `store` for truth, and
//! returns a model or a [`crate::error::Fault`]. It never holds a connection or a lock while a guest runs.

pub mod actions;
pub mod audit;
pub mod auth;
mod bounds;
pub mod bundled;
pub mod chat;
pub mod embedding;
pub mod game;
pub mod jobs;
pub mod memories;
pub mod moment;
pub mod openai;
pub mod personas;
pub mod plugins;
pub mod principal;
pub mod secrets;
pub mod slots;
pub mod streak;
pub mod streams;
pub mod tasks;
pub mod vault;

impl From<&principal::Principal> for crate::plugin::Caller {
    fn from(principal: &principal::Principal) -> Self {
        Self {
            user: Some(principal.user),
            display_name: principal.display_name.clone(),
            locale: principal.locale.clone(),
            timezone: principal.timezone.clone(),
            roles: principal.roles.iter().map(|role| role.text().to_owned()).collect(),
            permissions: principal::Permission::ALL
                .iter()
                .filter(|permission| principal.permissions.contains(**permission))
                .map(|permission| permission.text().to_owned())
                .collect(),
        }
    }
}
