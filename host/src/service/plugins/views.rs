//! What plugins show of what they keep about the caller: only those that serve a slot; another name is not found.

use std::sync::Arc;

use serde_json::Value;

use crate::error::{Fault, Outcome};
use crate::plugin::views::{self, Shown, View};
use crate::service::principal::Principal;

/// The service.
pub struct Views(Arc<views::Views>);

impl Views {
    /// Through this door.
    pub fn new(door: Arc<views::Views>) -> Self {
        Self(door)
    }

    fn of(&self, plugin: &str) -> Outcome<Shown> {
        self.0.of_plugin(plugin).ok_or_else(Fault::not_found)
    }

    /// What there is to see.
    ///
    /// # Errors
    /// 404 for a plugin that serves nothing, `PLG_…` when it fails.
    pub async fn list(&self, who: &Principal, plugin: &str) -> Outcome<Vec<View>> {
        Ok(self.of(plugin)?.list(&who.into()).await?)
    }

    /// One view of the caller's data.
    ///
    /// # Errors
    /// As [`Self::list`]; 404 for a view that is not there.
    pub async fn show(&self, who: &Principal, plugin: &str, view: &str) -> Outcome<Value> {
        Ok(self.of(plugin)?.show(&who.into(), view).await?)
    }

    /// Has the caller's data behind a view forgotten.
    ///
    /// # Errors
    /// As [`Self::show`]; 409 when the plugin does not forget it.
    pub async fn reset(&self, who: &Principal, plugin: &str, view: &str) -> Outcome<()> {
        Ok(self.of(plugin)?.reset(&who.into(), view).await?)
    }
}
