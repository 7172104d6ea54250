//! The order of builds: if a later build of the package is already released, an earlier one is not released any more.
//!
//! The builds of one package are pushed one after the other, so that an earlier build never replaces a later one as the
//! newest.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::Error;
use crate::koji::FinishedBuild;
use crate::ledger::claims::{Held, LedgerError, Wish};
use crate::ledger::{Before, Refusal, Subject};
use crate::names::OrganizationName;

/// A build, as the ledger stores the newest one of a package.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct NewestBuild {
    nvr: String,
    /// Seconds since 1970; absent if Koji does not report the time.
    completed_at: Option<f64>,
}

/// Whether a build may be pushed now.
pub(crate) enum Order {
    /// It may.
    Turn(Box<Turn>),
    /// A later build of the package is already released.
    Superseded {
        /// Its N-V-R.
        by: String,
    },
}

/// The right to push a build: until it ends, no other build of the package is pushed to the organization.
pub(crate) struct Turn {
    held: Held,
    build: NewestBuild,
}

/// Takes the turn for a build. It does not wait: if another build of the package is being pushed, this is an error, and
/// the queue delivers the message again later.
///
/// # Errors
/// Another build of the package is being pushed, or the ledger cannot be used.
pub(crate) async fn take(
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
        Before::Outcome(Some(newest)) => serde_json::from_value::<NewestBuild>(newest.clone()).ok(),
        _ => None,
    };
    let build = NewestBuild {
        nvr: nvr.to_string(),
        completed_at: *completed_at,
    };
    match newest {
        Some(newest) if is_older(&build, &newest) => {
            held.done(None).await;
            Ok(Order::Superseded { by: newest.nvr })
        }
        _ => Ok(Order::Turn(Box::new(Turn { held, build }))),
    }
}

/// Whether Koji reports both times, and `build` was completed before `newest`.
fn is_older(build: &NewestBuild, newest: &NewestBuild) -> bool {
    match (build.completed_at, newest.completed_at) {
        (Some(this), Some(newest)) => this < newest,
        _ => false,
    }
}

impl Turn {
    /// Ends the turn. If the build was released, it is the newest from now on.
    pub(crate) async fn end(self, is_released: bool) {
        let newest = is_released.then(|| serde_json::to_value(&self.build));
        let newest = newest.transpose().unwrap_or_else(|error| {
            tracing::error!(%error, "the newest build could not be serialized");
            None
        });
        self.held.done(newest).await;
    }
}
