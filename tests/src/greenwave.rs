//! A Greenwave, over real HTTP: builds are satisfied unless a test says otherwise, questions must be whole.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::stand_in::{self, Service, StandIn, lock, unexpected};

/// A running Greenwave. It stops when it is dropped.
pub type Greenwave = StandIn<Shared>;
/// A failure that a test orders from Greenwave.
pub type Fault = stand_in::Fault<Refusal>;

/// The one decision context that has a policy.
pub const CONTEXT: &str = "omps_push";
/// The one product version that has a policy.
pub const PRODUCT_VERSION: &str = "larder-1";
/// The tests that the policy asks for.
pub const TESTCASES: [&str; 2] = ["larder.image.installs", "larder.operator.upgrades"];

/// What the handlers work with.
#[derive(Default)]
pub struct Shared {
    /// What builds lack, by N-V-R; nothing in those that are not here.
    unsatisfied: Mutex<BTreeMap<String, Vec<(&'static str, Lack)>>>,
}

/// What is wrong with a required test.
#[derive(Clone, Copy, Debug)]
pub enum Lack {
    Failed,
    Missing,
}

/// Why Greenwave does not decide.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub status: u16,
    pub message: String,
}

/// A question that Greenwave understands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    decision_context: String,
    product_version: String,
    subject_type: String,
    subject_identifier: String,
}

impl Service for Shared {
    const NAME: &'static str = "Greenwave";
    type Refusal = Refusal;

    fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/api/v1.0/about", get(about))
            .route("/api/v1.0/decision", post(decide))
            .fallback(async || unexpected(Refusal::new(404, "Not Found")))
            .method_not_allowed_fallback(async || {
                unexpected(Refusal::new(405, "Method Not Allowed"))
            })
            .with_state(self)
    }
}

impl Greenwave {
    /// Starts a Greenwave that lets every build pass; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn start(listen: SocketAddr) -> io::Result<Self> {
        Self::serve(listen, Shared::default()).await
    }

    /// Makes a build lack one of the [`TESTCASES`].
    ///
    /// # Panics
    /// When the policy does not ask for that test.
    pub fn refuse(&self, nvr: &str, testcase: &'static str, lack: Lack) {
        assert!(TESTCASES.contains(&testcase), "{testcase} is not required");
        let mut unsatisfied = lock(&self.service().unsatisfied);
        let lacks = unsatisfied.entry(nvr.to_owned()).or_default();
        lacks.push((testcase, lack));
    }
}

impl Refusal {
    fn new(status: u16, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, message }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).expect("a status between 100 and 999");
        (status, Json(json!({"message": self.message}))).into_response()
    }
}

async fn about() -> Json<Value> {
    Json(json!({"version": "2.5.0"}))
}

async fn decide(State(greenwave): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let content_type = headers.get(header::CONTENT_TYPE);
    if content_type.is_none_or(|value| value != "application/json") {
        return unexpected(Refusal::new(415, "No JSON payload in request"));
    }
    let question: Question = match serde_json::from_slice(&body) {
        Ok(question) => question,
        Err(error) => return unexpected(Refusal::new(400, error.to_string())),
    };
    if question.subject_type != "koji_build" {
        return unexpected(Refusal::new(400, "Only builds are known to the stand-in"));
    }
    if question.decision_context != CONTEXT || question.product_version != PRODUCT_VERSION {
        let message = format!(
            "Found no applicable policies for koji_build subjects at gating point(s) {} in {}",
            question.decision_context, question.product_version
        );
        return Refusal::new(404, message).into_response();
    }
    Json(greenwave.decision(&question.subject_identifier)).into_response()
}

impl Shared {
    fn decision(&self, nvr: &str) -> Value {
        let unsatisfied = lock(&self.unsatisfied);
        let lacks = unsatisfied.get(nvr).map_or([].as_slice(), Vec::as_slice);
        let is_lacking = |testcase| lacks.iter().any(|(lacking, _)| *lacking == testcase);
        let passed = TESTCASES.into_iter().filter(|case| !is_lacking(*case));
        let passed = passed.map(|testcase| requirement(nvr, testcase, None));
        let failed = lacks
            .iter()
            .map(|(testcase, lack)| requirement(nvr, testcase, Some(*lack)));
        json!({
            "policies_satisfied": lacks.is_empty(),
            "summary": summary(lacks),
            "applicable_policies": ["larder_release_tests"],
            "satisfied_requirements": passed.collect::<Value>(),
            "unsatisfied_requirements": failed.collect::<Value>(),
        })
    }
}

fn requirement(nvr: &str, testcase: &str, lack: Option<Lack>) -> Value {
    let mut requirement = json!({
        "type": match lack {
            None => "test-result-passed",
            Some(Lack::Failed) => "test-result-failed",
            Some(Lack::Missing) => "test-result-missing",
        },
        "testcase": testcase,
        "subject_type": "koji_build",
        "subject_identifier": nvr,
        "scenario": null,
        "source": null,
    });
    if lack.is_some() {
        // For clients that are older than the two fields.
        requirement["item"] = json!({"item": nvr, "type": "koji_build"});
    }
    if !matches!(lack, Some(Lack::Missing)) {
        requirement["result_id"] = json!(123);
    }
    requirement
}

fn summary(lacks: &[(&str, Lack)]) -> String {
    let counted = |failed, what, does| {
        let is_failed = |lack| matches!(lack, Lack::Failed);
        let lacks = lacks.iter().filter(|(_, lack)| is_failed(*lack) == failed);
        match lacks.count() {
            0 => String::new(),
            1 => format!(", 1 {what} {does}"),
            several => format!(", {several} {what}s {does}"),
        }
    };
    if lacks.is_empty() {
        return "All required tests passed".to_owned();
    }
    let required = TESTCASES.len();
    let (missing, failed) = (
        counted(false, "result", "missing"),
        counted(true, "test", "failed"),
    );
    format!("Of {required} required tests{missing}{failed}")
}
