//! `GET /v2/about`, and v1: versions.

use super::query;
use crate::api::AboutAnswer;
use crate::http::{Answer, Reply, Request};

/// The operator-courier release whose verdicts are reproduced.
const OPERATOR_COURIER: &str = "2.1.11";

/// Answers with the versions.
///
/// # Errors
/// `BadRequest` for query parameters; there are none.
pub async fn about(request: Request) -> Answer {
    query::only(&request, &[])?;
    Reply::ok(&AboutAnswer {
        version: env!("CARGO_PKG_VERSION"),
        operatorcourier: OPERATOR_COURIER,
    })
}
