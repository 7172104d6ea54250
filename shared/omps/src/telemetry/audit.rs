//! The audit log: one line for every push and every deletion, with the user, the action and the outcome. Like every
//! line of a request, it also has the organization, repository, version and digest.

use super::AUDIT;

/// Writes an audit line. `outcome` is `done` or the id of an error, `user` is the name in a basic token.
#[expect(
    clippy::needless_pass_by_value,
    reason = "callers create the name only for this line"
)]
pub fn record(action: &'static str, user: Option<String>, outcome: &'static str) {
    tracing::info!(target: AUDIT, action, user, outcome, "audit");
}
