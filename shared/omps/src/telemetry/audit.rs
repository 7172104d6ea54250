//! The audit log: one line for every push and every deletion, with the user, the action and the outcome. Like every
//! line of a request, it also has the organization, repository, version and digest.

use super::AUDIT;

/// Writes an audit line. `outcome` is `done` or the id of an error, `user` is the name in a basic token.
pub fn record(action: &'static str, user: Option<&str>, outcome: &'static str) {
    tracing::info!(target: AUDIT, action, user, outcome, "audit");
}
