//! All endpoints in one process: the Lambda functions' handlers behind HTTP/1.1, for a container and for local use.

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

/// What every request needs.
struct Service {
    app: App,
    settings: Settings,
    workers: Semaphore,
    /// Requests that are being answered, those whose client has gone among them.
    requests: TaskTracker,
}

impl Service {
    /// Waits for a free worker: what costs CPU and memory takes turns. A push that gets one only when its time is all but
    /// up is not begun, since it could not be finished.
    async fn turn(&self, deadline: Deadline) -> Result<SemaphorePermit<'_>, Error> {
        let turn = timeout(deadline.left(), self.workers.acquire()).await;
        let enough = self.settings.worker_timeout / 10;
        match turn {
            Ok(Ok(turn)) if deadline.left() > enough => Ok(turn),
            _ => Err(Error::ServiceUnavailable(
                "No worker was free in time".to_owned(),
            )),
        }
    }
}

/// Serves until `shutdown` comes, then lets the requests in flight end. Every request goes through the route table. A
/// connection that cannot be taken is the client's loss, not the server's end.
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
                // A connection that breaks is the client's affair.
                tokio::spawn(async { drop(connection.await) });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    // A push whose client has gone has no connection any more, and is finished all the same.
    requests.close();
    let drained = async {
        connections.shutdown().await;
        requests.wait().await;
    };
    if timeout(drain_timeout, drained).await.is_err() {
        tracing::warn!("stopped with requests still in flight");
    }
}

/// What was counted and timed, for Prometheus.
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
    // In a task of its own: a client that hangs up must not leave a push half done.
    let requests = service.requests.clone();
    let answering = requests.spawn(async move {
        answer(incoming, |endpoint, request| {
            call(&service, endpoint, request)
        })
        .await
    });
    match answering.await {
        Ok(response) => response.map(Body::from),
        // Not a handler's panic, which is answered: a defect in answering itself.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Reads the body of a request; that of an upload goes where it is to wait, and leaves none.
async fn receive(service: &Service, head: &Parts, path: &str, body: Body) -> Result<Bytes, Error> {
    let (config, settings) = (&service.app.config, &service.settings);
    let Ok(Found::Endpoint(Endpoint::PutUpload, params)) = routes::find(&head.method, path) else {
        let read = body::read(body, config.max_content_length.get(), settings).await;
        return read.map_err(|unread| unread.or_too_large(|| request_too_large(config)));
    };
    match handlers::arrival(&service.app, &params) {
        Ok(arrival) => {
            let (limit, by_upload) = (arrival.limit, false);
            let arrived = body::store(body, arrival, settings).await;
            arrived
                .map_err(|unread| unread.or_too_large(|| Error::TooLarge { limit, by_upload }))?;
            Ok(Bytes::new())
        }
        Err(refusal) => {
            body::drop(body, settings).await;
            Err(refusal)
        }
    }
}

async fn call(service: &Service, endpoint: Endpoint, request: omps::http::Request) -> Answer {
    let app = &service.app;
    let _turn = match endpoint {
        Endpoint::PushZipfile | Endpoint::PushKoji | Endpoint::Validate => {
            Some(service.turn(request.deadline).await?)
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
