//! The ledger's interface for the rest of the service: to claim entries, to record progress, and to give entries up. A
//! step is applied to the entry in the store, and applied again if another process changed the entry first.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::dynamo_db::DynamoDb;
use super::memory::Memory;
#[cfg(feature = "sqlite")]
use super::sqlite::Sqlite;
use super::{Claim, Entry, Granted, Note, Refusal, State, Step, Subject, Trace, millis, now, take};
use crate::aws::Aws;
use crate::deadline::Deadline;

/// How long the ledger keeps a release, or the result of an upload or an event.
pub(super) const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// How much longer a claim lasts than the deadline of its work: a call that was sent before may still take effect.
const GRACE: Duration = Duration::from_secs(10);

/// The entries by their keys. All processes that push to the same registries share one store.
pub struct Ledger(Store);

/// Where the entries are stored.
enum Store {
    DynamoDb(DynamoDb),
    Memory(Memory),
    #[cfg(feature = "sqlite")]
    Sqlite(Sqlite),
}

/// The result of a compare-and-swap.
pub(super) enum Swapped {
    /// The store now has the new entry.
    Done,
    /// Another process wrote this entry first; the new entry is not stored.
    Changed(Option<Entry>),
}

/// A request to hold an entry, before the ledger adds holder and times to it.
pub struct Wish {
    /// The key of the entry.
    pub key: String,
    /// The kind of the entry.
    pub subject: Subject,
    /// The request that the caller works for; empty if the request has no identity.
    pub owner: String,
    /// The digest of the release's content, or of the request.
    pub content: String,
    /// The revision of an entry that says that the release exists, although the registry does not have it (any more).
    pub refuted: Option<u64>,
    /// How long the ledger keeps the entry after the claim.
    pub known_for: Duration,
}

impl Wish {
    /// A request to hold an entry, which the ledger keeps for a year.
    pub fn new(key: String, subject: Subject, content: String) -> Self {
        Wish {
            key,
            subject,
            owner: String::new(),
            content,
            refuted: None,
            known_for: YEAR,
        }
    }
}

/// An entry that this process holds.
pub struct Held {
    ledger: Arc<Ledger>,
    key: String,
    pub(super) entry: Box<Entry>,
    /// What is known about the earlier holders.
    pub granted: Granted,
}

/// Why an entry could not be claimed, or its progress not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The store does not answer, or answers with an error.
    #[error("The ledger of pushes cannot be used: {0}")]
    Unavailable(String),
    /// The state of the entry does not allow the step.
    #[error("Another process has taken this push over")]
    Refused(Refusal),
}

impl Ledger {
    /// A ledger in a DynamoDB table.
    pub fn in_table(table: String, aws: Arc<Aws>) -> Self {
        Ledger(Store::DynamoDb(DynamoDb::new(table, aws)))
    }

    /// An empty ledger in the memory of this process.
    pub fn in_memory() -> Self {
        Ledger(Store::Memory(Memory::default()))
    }

    /// A ledger in a directory, which all processes on this machine can share.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`]
    #[cfg(feature = "sqlite")]
    pub fn in_directory(directory: &std::path::Path) -> Result<Self, LedgerError> {
        Ok(Ledger(Store::Sqlite(Sqlite::open(directory)?)))
    }

    /// Claims an entry for work that ends before the deadline.
    ///
    /// # Errors
    /// [`LedgerError`]
    pub async fn claim(
        self: &Arc<Self>,
        wish: Wish,
        deadline: Deadline,
    ) -> Result<Held, LedgerError> {
        let (key, claim) = claim(wish, deadline);
        self.hold(key, Step::Claim(claim)).await
    }

    /// Claims a release in order to delete it before the deadline.
    ///
    /// # Errors
    /// [`LedgerError`]
    pub async fn delete(
        self: &Arc<Self>,
        wish: Wish,
        deadline: Deadline,
    ) -> Result<Held, LedgerError> {
        let (key, claim) = claim(wish, deadline);
        self.hold(key, Step::Delete(claim)).await
    }

    /// What a claim would be answered at this moment. The entry stays as it is.
    ///
    /// # Errors
    /// [`LedgerError`]
    pub async fn foresee(&self, wish: Wish, deadline: Deadline) -> Result<Granted, LedgerError> {
        let (key, claim) = claim(wish, deadline);
        let entry = self.read(&key).await?;
        let taken = take(entry.as_ref(), &Step::Claim(claim), now());
        let (_, granted) = taken.map_err(LedgerError::Refused)?;
        Ok(granted)
    }

    async fn hold(self: &Arc<Self>, key: String, step: Step) -> Result<Held, LedgerError> {
        let (entry, granted) = self.apply(&key, None, &step).await?;
        Ok(Held {
            ledger: self.clone(),
            key,
            entry: Box::new(entry),
            granted,
        })
    }

