//! The shapes in which a registry says no.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::quay;
use crate::stand_in::unexpected;

/// Why a request failed.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// In the specification's shape.
    Coded {
        status: u16,
        code: &'static str,
        message: String,
        /// Further keys of the entry: Quay's `is_readonly`.
        is_read_only: bool,
        /// `WWW-Authenticate`
        challenge: Option<String>,
    },
    /// Of Quay's REST API.
    Rest(quay::Refusal),
    /// 429, as nginx says it.
    TooManyRequests,
    /// The answer to what no client of ours should ask: the test fails.
    Surprise(Box<Refusal>),
}

impl Refusal {
    pub(super) fn surprise(self) -> Self {
        Self::Surprise(Box::new(self))
    }

    pub fn coded(status: u16, code: &'static str, message: &str) -> Self {
        Self::Coded {
            status,
            code,
            message: message.to_owned(),
            is_read_only: false,
            challenge: None,
        }
    }

    pub fn unauthorized(challenge: String) -> Self {
        Self::Coded {
            status: 401,
            code: "UNAUTHORIZED",
            message: "access to the requested resource is not authorized".to_owned(),
            is_read_only: false,
            challenge: Some(challenge),
        }
    }

    pub fn over_quota() -> Self {
        Self::coded(403, "DENIED", "Quota has been exceeded on namespace")
    }

    pub fn read_only() -> Self {
        Self::Coded {
            status: 405,
            code: "DENIED",
            message: "System is currently read-only. Pulls will succeed but all write operations are currently suspended."
                .to_owned(),
            is_read_only: true,
            challenge: None,
        }
    }

    pub(super) fn name_unknown() -> Self {
        Self::coded(404, "NAME_UNKNOWN", "repository name not known to registry")
    }

    pub(super) fn manifest_unknown() -> Self {
        Self::coded(404, "MANIFEST_UNKNOWN", "manifest unknown")
    }

    pub(super) fn upload_unknown() -> Self {
        Self::coded(
            404,
            "BLOB_UPLOAD_UNKNOWN",
            "blob upload unknown to registry",
        )
    }

    pub(super) fn digest_invalid() -> Self {
        Self::coded(
            400,
            "DIGEST_INVALID",
            "provided digest did not match uploaded content",
        )
    }

    pub(super) fn manifest_invalid(why: &str) -> Self {
        Self::coded(400, "MANIFEST_INVALID", &format!("manifest invalid: {why}"))
    }

    pub(super) fn tag_immutable(tag: &str) -> Self {
        Self::coded(409, "TAG_IMMUTABLE", &format!("tag '{tag}' is immutable"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Coded {
                status,
                code,
                message,
                is_read_only,
                challenge,
            } => {
                let mut entry = json!({"code": code, "message": message, "detail": {}});
                if is_read_only {
                    entry["is_readonly"] = Value::Bool(true);
                }
                let status = StatusCode::from_u16(status).expect("a status between 100 and 999");
                let mut response = (status, Json(json!({"errors": [entry]}))).into_response();
                if let Some(challenge) = challenge {
                    let challenge = HeaderValue::try_from(challenge).expect("a header's value");
                    response
                        .headers_mut()
                        .insert(header::WWW_AUTHENTICATE, challenge);
                }
                response
            }
            Self::Rest(refusal) => refusal.into_response(),
            Self::Surprise(refusal) => unexpected(*refusal),
            Self::TooManyRequests => (
                StatusCode::TOO_MANY_REQUESTS,
                [(header::RETRY_AFTER, "0")],
                "<html>429 Too Many Requests</html>",
            )
                .into_response(),
        }
    }
}
