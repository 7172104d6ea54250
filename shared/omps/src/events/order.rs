//! The order of builds: a build that ended before one that was released already is not released as the newest.
//!
//! Builds of one package take turns, so that of two that are pushed at once the later one is not overtaken.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::Error;
use crate::koji::FinishedBuild;
use crate::ledger::claims::{Held, LedgerError, Wish};
use crate::ledger::{Before, Refusal, Subject};
use crate::names::OrganizationName;

/// A build that may be the newest of its package.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Build {
    nvr: String,
    /// Seconds since 1970; absent when Koji does not say.
    completed_at: Option<f64>,
}

/// Whether it is a build's turn.
pub enum Order {
    /// It is.
    Turn(Turn),
    /// This later build of the package is released already.
    Superseded {
        /// Its N-V-R.
        by: String,
    },
}

/// A build's turn: no other build of its package is pushed to the organization until it ends.
pub struct Turn {
    held: Held,
    build: Build,
}

/// Waits for nobody: where another build of the package is being pushed, the queue is to deliver this one again.
///
/// # Errors
/// Another build of the package is being pushed, or the ledger cannot be used.
pub async fn take(
    call: Call<'_>,
    organization: &OrganizationName,
    build: &FinishedBuild,
) -> Result<Order, Error> {
    let FinishedBuild {
        name,
        nvr,
        completed_at,
    } = build;
    let wish = Wish::new(
        format!("newest/{}{organization}/{name}", call.app.config.quay_url),
        Subject::Newest,
        nvr.to_string(),
    );
    let held = match call.app.ledger.claim(wish, call.deadline).await {
        Ok(held) => held,
        Err(LedgerError::Refused(Refusal::Busy { .. })) => {
            return Err(Error::ServiceUnavailable(format!(
                "Another build of {name} is being pushed"
            )));
        }
        Err(error) => return Err(error.into()),
    };
    let newest = match &held.granted.before {
        Before::Outcome(Some(newest)) => serde_json::from_value::<Build>(newest.clone()).ok(),
        _ => None,
    };
    let build = Build {
        nvr: nvr.to_string(),
        completed_at: *completed_at,
    };
    match newest {
        Some(newest) if is_older(&build, &newest) => {
            held.done(None).await;
            Ok(Order::Superseded { by: newest.nvr })
        }
        _ => Ok(Order::Turn(Turn { held, build })),
    }
}

/// Only builds of which Koji says when they ended have an order.
fn is_older(build: &Build, newest: &Build) -> bool {
    match (build.completed_at, newest.completed_at) {
        (Some(this), Some(newest)) => this < newest,
        _ => false,
    }
}

impl Turn {
    /// Ends the turn; a build that was released is the newest from now on.
    pub async fn end(self, is_released: bool) {
        let newest = is_released.then(|| serde_json::to_value(&self.build));
        let newest = newest.transpose().unwrap_or_else(|error| {
            tracing::error!(%error, "the newest build cannot be written down");
            None
        });
        self.held.done(newest).await;
    }
}
