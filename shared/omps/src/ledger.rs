//! What was pushed already, of what may be asked for more than once: events are delivered at least once, an upload is used
//! once, and a process may be killed between a push and saying so.
//!
//! Whoever works on an entry claims it for as long as the work may take, and writes down which release it begins before
//! it pushes. Who claims the entry after that, looks whether the release is there, with these very files, before anything
//! else is pushed. (One that another push made of the same files in between cannot be told from it, and is as good.)

mod dynamo_db;
mod memory;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::aws::Aws;
use crate::names::RepositoryName;
use crate::release::ReleaseVersion;
use crate::upstream::Deadline;
use dynamo_db::DynamoDb;
use memory::Memory;

/// How long what was done is known.
const KEPT: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// How much longer a claim holds than its work may take: a call that is under way then may still have its effect.
const GRACE: Duration = Duration::from_secs(10);

/// Entries by key, each claimed by one process at a time.
pub enum Ledger {
    /// In a table of DynamoDB, for processes that come and go.
    DynamoDb(DynamoDb),
    /// In this process.
    Memory(Memory),
}

/// What became of an attempt to claim an entry.
pub enum Claimed {
    /// Nobody else works on it until the claim ends.
    Ours(Claim),
    /// Somebody else does.
    Busy,
    /// It was pushed.
    Done(Done),
}

/// The right to work on an entry.
pub struct Claim {
    ledger: Arc<Ledger>,
    key: String,
    holder: String,
    begun: Option<ReleaseVersion>,
}

/// The release that an entry became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Its repository.
    pub repo: String,
    /// Its version.
    pub version: String,
}

/// What the holder of a claim writes down.
enum Note<'a> {
    /// It is about to push this release.
    Begun(&'a ReleaseVersion),
    /// It pushed this release.
    Done(&'a Done),
    /// It gives the claim up.
    Released,
}

/// Why an entry could not be claimed, or a note not be made.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// No answer, or one that says that it cannot.
    #[error("The ledger of pushes could not be asked: {0}")]
    Unreachable(String),
    /// The claim ended, and somebody else has one.
    #[error("Another process has taken this push over")]
    Lost,
}

/// A claim, as it is written down: times since 1970.
struct Hold<'a> {
    holder: &'a str,
    now: Duration,
    until: Duration,
    forgotten_at: Duration,
}

/// An entry that could be claimed, with the release that was begun before; or not.
enum Taken {
    Ours(Option<String>),
    Busy,
    Done(Done),
}

impl Ledger {
    /// The ledger in a table of DynamoDB.
    pub fn in_table(table: String, aws: Arc<Aws>) -> Self {
        Ledger::DynamoDb(DynamoDb::new(table, aws))
    }

    /// An empty ledger in this process.
    pub fn in_memory() -> Self {
        Ledger::Memory(Memory::default())
    }

    /// Claims an entry for work that ends by the deadline.
    ///
    /// # Errors
    /// [`LedgerError::Unreachable`]
    pub async fn claim(
        self: &Arc<Self>,
        key: String,
        deadline: Deadline,
    ) -> Result<Claimed, LedgerError> {
        let holder = uuid::Uuid::new_v4().to_string();
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let hold = Hold {
            holder: &holder,
            now,
            until: now + deadline.left() + GRACE,
            forgotten_at: now + KEPT,
        };
        let taken = match &**self {
            Ledger::DynamoDb(table) => table.take(&key, &hold).await?,
            Ledger::Memory(memory) => memory.take(&key, &hold),
        };
        Ok(match taken {
            Taken::Busy => Claimed::Busy,
            Taken::Done(done) => Claimed::Done(done),
            Taken::Ours(begun) => Claimed::Ours(Claim {
                ledger: self.clone(),
                key,
                holder,
                begun: begun.and_then(|version| ReleaseVersion::parse(&version).ok()),
            }),
        })
    }

    async fn note(&self, key: &str, holder: &str, note: Note<'_>) -> Result<(), LedgerError> {
        match self {
            Ledger::DynamoDb(table) => table.note(key, holder, note).await,
            Ledger::Memory(memory) => memory.note(key, holder, &note),
        }
    }
}

impl Claim {
    /// The release that an earlier holder was about to push, and may have pushed.
    pub fn begun(&self) -> Option<&ReleaseVersion> {
        self.begun.as_ref()
    }

    /// Writes down which release is about to be pushed.
    ///
    /// # Errors
    /// [`LedgerError`]: then it must not be pushed.
    pub async fn begin(&self, version: &ReleaseVersion) -> Result<(), LedgerError> {
        self.note(Note::Begun(version)).await
    }

    /// Writes down what was pushed: from now on the entry is done. Where that fails, the next holder finds out by what
    /// was begun.
    pub async fn done(&self, repo: &RepositoryName, version: &str) {
        let (repo, version) = (repo.to_string(), version.to_owned());
        let noted = self.note(Note::Done(&Done { repo, version })).await;
        self.log(noted, "a push could not be written down as done");
    }

    /// Lets others claim the entry now. Where that fails, they can once the claim has ended.
    pub async fn release(&self) {
        let noted = self.note(Note::Released).await;
        self.log(noted, "a claim could not be given up");
    }

    fn log(&self, noted: Result<(), LedgerError>, problem: &str) {
        if let Err(error) = noted {
            tracing::warn!(key = self.key, %error, "{problem}");
        }
    }

    async fn note(&self, note: Note<'_>) -> Result<(), LedgerError> {
        self.ledger.note(&self.key, &self.holder, note).await
    }
}
