//! Compiled components on disk, so that a restart compiles nothing.
//!
//! Loading an artefact is running native code, so one is believed only when this host wrote it: each file carries an
//! HMAC under the host's own key over its name and its bytes. The name is the digest of the component and a digest of
//! everything else the code depends on (engine settings and version, CPU), so a stale artefact is never found, and an
//! artefact of one component can never stand in for another. A file that does not verify is logged, removed and compiled
//! again. Nothing here is ever accepted from outside.
//!
//! The MAC is in the file, not in a second one beside it: one rename makes both appear together. The bytes are read once,
//! verified and loaded from memory; a mapped file could change between the two.

use std::fs::{self, File, OpenOptions};
use std::hash::{Hash as _, Hasher};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, futimens};
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;
use zeroize::Zeroizing;

use crate::compile::{CompileError, Compiler};

const MAGIC: &[u8; 8] = b"MNEMOCW1";
const MAC_BYTES: usize = 32;

/// A folder of artefacts and the compiler that fills it.
pub struct Artifacts {
    folder: PathBuf,
    key: Zeroizing<[u8; 32]>,
    max_bytes: u64,
    compiler: Compiler,
}

impl std::fmt::Debug for Artifacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Artifacts").field("folder", &self.folder).field("compiler", &self.compiler).finish_non_exhaustive()
    }
}

impl Artifacts {
    /// Opens a folder, made with mode 0700 when absent. `key` is the host's own and secret; artefacts of another key are
    /// compiled again. The files together stay below `max_bytes`, oldest use out first.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: PathBuf, key: [u8; 32], max_bytes: u64, compiler: Compiler) -> std::io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        Ok(Self { folder, key: Zeroizing::new(key), max_bytes, compiler })
    }

    /// The compiled form of a component whose SHA-256 is `digest` (hex): from the folder, else compiled in a child and
    /// kept. Blocks while it compiles.
    ///
    /// # Errors
    /// [`CompileError`]. A folder that cannot be written is logged, not an error: the component is compiled and runs.
    pub(crate) fn component(&self, engine: &Engine, digest: &str, component: &[u8]) -> Result<Component, CompileError> {
        let name = format!("{digest}-{}", environment(engine));
        if let Some(found) = self.load(engine, &name) {
            return Ok(found);
        }
        let artifact = self.compiler.compile(component, &self.folder)?;
        let mac = self.mac(&name, &artifact).finalize().into_bytes();
        if let Err(error) = self.store(&name, &artifact, &mac) {
            tracing::warn!(artifact = name, %error, "cannot keep a compiled plugin; it will be compiled again at the next start");
        }
        deserialize(engine, &Verified(&artifact)).map_err(|error| CompileError::Crashed(format!("its artefact does not load: {error:#}")))
    }

    /// Whether an artefact of this component is kept, without loading it.
    pub fn contains(&self, engine_environment: &str, digest: &str) -> bool {
        self.path(&format!("{digest}-{engine_environment}")).exists()
    }

    fn load(&self, engine: &Engine, name: &str) -> Option<Component> {
        let path = self.path(name);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(artifact = name, %error, "cannot read a compiled plugin; compiling it again");
                return None;
            }
        };
        let refuse = |why: &str| {
            tracing::warn!(artifact = name, why, "a compiled plugin is not to be trusted; compiling it again");
            let _ = fs::remove_file(&path);
            None
        };
        let mut bytes = Vec::new();
        let most = self.compiler.limits.artifact_bytes + (MAGIC.len() + MAC_BYTES) as u64;
        if (&file).take(most).read_to_end(&mut bytes).is_err() {
            return refuse("it cannot be read");
        }
        let Some((mac, artifact)) = bytes.strip_prefix(MAGIC).and_then(|rest| rest.split_at_checked(MAC_BYTES)) else {
            return refuse("its header is not ours");
        };
        if self.mac(name, artifact).verify_slice(mac).is_err() {
            return refuse("its MAC does not verify");
        }
        match deserialize(engine, &Verified(artifact)) {
            Ok(component) => {
                touch(&file);
                Some(component)
            }
            Err(_) => refuse("the engine does not take it"),
        }
    }

    /// Written beside, synced, renamed: a crash leaves the old file or the new one.
    fn store(&self, name: &str, artifact: &[u8], mac: &[u8]) -> std::io::Result<()> {
        let path = self.path(name);
        let beside = self.folder.join(format!("{name}-{}.tmp", std::process::id()));
        let write = || {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
            for part in [MAGIC.as_slice(), mac, artifact] {
                file.write_all(part)?;
            }
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            File::open(&self.folder)?.sync_all()
        };
        let written = write();
        if written.is_err() {
            let _ = fs::remove_file(&beside);
        }
        self.evict(&path);
        written
    }

    /// Removes the artefacts that were used longest ago until the rest fits. `newest` stays whatever its size.
    fn evict(&self, newest: &Path) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut files: Vec<_> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let data = entry.metadata().ok()?;
                let ours = entry.path().extension().is_some_and(|extension| extension == "cwasm");
                ours.then(|| (data.modified().ok(), data.len(), entry.path()))
            })
            .collect();
        files.sort();
        let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
        for (_, size, path) in files {
            if total <= self.max_bytes {
                return;
            }
            if path != newest && fs::remove_file(&path).is_ok() {
                total -= size;
            }
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.cwasm"))
    }

    fn mac(&self, name: &str, artifact: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.as_slice()).expect("HMAC takes keys of any length");
        mac.update(MAGIC);
        // Names have a fixed length, so name and bytes cannot be shifted against each other.
        mac.update(name.as_bytes());
        mac.update(artifact);
        mac
    }
}

