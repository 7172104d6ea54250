//! The audit log: one line for every push and delete, which says who did what, and what came of it. Organization,
//! repository, version and digest stand in it as in every line of the request.

use super::AUDIT;

/// Notes what came of an action: `outcome` is `done` or the id of an error, `user` the name in a basic token.
pub fn record(action: &'static str, user: Option<&str>, outcome: &'static str) {
    tracing::info!(target: AUDIT, action, user, outcome, "audit");
}
