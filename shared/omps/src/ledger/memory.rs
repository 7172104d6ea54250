//! A ledger in the memory of one process. It is lost when the process ends.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::claims::Swapped;
use super::{Entry, now};

/// Entries by key.
#[derive(Default)]
pub(super) struct Memory(Mutex<HashMap<String, Entry>>);

impl Memory {
    pub(super) fn swap(&self, key: &str, revision: Option<u64>, next: &Entry) -> Swapped {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now();
        entries.retain(|_, entry| entry.forgotten_at > now);
        let there = entries.get(key);
        if there.map(|entry| entry.revision) != revision {
            return Swapped::Changed(there.cloned());
        }
        entries.insert(key.to_owned(), next.clone());
        Swapped::Done
    }
}
