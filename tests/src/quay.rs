//! A Quay with App Registry, over real HTTP: stateful, and as strict as Quay's own code.
//!
//! What it answers was recorded from Quay; `tests/api/stand_in_quay.rs` compares the two.

pub mod accounts;
mod app_registry;
mod fault;
mod folder;
mod front;
mod pull;
mod push;
mod recorded;
mod refusal;
mod release;
mod rest_api;
mod store;
mod timestamp;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use accounts::Accounts;
use fault::Armed;
pub use fault::Fault;
use folder::Folder;
pub use recorded::Recorded;
pub use refusal::Refusal;
use store::{HELM, PackageName, Store};

/// How a [`Quay`] starts.
pub struct Settings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    pub accounts: Accounts,
    /// Where releases are kept as `<organization>/<package>/<release>.tar.gz`; in memory only when absent.
    pub folder: Option<PathBuf>,
    /// How many packages an authenticated listing looks at (`APP_REGISTRY_RESULTS_LIMIT`).
    pub listing_limit: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            accounts: Accounts::default(),
            folder: None,
            listing_limit: 100,
        }
    }
}

/// A running stand-in. It stops when it is dropped.
pub struct Quay {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<std::convert::Infallible>,
}

/// What the handlers work with.
struct Shared {
    accounts: Accounts,
    listing_limit: usize,
    store: Mutex<Store>,
    faults: Mutex<Vec<Armed>>,
    requests: Mutex<Vec<Recorded>>,
    unknown: Mutex<Vec<String>>,
}

impl Quay {
    /// Starts a Quay.
    ///
    /// # Errors
    /// When the address is taken, or the folder cannot be used.
    pub async fn start(settings: Settings) -> io::Result<Self> {
        let store = match &settings.folder {
            Some(folder) => Store::in_folder(Folder::create(folder)?)?,
            None => Store::default(),
        };
        let listener = TcpListener::bind(settings.listen).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            accounts: settings.accounts,
            listing_limit: settings.listing_limit,
            store: Mutex::new(store),
            faults: Mutex::default(),
            requests: Mutex::default(),
            unknown: Mutex::default(),
        });
        let server = tokio::spawn(front::serve(
            listener,
            shared.clone(),
            router(shared.clone()),
        ));
        Ok(Self {
            address,
            shared,
            server,
        })
    }

    /// `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The releases of a package, the newest first.
    pub fn releases(&self, organization: &str, package: &str) -> Vec<String> {
        self.shared
            .store()
            .find(&PackageName::new(organization, package))
            .map(|repository| {
                repository
                    .releases()
                    .into_iter()
                    .map(ToOwned::to_owned)
                    .collect()
            })
            .unwrap_or_default()
    }

    /// The archive of a release, as it was pushed.
    pub fn pushed(&self, organization: &str, package: &str, release: &str) -> Option<Vec<u8>> {
        let store = self.shared.store();
        let repository = store.find(&PackageName::new(organization, package))?;
        Some(repository.manifest(release, HELM)?.blob.clone())
    }

    /// Whether a repository is public; `None` when there is no such repository.
    pub fn is_public(&self, organization: &str, package: &str) -> Option<bool> {
        let store = self.shared.store();
        Some(store.find(&PackageName::new(organization, package))?.public)
    }

    /// Adds a release with an empty archive to a private repository of the organization's robot.
    pub fn add_release(&self, organization: &str, package: &str, release: &str) {
        let name = PackageName::new(organization, package);
        let mut store = self.shared.store();
        store
            .find_or_create(&name)
            .admins
            .insert(accounts::robot_name(organization));
        store
            .put(&name, release, HELM, Vec::new())
            .expect("the folder can be written to");
    }

    /// Adds a repository of container images, which blocks its name for packages.
    pub fn add_image_repository(&self, organization: &str, name: &str) {
        let name = PackageName::new(organization, name);
        self.shared.store().find_or_create(&name).holds_images = true;
    }

    /// Lets the next `count` requests of this method, to a path that starts so, meet a fault.
    pub fn fail_next(
        &self,
        count: usize,
        method: &'static str,
        path_prefix: impl Into<String>,
        fault: Fault,
    ) {
        self.shared.faults().push(Armed {
            fault,
            method,
            path_prefix: path_prefix.into(),
            remaining: count,
        });
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.shared.requests).clone()
    }

    /// Requests that Quay does not know, and armed faults that met none: what a test should not leave behind.
    pub fn surprises(&self) -> Vec<String> {
        let unused = self.shared.faults();
        let unused = unused.iter().map(|armed| {
            format!(
                "no {} {} met {:?}",
                armed.method, armed.path_prefix, armed.fault
            )
        });
        let unknown = lock(&self.shared.unknown);
        unknown.iter().cloned().chain(unused).collect()
    }
}

impl Drop for Quay {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    fn faults(&self) -> MutexGuard<'_, Vec<Armed>> {
        lock(&self.faults)
    }

    fn log(&self, request: Recorded) {
        lock(&self.requests).push(request);
    }

    fn note_unknown(&self, method: &Method, uri: &Uri) {
        lock(&self.unknown).push(format!("Quay has no {method} {uri}"));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no handler panics")
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .merge(app_registry::router())
        .merge(rest_api::router())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::disable())
        .with_state(shared)
}

async fn not_found(State(quay): State<Arc<Shared>>, method: Method, uri: Uri) -> Response {
    quay.note_unknown(&method, &uri);
    page(StatusCode::NOT_FOUND, NOT_FOUND_PAGE)
}

async fn method_not_allowed(State(quay): State<Arc<Shared>>, method: Method, uri: Uri) -> Response {
    quay.note_unknown(&method, &uri);
    page(StatusCode::METHOD_NOT_ALLOWED, METHOD_NOT_ALLOWED_PAGE)
}

fn page(status: StatusCode, content: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html")], content).into_response()
}

const NOT_FOUND_PAGE: &str = r#"<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<title>404 Not Found</title>
<h1>Not Found</h1>
<p>The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.</p>
"#;

const METHOD_NOT_ALLOWED_PAGE: &str = r#"<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<title>405 Method Not Allowed</title>
<h1>Method Not Allowed</h1>
<p>The method is not allowed for the requested URL.</p>
"#;

fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()
}