    /// Applies a step to the entry with this key. `seen` is the entry as this process read it last.
    pub(super) async fn apply(
        &self,
        key: &str,
        seen: Option<Entry>,
        step: &Step,
    ) -> Result<(Entry, Granted), LedgerError> {
        let mut before = seen;
        loop {
            let (next, granted) =
                take(before.as_ref(), step, now()).map_err(LedgerError::Refused)?;
            let revision = before.as_ref().map(|entry| entry.revision);
            match self.swap(key, revision, &next).await? {
                Swapped::Done => return Ok((next, granted)),
                // The store may have applied the write, lost its answer, and received the write again.
                Swapped::Changed(Some(there)) if there == next => return Ok((next, granted)),
                Swapped::Changed(there) => before = there,
            }
        }
    }

    async fn swap(
        &self,
        key: &str,
        revision: Option<u64>,
        next: &Entry,
    ) -> Result<Swapped, LedgerError> {
        match &self.0 {
            Store::DynamoDb(table) => table.swap(key, revision, next).await,
            Store::Memory(memory) => Ok(memory.swap(key, revision, next)),
            #[cfg(feature = "sqlite")]
            Store::Sqlite(file) => file.swap(key, revision, next).await,
        }
    }

    /// The result that an entry has, also while somebody holds it again; nothing of one that is free.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`]
    pub async fn outcome(&self, key: &str) -> Result<Option<Value>, LedgerError> {
        let entry = self.read(key).await?;
        let counts = |entry: &Entry| entry.state != State::Free && entry.forgotten_at > now();
        Ok(entry.filter(counts).and_then(|entry| entry.outcome))
    }

    pub(super) async fn read(&self, key: &str) -> Result<Option<Entry>, LedgerError> {
        match &self.0 {
            Store::DynamoDb(table) => table.read(key).await,
            Store::Memory(memory) => Ok(memory.read(key)),
            #[cfg(feature = "sqlite")]
            Store::Sqlite(file) => file.read(key).await,
        }
    }

    /// Checks that the store works, before the first push needs it.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`]
    pub async fn check(&self) -> Result<(), LedgerError> {
        match &self.0 {
            Store::DynamoDb(table) => table.check().await,
            Store::Memory(_) => Ok(()),
            #[cfg(feature = "sqlite")]
            Store::Sqlite(file) => file.check().await,
        }
    }
}

fn claim(wish: Wish, deadline: Deadline) -> (String, Claim) {
    let now = now();
    let claim = Claim {
        subject: wish.subject,
        holder: uuid::Uuid::new_v4().to_string(),
        owner: wish.owner,
        until: now + millis(deadline.left() + GRACE),
        content: wish.content,
        refuted: wish.refuted,
        forgotten_at: now + millis(wish.known_for),
    };
    (wish.key, claim)
}

impl Held {
    /// The release that an earlier holder started to push.
    pub fn begun(&self) -> Option<&str> {
        self.entry.begun.as_deref()
    }

    /// Whether an earlier holder recorded a result.
    pub fn has_outcome(&self) -> bool {
        self.entry.outcome.is_some()
    }

    /// Records which release this process starts to push.
    ///
    /// # Errors
    /// [`LedgerError`]: then the release must not be pushed.
    pub async fn begin(&mut self, release: String) -> Result<(), LedgerError> {
        self.note(Note::Begun(release)).await
    }

    /// Records that the registry has confirmed the release.
    ///
    /// # Errors
    /// [`LedgerError`]
    pub async fn pushed(&mut self) -> Result<(), LedgerError> {
        match self.entry.state {
            State::Pushed => Ok(()),
            _ => self.note(Note::Pushed).await,
        }
    }

    /// Records that the work is finished. If that fails, the next holder finds it out from the registry.
    pub async fn done(mut self, outcome: Option<Value>) {
        let noted = self.note(Note::Done(outcome)).await;
        self.log(noted);
    }

    /// Records that the registry has confirmed the deletion.
    pub async fn deleted(mut self) {
        let noted = self.note(Note::Deleted).await;
        self.log(noted);
    }

    /// Lets others claim the entry now. If that fails, they can claim it when this claim ends.
    pub async fn give_up(mut self, trace: Trace) {
        let noted = self.note(Note::GivenUp(trace)).await;
        self.log(noted);
    }

    pub(super) fn log(&self, noted: Result<(), LedgerError>) {
        if let Err(error) = noted {
            tracing::warn!(%error, "the ledger could not record how work ended");
        }
    }

    pub(super) async fn note(&mut self, note: Note) -> Result<(), LedgerError> {
        let step = Step::Note {
            holder: self.entry.holder.clone(),
            note,
        };
        let seen = Some((*self.entry).clone());
        let (entry, _) = self.ledger.apply(&self.key, seen, &step).await?;
        *self.entry = entry;
        Ok(())
    }
}
