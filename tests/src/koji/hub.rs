//! The hub. It supports the calls that the service makes. It answers other calls as a real hub would, but they fail the
//! test.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use dxr::{MethodCall, Value};
use serde_json::json;

use super::build::split;
use super::{Refusal, Shared, xml_rpc};
use crate::stand_in::unexpected;

pub(super) async fn answer(
    State(koji): State<Arc<Shared>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (name, params) = match call(&method, &headers, &body) {
        Ok(call) => call,
        Err(refusal) => return unexpected(refusal),
    };
    match (name.as_str(), params.as_slice()) {
        ("getAPIVersion", []) => xml_rpc::result(&json!(1)),
        ("getBuild", [Value::String(nvr)]) => koji.build(nvr).into_response(),
        ("getBuildLogs", [Value::Integer(id)]) => koji.logs((*id).into()).into_response(),
        ("getBuildLogs", [Value::Long(id)]) => koji.logs(*id).into_response(),
        (name, params) => unexpected(wrong_call(name, params)),
    }
}

/// The method and its arguments.
fn call(
    method: &Method,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(String, Vec<Value>), Refusal> {
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(Refusal::LengthRequired);
    }
    if method != Method::POST {
        return Err(Refusal::Plain {
            status: 405,
            text:
                "Method Not Allowed\nThis is an XML-RPC server. Only POST requests are accepted.\n"
                    .to_owned(),
        });
    }
    let content_type = headers.get(header::CONTENT_TYPE);
    if content_type.is_some_and(|value| value == "application/octet-stream") {
        return Err(Refusal::Fault {
            code: 1004,
            text: "you must be logged-in to upload a file".to_owned(),
        });
    }
    if body.is_empty() {
        return Err(Refusal::bad_request("Invalid request: Empty request\n"));
    }
    let not_a_call = || Refusal::bad_request("Invalid request: ResponseError()\n");
    let text = str::from_utf8(body).map_err(|_| not_a_call())?;
    let call = MethodCall::from_xml(text).map_err(|_| not_a_call())?;
    Ok((call.name.into_owned(), call.params))
}

impl Shared {
    fn build(&self, nvr: &str) -> Result<Response, Refusal> {
        let parts = split(nvr).ok_or_else(|| Refusal::generic(format!("invalid format: {nvr}")))?;
        let builds = self.builds();
        let place = builds.iter().position(|build| build.is(parts));
        Ok(xml_rpc::result(&place.map_or(json!(null), |place| {
            builds[place].description(place + 1)
        })))
    }

    fn logs(&self, id: i64) -> Result<Response, Refusal> {
        let builds = self.builds();
        let place = usize::try_from(id).ok().and_then(|id| id.checked_sub(1));
        let build = place.and_then(|place| builds.get(place));
        let build = build.ok_or_else(|| Refusal::generic(format!("No such build: {id}")))?;
        Ok(xml_rpc::result(&build.logs()))
    }
}

/// The answer to a call that the service should not make.
fn wrong_call(method: &str, params: &[Value]) -> Refusal {
    let given = params.len();
    match (method, params) {
        ("getBuild", []) => {
            Refusal::arguments("get_build() missing 1 required positional argument: 'buildInfo'")
        }
        ("getBuild", [argument]) => {
            let class = match argument {
                Value::Array(_) => "list",
                Value::Nil => "NoneType",
                Value::Double(_) => "float",
                _ => "unknown to the stand-in",
            };
            Refusal::generic(format!("Invalid type for argument: <class '{class}'>"))
        }
        ("getBuild", _) => Refusal::arguments(format!(
            "get_build() takes from 1 to 2 positional arguments but {given} were given"
        )),
        ("getAPIVersion" | "getBuildLogs", _) => Refusal::arguments(format!(
            "{method}: {given} arguments are not what the stand-in takes"
        )),
        _ => Refusal::generic(format!("Invalid method: {method}")),
    }
}
