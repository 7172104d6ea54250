//! Work that is pending in an entry: whoever asks for it may not wait for it, and whoever holds the entry next does it. It
//! is written down before the work that it follows from, so that a process that dies loses nothing.

use std::sync::Arc;

use serde_json::Value;

use super::claims::{Held, Ledger, LedgerError, YEAR};
use super::{Entry, Millis, Note, Refusal, State, Step, millis, now};

/// The most work that waits in one entry. An item of DynamoDB has room for more, and nobody reads it.
const MOST: usize = 1_000;

/// A request to do some work.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    /// The work. What is pending already is pending once.
    pub items: Vec<Value>,
    /// The time until which the entry is kept.
    pub forgotten_at: Millis,
}

impl Queue {
    /// The entry with this work behind what is pending already, whoever holds it.
    pub(super) fn onto(&self, entry: Option<&Entry>, now: Millis) -> Result<Entry, Refusal> {
        let mut pending = entry.map_or_else(Vec::new, |entry| entry.pending.clone());
        for item in &self.items {
            if !pending.contains(item) {
                pending.push(item.clone());
            }
        }
        if pending.len() > MOST {
            return Err(Refusal::Full);
        }
        let fresh = || Entry {
            revision: 0,
            state: State::Free,
            holder: String::new(),
            owner: String::new(),
            held_until: 0,
            content: String::new(),
            begun: None,
            outcome: None,
            pending: Vec::new(),
            changed_at: now,
            forgotten_at: 0,
        };
        let entry = entry.cloned().unwrap_or_else(fresh);
        Ok(Entry {
            revision: entry.revision + 1,
            pending,
            changed_at: now,
            forgotten_at: entry.forgotten_at.max(self.forgotten_at),
            ..entry
        })
    }
}

/// What is still pending once some of it is done.
pub(super) fn without(pending: &[Value], done: &[Value]) -> Vec<Value> {
    let left = pending.iter().filter(|item| !done.contains(item));
    left.cloned().collect()
}

/// What an entry says, whoever holds it.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// The result of the last holder who had one.
    pub outcome: Option<Value>,
    /// What is pending.
    pub pending: Vec<Value>,
    /// Whether somebody holds it at this moment.
    pub is_held: bool,
}

impl Ledger {
    /// Asks for work.
    ///
    /// # Errors
    /// [`LedgerError`]; [`Refusal::Full`] among them.
    pub(crate) async fn queue(
        self: &Arc<Self>,
        key: &str,
        items: Vec<Value>,
    ) -> Result<(), LedgerError> {
        let queue = Queue {
            items,
            forgotten_at: now() + millis(YEAR),
        };
        self.apply(key, None, &Step::Queue(queue)).await.map(drop)
    }

    /// What an entry says; nothing of one that is forgotten.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`]
    pub(crate) async fn standing(&self, key: &str) -> Result<Standing, LedgerError> {
        let (entry, now) = (self.read(key).await?, now());
        let entry = entry.filter(|entry| entry.forgotten_at > now);
        Ok(entry.map_or_else(Standing::default, |entry| Standing {
            is_held: entry.state != State::Done && entry.held_until > now,
            outcome: entry.outcome,
            pending: entry.pending,
        }))
    }
}

impl Held {
    /// What is pending, as this process saw it last.
    pub(crate) fn pending(&self) -> &[Value] {
        &self.entry.pending
    }

    /// The result of an earlier holder.
    pub(crate) fn outcome(&self) -> Option<&Value> {
        self.entry.outcome.as_ref()
    }

    /// Records that some of the pending work is done, and lets others hold the entry. If that fails, the work is done again.
    pub(crate) async fn settle(mut self, done: Vec<Value>, outcome: Value) {
        let noted = self.note(Note::Settled { done, outcome }).await;
        self.log(noted);
    }
}
