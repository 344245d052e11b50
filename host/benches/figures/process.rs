//! A server as a child process: what it costs is read from the kernel, so that the clients' own work is not in it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server.
pub(crate) struct Server {
    child: Child,
    /// `http://127.0.0.1:port`.
    pub(crate) base: String,
    /// From the start of the process to the first answer of `/health/ready` (ours) or the line with its address.
    pub(crate) ready: Duration,
}

impl Server {
    /// `mnemosyne serve` on a data folder and a free port.
    pub(crate) fn ours(data: &Path) -> Self {
        Self::with(data, &[])
    }

    /// The same with these settings, by their names in the environment.
    pub(crate) fn with(data: &Path, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mnemosyne"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).envs(settings.iter().copied());
        Self::start(command, true)
    }

    /// The bare handler of [`crate::bare`] on a data folder.
    pub(crate) fn bare(data: &Path) -> Self {
        Self::role(crate::bare::ROLE, data.as_ref())
    }

    /// The bare relay of [`crate::relay`] in front of this address.
    pub(crate) fn relay(upstream: &str) -> Self {
        Self::role(crate::relay::ROLE, upstream.as_ref())
    }

    fn role(role: &str, of: &std::ffi::OsStr) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("a running program has a path"));
        command.arg(role).arg(of);
        Self::start(command, false)
    }

    fn start(mut command: Command, health: bool) -> Self {
        let begun = Instant::now();
        let mut child = command
            .env("MNEMOSYNE_TELEMETRY__LOG", "error")
            .env_remove("MNEMOSYNE_URL")
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        let address = lines.by_ref().find_map(|line| line.ok()?.strip_prefix("address").map(|rest| rest.trim().to_owned()));
        let base = address.expect("the server says where it is");
        std::thread::spawn(move || lines.for_each(drop));
        while health && !ready(&base) {
            assert!(begun.elapsed() < Duration::from_mins(1), "{base} does not get ready");
            std::thread::sleep(Duration::from_millis(1));
        }
        Self { child, base, ready: begun.elapsed() }
    }

    /// CPU time of the process so far, user and system, seconds. The kernel counts in hundredths.
    pub(crate) fn cpu(&self) -> f64 {
        cpu(&self.child.id().to_string())
    }

    /// Memory of the process now, MiB.
    pub(crate) fn memory(&self) -> f64 {
        memory(&self.child.id().to_string())
    }

    /// Ends it in good order.
    pub(crate) fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU time of this process so far, as [`Server::cpu`].
pub(crate) fn own_cpu() -> f64 {
    cpu("self")
}

/// Memory of this process now, MiB.
pub(crate) fn own_memory() -> f64 {
    memory("self")
}

fn cpu(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("the process lives");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| fields[place].parse::<f64>().expect("a number");
    (ticks(11) + ticks(12)) / 100.0
}

fn memory(process: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the kernel tells");
    line.trim().trim_end_matches(" kB").trim().parse::<f64>().expect("a number") / 1024.0
}

/// One request by hand: no client library's start is in the figure.
fn ready(base: &str) -> bool {
    use std::io::{Read as _, Write as _};
    let Ok(mut stream) = std::net::TcpStream::connect(base.trim_start_matches("http://")) else { return false };
    let asked = stream.write_all(b"GET /health/ready HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n");
    let mut answer = String::new();
    asked.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
}

/// A client for everything here.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().pool_max_idle_per_host(64).timeout(Duration::from_mins(1)).build().expect("a client")
}

/// The threads of the clients, apart from every server's.
pub(crate) fn clients() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads")
}
