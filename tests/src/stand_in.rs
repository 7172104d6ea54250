//! The common part of all stand-ins: an address, a log of requests, and faults that tests arm.

mod fault;
mod front;
mod recorded;

use std::convert::Infallible;
use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;

use fault::Armed;
pub use fault::Fault;
pub use recorded::Recorded;

/// The service that a stand-in replaces: its name, its state, and its answers.
pub trait Service: Send + Sync + 'static {
    const NAME: &'static str;
    /// The forms of its error answers.
    type Refusal: IntoResponse + Clone + Debug + Send + Sync + 'static;

    fn router(self: Arc<Self>) -> Router;
}

/// A running stand-in. It stops when it is dropped.
pub struct StandIn<S: Service> {
    address: SocketAddr,
    service: Arc<S>,
    front: Arc<Front<S::Refusal>>,
    server: JoinHandle<Infallible>,
    stopped: Option<TcpSocket>,
}

/// The requests and the armed faults of a stand-in.
struct Front<R> {
    faults: Mutex<Vec<Armed<R>>>,
    requests: Mutex<Vec<Recorded>>,
    surprises: Mutex<Vec<String>>,
}

/// Marks a response that is not sent: the connection is closed instead.
#[derive(Clone)]
struct CloseConnection;

/// Marks the response to a request that a client should not send.
#[derive(Clone)]
struct Unexpected;

impl<S: Service> StandIn<S> {
    /// Starts answering; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address is taken.
    pub(crate) async fn serve(listen: SocketAddr, service: S) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let service = Arc::new(service);
        let front = Arc::new(Front {
            faults: Mutex::default(),
            requests: Mutex::default(),
            surprises: Mutex::default(),
        });
        let router = service.clone().router().layer(DefaultBodyLimit::disable());
        let server = tokio::spawn(front::serve(S::NAME, listener, front.clone(), router));
        Ok(Self {
            address,
            service,
            front,
            server,
            stopped: None,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops answering: from now on connections are refused. The address stays in use, so that no other server gets it.
    pub async fn stop(&mut self) {
        self.server.abort();
        drop((&mut self.server).await);
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an option of sockets");
        socket.bind(self.address).expect("the address was ours");
        self.stopped = Some(socket);
    }

    /// Arms a fault for the next `count` requests with this method and path prefix.
    pub fn fail_next(
        &self,
        count: usize,
        method: impl Into<String>,
        path_prefix: impl Into<String>,
        fault: Fault<S::Refusal>,
    ) {
        self.fail(Some(count), method, path_prefix, "", fault);
    }

    /// Like [`StandIn::fail_next`], for requests whose body contains a text. Without a count, all such requests meet
    /// the fault.
    pub fn fail(
        &self,
        count: Option<usize>,
        method: impl Into<String>,
        path_prefix: impl Into<String>,
        containing: impl Into<String>,
        fault: Fault<S::Refusal>,
    ) {
        lock(&self.front.faults).push(Armed {
            fault,
            method: method.into(),
            path_prefix: path_prefix.into(),
            containing: containing.into(),
            remaining: count,
            met: false,
        });
    }

    /// Removes all armed faults.
    pub fn forget_faults(&self) {
        lock(&self.front.faults).clear();
    }

    /// The number of armed faults that no request has met.
    pub fn unmet_faults(&self) -> usize {
        let armed = lock(&self.front.faults);
        armed.iter().filter(|armed| !armed.met).count()
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.front.requests).clone()
    }

    /// Requests that a client should not send, and armed faults that no request met. Both fail a test.
    pub fn surprises(&self) -> Vec<String> {
        let unused = lock(&self.front.faults);
        let unused = unused
            .iter()
            .filter(|armed| armed.remaining.is_some() || !armed.met);
        let unused = unused.map(|armed| {
            format!(
                "no {} {} met {:?}",
                armed.method, armed.path_prefix, armed.fault
            )
        });
        let unexpected = lock(&self.front.surprises);
        unexpected.iter().cloned().chain(unused).collect()
    }

    pub(crate) fn service(&self) -> &S {
        &self.service
    }
}

impl<S: Service> Drop for StandIn<S> {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Closes the connection instead of answering.
pub(crate) fn closed() -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(CloseConnection);
    response
}

/// The answer to a request that the service should not send: the test fails.
pub(crate) fn unexpected(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    response.extensions_mut().insert(Unexpected);
    response
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no handler panics")
}
