//! Taking turns: one process at a time moves a catalog's tag, and does what the others wait for.

use std::time::{Duration, Instant};

use super::work::{self, Refused, Work};
use super::{Catalog, CatalogError, State};
use crate::ledger::claims::{Held, LedgerError, Wish};
use crate::ledger::{Refusal, Subject};

/// The pause before the next look whether it is this process's turn; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

/// What came of waiting.
pub(super) enum Turn {
    /// It is this process's turn.
    Ours(Held),
    /// Another process has done what this one wanted to do, but for what the catalog could not take.
    Done(Vec<Refused>),
}

impl Catalog<'_> {
    /// Waits for the turn, a third of the time that is left at most. `mine`: what this process asked for before.
    pub(super) async fn turn(&self, mine: &[Work]) -> Result<Turn, CatalogError> {
        let (ledger, deadline) = (&self.call.app.ledger, self.call.deadline);
        let (started, longest) = (Instant::now(), deadline.left() / 3);
        let mut pause = FIRST_PAUSE;
        loop {
            let wish = Wish::new(self.key.clone(), Subject::Catalog, String::new());
            match ledger.claim(wish, deadline).await {
                Ok(held) => return Ok(Turn::Ours(held)),
                Err(LedgerError::Refused(Refusal::Busy { .. })) => {}
                Err(error) => return Err(error.into()),
            }
            let left = longest.saturating_sub(started.elapsed());
            if left.is_zero() {
                return Err(CatalogError::Busy);
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            let standing = ledger.standing(&self.key).await?;
            let is_mine = |work: Work| mine.contains(&work);
            if !mine.is_empty() && !work::read(&standing.pending).any(is_mine) {
                return Ok(Turn::Done(State::of(standing.outcome).refused));
            }
        }
    }
}
