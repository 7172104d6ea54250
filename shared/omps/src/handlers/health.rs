//! `GET /v2/health/ping`, and v1: whether the services that pushes need can be reached.

use http::StatusCode;

use super::query;
use crate::app::App;
use crate::call::Call;
use crate::error::Error;
use crate::health;
use crate::http::{Answer, Reply, Request};

/// Asks the other services. One that is down makes the status 503, and is no error of this one.
///
/// # Errors
/// `BadRequest` for query parameters; there are none.
pub async fn health(app: &App, request: Request) -> Answer {
    query::only(&request, &[])?;
    let health = health::check(Call::new(app, request.deadline)).await;
    let status = StatusCode::from_u16(health.status);
    let status = status.map_err(|error| Error::Internal(error.to_string()))?;
    Ok(Reply {
        status,
        ..Reply::ok(&health)?
    })
}
