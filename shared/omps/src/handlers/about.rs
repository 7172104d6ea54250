//! `GET /v2/about`, and v1: versions.

use crate::api::AboutAnswer;
use crate::http::{Answer, Reply, Request};

/// The operator-courier release whose verdicts are reproduced.
const OPERATOR_COURIER: &str = "2.1.11";

/// Answers with the versions.
///
/// # Errors
/// None.
pub async fn about(_: Request) -> Answer {
    Reply::ok(&AboutAnswer {
        version: env!("CARGO_PKG_VERSION"),
        operatorcourier: OPERATOR_COURIER,
    })
}
