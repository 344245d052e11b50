//! The manifest: what a plugin says about itself, and what it asks for.
//!
//! Written as TOML beside the plugin's source, packed by `plug build` into the component as the custom section
//! [`SECTION`], read here by the author's tool and by the host with the same code. Nothing in it is believed: it asks,
//! [`crate::capability::grant`] answers. Every problem is found in one pass and told in one sentence with a good value.
//!
//! Rooms: `reader` walks a TOML table and collects problems; `parse` knows the sections; `needs` knows `[needs.*]`;
//! `config` knows the typed settings and checks an operator's values against them.

mod config;
mod needs;
mod parse;
mod reader;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use self::config::{ConfigField, ConfigProblem, ConfigType, ConfigValue, Settings};
pub(crate) use self::reader::closest;
use crate::limits::Limits;
use crate::needs::Needs;

/// Name of the component's custom section that carries the manifest as UTF-8 TOML.
pub const SECTION: &str = "mnemosyne:manifest";
/// Largest manifest, in bytes.
pub const MAX_BYTES: usize = 64 << 10;

/// What a plugin can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Drives its own conversation.
    Persona,
    /// Suggests, breaks down, estimates, extracts, prioritizes.
    TaskIntelligence,
    /// Awards experience points; pure.
    XpRules,
    /// Says who somebody is, never what they may.
    AuthProvider,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Persona, Self::TaskIntelligence, Self::XpRules, Self::AuthProvider];

    /// Its name in manifests, slots and worlds.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Persona => "persona",
            Self::TaskIntelligence => "task-intelligence",
            Self::XpRules => "xp-rules",
            Self::AuthProvider => "auth-provider",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of plugin: persona, task-intelligence, xp-rules or auth-provider")]
pub struct UnknownKind(pub String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| UnknownKind(text.to_owned()))
    }
}

/// A manifest that has been read without a problem. As JSON it is what the API shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Manifest {
    /// `^[a-z][a-z0-9-]{2,47}$`.
    pub name: String,
    /// Semantic version.
    pub version: semver::Version,
    /// Which world it implements.
    pub kind: Kind,
    /// One line, at most 200 characters.
    pub summary: String,
    /// SPDX expression, at most 100 characters; empty when not given.
    pub license: String,
    /// What it asks for; asking is not getting.
    pub needs: Needs,
    /// The limits it wants: the kind's table, lowered or (with approval) raised.
    pub limits: Limits,
    /// Settings an operator may give, by name.
    pub config: Settings,
    /// Which versions of its own stored data it writes and reads.
    pub data: Data,
}

/// `[data]`: state outlives revisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Data {
    /// The version this revision writes; 1 when not given.
    pub version: u32,
    /// The versions it reads; `[version]` when not given.
    pub reads: Vec<u32>,
}

impl Default for Data {
    fn default() -> Self {
        Self { version: 1, reads: vec![1] }
    }
}

/// One thing wrong with a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{sentence}")]
pub struct ManifestProblem {
    /// Dotted key, for example `plugin.version`; empty for the text as a whole.
    pub key: String,
    /// One sentence: key, problem, a good value.
    pub sentence: String,
    /// A line to paste, or what to do.
    pub fix: String,
}

impl Manifest {
    /// Reads manifest text.
    ///
    /// # Errors
    /// Every problem found, in the order of the text's sections.
    pub fn from_toml(text: &str) -> Result<Self, Vec<ManifestProblem>> {
        parse::manifest(text)
    }

    /// Reads the bytes of the custom section [`SECTION`]: at most [`MAX_BYTES`], UTF-8.
    ///
    /// # Errors
    /// Every problem found.
    pub fn from_section(bytes: &[u8]) -> Result<Self, Vec<ManifestProblem>> {
        let whole = |sentence: String, fix: &str| vec![ManifestProblem { key: String::new(), sentence, fix: fix.to_owned() }];
        if bytes.len() > MAX_BYTES {
            return Err(whole(
                format!("the manifest has {} bytes, more than the {MAX_BYTES} that a host reads", bytes.len()),
                "shorten docs and defaults in plugin.toml",
            ));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|_| whole("the manifest is not UTF-8 text".to_owned(), "save plugin.toml as UTF-8 and run `plug build`"))?;
        Self::from_toml(text)
    }
}

#[cfg(test)]
mod tests;
