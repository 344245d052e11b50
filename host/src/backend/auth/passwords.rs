//! Password hashing on threads of its own.
//!
//! argon2id with m = 19 456 KiB, t = 2, p = 1 (OWASP Password Storage, first row) costs about 28 ms and 19 MiB. On the
//! shared blocking pool sixteen logins would hold sixteen cores' worth of work and 300 MiB at once, and every other request
//! would wait behind them. So: `auth.hash_threads` threads at low priority, one block of memory each that is reused, a
//! bounded queue in front, and a refusal with a time to come back when it is full.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::password_hash::phc::{Output, ParamsString, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, PasswordHash, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::error::{Code, Failure, Fault};

/// Memory in KiB.
const MEMORY_KIB: u32 = 19_456;
/// Passes over it.
const PASSES: u32 = 2;
/// Bytes of the hash.
const OUTPUT_BYTES: usize = 32;
/// A stored hash that asks for more than this is refused: an import must not become a memory bomb.
const MOST_MEMORY_KIB: u32 = 262_144;
const MOST_PASSES: u32 = 16;
/// Waiting requests per thread: at 28 ms each the last of them waits under a second, well within a provider call's 5 s.
const QUEUE_PER_THREAD: usize = 32;
/// Below everything that answers requests; a login still gets the idle time.
const NICENESS: i32 = 10;

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is not the password, or there is none.
    Wrong,
    /// It is the password.
    Right {
        /// The stored hash has other parameters than today's: hash again.
        outdated: bool,
    },
}

/// Why nothing was hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The queue is full.
    #[error("all password hashing threads are busy")]
    Busy,
    /// The threads are gone.
    #[error("the password hashing threads have ended")]
    Ended,
    /// The algorithm refused its input.
    #[error("argon2: {0}")]
    Argon(String),
}

impl Failure for HashError {
    fn code(&self) -> Code {
        match self {
            Self::Busy => Code::ProviderUnavailable,
            Self::Ended | Self::Argon(_) => Code::Internal,
        }
    }
    fn public(&self) -> Option<std::borrow::Cow<'static, str>> {
        matches!(self, Self::Busy).then_some("too many people are logging in right now".into())
    }
    fn fault(self) -> Fault {
        let (code, public, busy) = (self.code(), self.public(), matches!(self, Self::Busy));
        let mut fault = Fault::new(code).cause(self);
        fault.message = public;
        if busy { fault.retry_after(Duration::from_secs(1)) } else { fault }
    }
}

enum Task {
    Hash { password: Zeroizing<Vec<u8>>, salt: [u8; 16], reply: oneshot::Sender<Result<String, HashError>> },
    Check { password: Zeroizing<Vec<u8>>, stored: Option<String>, reply: oneshot::Sender<Result<Verdict, HashError>> },
}

/// The pool. Dropping it ends its threads after what they hold.
pub struct Passwords {
    queue: SyncSender<Task>,
}

impl Passwords {
    /// Starts `threads` threads.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(threads: usize) -> std::io::Result<Self> {
        let threads = threads.max(1);
        let (queue, tasks) = sync_channel(threads * QUEUE_PER_THREAD);
        let tasks = Arc::new(Mutex::new(tasks));
        for number in 0..threads {
            let tasks = Arc::clone(&tasks);
            std::thread::Builder::new().name(format!("password-{number}")).spawn(move || work(&tasks))?;
        }
        Ok(Self { queue })
    }

    /// A PHC string for a new password. `salt` is random.
    ///
    /// # Errors
    /// [`HashError::Busy`] when the queue is full.
    pub async fn hash(&self, password: &str, salt: [u8; 16]) -> Result<String, HashError> {
        let (reply, answer) = oneshot::channel();
        self.send(Task::Hash { password: Zeroizing::new(password.as_bytes().to_vec()), salt, reply })?;
        answer.await.map_err(|_| HashError::Ended)?
    }

    /// Is it the password? Without a stored hash the work is done all the same, so that the time tells nothing.
    ///
    /// # Errors
    /// [`HashError::Busy`] when the queue is full.
    pub async fn check(&self, password: &[u8], stored: Option<String>) -> Result<Verdict, HashError> {
        let (reply, answer) = oneshot::channel();
        self.send(Task::Check { password: Zeroizing::new(password.to_vec()), stored, reply })?;
        answer.await.map_err(|_| HashError::Ended)?
    }

    fn send(&self, task: Task) -> Result<(), HashError> {
        self.queue.try_send(task).map_err(|error| match error {
            TrySendError::Full(_) => HashError::Busy,
            TrySendError::Disconnected(_) => HashError::Ended,
        })
    }
}

/// One thread's life.
fn work(tasks: &Mutex<Receiver<Task>>) {
    // On Linux this sets the calling thread only. Where it is not permitted the pool still works, only less politely.
    let _ = rustix::process::setpriority_process(None, NICENESS);
    let mut memory = Vec::new();
    loop {
        let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match task {
            Err(_) => return,
            // Whoever asked may have gone meanwhile: their deadline passed or the client left.
            Ok(Task::Hash { reply, .. }) if reply.is_closed() => {}
            Ok(Task::Check { reply, .. }) if reply.is_closed() => {}
            Ok(Task::Hash { password, salt, reply }) => drop(reply.send(hash(&password, &salt, &mut memory))),
            Ok(Task::Check { password, stored, reply }) => drop(reply.send(check(&password, stored.as_deref(), &mut memory))),
        }
    }
}

