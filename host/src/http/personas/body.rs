//! Personas as they look on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::persona::Worldview;
use crate::service::personas::{Shown, State};

/// A persona that can be talked to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Persona)]
pub struct PersonaBody {
    /// As `persona` in a message names it.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// What it says first; may be empty.
    pub greeting: String,
    /// The plugin behind it.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its bytes.
    pub digest: String,
    /// Whether it may act for the person in agentic turns.
    pub agentic: bool,
}

impl From<Shown> for PersonaBody {
    fn from(shown: Shown) -> Self {
        let revision = shown.bound.revision;
        Self {
            id: shown.bound.id,
            name: shown.card.name.clone(),
            purpose: shown.card.purpose.clone(),
            greeting: shown.card.greeting.clone(),
            plugin: revision.plugin,
            version: revision.version,
            digest: revision.digest,
            agentic: shown.bound.agentic,
        }
    }
}

/// How the person wishes to be spoken to; empty = not said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Worldview)]
pub struct WorldviewBody {
    /// A tradition of `GET /api/v1/persona/traditions`, or the person's own word.
    pub primary_tradition: String,
    /// At most 2 more.
    pub secondary_traditions: Vec<String>,
    /// `formal`, `casual`, `poetic`, `direct`, `academic`, `warm`, or the person's own word.
    pub communication_style: String,
    /// What matters most first.
    pub values_hierarchy: Vec<String>,
    /// `deontological`, `consequentialist`, `virtue`, `care`, `pluralist`, or the person's own word.
    pub ethical_framework: String,
    /// In the person's own words.
    pub cultural_context: String,
}

impl From<Worldview> for WorldviewBody {
    fn from(own: Worldview) -> Self {
        Self {
            primary_tradition: own.primary_tradition,
            secondary_traditions: own.secondary_traditions,
            communication_style: own.communication_style,
            values_hierarchy: own.values_hierarchy,
            ethical_framework: own.ethical_framework,
            cultural_context: own.cultural_context,
        }
    }
}

/// Where the person stands with the personas.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PersonaState)]
pub struct StateBody {
    /// Whom the person has chosen, if that one is there; `confidant` until then.
    pub current_mode: String,
    /// Whom the person has chosen; `null` = whoever suits each message.
    #[schema(required)]
    pub active_persona: Option<String>,
    /// 0…1, by the memories that the person has shared.
    pub trust_level: f32,
    /// How the person wishes to be spoken to.
    pub worldview: WorldviewBody,
    /// How often the person has chosen.
    pub mode_history_count: i64,
}

impl From<State> for StateBody {
    fn from(state: State) -> Self {
        Self {
            current_mode: state.current,
            active_persona: state.active,
            trust_level: state.trust,
            worldview: state.worldview.into(),
            mode_history_count: state.switches,
        }
    }
}
