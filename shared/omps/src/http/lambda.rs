//! Converts events of API Gateway to requests, and answers back. Only this module uses lambda_http.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use lambda_http::request::RequestContext;
use lambda_http::{Body, RequestExt};

use super::routes::Endpoint;
use super::{Answer, Incoming, Request, answer, request_too_large};
use crate::app::App;
use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::Error;

/// The time for a request if its event does not say when the function must end.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// The part of its time that a Lambda function reserves to answer that the time is up.
const LAMBDA_RESERVE: Duration = Duration::from_secs(1);

/// Answers a request to a Lambda function that has one endpoint.
///
/// # Errors
/// None: every failure becomes an answer.
pub async fn respond<F>(
    app: &App,
    endpoint: Endpoint,
    event: lambda_http::Request,
    handler: impl FnOnce(Request) -> F,
) -> Result<Response<Body>, lambda_http::Error>
where
    F: Future<Output = Answer>,
{
    let incoming = from_event(event, &app.config);
    let dispatch = |asked, request: Request| async move {
        if asked != endpoint {
            return Err(Error::NotFound(
                "this function has another endpoint".to_owned(),
            ));
        }
        handler(request).await
    };
    let response = answer(incoming, dispatch).await;
    Ok(response.map(Body::Text))
}

fn from_event(event: lambda_http::Request, config: &Config) -> Incoming {
    let stage_and_id = match event.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => (None, context.request_id.clone()),
        Some(RequestContext::ApiGatewayV2(context)) => {
            (context.stage.clone(), context.request_id.clone())
        }
        _ => (None, None),
    };
    let (stage, id) = stage_and_id;
    let raw = event.raw_http_path();
    // The path in an event of an HTTP API starts with the name of the stage, unless it is the default stage.
    let path = stage
        .and_then(|stage| raw.strip_prefix('/')?.strip_prefix(&stage))
        .filter(|rest| rest.starts_with('/'))
        .unwrap_or(raw)
        .to_owned();
    let end = event.lambda_context_ref().map(|context| context.deadline);
    let deadline = end.and_then(|end| Deadline::of_function(end, LAMBDA_RESERVE));
    let deadline = deadline.unwrap_or_else(|| Deadline::after(REQUEST_TIMEOUT));
    let (head, body) = event.into_parts();
    let body = match body {
        Body::Text(text) => Bytes::from(text),
        Body::Binary(bytes) => Bytes::from(bytes),
        _ => Bytes::new(),
    };
    let body = if body.len() > config.max_content_length.get() {
        Err(request_too_large(config))
    } else {
        Ok(body)
    };
    Incoming {
        head,
        path,
        id,
        body,
        deadline,
    }
}
