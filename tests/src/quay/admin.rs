//! What a script may see of a Quay and do to it, over HTTP at an address that no real Quay has.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::{Value, json};

use super::store::Repository;
use super::{Fault, Quay, Refusal, pull};
use crate::stand_in::Recorded;

/// `GET /holdings`, `GET /requests`; `GET`, `POST` and `DELETE /faults`.
pub fn router(quay: Arc<Quay>) -> Router {
    Router::new()
        .route("/holdings", get(holdings))
        .route("/requests", get(requests))
        .route(
            "/faults",
            get(unmet_faults).post(order_fault).delete(forget_faults),
        )
        .with_state(quay)
}

/// Everything that Quay holds.
async fn holdings(State(quay): State<Arc<Quay>>) -> Json<Value> {
    let store = quay.service().store();
    let repositories: Vec<_> = store.of_namespace(None).map(repository_entry).collect();
    Json(json!({"repositories": repositories}))
}

fn repository_entry(repository: &Repository) -> Value {
    let releases = repository.manifests.iter().map(|manifest| {
        let entry = pull::release_entry(repository, manifest);
        json!({"release": entry["release"], "digest": entry["content"]["digest"]})
    });
    json!({
        "organization": repository.name.namespace,
        "name": repository.name.name,
        "public": repository.public,
        "releases": releases.collect::<Vec<_>>(),
    })
}

/// Every request so far, without the blobs.
async fn requests(State(quay): State<Arc<Quay>>) -> Json<Value> {
    let requests: Vec<_> = quay.requests().iter().map(request_entry).collect();
    Json(json!({"requests": requests}))
}

fn request_entry(request: &Recorded) -> Value {
    let mut body = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
    if let Some(fields) = body.as_object_mut() {
        fields.remove("blob");
    }
    json!({
        "method": request.method.as_str(),
        "path": request.path,
        "query": request.query,
        "authorization": request.authorization(),
        "body": body,
    })
}

/// A fault, and the requests that are to meet it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    kind: Kind,
    method: String,
    path_prefix: String,
    #[serde(default)]
    containing: String,
    /// How many requests are to meet it; all, when it is `null`.
    #[serde(default = "once")]
    count: Option<usize>,
    #[serde(default = "an_hour")]
    seconds: f64,
}

/// "Before" is before the request has its effect, "after" is between the effect and the answer.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    HangBefore,
    HangAfter,
    CloseBefore,
    CloseAfter,
    Crash,
    TooManyRequests,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the default of an optional field is optional"
)]
fn once() -> Option<usize> {
    Some(1)
}

fn an_hour() -> f64 {
    3_600.0
}

impl Order {
    fn fault(&self) -> Result<Fault, String> {
        let duration = Duration::try_from_secs_f64(self.seconds)
            .map_err(|error| format!("seconds: {error}"))?;
        Ok(match self.kind {
            Kind::HangBefore => Fault::DelayBeforeActing(duration),
            Kind::HangAfter => Fault::DelayAfterActing(duration),
            Kind::CloseBefore => Fault::CloseBeforeActing,
            Kind::CloseAfter => Fault::CloseAfterActing,
            Kind::Crash => Fault::Refuse(Refusal::Crash),
            Kind::TooManyRequests => Fault::Refuse(Refusal::TooManyRequests),
        })
    }
}

/// Arms a fault. The body is JSON, whatever its content type.
async fn order_fault(State(quay): State<Arc<Quay>>, request: Request) -> Response {
    let Ok(body) = request.into_body().collect().await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let order = serde_json::from_slice::<Order>(&body.to_bytes());
    let order = order.map_err(|error| error.to_string());
    match order.and_then(|order| Ok((order.fault()?, order))) {
        Ok((fault, order)) => {
            quay.fail(
                order.count,
                order.method,
                order.path_prefix,
                order.containing,
                fault,
            );
            unmet_faults(State(quay)).await.into_response()
        }
        Err(problem) => (StatusCode::BAD_REQUEST, problem).into_response(),
    }
}

/// How many faults no request has met.
async fn unmet_faults(State(quay): State<Arc<Quay>>) -> Json<Value> {
    Json(json!({"unmet": quay.unmet_faults()}))
}

async fn forget_faults(State(quay): State<Arc<Quay>>) -> Json<Value> {
    quay.forget_faults();
    Json(json!({"unmet": 0}))
}
