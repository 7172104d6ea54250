//! Converts events of API Gateway to requests, and answers back. Only this module uses lambda_http.

use std::future::{Ready, ready};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use lambda_http::request::RequestContext;
use lambda_http::{Body, RequestExt};

use super::routes::Endpoint;
use super::{Answer, Incoming, Received, Request, answer, request_too_large};
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
    respond_to_each(app, event, |asked, request| async move {
        match asked == endpoint {
            true => handler(request).await,
            false => Err(Error::elsewhere(&request.path)),
        }
    })
    .await
}

/// Answers a request to a Lambda function that has several endpoints.
///
/// # Errors
/// None: every failure becomes an answer.
pub async fn respond_to_each<F>(
    app: &App,
    event: lambda_http::Request,
    handler: impl FnOnce(Endpoint, Request) -> F,
) -> Result<Response<Body>, lambda_http::Error>
where
    F: Future<Output = Answer>,
{
    let response = answer(from_event(event, &app.config), handler).await;
    Ok(response.map(Body::Text))
}

fn from_event(
    event: lambda_http::Request,
    config: &Config,
) -> Incoming<Ready<Result<Received, Error>>> {
    let raw = event.raw_http_path();
    let (path, id) = match event.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => (
            without_base_path(raw, context.resource_path.as_deref()),
            context.request_id.clone(),
        ),
        Some(RequestContext::ApiGatewayV2(context)) => (
            without_stage(raw, context.stage.as_deref()),
            context.request_id.clone(),
        ),
        _ => (raw, None),
    };
    let path = path.to_owned();
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
        Ok(Received { body, deadline })
    };
    Incoming {
        head,
        path,
        id,
        body: ready(body),
    }
}

/// The path of a REST API's event without the base path of a custom domain: as many segments as its resource has.
/// Empty segments do not count.
fn without_base_path<'a>(path: &'a str, resource: Option<&str>) -> &'a str {
    let Some(resource) = resource.filter(|resource| resource.starts_with('/')) else {
        return path;
    };
    if resource == "/" {
        return "/";
    }
    let segments = resource.matches('/').count();
    let is_start = |(at, _): &(usize, &str)| !path[at + 1..].starts_with('/');
    let start = path.rmatch_indices('/').filter(is_start).nth(segments - 1);
    start.map_or(path, |(start, _)| &path[start..])
}

/// The path of an HTTP API's event without its stage, with which it starts unless that is the default one.
fn without_stage<'a>(path: &'a str, stage: Option<&str>) -> &'a str {
    stage
        .and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage))
        .filter(|rest| rest.starts_with('/'))
        .unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_path_of_a_domain_is_not_part_of_the_path() {
        let resource = Some("/v2/{organization}/zipfile");
        for (path, resource, wanted) in [
            ("/v2/org/zipfile", resource, "/v2/org/zipfile"),
            ("/omps/v2/org/zipfile", resource, "/v2/org/zipfile"),
            ("/a/b/v2/org/zipfile", resource, "/v2/org/zipfile"),
            ("//v2//org/zipfile", resource, "/v2//org/zipfile"),
            ("/omps//v2/org//zipfile", resource, "/v2/org//zipfile"),
            ("/zipfile", resource, "/zipfile"),
            ("/omps", Some("/"), "/"),
            ("/omps/docs", Some("/docs"), "/docs"),
            ("/omps/v2/about", None, "/omps/v2/about"),
        ] {
            assert_eq!(without_base_path(path, resource), wanted, "{path}");
        }
        assert_eq!(without_stage("/prod/v2/about", Some("prod")), "/v2/about");
        assert_eq!(without_stage("/v2/about", Some("$default")), "/v2/about");
        assert_eq!(without_stage("/production", Some("prod")), "/production");
    }

    #[test]
    fn every_spelling_of_a_path_in_an_event_finds_its_endpoint() {
        let event = include_str!("../../../../events/push-zipfile.json");
        let path = "\"path\": \"/v2/testorg/zipfile/1.0.0\"";
        assert!(event.contains(path), "{event}");
        for spelling in [
            "//v2/testorg/zipfile/1.0.0",
            "/v2//testorg/zipfile//1.0.0",
            "/omps//%762/t%65storg/zip%66ile/1%2E0.0",
        ] {
            let event = event.replace(path, &format!("\"path\": \"{spelling}\""));
            let event = lambda_http::request::from_str(&event).unwrap();

            let incoming = from_event(event, &Config::default());

            let found = super::super::routes::find(&incoming.head.method, &incoming.path).unwrap();
            let super::super::routes::Found::Endpoint(endpoint, params) = found else {
                panic!("{spelling}");
            };
            assert_eq!(endpoint, Endpoint::PushZipfile, "{spelling}");
            assert_eq!(params.get("organization"), Some("testorg"), "{spelling}");
            assert_eq!(params.get("version"), Some("1.0.0"), "{spelling}");
        }
    }
}
