//! The metrics, at an address of their own: they need no token, and are nobody's business outside.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request};
use hyper_util::rt::{TokioIo, TokioTimer};
use omps::error::Error;
use omps::http::refuse;
use omps::telemetry::metrics;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::Settings;
use crate::answers::Response;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Connections at the same time; others wait.
const CONNECTIONS: usize = 16;

/// Serves `GET /metrics` in the format OpenMetrics until `shutdown`. A connection lasts for one idle time at most.
pub async fn serve_metrics(
    listener: TcpListener,
    settings: Settings,
    shutdown: impl Future<Output = ()> + Send,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut shutdown = pin!(shutdown);
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            next = next => next,
            () = &mut shutdown => return,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(crate::AFTER_FAILURE).await;
            continue;
        };
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(settings.head_timeout);
        let service = service_fn(async |request| Ok::<_, Infallible>(show(&request)));
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let connection = timeout(settings.idle_timeout, connection);
        tokio::spawn(async move {
            drop(connection.await);
            drop(place);
        });
    }
}

fn show(request: &Request<Incoming>) -> Response {
    let path = request.uri().path();
    if path != "/metrics" {
        let path: String = path.chars().take(200).collect();
        let not_found = Error::NotFound(format!("Metrics are at /metrics, not at '{path}'"));
        return refuse(None, &path, not_found).map(Full::from);
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        let refusal = Error::MethodNotAllowed {
            path: path.to_owned(),
            method: request.method().as_str().chars().take(40).collect(),
            allow: "GET, HEAD".to_owned(),
            nearest: None,
        };
        return refuse(None, path, refusal).map(Full::from);
    }
    let mut answer = Response::new(Full::new(Bytes::from(metrics::for_prometheus())));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(OPEN_METRICS));
    answer
}
