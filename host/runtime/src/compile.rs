//! Compiling in a disposable child process.
//!
//! Cranelift is fed bytes that a stranger wrote, and by its makers' policy a module that compiles for ever, or eats all
//! memory, is no bug of theirs. So the host never compiles: it starts its own binary again (the hidden subcommand
//! `compile`, see [`child`]) with an empty environment and hard limits on address space, CPU time and file size, hands
//! over the component on stdin and reads the artefact from one file that it made itself. A child that hangs is killed, one
//! that dies is a typed error, and nothing it held is in the host's address space.
//!
//! The child compiles with `engine::profile` on the on-demand allocator: the same tunables as the serving engine (the
//! compatibility hash of the artefact proves it at load), without the pool's reservation, which no limit on address space
//! would survive.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};

use crate::error::Refused;
use crate::limits::MAX_COMPONENT_BYTES;
use crate::text::scrub;

/// The child's exit code when wasmtime refuses the component; its stderr says why.
const REFUSED: u8 = 3;
const MAX_MESSAGE_BYTES: u64 = 4 << 10;

/// What one compilation may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileLimits {
    /// Bytes of address space of the child.
    pub address_space: u64,
    /// Seconds of CPU time, all threads together.
    pub cpu_seconds: u64,
    /// Bytes of the artefact.
    pub artifact_bytes: u64,
    /// Wall time, after which the child is killed.
    pub wall: Duration,
}

impl Default for CompileLimits {
    fn default() -> Self {
        // Measured: a Rust plugin takes 34 ms, SpiderMonkey 12.6 s of CPU on an idle machine of 2 cores.
        Self { address_space: 4 << 30, cpu_seconds: 60, artifact_bytes: 256 << 20, wall: Duration::from_mins(2) }
    }
}

/// Why a component was not compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// Too much wall or CPU time.
    #[error("compiling took longer than it may")]
    TimedOut,
    /// Too much address space, or too large an artefact.
    #[error("compiling needed more memory than it may")]
    OutOfMemory,
    /// The child died; how.
    #[error("the compiler died: {0}")]
    Crashed(String),
    /// wasmtime refuses the component; why, at most 300 characters.
    #[error("the component does not compile: {0}")]
    Refused(String),
    /// The child cannot be started, or its file cannot be made: the host's fault.
    #[error("the compiler cannot run: {0}")]
    Unavailable(String),
}

impl From<CompileError> for Refused {
    fn from(error: CompileError) -> Self {
        let fix = match &error {
            CompileError::Unavailable(_) => "check the plugin cache folder and the host's binary with `mnemosyne doctor`",
            CompileError::Refused(_) => "run `plug check`",
            _ => "make the component smaller: build it optimised, without generated tables or unused dependencies",
        };
        Self::because("compile", error.to_string(), fix)
    }
}

/// Starts compiling children.
#[derive(Clone, Debug)]
pub struct Compiler {
    /// The host's own binary.
    pub program: PathBuf,
    /// Its arguments before the two that every child gets: the output file and its limits.
    pub arguments: Vec<OsString>,
    /// What each child may use.
    pub limits: CompileLimits,
}

impl Compiler {
    /// The hidden subcommand `compile` of a host binary.
    pub fn new(program: PathBuf) -> Self {
        Self { program, arguments: vec![OsString::from("compile")], limits: CompileLimits::default() }
    }

    /// Compiles a component and returns its artefact. Blocks for at most the wall time of its limits; `folder` must be
    /// writable, nothing stays in it.
    ///
    /// # Errors
    /// [`CompileError`].
    pub fn compile(&self, component: &[u8], folder: &Path) -> Result<Vec<u8>, CompileError> {
        let unavailable = |error: std::io::Error| CompileError::Unavailable(error.to_string());
        let output = Output::create(folder).map_err(unavailable)?;
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .arg(&output.path)
            .arg(self.limits.to_argument())
            // Nothing of the host's environment: it may name databases and keys.
            .env_clear()
            // Each arena and each thread reserves address space, which is limited.
            .env("MALLOC_ARENA_MAX", "2")
            .env("RAYON_NUM_THREADS", "2")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| CompileError::Unavailable(format!("cannot start {}: {error}", self.program.display())))?;
        let (status, message) = Watched(child).run(component, self.limits.wall)?;
        judge(status, &message)?;
        let mut artifact = Vec::new();
        File::open(&output.path).and_then(|file| file.take(self.limits.artifact_bytes).read_to_end(&mut artifact)).map_err(unavailable)?;
        Ok(artifact)
    }
}

/// A child that is killed and reaped however its owner leaves.
struct Watched(Child);

