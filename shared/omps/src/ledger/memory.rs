//! A ledger in the memory of one process. It is lost when the process ends.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::claims::Swapped;
use super::{Entry, now};

/// After so many swaps, entries that nobody needs are removed.
const SWEEP_EVERY: u32 = 1_000;

/// Entries by key.
#[derive(Default)]
pub(super) struct Memory(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    by_key: HashMap<String, Entry>,
    swaps: u32,
}

impl Memory {
    pub(super) fn read(&self, key: &str) -> Option<Entry> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.by_key.get(key).cloned()
    }

    pub(super) fn swap(&self, key: &str, revision: Option<u64>, next: &Entry) -> Swapped {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.sweep();
        let there = entries.by_key.get(key);
        if there.map(|entry| entry.revision) != revision {
            return Swapped::Changed(there.cloned());
        }
        entries.by_key.insert(key.to_owned(), next.clone());
        Swapped::Done
    }
}

impl Entries {
    fn sweep(&mut self) {
        self.swaps += 1;
        if self.swaps >= SWEEP_EVERY {
            self.swaps = 0;
            let now = now();
            self.by_key.retain(|_, entry| entry.forgotten_at > now);
        }
    }
}
