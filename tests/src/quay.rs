//! A stand-in for Quay with App Registry over HTTP. It has state, and it is as strict as Quay's own code.
//!
//! Its answers were recorded from Quay; `tests/api/stand_in_quay.rs` compares them.

pub mod accounts;
mod app_registry;
mod deletions;
mod folder;
mod front_limit;
mod holdings;
mod manners;
mod pull;
mod push;
mod refusal;
mod release;
mod rest_api;
mod store;
mod timestamp;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Router, middleware};

use crate::stand_in::{self, Service, StandIn, lock, unexpected};
use accounts::Accounts;
use deletions::Deletions;
use folder::Folder;
use front_limit::FrontLimit;
pub use holdings::{HeldRelease, Holding};
pub use manners::Manners;
pub use refusal::Refusal;
use store::{HELM, PackageName, Store};

/// A running stand-in for Quay. It stops when it is dropped.
pub type Quay = StandIn<Shared>;
/// A failure that a test arms.
pub type Fault = stand_in::Fault<Refusal>;

/// The settings of a [`Quay`].
pub struct Settings {
    /// The address; with port 0, it takes a free port.
    pub listen: SocketAddr,
    pub accounts: Accounts,
    /// The folder for releases, as `<organization>/<package>/<release>.tar.gz`; if absent, they are only in memory.
    pub folder: Option<PathBuf>,
    pub manners: Manners,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            accounts: Accounts::default(),
            folder: None,
            manners: Manners::default(),
        }
    }
}

/// The state of the handlers.
pub struct Shared {
    accounts: Accounts,
    manners: Manners,
    front_limit: FrontLimit,
    deletions: Deletions,
    store: Mutex<Store>,
}

impl Service for Shared {
    const NAME: &'static str = "Quay";
    type Refusal = Refusal;

    fn router(self: Arc<Self>) -> Router {
        Router::new()
            .merge(app_registry::router())
            .merge(rest_api::router())
            .fallback(not_found)
            .method_not_allowed_fallback(method_not_allowed)
            .layer(middleware::from_fn_with_state(
                self.clone(),
                front_limit::guard,
            ))
            .with_state(self)
    }
}

impl Quay {
    /// Starts a Quay.
    ///
    /// # Errors
    /// The address is in use, or the folder cannot be used.
    pub async fn start(settings: Settings) -> io::Result<Self> {
        let store = match &settings.folder {
            Some(folder) => Store::in_folder(Folder::create(folder)?)?,
            None => Store::default(),
        };
        let shared = Shared {
            accounts: settings.accounts,
            manners: settings.manners,
            front_limit: FrontLimit::default(),
            deletions: Deletions::default(),
            store: Mutex::new(store),
        };
        Self::serve(settings.listen, shared).await
    }

    /// The releases of a package, the newest first.
    pub fn releases(&self, organization: &str, package: &str) -> Vec<String> {
        self.service()
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
        let store = self.service().store();
        let repository = store.find(&PackageName::new(organization, package))?;
        Some(repository.manifest(release, HELM)?.blob.clone())
    }

    /// Whether a repository is public; `None` if it does not exist.
    pub fn is_public(&self, organization: &str, package: &str) -> Option<bool> {
        let store = self.service().store();
        Some(store.find(&PackageName::new(organization, package))?.public)
    }

    /// Moves the rights of an OAuth token to another token.
    pub fn rotate_oauth_token(&self, old: &str, new: &str) {
        self.service().accounts.rotate_oauth_token(old, new);
    }

    /// Adds a release with an empty archive to a private repository of the organization's robot.
    pub fn add_release(&self, organization: &str, package: &str, release: &str) {
        let name = PackageName::new(organization, package);
        let mut store = self.service().store();
        store
            .find_or_create(&name)
            .admins
            .insert(accounts::robot_name(organization));
        store
            .put(&name, release, HELM, Vec::new())
            .expect("the folder can be written to");
    }

    /// Removes a release, as somebody does who uses Quay itself.
    pub fn remove_release(&self, organization: &str, package: &str, release: &str) {
        let name = PackageName::new(organization, package);
        let removed = self.service().store().delete(&name, release, HELM);
        removed.expect("the folder can be written to");
    }

    /// Adds a repository of container images, which blocks its name for packages.
    pub fn add_image_repository(&self, organization: &str, name: &str) {
        let name = PackageName::new(organization, name);
        self.service().store().find_or_create(&name).holds_images = true;
    }
}

impl Shared {
    fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }
}

async fn not_found() -> Response {
    unexpected(page(StatusCode::NOT_FOUND, NOT_FOUND_PAGE))
}

async fn method_not_allowed() -> Response {
    unexpected(page(
        StatusCode::METHOD_NOT_ALLOWED,
        METHOD_NOT_ALLOWED_PAGE,
    ))
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