/// Bytes that this host made: fresh from its compiler, or with a MAC under its key.
struct Verified<'a>(&'a [u8]);

/// The one place where native code enters the process.
#[expect(unsafe_code, reason = "wasmtime's only way to load an artefact; `Verified` is the proof it asks for")]
fn deserialize(engine: &Engine, artifact: &Verified<'_>) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are the unmodified output of `Engine::precompile_component`: a `Verified` is made only from what
    // our own child process has just written into a file of ours, or from a file whose HMAC under the host's key covers
    // every byte. They are in memory, so nobody changes them between the check and the load.
    unsafe { Component::deserialize(engine, artifact.0) }
}

/// Marks a file as used now; only eviction reads it, so failing is harmless.
fn touch(file: &File) {
    let at = |nanoseconds| Timespec { tv_sec: 0, tv_nsec: nanoseconds };
    let _ = futimens(file, &Timestamps { last_access: at(UTIME_OMIT), last_modification: at(UTIME_NOW) });
}

/// Everything besides the component that its compiled code depends on, as 32 hex digits: the engine's own hash (version,
/// target, tunables, proposals) and the CPU's features, in case the folder moves to another machine.
pub fn environment(engine: &Engine) -> String {
    let mut hasher = Sha256Hasher(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.update(std::env::consts::ARCH);
    hasher.0.update(cpu_features());
    hex::encode(&hasher.0.finalize()[..16])
}

#[cfg(target_arch = "x86_64")]
fn cpu_features() -> Vec<u8> {
    use std::arch::is_x86_feature_detected as has;
    [
        has!("sse3"),
        has!("ssse3"),
        has!("sse4.1"),
        has!("sse4.2"),
        has!("popcnt"),
        has!("avx"),
        has!("avx2"),
        has!("fma"),
        has!("bmi1"),
        has!("bmi2"),
        has!("lzcnt"),
        has!("avx512f"),
        has!("avx512vl"),
        has!("avx512dq"),
        has!("avx512bitalg"),
        has!("avx512vbmi"),
    ]
    .map(u8::from)
    .into()
}

#[cfg(not(target_arch = "x86_64"))]
fn cpu_features() -> Vec<u8> {
    // The engine's own hash has them: it detects the host's features when it is made.
    Vec::new()
}

/// A hasher that is the same in every build, unlike the standard library's.
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests;
