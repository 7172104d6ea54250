//! The audit log: one line for every push and delete, which says who did what, and what came of it. Organization,
//! repository, version and digest stand in it as in every line of the request.

use crate::error::Error;
use crate::telemetry::AUDIT;
use crate::token::Token;

/// Notes what came of an action on behalf of the user that the token names.
pub fn record<T>(action: &'static str, token: &Token, result: &Result<T, Error>) {
    let user = token.user();
    let outcome = match result {
        Ok(_) => "done",
        Err(error) => error.kind().1,
    };
    tracing::info!(target: AUDIT, action, user, outcome, "audit");
}
