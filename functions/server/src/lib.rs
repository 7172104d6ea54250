//! All endpoints in one process, for containers and for local use: an HTTP/1.1 server that calls the same handlers as
//! the Lambda functions.
//!
//! Strangers can reach it. [`connections`] bounds how many connections there are, [`connection`] and [`socket`] how slow they
//! may be, [`budget`] how many bytes they hold, and [`workers`] how much work they cause.

mod answers;
mod body;
mod budget;
mod connection;
mod connections;
mod metrics;
mod pace;
mod settings;
mod socket;
mod workers;

use std::future::Future;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use hyper::HeaderMap;
use hyper::body::{Body, Bytes, Incoming};
use omps::app::App;
use omps::cpu;
use omps::deadline::Deadline;
use omps::error::Error;
use omps::handlers;
use omps::http::routes::{self, Endpoint, Found, Params};
use omps::http::{self, Answer, Received, Request, answer, refuse, request_too_large};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use metrics::serve_metrics;
pub use settings::Settings;

use answers::Response;
use budget::{Budget, Client};
use connections::{Admission, Connections, Place, peer_of};
use workers::Workers;

/// The pause after a connection could not be accepted.
const AFTER_FAILURE: Duration = Duration::from_millis(50);

/// The state that all requests share.
struct Service {
    app: App,
    settings: Settings,
    workers: Workers,
    bodies: Arc<Budget>,
    answers: Arc<Budget>,
    /// The requests in progress, including those whose client has closed the connection.
    requests: TaskTracker,
}

/// Serves requests until `shutdown`, then waits for the requests in progress. Every request uses the table of routes.
/// If a connection cannot be accepted, the server logs it and continues.
pub async fn serve(
    listener: TcpListener,
    app: App,
    settings: Settings,
    shutdown: impl Future<Output = ()> + Send,
) {
    let drain_timeout = settings.drain_timeout();
    let places = Connections::new(&settings);
    let (requests, connections) = (TaskTracker::new(), TaskTracker::new());
    let stopping = CancellationToken::new();
    let service = Arc::new(Service {
        app,
        workers: Workers::new(&settings),
        bodies: Budget::new(settings.body_budget),
        answers: Budget::new(settings.answer_budget),
        settings,
        requests: requests.clone(),
    });
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let peer = peer_of(peer.ip());
                let admission = places.admit(peer);
                let stopping = stopping.clone();
                let connection = connect(service.clone(), stream, peer, admission, stopping);
                connections.spawn(connection);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
    drop(listener);
    stopping.cancel();
    // A push whose client has closed the connection is finished, too.
    requests.close();
    connections.close();
    let drained = async {
        connections.wait().await;
        requests.wait().await;
    };
    if timeout(drain_timeout, drained).await.is_err() {
        tracing::warn!("stopped while requests were still in progress");
    }
}

/// Serves a connection, or refuses it.
async fn connect(
    service: Arc<Service>,
    stream: TcpStream,
    peer: IpAddr,
    admission: Admission,
    stopping: CancellationToken,
) {
    let settings = &service.settings;
    match admission {
        Admission::Served(place) => {
            let place = Arc::new(place);
            let answer = |request| dispatch(service.clone(), peer, place.clone(), request);
            connection::serve(stream, &place, settings, stopping, answer).await;
        }
        Admission::Refused(_place, refusal) => connection::reply(stream, refusal, settings).await,
        Admission::Closed => {}
    }
}

