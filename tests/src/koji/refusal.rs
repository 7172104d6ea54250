//! The forms of a hub's error answers.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{VERSION, page, xml_rpc};

/// Why a call failed.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// An XML-RPC fault, which has the status 200.
    Fault { code: i32, text: String },
    /// The answer of the hub's WSGI application to a request that is not an XML-RPC call.
    Plain { status: u16, text: String },
    /// Apache's answer to a body in chunks, which it does not pass on to the hub.
    LengthRequired,
}

impl Refusal {
    /// The fault for most errors in a call.
    pub(super) fn generic(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::Fault { code: 1000, text }
    }

    /// The fault for too few or too many arguments.
    pub(super) fn arguments(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::Fault { code: 1019, text }
    }

    pub(super) fn bad_request(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::Plain { status: 400, text }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Fault { code, text } => {
                xml_rpc::fault(&json!({"faultCode": code, "faultString": text})).into_response()
            }
            Self::Plain { status, text } => {
                let status = StatusCode::from_u16(status).expect("a status between 100 and 999");
                let content_type = (header::CONTENT_TYPE, "text/plain");
                let mut response = (status, [content_type, VERSION], text).into_response();
                if status == StatusCode::METHOD_NOT_ALLOWED {
                    let post = header::HeaderValue::from_static("POST");
                    response.headers_mut().insert(header::ALLOW, post);
                }
                response
            }
            Self::LengthRequired => page(
                StatusCode::LENGTH_REQUIRED,
                "A request of the requested method POST requires a valid Content-length.<br />\n",
            ),
        }
    }
}
