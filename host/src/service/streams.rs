//! How many answers one person may be listening to at the same time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use crate::error::{Code, Fault, Outcome};

/// Who has how many open, on this host.
type Open = Arc<Mutex<HashMap<Uuid, u32>>>;

/// The count of open streams.
#[derive(Debug)]
pub struct Streams {
    most: u32,
    open: Open,
}

/// Room for one stream; it ends with it.
#[derive(Debug)]
pub struct Permit {
    user: Uuid,
    open: Open,
}

impl Streams {
    /// At most so many a user; 0 = any number.
    pub fn new(most: u32) -> Self {
        Self { most, open: Open::default() }
    }

    /// Room for one more.
    ///
    /// # Errors
    /// 429 `RATE_001` when a user has as many as they may.
    pub fn enter(&self, user: Uuid) -> Outcome<Permit> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let own = open.entry(user).or_default();
        if self.most > 0 && *own >= self.most {
            let most = self.most;
            return Err(Fault::new(Code::TooMany)
                .message("too many streams at once")
                .detail(format!("at most {most} answers are streamed to one person at a time"))
                .hint("read one to its end or close it, then ask again")
                .retry_after(Duration::from_secs(1)));
        }
        *own += 1;
        Ok(Permit { user, open: Arc::clone(&self.open) })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_allowed_waits_for_one_that_ends() {
        let (streams, alice, bob) = (Streams::new(2), Uuid::from_u128(1), Uuid::from_u128(2));
        let held = [streams.enter(alice).unwrap(), streams.enter(alice).unwrap()];
        assert_eq!(streams.enter(alice).unwrap_err().code, Code::TooMany);
        streams.enter(bob).unwrap();
        drop(held);
        streams.enter(alice).unwrap();
        assert!(streams.open.lock().unwrap().is_empty());
        let free = Streams::new(0);
        let all: Vec<_> = (0..100).map(|_| free.enter(alice).unwrap()).collect();
        assert_eq!(all.len(), 100);
    }
}
