//! All endpoints in one process: the Lambda functions' handlers behind HTTP/1.1, for a container and for local use.

mod body;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use omps::app::App;
use omps::handlers;
use omps::http::{Answer, Incoming, REQUEST_TIMEOUT, answer};
use omps::routes::Endpoint;
use omps::upstream::Deadline;
use tokio::net::TcpListener;

/// Time in which a client must have sent its request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Time that requests in flight have once the service is told to stop: what one request may take, and a little.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(35);

/// The service: every request goes through the route table.
pub fn router(app: Arc<App>) -> Router {
    Router::new().fallback(dispatch).with_state(app)
}

/// Serves until `shutdown` comes, then lets the requests in flight end.
///
/// # Errors
/// None yet: a connection that cannot be taken is the client's loss, not the server's end.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let service = TowerToHyperService::new(router(app));
    let connections = GracefulShutdown::new();
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
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
    if tokio::time::timeout(DRAIN_TIMEOUT, connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("stopped with requests still in flight");
    }
    Ok(())
}

async fn dispatch(State(app): State<Arc<App>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let body = body::read(body, app.config.max_content_length.get()).await;
    let incoming = Incoming {
        head,
        path,
        id: None,
        body,
        deadline: Deadline::after(REQUEST_TIMEOUT),
    };
    // In a task of its own: a client that hangs up must not leave a push half done.
    let answering = tokio::spawn(async move {
        answer(incoming, |endpoint, request| call(&app, endpoint, request)).await
    });
    match answering.await {
        Ok(response) => response.map(Body::from),
        Err(_) => std::panic::panic_any(
            "answering a request cannot fail: its handler's panics are caught",
        ),
    }
}

async fn call(app: &App, endpoint: Endpoint, request: omps::http::Request) -> Answer {
    match endpoint {
        Endpoint::PushZipfile => handlers::push_zipfile(app, request).await,
        Endpoint::PushKoji => handlers::push_koji(app, request).await,
        Endpoint::DeleteRelease => handlers::delete_release(app, request).await,
        Endpoint::Validate => handlers::validate(app, request).await,
        Endpoint::Health => handlers::health(app, request).await,
        Endpoint::About => handlers::about(request).await,
    }
}
