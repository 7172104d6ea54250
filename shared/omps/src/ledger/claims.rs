//! The ledger as the rest of the service uses it: entries are claimed, noted on, and given up. A step is applied to the
//! entry that the store has, and applied again when another process was faster.

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

/// How long a release, and what came of an upload or an event, is known.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// How much longer a claim holds than its work may take: a call that is under way then may still have its effect.
const GRACE: Duration = Duration::from_secs(10);

/// Entries by key, in a store that all processes share which push to the same registries.
pub struct Ledger(Store);

/// Where entries are.
enum Store {
    DynamoDb(DynamoDb),
    Memory(Memory),
    #[cfg(feature = "sqlite")]
    Sqlite(Sqlite),
}

/// What became of a swap.
pub(super) enum Swapped {
    /// The store has the new entry.
    Done,
    /// The store has this entry instead, which another process wrote.
    Changed(Option<Entry>),
}

/// What a caller wants to hold.
pub struct Wish {
    /// The entry's key.
    pub key: String,
    /// What the entry stands for.
    pub subject: Subject,
    /// The request on whose behalf; empty when that has no identity.
    pub owner: String,
    /// What is to be released, or is asked for: a digest.
    pub content: String,
    /// The revision of an entry that says that the release is there, while the registry was seen not to have it.
    pub refuted: Option<u64>,
    /// How long the entry is known after the claim.
    pub known_for: Duration,
}

impl Wish {
    /// The wish to hold an entry that is known for a year.
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
    entry: Box<Entry>,
    /// What is known of the holders before.
    pub granted: Granted,
}

/// Why an entry could not be claimed, or a note not be made.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The store gives no answer, or one that says that it cannot.
    #[error("The ledger of pushes cannot be used: {0}")]
    Unavailable(String),
    /// The entry is as it is.
    #[error("Another process has taken this push over")]
    Refused(Refusal),
}

impl Ledger {
    /// A ledger in a table of DynamoDB.
    pub fn in_table(table: String, aws: Arc<Aws>) -> Self {
        Ledger(Store::DynamoDb(DynamoDb::new(table, aws)))
    }

    /// An empty ledger in this process.
    pub fn in_memory() -> Self {
        Ledger(Store::Memory(Memory::default()))
    }

    /// A ledger in a directory of this machine, which all its processes may share.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`]
    #[cfg(feature = "sqlite")]
    pub fn in_directory(directory: &std::path::Path) -> Result<Self, LedgerError> {
        Ok(Ledger(Store::Sqlite(Sqlite::open(directory)?)))
    }

    /// Claims an entry for work that ends by the deadline.
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

    /// Claims a release for deleting it by the deadline.
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

    async fn hold(self: &Arc<Self>, key: String, step: Step) -> Result<Held, LedgerError> {
        let (entry, granted) = self.apply(&key, None, &step).await?;
        Ok(Held {
            ledger: self.clone(),
            key,
            entry: Box::new(entry),
            granted,
        })
    }

    /// Applies a step to the entry of a key, which is probably as it was `seen` last.
    async fn apply(
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
                // A store may apply a write, lose its own answer, and see the write repeated.
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

    /// Checks that the store can be used, before the first push needs it.
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
    /// The release that an earlier holder noted.
    pub fn begun(&self) -> Option<&str> {
        self.entry.begun.as_deref()
    }

    /// Notes which release is about to be pushed.
    ///
    /// # Errors
    /// [`LedgerError`]: then it must not be pushed.
    pub async fn begin(&mut self, release: String) -> Result<(), LedgerError> {
        self.note(Note::Begun(release)).await
    }

    /// Notes that the registry has confirmed the release.
    ///
    /// # Errors
    /// [`LedgerError`]
    pub async fn pushed(&mut self) -> Result<(), LedgerError> {
        match self.entry.state {
            State::Pushed => Ok(()),
            _ => self.note(Note::Pushed).await,
        }
    }

    /// Notes that nothing is left to do. Where that fails, who comes next finds out by asking the registry.
    pub async fn done(mut self, outcome: Option<Value>) {
        let noted = self.note(Note::Done(outcome)).await;
        self.log(noted);
    }

    /// Notes that the registry has confirmed that the release is gone.
    pub async fn deleted(mut self) {
        let noted = self.note(Note::Deleted).await;
        self.log(noted);
    }

    /// Lets others claim the entry now. Where that fails, they can once the claim has ended.
    pub async fn give_up(mut self, trace: Trace) {
        let noted = self.note(Note::GivenUp(trace)).await;
        self.log(noted);
    }

    fn log(&self, noted: Result<(), LedgerError>) {
        if let Err(error) = noted {
            tracing::warn!(key = self.key, %error, "the ledger could not note how a push ended");
        }
    }

    async fn note(&mut self, note: Note) -> Result<(), LedgerError> {
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
