//! An interface for scripts over HTTP, with its own address: it shows and changes the state of the stand-ins.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::koji::{Build, Koji};
use crate::quay::{Fault, Quay, Refusal};
use crate::stand_in::{Recorded, Service, StandIn, unexpected};

/// A running administration. When it is dropped, it stops together with the stand-ins.
pub type Admin = StandIn<Administered>;

/// The stand-ins that it controls.
pub struct Administered {
    quay: Quay,
    koji: Koji,
}

impl Service for Administered {
    const NAME: &'static str = "Administration";
    type Refusal = StatusCode;

    fn router(self: Arc<Self>) -> Router {
        let faults = get(unmet_faults).post(order_fault).delete(forget_faults);
        Router::new()
            .route("/holdings", get(holdings))
            .route(
                "/archives/{organization}/{repository}/{release}",
                get(archive),
            )
            .route("/requests", get(requests))
            .route("/faults", faults)
            .route("/builds/{nvr}", post(add_build))
            .fallback(async || unexpected(StatusCode::NOT_FOUND))
            .with_state(self)
    }
}

impl Admin {
    /// Starts the administration of these stand-ins.
    ///
    /// # Errors
    /// The address is in use.
    pub async fn start(listen: SocketAddr, quay: Quay, koji: Koji) -> io::Result<Self> {
        Self::serve(listen, Administered { quay, koji }).await
    }
}

async fn holdings(State(stand_ins): State<Arc<Administered>>) -> Json<Value> {
    Json(json!({"repositories": stand_ins.quay.holdings()}))
}

/// The archive of a release, as Quay stores it.
async fn archive(
    State(stand_ins): State<Arc<Administered>>,
    Path((organization, repository, release)): Path<(String, String, String)>,
) -> Result<Vec<u8>, StatusCode> {
    let archive = stand_ins.quay.pushed(&organization, &repository, &release);
    archive.ok_or(StatusCode::NOT_FOUND)
}

/// All requests so far, without the blobs.
async fn requests(State(stand_ins): State<Arc<Administered>>) -> Json<Value> {
    let requests = stand_ins.quay.requests();
    let requests: Vec<_> = requests.iter().map(request_entry).collect();
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

/// A fault to arm, and the requests that will meet it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    kind: Kind,
    method: String,
    path_prefix: String,
    #[serde(default)]
    containing: String,
    /// How many requests will meet it; all, if it is `null`.
    #[serde(default = "once")]
    count: Option<usize>,
    #[serde(default = "an_hour")]
    seconds: f64,
}

/// "Before" is before the request takes effect; "after" is between the effect and the answer.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    HangBefore,
    HangAfter,
    /// The request takes effect after these seconds, even if the client does not wait.
    ActLate,
    CloseBefore,
    CloseAfter,
    Crash,
    TooManyRequests,
}

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
            Kind::ActLate => Fault::ActLate(duration),
            Kind::CloseBefore => Fault::CloseBeforeActing,
            Kind::CloseAfter => Fault::CloseAfterActing,
            Kind::Crash => Fault::Refuse(Refusal::Crash),
            Kind::TooManyRequests => Fault::Refuse(Refusal::TooManyRequests),
        })
    }
}

/// Arms a fault. The body is JSON, whatever its content type.
async fn order_fault(
    State(stand_ins): State<Arc<Administered>>,
    body: Bytes,
) -> Result<Json<Value>, (StatusCode, String)> {
    let refused = |problem: String| (StatusCode::BAD_REQUEST, problem);
    let order: Order = serde_json::from_slice(&body).map_err(|error| refused(error.to_string()))?;
    let fault = order.fault().map_err(refused)?;
    let Order {
        count,
        method,
        path_prefix,
        containing,
        ..
    } = order;
    stand_ins
        .quay
        .fail(count, method, path_prefix, containing, fault);
    Ok(unmet_faults(State(stand_ins)).await)
}

/// The number of armed faults that no request has met.
async fn unmet_faults(State(stand_ins): State<Arc<Administered>>) -> Json<Value> {
    Json(json!({"unmet": stand_ins.quay.unmet_faults()}))
}

async fn forget_faults(State(stand_ins): State<Arc<Administered>>) -> Json<Value> {
    stand_ins.quay.forget_faults();
    unmet_faults(State(stand_ins)).await
}

/// Adds a build to Koji. The body is the zip of its operator.
async fn add_build(
    State(stand_ins): State<Arc<Administered>>,
    Path(nvr): Path<String>,
    zip: Bytes,
) -> Json<Value> {
    let build = Build::of_operator(&nvr, zip.to_vec());
    stand_ins.koji.add_build(build);
    Json(json!({"nvr": nvr}))
}
