//! The forms of Quay's error answers.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::stand_in::closed;

/// Why a request failed, in one of the forms that Quay's own code uses.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// A CNR exception: the only form with `error.message`.
    Cnr {
        status: u16,
        code: &'static str,
        message: String,
        details: Value,
    },
    /// `util/http.abort` and the CSRF guard: JSON with the content type of HTML; `error` is a string.
    Abort { status: u16, error: String },
    /// An exception of the REST API under `/api/v1`.
    Rest {
        status: u16,
        error_type: &'static str,
        message: String,
    },
    /// An exception of the data model that CNR does not catch.
    DataModel { message: String },
    /// The rate limit of Quay's front: nginx's page.
    TooManyRequests,
    /// An uncaught Python exception: gunicorn's page.
    Crash,
    /// An `OSError` in Quay: the connection is closed without a reply.
    Closed,
}

const CRASH_PAGE: &str = "<html>
  <head>
    <title>Internal Server Error</title>
  </head>
  <body>
    <h1><p>Internal Server Error</p></h1>
    
  </body>
</html>
";

const TOO_MANY_REQUESTS_PAGE: &str = "<html>
<head><title>429 Too Many Requests</title></head>
<body>
<center><h1>429 Too Many Requests</h1></center>
<hr><center>nginx/1.22.1</center>
</body>
</html>
";

impl Refusal {
    pub(super) fn invalid_usage(message: impl Into<String>) -> Self {
        Self::cnr(400, "invalid-usage", message, json!({}))
    }

    pub(super) fn cnr(
        status: u16,
        code: &'static str,
        message: impl Into<String>,
        details: Value,
    ) -> Self {
        Self::Cnr {
            status,
            code,
            message: message.into(),
            details,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Cnr {
                status,
                code,
                message,
                details,
            } => answer(
                status,
                "application/json",
                json!({"error": {"code": code, "details": details, "message": message}})
                    .to_string(),
            ),
            Self::Abort { status, error } => answer(
                status,
                "text/html; charset=utf-8",
                format!(r#"{{"error": {}}}"#, json!(error)),
            ),
            Self::Rest {
                status,
                error_type,
                message,
            } => {
                let message = json!(message);
                let body = format!(
                    r#"{{"detail": {message}, "error_message": {message}, "error_type": "{error_type}", "title": "{error_type}", "type": "http://127.0.0.1/api/v1/error/{error_type}", "status": {status}}}"#
                );
                answer(status, "application/json", body)
            }
            Self::DataModel { message } => answer(
                400,
                "application/json",
                json!({ "message": message }).to_string(),
            ),
            Self::TooManyRequests => answer(429, "text/html", TOO_MANY_REQUESTS_PAGE.to_owned()),
            Self::Crash => answer(500, "text/html", CRASH_PAGE.to_owned()),
            Self::Closed => closed(),
        }
    }
}

fn answer(status: u16, content_type: &'static str, body: String) -> Response {
    let status = StatusCode::from_u16(status).expect("a status between 100 and 999");
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}
