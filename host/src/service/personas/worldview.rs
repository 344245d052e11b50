//! How somebody wishes to be spoken to. What personas have words for is in [`super::traditions`]; anything else is the
//! person's own word and reaches a persona as a quotation.

use super::Personas;
use crate::error::{Fault, FieldError, Outcome};
use crate::model::persona::Worldview;
use crate::service::principal::Principal;
use crate::store;
use crate::store::Error;

/// Characters of each text (`wit/deps/persona.wit`).
const TEXT: usize = 200;
/// Second traditions.
const SECONDARY: usize = 2;
/// Values.
const VALUES: usize = 16;

/// A change by RFC 7396: `None` leaves it, `Some(None)` clears it.
#[derive(Clone, Debug, Default)]
pub struct WorldviewChange {
    /// Of [`Worldview::primary_tradition`].
    pub primary_tradition: Option<Option<String>>,
    /// Of [`Worldview::secondary_traditions`].
    pub secondary_traditions: Option<Option<Vec<String>>>,
    /// Of [`Worldview::communication_style`].
    pub communication_style: Option<Option<String>>,
    /// Of [`Worldview::values_hierarchy`].
    pub values_hierarchy: Option<Option<Vec<String>>>,
    /// Of [`Worldview::ethical_framework`].
    pub ethical_framework: Option<Option<String>>,
    /// Of [`Worldview::cultural_context`].
    pub cultural_context: Option<Option<String>>,
}

impl WorldviewChange {
    /// Trims every text; names each that is too long, blank within a list, or twice in one.
    fn checked(mut self) -> Outcome<Self> {
        let mut wrong = Vec::new();
        let texts = [
            ("/primary_tradition", &mut self.primary_tradition),
            ("/communication_style", &mut self.communication_style),
            ("/ethical_framework", &mut self.ethical_framework),
            ("/cultural_context", &mut self.cultural_context),
        ];
        for (pointer, field) in texts {
            if let Some(Some(text)) = field {
                one(pointer, text, &mut wrong);
            }
        }
        let lists = [
            ("/secondary_traditions", SECONDARY, &mut self.secondary_traditions),
            ("/values_hierarchy", VALUES, &mut self.values_hierarchy),
        ];
        for (pointer, most, field) in lists {
            if let Some(Some(list)) = field {
                several(pointer, most, list, &mut wrong);
            }
        }
        if wrong.is_empty() { Ok(self) } else { Err(Fault::invalid(wrong)) }
    }

    fn made_to(self, old: Worldview) -> Worldview {
        let text = |change: Option<Option<String>>, old| change.map_or(old, Option::unwrap_or_default);
        let list = |change: Option<Option<Vec<String>>>, old| change.map_or(old, Option::unwrap_or_default);
        Worldview {
            primary_tradition: text(self.primary_tradition, old.primary_tradition),
            secondary_traditions: list(self.secondary_traditions, old.secondary_traditions),
            communication_style: text(self.communication_style, old.communication_style),
            values_hierarchy: list(self.values_hierarchy, old.values_hierarchy),
            ethical_framework: text(self.ethical_framework, old.ethical_framework),
            cultural_context: text(self.cultural_context, old.cultural_context),
        }
    }
}

fn one(pointer: &str, text: &mut String, wrong: &mut Vec<FieldError>) {
    *text = text.trim().to_owned();
    if text.chars().count() > TEXT {
        wrong.push(FieldError::new(pointer, format!("must be at most {TEXT} characters")));
    }
}

fn several(pointer: &str, most: usize, list: &mut [String], wrong: &mut Vec<FieldError>) {
    if list.len() > most {
        wrong.push(FieldError::new(pointer, format!("must have at most {most} items")));
    }
    for at in 0..list.len() {
        let pointer = format!("{pointer}/{at}");
        one(&pointer, &mut list[at], wrong);
        if list[at].is_empty() {
            wrong.push(FieldError::new(pointer, "must not be empty"));
        } else if list[..at].contains(&list[at]) {
            wrong.push(FieldError::new(pointer, "is there already"));
        }
    }
}

impl Personas {
    /// How the caller wishes to be spoken to, and how often that has changed.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn worldview(&self, who: &Principal) -> Outcome<(Worldview, i64)> {
        let settings = store::personas::get(&self.db, who.user).await?;
        Ok((settings.worldview.unwrap_or_default(), settings.version))
    }

    /// Changes it, if it is at `version` or that is `None`; gives the new one.
    ///
    /// # Errors
    /// 422 that names each bad field, 412 when it has changed meanwhile.
    pub async fn change_worldview(&self, who: &Principal, change: WorldviewChange, version: Option<i64>) -> Outcome<(Worldview, i64)> {
        let change = change.checked()?;
        let mut tx = self.db.begin().await?;
        let settings = store::personas::hold(&mut tx, who.user, self.clock.now()).await?;
        if version.is_some_and(|version| version != settings.version) {
            return Err(Error::Stale.into());
        }
        let worldview = change.made_to(settings.worldview.unwrap_or_default());
        // Nothing told is nothing kept.
        let told = (worldview != Worldview::default()).then_some(&worldview);
        let version = store::personas::set_worldview(&mut tx, who.user, told).await?;
        tx.commit().await?;
        Ok((worldview, version))
    }
}
