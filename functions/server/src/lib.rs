//! All endpoints in one process, for containers and for local use: an HTTP/1.1 server that calls the same handlers as
//! the Lambda functions.

mod body;
mod settings;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use omps::app::App;
use omps::deadline::Deadline;
use omps::error::Error;
use omps::handlers;
use omps::http::routes::{self, Endpoint, Found};
use omps::http::{Answer, Incoming, answer, request_too_large};
use omps::telemetry::metrics;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

pub use settings::Settings;

/// The state that all requests share.
struct Service {
    app: App,
    settings: Settings,
    workers: Semaphore,
    /// The requests in progress, including those whose client has closed the connection.
    requests: TaskTracker,
}

impl Service {
    /// Waits for a free worker. Workers limit the requests that use much CPU and memory. If a worker is free only when
    /// the request's time is nearly up, the request is refused, because it could not be finished.
    async fn worker(&self, deadline: Deadline) -> Result<SemaphorePermit<'_>, Error> {
        let worker = timeout(deadline.left(), self.workers.acquire()).await;
        let enough = self.settings.worker_timeout / 10;
        match worker {
            Ok(Ok(worker)) if deadline.left() > enough => Ok(worker),
            _ => Err(Error::ServiceUnavailable(
                "No worker was free in time".to_owned(),
            )),
        }
    }
}

/// Serves requests until `shutdown`, then waits for the requests in progress. Every request uses the table of routes.
/// If a connection cannot be accepted, the server logs it and continues.
pub async fn serve(
    listener: TcpListener,
    app: App,
    settings: Settings,
    shutdown: impl Future<Output = ()> + Send,
) {
    let workers = Semaphore::new(settings.workers.min(Semaphore::MAX_PERMITS));
    let (head_timeout, drain_timeout) = (settings.head_timeout, settings.drain_timeout());
    let requests = TaskTracker::new();
    let state = Arc::new(Service {
        app,
        settings,
        workers,
        requests: requests.clone(),
    });
    let service = TowerToHyperService::new(
        Router::new()
            .route("/metrics", get(show_metrics).fallback(dispatch))
            .fallback(dispatch)
            .with_state(state),
    );
    let connections = GracefulShutdown::new();
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(head_timeout);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection =
                    connections.watch(http.serve_connection(TokioIo::new(stream), service.clone()));
                // A broken connection is not an error of the server.
                tokio::spawn(async { drop(connection.await) });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    // A push whose client has closed the connection is finished, too.
    requests.close();
    let drained = async {
        connections.shutdown().await;
        requests.wait().await;
    };
    if timeout(drain_timeout, drained).await.is_err() {
        tracing::warn!("stopped while requests were still in progress");
    }
}

/// The metrics, for Prometheus.
async fn show_metrics() -> impl IntoResponse {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, OPEN_METRICS)], metrics::for_prometheus())
}

async fn dispatch(State(service): State<Arc<Service>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let body = receive(&service, &head, &path, body).await;
    let deadline = Deadline::after(service.settings.worker_timeout);
    let incoming = Incoming {
        head,
        path,
        id: None,
        body,
        deadline,
    };
    // In a separate task: if the client closes the connection, the push must still be finished.
    let requests = service.requests.clone();
    let answering = requests.spawn(async move {
        answer(incoming, |endpoint, request| {
            call(&service, endpoint, request)
        })
        .await
    });
    match answering.await {
        Ok(response) => response.map(Body::from),
        // A panic outside the handler; panics of handlers are answered.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Reads the body of a request. The body of an upload goes to its storage instead, and the result is empty.
async fn receive(service: &Service, head: &Parts, path: &str, body: Body) -> Result<Bytes, Error> {
    let (config, settings) = (&service.app.config, &service.settings);
    let Ok(Found::Endpoint(Endpoint::PutUpload, params)) = routes::find(&head.method, path) else {
        let read = body::read(body, config.max_content_length.get(), settings).await;
        return read.map_err(|error| error.or_too_large(|| request_too_large(config)));
    };
    match handlers::arrival(&service.app, &head.headers, &params) {
        Ok(arrival) => {
            let (limit, upload_is_possible) = (arrival.limit, false);
            let arrived = body::store(body, arrival, settings).await;
            arrived.map_err(|error| {
                error.or_too_large(|| Error::TooLarge {
                    limit,
                    upload_is_possible,
                })
            })?;
            Ok(Bytes::new())
        }
        Err(refusal) => {
            body::discard(body, settings).await;
            Err(refusal)
        }
    }
}

async fn call(service: &Service, endpoint: Endpoint, request: omps::http::Request) -> Answer {
    let app = &service.app;
    let _worker = match endpoint {
        Endpoint::PushZipfile | Endpoint::PushKoji | Endpoint::Validate => {
            Some(service.worker(request.deadline).await?)
        }
        Endpoint::CreateUpload
        | Endpoint::PutUpload
        | Endpoint::DeleteRelease
        | Endpoint::Health
        | Endpoint::About => None,
    };
    match endpoint {
        Endpoint::PushZipfile => handlers::push_zipfile(app, request).await,
        Endpoint::PushKoji => handlers::push_koji(app, request).await,
        Endpoint::CreateUpload => handlers::create_upload(app, request).await,
        Endpoint::PutUpload => handlers::put_upload(request).await,
        Endpoint::DeleteRelease => handlers::delete_release(app, request).await,
        Endpoint::Validate => handlers::validate(app, request).await,
        Endpoint::Health => handlers::health(app, request).await,
        Endpoint::About => handlers::about(request).await,
    }
}
