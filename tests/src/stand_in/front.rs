//! The connections: every request is logged, and then answered by an armed fault or by the router.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::fault::{self, Fault};
use super::{CloseConnection, Front, Recorded, Unexpected, closed, lock};

/// Why hyper closes a connection without a reply: a fault requires it, or the client has closed it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the connection is closed without a reply")]
struct Closed;

/// Answers requests until the future is dropped.
pub(super) async fn serve<R: IntoResponse + Clone + Send + Sync + 'static>(
    name: &'static str,
    listener: TcpListener,
    front: Arc<Front<R>>,
    router: Router,
) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let (front, router) = (front.clone(), router.clone());
        let service = service_fn(move |request: Request<hyper::body::Incoming>| {
            answer(name, front.clone(), router.clone(), request.map(Body::new))
        });
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        while connections.try_join_next().is_some() {}
    }
}

async fn answer<R: IntoResponse + Clone>(
    name: &str,
    front: Arc<Front<R>>,
    router: Router,
    request: Request,
) -> Result<Response, Closed> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    let recorded = Recorded::new(&parts, &body);
    let fault = fault::take(&mut lock(&front.faults), &recorded);
    lock(&front.requests).push(recorded);
    let (method, uri) = (parts.method.clone(), parts.uri.clone());
    let usual = TowerToHyperService::new(router).call(Request::from_parts(parts, Body::from(body)));
    let response = match fault {
        None => usual.await.into_response(),
        Some(Fault::Refuse(refusal)) => refusal.into_response(),
        Some(Fault::Reply {
            status,
            content_type,
            body,
        }) => reply(status, content_type, body),
        Some(Fault::Busy { retry_after }) => {
            (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, retry_after)]).into_response()
        }
        Some(Fault::Endless) => endless(),
        Some(Fault::Redirect { base_url }) => redirect(&base_url, &uri),
        Some(Fault::CloseBeforeActing) => closed(),
        Some(Fault::CloseAfterActing) => {
            let _unsent = usual.await;
            closed()
        }
        Some(Fault::CloseThenAct(duration)) => {
            tokio::spawn(async move {
                tokio::time::sleep(duration).await;
                usual.await
            });
            closed()
        }
        Some(Fault::DelayBeforeActing(duration)) => {
            tokio::time::sleep(duration).await;
            usual.await.into_response()
        }
        Some(Fault::ActLate(duration)) => {
            let late = tokio::spawn(async move {
                tokio::time::sleep(duration).await;
                usual.await
            });
            late.await.map_err(|_| Closed)?.into_response()
        }
        Some(Fault::DelayAfterActing(duration)) => {
            let response = usual.await.into_response();
            tokio::time::sleep(duration).await;
            response
        }
        Some(Fault::TruncateBody) => truncate(usual.await.into_response()).await?,
        Some(Fault::Mislabel(content_type)) => {
            ([(CONTENT_TYPE, content_type)], usual.await).into_response()
        }
    };
    if response.extensions().get::<Unexpected>().is_some() {
        lock(&front.surprises).push(format!("{name} has no {method} {uri}"));
    }
    if response.extensions().get::<CloseConnection>().is_some() {
        return Err(Closed);
    }
    Ok(response)
}

fn reply(status: u16, content_type: &'static str, body: String) -> Response {
    let status = StatusCode::from_u16(status).expect("a status between 100 and 999");
    (status, [("content-type", content_type)], body).into_response()
}

fn endless() -> Response {
    let piece: Result<Bytes, Closed> = Ok(Bytes::from_static(&[b' '; 64 << 10]));
    Body::from_stream(stream::repeat_with(move || piece.clone())).into_response()
}

fn redirect(base_url: &str, uri: &Uri) -> Response {
    let location = format!("{base_url}{uri}");
    (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, location)]).into_response()
}

/// Announces the length of the whole body, sends its first half, and closes the connection.
async fn truncate(response: Response) -> Result<Response, Closed> {
    let (mut parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    let half: Result<Bytes, Closed> = Ok(body.slice(..body.len() / 2));
    // hyper drops data that it has not sent before the error.
    let end = stream::once(async {
        tokio::task::yield_now().await;
        Err(Closed)
    });
    let pieces = stream::iter([half]).chain(end);
    Ok(Response::from_parts(parts, Body::from_stream(pieces)))
}
