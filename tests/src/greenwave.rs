//! A stand-in for Greenwave over HTTP. It approves all builds that a test has not refused, and accepts only complete
//! requests for a decision.

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

/// A running stand-in for Greenwave. It stops when it is dropped.
pub type Greenwave = StandIn<Shared>;
/// A failure that a test arms.
pub type Fault = stand_in::Fault<Refusal>;

/// The one decision context that has a policy.
pub const CONTEXT: &str = "omps_push";
/// The one product version that has a policy.
pub const PRODUCT_VERSION: &str = "larder-1";
/// The tests that the policy requires.
pub const TESTCASES: [&str; 2] = ["larder.image.installs", "larder.operator.upgrades"];

/// What the handlers work with.
#[derive(Default)]
pub struct Shared {
    /// The problems of builds, by N-V-R. Other builds have none.
    unsatisfied: Mutex<BTreeMap<String, Vec<(&'static str, Problem)>>>,
}

/// The problem of a required test.
#[derive(Clone, Copy, Debug)]
pub enum Problem {
    Failed,
    Missing,
}

/// The reason why Greenwave does not decide.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub status: u16,
    pub message: String,
}

/// A valid request for a decision.
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

    /// Gives a build a problem with one of the [`TESTCASES`].
    ///
    /// # Panics
    /// The policy does not require this test.
    pub fn refuse(&self, nvr: &str, testcase: &'static str, problem: Problem) {
        assert!(TESTCASES.contains(&testcase), "{testcase} is not required");
        let mut unsatisfied = lock(&self.service().unsatisfied);
        let problems = unsatisfied.entry(nvr.to_owned()).or_default();
        problems.push((testcase, problem));
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
        let problems = unsatisfied.get(nvr).map_or([].as_slice(), Vec::as_slice);
        let is_failing = |testcase| problems.iter().any(|(failing, _)| *failing == testcase);
        let passed = TESTCASES.into_iter().filter(|case| !is_failing(*case));
        let passed = passed.map(|testcase| requirement(nvr, testcase, None));
        let failed = problems
            .iter()
            .map(|(testcase, problem)| requirement(nvr, testcase, Some(*problem)));
        json!({
            "policies_satisfied": problems.is_empty(),
            "summary": summary(problems),
            "applicable_policies": ["larder_release_tests"],
            "satisfied_requirements": passed.collect::<Value>(),
            "unsatisfied_requirements": failed.collect::<Value>(),
        })
    }
}

fn requirement(nvr: &str, testcase: &str, problem: Option<Problem>) -> Value {
    let mut requirement = json!({
        "type": match problem {
            None => "test-result-passed",
            Some(Problem::Failed) => "test-result-failed",
            Some(Problem::Missing) => "test-result-missing",
        },
        "testcase": testcase,
        "subject_type": "koji_build",
        "subject_identifier": nvr,
        "scenario": null,
        "source": null,
    });
    if problem.is_some() {
        // For old clients, which do not know the two `subject` fields.
        requirement["item"] = json!({"item": nvr, "type": "koji_build"});
    }
    if !matches!(problem, Some(Problem::Missing)) {
        requirement["result_id"] = json!(123);
    }
    requirement
}

fn summary(problems: &[(&str, Problem)]) -> String {
    let counted = |failed, what, does| {
        let is_failed = |problem| matches!(problem, Problem::Failed);
        let problems = problems
            .iter()
            .filter(|(_, problem)| is_failed(*problem) == failed);
        match problems.count() {
            0 => String::new(),
            1 => format!(", 1 {what} {does}"),
            several => format!(", {several} {what}s {does}"),
        }
    };
    if problems.is_empty() {
        return "All required tests passed".to_owned();
    }
    let required = TESTCASES.len();
    let (missing, failed) = (
        counted(false, "result", "missing"),
        counted(true, "test", "failed"),
    );
    format!("Of {required} required tests{missing}{failed}")
}