async fn dispatch(
    service: Arc<Service>,
    peer: IpAddr,
    place: Arc<Place>,
    request: hyper::Request<Incoming>,
) -> Response {
    let (head, mut body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let (endpoint, params) = match routes::find(&head.method, &path) {
        Ok(Found::Endpoint(endpoint, params)) => (Some(endpoint), params),
        _ => (None, Params::default()),
    };
    let client = Client {
        peer,
        needs_token: endpoint.is_some_and(Endpoint::needs_token),
    };
    let (shared, in_log, headers) = (service.clone(), path.clone(), head.headers.clone());
    let answering: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(async move {
        let incoming = http::Incoming {
            head,
            path,
            id: None,
            body: receive(&shared, client, endpoint, &headers, &params, &mut body),
        };
        let answer = answer(incoming, |endpoint, request| {
            call(&shared, endpoint, request)
        });
        let answer = answer.await;
        // What was not read of the body is dropped behind the answer.
        match body.is_end_stream() {
            true => answer,
            false => answers::last(answer),
        }
    });
    let answer = match endpoint {
        // If the client closes the connection, nobody needs the verdict.
        Some(Endpoint::Validate) => answering.await,
        // In a separate task: the push must still be finished. It holds the connection's place until then, so that a client
        // that leaves and comes again has no more work under way than one that stays.
        _ => match service
            .requests
            .spawn(async move {
                let answer = answering.await;
                drop(place);
                answer
            })
            .await
        {
            Ok(answer) => answer,
            // A panic outside the handler; panics of handlers are answered.
            Err(panic) => refuse(None, &in_log, Error::Internal(panic.to_string())),
        },
    };
    // A stranger gets no success where a token is needed.
    let must_be_sent = answer.status().is_success() && client.needs_token;
    answers::counted(answer, &in_log, must_be_sent, service.answers.hold(client))
}

/// Reads the body of a request. The body of an upload goes to its storage instead, and the result is empty.
async fn receive(
    service: &Service,
    client: Client,
    endpoint: Option<Endpoint>,
    headers: &HeaderMap,
    params: &Params,
    body: &mut Incoming,
) -> Result<Received, Error> {
    let (config, settings) = (&service.app.config, &service.settings);
    let body = if endpoint == Some(Endpoint::PutUpload) {
        let arrival = handlers::arrival(&service.app, headers, params)?;
        let (limit, upload_is_possible) = (arrival.limit, false);
        let arrived = body::store(body, arrival, settings).await;
        arrived.map_err(|error| {
            error.or_too_large(|| Error::TooLarge {
                limit,
                upload_is_possible,
            })
        })?;
        Bytes::new()
    } else {
        let limit = config.max_content_length.get();
        let read = body::read(body, limit, service.bodies.hold(client), settings).await;
        read.map_err(|error| error.or_too_large(|| request_too_large(config)))?
    };
    Ok(Received {
        body,
        deadline: Deadline::after(settings.worker_timeout),
    })
}

async fn call(service: &Service, endpoint: Endpoint, request: Request) -> Answer {
    let workers = &service.workers;
    let worker = match endpoint {
        Endpoint::PushZipfile => workers.for_push(request.deadline).await?,
        Endpoint::Validate => workers.for_validation(request.deadline).await?,
        // It waits for Koji first.
        Endpoint::PushKoji
        | Endpoint::CreateUpload
        | Endpoint::PutUpload
        | Endpoint::DeleteRelease
        | Endpoint::Releases
        | Endpoint::ListCatalog
        | Endpoint::ShowPackage
        | Endpoint::RebuildCatalog
        | Endpoint::Health
        | Endpoint::About
        | Endpoint::Page => Vec::new(),
    };
    cpu::with_worker(worker, handle(service, endpoint, request)).await
}

async fn handle(service: &Service, endpoint: Endpoint, request: Request) -> Answer {
    let app = &service.app;
    match endpoint {
        Endpoint::PushZipfile => handlers::push_zipfile(app, request).await,
        Endpoint::PushKoji => {
            let worker = service.workers.for_push(request.deadline);
            handlers::push_koji(app, request, worker).await
        }
        Endpoint::CreateUpload => handlers::create_upload(app, request).await,
        Endpoint::PutUpload => handlers::put_upload(request).await,
        Endpoint::DeleteRelease => handlers::delete_release(app, request).await,
        Endpoint::Releases => handlers::releases(app, request).await,
        Endpoint::ListCatalog => handlers::list_catalog(app, request).await,
        Endpoint::ShowPackage => handlers::show_package(app, request).await,
        Endpoint::RebuildCatalog => handlers::rebuild_catalog(app, request).await,
        Endpoint::Validate => handlers::validate(app, request).await,
        Endpoint::Health => handlers::health(app, request).await,
        Endpoint::About => handlers::about(request).await,
        Endpoint::Page => handlers::page(request).await,
    }
}
