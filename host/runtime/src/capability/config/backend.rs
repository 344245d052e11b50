//! What the host fills in. Values, not a trait: settings are constant during a call, so they are read before it.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::ConfigValue;

/// The effective settings of one slot: the operator's values and the manifest's defaults
/// (`manifest.config.effective(values)`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfigValues {
    /// Value by key. A declared key without a value is absent.
    pub values: BTreeMap<String, ConfigValue>,
    /// Names of the secrets that are stored for the plugin. Never a value.
    pub secrets: BTreeSet<String>,
}

/// One user's own values of keys that the manifest marks `per-user`; validated by the host.
pub type UserValues = BTreeMap<String, ConfigValue>;
