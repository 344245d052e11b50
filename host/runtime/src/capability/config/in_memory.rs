//! Settings of tests.

use super::backend::ConfigValues;
use crate::manifest::Manifest;

/// A manifest's defaults, and no secret.
pub fn defaults(manifest: &Manifest) -> ConfigValues {
    let values = manifest.config.effective(&serde_json::Map::new()).unwrap_or_default();
    ConfigValues { values, secrets: std::collections::BTreeSet::new() }
}
