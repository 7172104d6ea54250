//! A ledger in a file that the processes of one machine share.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::claims::{LedgerError, Swapped};
use super::{Entry, now};

/// The file's name in `data_dir`.
const FILE: &str = "ledger.sqlite";
/// How long a process waits while another process writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The one table. `forgotten_at` is in milliseconds since 1970.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS entries (
        key TEXT PRIMARY KEY,
        revision INTEGER NOT NULL,
        entry TEXT NOT NULL,
        forgotten_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS forgotten ON entries (forgotten_at);
";

/// A connection, which one request at a time uses: each write waits until the disk has stored it.
pub(super) struct Sqlite(Arc<Mutex<Connection>>);

impl Sqlite {
    /// Opens the file, or creates it.
    pub(super) fn open(directory: &Path) -> Result<Self, LedgerError> {
        let open = || {
            let connection = Connection::open(directory.join(FILE))?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            // A reservation must survive a power failure, because the release that it reserves does.
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.execute_batch(SCHEMA)?;
            Ok(connection)
        };
        std::fs::create_dir_all(directory)
            .map_err(|error| LedgerError::Unavailable(error.to_string()))?;
        let connection = open().map_err(|error| unavailable(&error))?;
        Ok(Sqlite(Arc::new(Mutex::new(connection))))
    }

    pub(super) async fn swap(
        &self,
        key: &str,
        revision: Option<u64>,
        next: &Entry,
    ) -> Result<Swapped, LedgerError> {
        let (key, next) = (key.to_owned(), next.clone());
        self.run(move |connection| swap(connection, &key, revision, &next))
            .await
    }

    pub(super) async fn read(&self, key: &str) -> Result<Option<Entry>, LedgerError> {
        let key = key.to_owned();
        self.run(move |connection| read(connection, &key)).await
    }

    /// Writes an entry and removes it again, to detect a full disk or a directory that is not writable.
    pub(super) async fn check(&self) -> Result<(), LedgerError> {
        self.run(|connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute(
                "DELETE FROM entries WHERE forgotten_at <= ?1",
                params![signed(now())],
            )?;
            transaction.commit()
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let connection = self.0.clone();
        let run = move || work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner));
        match tokio::task::spawn_blocking(run).await {
            Ok(result) => result.map_err(|error| unavailable(&error)),
            Err(panic) => Err(LedgerError::Unavailable(panic.to_string())),
        }
    }
}

fn swap(
    connection: &mut Connection,
    key: &str,
    revision: Option<u64>,
    next: &Entry,
) -> rusqlite::Result<Swapped> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let there = read(&transaction, key)?;
    if there.as_ref().map(|entry| entry.revision) != revision {
        return Ok(Swapped::Changed(there));
    }
    let text = serde_json::to_string(next).map_err(unreadable)?;
    transaction.execute(
        "INSERT OR REPLACE INTO entries (key, revision, entry, forgotten_at) VALUES (?1, ?2, ?3, ?4)",
        params![key, signed(next.revision), text, signed(next.forgotten_at)],
    )?;
    transaction.commit()?;
    Ok(Swapped::Done)
}

fn read(connection: &Connection, key: &str) -> rusqlite::Result<Option<Entry>> {
    let there: Option<String> = connection
        .query_row(
            "SELECT entry FROM entries WHERE key = ?1 AND forgotten_at > ?2",
            params![key, signed(now())],
            |row| row.get(0),
        )
        .optional()?;
    let entry = there.map(|text| serde_json::from_str(&text).map_err(unreadable));
    entry.transpose()
}

/// SQLite's integers are signed.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unreadable(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(error.into())
}

fn unavailable(error: &rusqlite::Error) -> LedgerError {
    tracing::error!(%error, "the ledger's file cannot be used");
    LedgerError::Unavailable(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use crate::deadline::Deadline;
    use crate::ledger::claims::{Ledger, LedgerError, Wish};
    use crate::ledger::{Refusal, Subject, Trace};

    #[tokio::test]
    async fn two_processes_share_a_directory() {
        let directory = tempfile::tempdir().unwrap();
        let [one, other] =
            [1, 2].map(|_| std::sync::Arc::new(Ledger::in_directory(directory.path()).unwrap()));
        let deadline = Deadline::after(Duration::from_secs(5));
        let wish = || {
            let key = "release/1.0.0".to_owned();
            Wish::new(key, Subject::Release, "content".to_owned())
        };

        let held = one.claim(wish(), deadline).await.unwrap();
        let busy = other.claim(wish(), deadline).await;
        held.done(None).await;
        let done = other.claim(wish(), deadline).await;

        assert!(matches!(
            busy,
            Err(LedgerError::Refused(Refusal::Busy { .. }))
        ));
        assert!(matches!(
            done,
            Err(LedgerError::Refused(Refusal::Conflict { .. }))
        ));
    }

    #[tokio::test]
    async fn a_result_is_read_by_another_process_until_the_release_is_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let [one, other] =
            [1, 2].map(|_| std::sync::Arc::new(Ledger::in_directory(directory.path()).unwrap()));
        let deadline = Deadline::after(Duration::from_secs(5));
        let wish = || {
            let key = "release/1.0.0".to_owned();
            Wish::new(key, Subject::Release, "content".to_owned())
        };
        let result = async || other.outcome("release/1.0.0").await.unwrap();

        let nothing = result().await;
        let held = one.claim(wish(), deadline).await.unwrap();
        let running = result().await;
        held.done(Some(json!({"pushed_at": 1}))).await;
        let done = result().await;
        let deleting = one.delete(wish(), deadline).await.unwrap();
        deleting.give_up(Trace::Unclear).await;
        let kept = result().await;
        let deleting = one.delete(wish(), deadline).await.unwrap();
        deleting.deleted().await;
        let deleted = result().await;
        let again = one.claim(wish(), deadline).await.unwrap();
        again.done(None).await;
        let without_result = result().await;

        assert_eq!([nothing, running], [None, None]);
        assert_eq!(done, Some(json!({"pushed_at": 1})));
        assert_eq!(kept, done);
        assert_eq!([deleted, without_result], [None, None]);
    }

    #[test]
    fn a_directory_that_cannot_be_used_is_reported() {
        let file = tempfile::NamedTempFile::new().unwrap();

        let Err(error) = Ledger::in_directory(file.path()) else {
            panic!("a file is no directory");
        };

        assert!(
            error
                .to_string()
                .starts_with("The ledger of pushes cannot be used: ")
        );
    }
}