fn argon(error: impl std::fmt::Display) -> HashError {
    HashError::Argon(error.to_string())
}

fn current() -> Result<Params, HashError> {
    Params::new(MEMORY_KIB, PASSES, 1, Some(OUTPUT_BYTES)).map_err(argon)
}

fn digest(password: &[u8], salt: &[u8], params: Params, out: &mut [u8], memory: &mut Vec<Block>) -> Result<(), HashError> {
    memory.resize(params.block_count(), Block::new());
    let done =
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(password, salt, out, &mut memory[..]);
    if memory.len() > MEMORY_KIB as usize {
        memory.truncate(MEMORY_KIB as usize);
        memory.shrink_to_fit();
    }
    done.map_err(argon)
}

fn hash(password: &[u8], salt: &[u8; 16], memory: &mut Vec<Block>) -> Result<String, HashError> {
    let params = current()?;
    let text = ParamsString::try_from(&params).map_err(argon)?;
    let mut out = [0; OUTPUT_BYTES];
    digest(password, salt, params, &mut out, memory)?;
    let stored = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: text,
        salt: Some(Salt::new(salt).map_err(argon)?),
        hash: Some(Output::new(&out).map_err(argon)?),
    };
    Ok(stored.to_string())
}

fn check(password: &[u8], stored: Option<&str>, memory: &mut Vec<Block>) -> Result<Verdict, HashError> {
    let Some(stored) = stored.and_then(Stored::read) else {
        // Nobody of that name, or a hash nobody can read: the same work, the same answer.
        let mut out = [0; OUTPUT_BYTES];
        digest(password, b"no such account.", current()?, &mut out, memory)?;
        return Ok(Verdict::Wrong);
    };
    let mut out = vec![0; stored.hash.len()];
    let outdated = stored.outdated();
    digest(password, &stored.salt, stored.params, &mut out, memory)?;
    Ok(if verify_slices_are_equal(&out, &stored.hash).is_ok() { Verdict::Right { outdated } } else { Verdict::Wrong })
}

struct Stored {
    params: Params,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Stored {
    fn read(text: &str) -> Option<Self> {
        let parsed = PasswordHash::new(text).ok()?;
        let params = Params::try_from(&parsed).ok()?;
        let sane = parsed.algorithm == ARGON2ID_IDENT && params.m_cost() <= MOST_MEMORY_KIB && params.t_cost() <= MOST_PASSES;
        let (salt, hash) = (parsed.salt?.as_ref().to_vec(), parsed.hash?.as_bytes().to_vec());
        sane.then_some(Self { params, salt, hash })
    }
    fn outdated(&self) -> bool {
        self.params.m_cost() != MEMORY_KIB || self.params.t_cost() != PASSES || self.params.p_cost() != 1 || self.hash.len() != OUTPUT_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_opens_its_own_hash_only() {
        let pool = Passwords::start(1).unwrap();
        let stored = pool.hash("correct horse battery", [7; 16]).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(pool.check(b"correct horse battery", Some(stored.clone())).await.unwrap(), Verdict::Right { outdated: false });
        assert_eq!(pool.check(b"correct horse batterY", Some(stored)).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn the_librarys_own_hashes_are_understood_and_others_parameters_are_outdated() {
        use argon2::password_hash::PasswordHasher as _;
        let params = Params::new(8_192, 1, 1, None).unwrap();
        let theirs = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password(b"correct horse battery").unwrap().to_string();
        let pool = Passwords::start(1).unwrap();
        assert_eq!(pool.check(b"correct horse battery", Some(theirs)).await.unwrap(), Verdict::Right { outdated: true });
    }

    #[tokio::test]
    async fn nobody_and_nonsense_cost_the_same_work_and_are_wrong() {
        let pool = Passwords::start(1).unwrap();
        for stored in [
            None,
            Some(String::new()),
            Some("$argon2id$v=19$m=4294967295,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA".to_owned()),
        ] {
            assert_eq!(pool.check(b"correct horse battery", stored).await.unwrap(), Verdict::Wrong);
        }
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_says_when_to_come_again() {
        let pool = Passwords::start(1).unwrap();
        let waiting: Vec<_> = (0..QUEUE_PER_THREAD + 8).map(|_| pool.check(b"x", None)).collect();
        let results = futures::future::join_all(waiting).await;
        let busy = results.into_iter().filter_map(Result::err).collect::<Vec<_>>();
        assert!(!busy.is_empty() && busy.len() <= 8, "{}", busy.len());
        let fault = busy.into_iter().next().unwrap().fault();
        assert_eq!((fault.code, fault.retry_after), (Code::ProviderUnavailable, Some(Duration::from_secs(1))));
    }
}
