//! A ledger for a single process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Done, Hold, LedgerError, Note, Taken};

/// Entries by key.
#[derive(Default)]
pub struct Memory(Mutex<HashMap<String, Entry>>);

struct Entry {
    holder: String,
    held_until: Duration,
    begun: Option<String>,
    done: Option<Done>,
    forgotten_at: Duration,
}

impl Memory {
    pub(super) fn take(&self, key: &str, hold: &Hold<'_>) -> Taken {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|_, entry| entry.forgotten_at > hold.now);
        let begun = match entries.get(key) {
            Some(Entry {
                done: Some(done), ..
            }) => return Taken::Done(done.clone()),
            Some(entry) if entry.held_until > hold.now => return Taken::Busy,
            Some(entry) => entry.begun.clone(),
            None => None,
        };
        let entry = Entry {
            holder: hold.holder.to_owned(),
            held_until: hold.until,
            begun: begun.clone(),
            done: None,
            forgotten_at: hold.forgotten_at,
        };
        entries.insert(key.to_owned(), entry);
        Taken::Ours(begun)
    }

    pub(super) fn note(&self, key: &str, holder: &str, note: &Note<'_>) -> Result<(), LedgerError> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries
            .get_mut(key)
            .filter(|entry| entry.holder == holder)
            .ok_or(LedgerError::Lost)?;
        match note {
            Note::Begun(version) => entry.begun = Some(version.to_string()),
            Note::Done(done) => entry.done = Some((*done).clone()),
            Note::Released => entry.held_until = Duration::ZERO,
        }
        Ok(())
    }
}
