//! What the mirror has observed about the caller. It is kept by the plugin, in its own storage, so it is the plugin that
//! shows and forgets it, whichever is bound to the slot.

use serde_json::Value;

use super::Personas;
use crate::error::{Code, Fault, Outcome};
use crate::plugin::views::Shown;
use crate::service::principal::Principal;

/// Who mirrors.
const SLOT: &str = "persona/mirror";
/// The view it shows them in.
const REFLECTIONS: &str = "reflections";

impl Personas {
    /// What the mirror shows.
    ///
    /// # Errors
    /// 503 `PLG_005` when there is no mirror, 404 when it shows no reflections, `PLG_…` when it fails.
    pub async fn reflections(&self, who: &Principal) -> Outcome<Value> {
        Ok(self.mirror()?.show(&who.into(), REFLECTIONS).await?)
    }

    /// Lets the mirror forget.
    ///
    /// # Errors
    /// As [`Self::reflections`]; 409 when it does not forget.
    pub async fn forget_reflections(&self, who: &Principal) -> Outcome<()> {
        Ok(self.mirror()?.reset(&who.into(), REFLECTIONS).await?)
    }

    fn mirror(&self) -> Outcome<Shown> {
        self.views.of_slot(SLOT).ok_or_else(|| Fault::new(Code::NothingBound).message("no mirror is bound"))
    }
}