impl Drop for Watched {
    fn drop(&mut self) {
        // Both fail only when it has been reaped already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Watched {
    fn run(mut self, component: &[u8], wall: Duration) -> Result<(ExitStatus, String), CompileError> {
        let lost = || CompileError::Unavailable("the child's pipes are gone".to_owned());
        let mut stdin = self.0.stdin.take().ok_or_else(lost)?;
        let mut stderr = self.0.stderr.take().ok_or_else(lost)?;
        let (ended, end) = mpsc::channel();
        std::thread::scope(|scope| {
            // A child that dies early breaks the pipe; its status says more than the error here.
            scope.spawn(move || drop(stdin.write_all(component)));
            // The end of stderr is the end of the child: nothing else holds it.
            scope.spawn(move || {
                let mut message = Vec::new();
                let _ = stderr.by_ref().take(MAX_MESSAGE_BYTES).read_to_end(&mut message);
                let _ = std::io::copy(&mut stderr, &mut std::io::sink());
                let _ = ended.send(message);
            });
            let message = end.recv_timeout(wall);
            if message.is_err() {
                // Ends both threads too: their pipes break.
                let _ = self.0.kill();
            }
            let status = self.0.wait().map_err(|error| CompileError::Crashed(error.to_string()))?;
            let message = message.map_err(|_| CompileError::TimedOut)?;
            Ok((status, String::from_utf8_lossy(&message).into_owned()))
        })
    }
}

/// Tells the ways in which a child ends apart.
fn judge(status: ExitStatus, message: &str) -> Result<(), CompileError> {
    if status.success() {
        return Ok(());
    }
    if status.code() == Some(REFUSED.into()) {
        return Err(CompileError::Refused(scrub(message, 300)));
    }
    let memory = ["memory allocation of", "Cannot allocate memory", "out of memory", "OutOfMemory", "failed to spawn thread"];
    if memory.iter().any(|words| message.contains(words)) {
        return Err(CompileError::OutOfMemory);
    }
    match status.signal() {
        Some(signal) if signal == Signal::XCPU.as_raw() => Err(CompileError::TimedOut),
        Some(signal) if signal == Signal::XFSZ.as_raw() => Err(CompileError::OutOfMemory),
        Some(signal) => Err(CompileError::Crashed(format!("signal {signal}; {}", scrub(message, 200)))),
        None => Err(CompileError::Crashed(format!("exit code {}; {}", status.code().unwrap_or(-1), scrub(message, 200)))),
    }
}

impl CompileLimits {
    fn to_argument(self) -> String {
        format!("{},{},{}", self.address_space, self.cpu_seconds, self.artifact_bytes)
    }

    /// Sets this process's limits from [`Self::to_argument`]'s text.
    fn impose(argument: &str) -> Result<(), String> {
        let numbers: Option<Vec<u64>> = argument.split(',').map(|number| number.parse().ok()).collect();
        let Some([address_space, cpu, file]) = numbers.as_deref() else {
            return Err("the limits are three numbers: address space, CPU seconds, artefact bytes".to_owned());
        };
        // Die with the host: a host that is killed leaves nobody behind to wait for.
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
        let limits =
            [(Resource::As, *address_space), (Resource::Cpu, *cpu), (Resource::Fsize, *file), (Resource::Core, 0), (Resource::Nofile, 32)];
        for (resource, most) in limits {
            setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
                .map_err(|error| format!("cannot limit {resource:?}: {error}"))?;
        }
        Ok(())
    }
}

/// The child's whole life: limits, component from stdin, artefact into `output`. `limits` is the second argument that a
/// [`Compiler`] gives. Call it from the hidden subcommand, before anything else has started threads.
pub fn child(output: &Path, limits: &str) -> ExitCode {
    match compile_stdin(output, limits) {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, message)) => {
            let _ = writeln!(std::io::stderr(), "{message}");
            ExitCode::from(code)
        }
    }
}

fn compile_stdin(output: &Path, limits: &str) -> Result<(), (u8, String)> {
    let internal = |error: &dyn std::fmt::Display| (1, error.to_string());
    // Before the first byte of the component.
    CompileLimits::impose(limits).map_err(|error| internal(&error))?;
    let mut component = Vec::new();
    std::io::stdin().take(MAX_COMPONENT_BYTES + 1).read_to_end(&mut component).map_err(|error| internal(&error))?;
    if component.len() as u64 > MAX_COMPONENT_BYTES {
        return Err((REFUSED, "it is larger than a component may be".to_owned()));
    }
    let engine = wasmtime::Engine::new(&crate::engine::profile()).map_err(|error| internal(&format!("{error:#}")))?;
    let artifact = engine.precompile_component(&component).map_err(|error| (REFUSED, format!("{error:#}")))?;
    let mut file = OpenOptions::new().write(true).truncate(true).open(output).map_err(|error| internal(&error))?;
    file.write_all(&artifact).map_err(|error| internal(&error))
}

/// A file that nobody else reads, gone with its owner.
struct Output {
    path: PathBuf,
}

impl Output {
    fn create(folder: &Path) -> std::io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Another host on the same folder has another process id; a file left by one that was killed is skipped.
        for _ in 0..1000 {
            let name = format!("compile-{}-{}.tmp", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let path = folder.join(name);
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(_) => return Ok(Self { path }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
pub(crate) mod tests;
