//! A registry of images over real HTTP, which speaks the OCI distribution specification as Quay does, or as docker-registry
//! 2.8.2 does: stateful, and strict about what a client must send.
//!
//! Quay's side was written after its Python registry (endpoints/v2) and `bundle-image.md`, docker-registry's after what
//! Debian's 2.8.2 answered; `tests/api/oci/real.rs` runs the same client against that one.

mod blobs;
mod manifests;
pub mod refusal;
mod rest_api;
mod store;
mod tags;
mod tokens;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use crate::quay::accounts::Accounts;
use crate::stand_in::{self, Service, StandIn, lock, unexpected};
pub use refusal::Refusal;
use store::{RepositoryName, Store};
use tokens::Tokens;

/// A running registry. It stops when it is dropped.
pub type Registry = StandIn<Shared>;
/// A failure that a test orders from the registry.
pub type Fault = stand_in::Fault<Refusal>;

/// Which registry it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Quay,
    /// Debian's docker-registry 2.8.2, which asks nobody who they are.
    DockerRegistry,
    /// The same behind a file of passwords.
    DockerRegistryWithPasswords,
}

/// Where uploads go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// At `/v2/…`
    Relative,
    /// At `http://host/v2/…`
    Absolute,
    /// At `http://host/v2/…?_state=…`
    WithQuery,
    /// At another registry.
    Elsewhere(String),
}

/// What a registry does that others do not, or not always. It can be changed while it runs.
#[derive(Clone, Debug)]
pub struct Manners {
    pub location: Location,
    /// Whether a blob may come together with `POST`.
    pub takes_blobs_in_one_step: bool,
    /// The most tags on a page.
    pub page: usize,
    /// How many times a token is accepted, if not for ever.
    pub token_uses: Option<usize>,
    /// How many tokens are given out before the token endpoint answers 429, if there is such a limit.
    pub token_limit: Option<usize>,
    /// Every so many requests the front refuses one with 429, if there is such a limit.
    pub busy_every: Option<usize>,
    /// Quay's `FEATURE_IMMUTABLE_TAGS`.
    pub has_immutable_tags: bool,
    /// The namespace is full.
    pub is_over_quota: bool,
    /// No changes for the time being.
    pub is_read_only: bool,
    /// Where blobs are read, if not at the registry: the URL of another.
    pub blobs_are_at: Option<String>,
    /// `HEAD` and `GET` of manifests say no digest, which the specification allows.
    pub hides_digests: bool,
}

/// How a [`Registry`] starts.
pub struct Settings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    pub kind: Kind,
    pub accounts: Accounts,
}

impl Settings {
    /// A Quay with these organizations.
    pub fn quay(organizations: &[&str]) -> Self {
        Self::of(Kind::Quay, organizations)
    }

    /// A registry of that kind with these organizations.
    pub fn of(kind: Kind, organizations: &[&str]) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            kind,
            accounts: Accounts::of_organizations(organizations),
        }
    }
}

/// What the handlers work with.
pub struct Shared {
    kind: Kind,
    accounts: Accounts,
    tokens: Tokens,
    manners: Mutex<Manners>,
    store: Mutex<Store>,
    /// How many requests there were.
    requests: AtomicUsize,
}

impl Service for Shared {
    const NAME: &'static str = "the registry";
    type Refusal = Refusal;

    fn router(self: Arc<Self>) -> Router {
        let router = Router::new()
            .merge(tokens::router())
            .merge(blobs::router())
            .merge(manifests::router())
            .merge(tags::router());
        let router = match self.kind {
            Kind::Quay => router.merge(rest_api::router()),
            Kind::DockerRegistry | Kind::DockerRegistryWithPasswords => router,
        };
        router
            .fallback(|| async { unexpected(page_not_found()) })
            .method_not_allowed_fallback(|| async { unexpected(StatusCode::METHOD_NOT_ALLOWED) })
            .layer(from_fn_with_state(self.clone(), front))
            .with_state(self)
    }
}

impl Registry {
    /// Starts a registry.
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn start(settings: Settings) -> io::Result<Self> {
        let is_quay = settings.kind == Kind::Quay;
        let manners = Manners {
            location: match is_quay {
                true => Location::Absolute,
                false => Location::WithQuery,
            },
            takes_blobs_in_one_step: is_quay,
            page: match is_quay {
                true => 100,
                false => usize::MAX,
            },
            token_uses: None,
            token_limit: None,
            busy_every: None,
            has_immutable_tags: false,
            is_over_quota: false,
            is_read_only: false,
            blobs_are_at: None,
            hides_digests: false,
        };
        let shared = Shared {
            kind: settings.kind,
            accounts: settings.accounts,
            tokens: Tokens::default(),
            manners: Mutex::new(manners),
            store: Mutex::default(),
            requests: AtomicUsize::new(0),
        };
        Self::serve(settings.listen, shared).await
    }

    /// Changes how the registry behaves from now on.
    pub fn change(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut lock(&self.service().manners));
    }

    /// The tags of a repository, sorted; `None` when there is no such repository.
    pub fn tags(&self, organization: &str, name: &str) -> Option<Vec<String>> {
        let store = self.service().store();
        let repository = store.find(&RepositoryName::new(organization, name))?;
        Some(repository.tags.keys().cloned().collect())
    }

    /// The manifest that a tag points to, as it was pushed.
    pub fn manifest(&self, organization: &str, name: &str, tag: &str) -> Option<Vec<u8>> {
        let store = self.service().store();
        let repository = store.find(&RepositoryName::new(organization, name))?;
        Some(repository.manifest(tag)?.1.bytes.clone())
    }

    /// A blob of a repository.
    pub fn blob(&self, organization: &str, name: &str, digest: &str) -> Option<Vec<u8>> {
        let store = self.service().store();
        let repository = store.find(&RepositoryName::new(organization, name))?;
        repository.blobs.get(digest).cloned()
    }

    /// Whether a repository is public; `None` when there is no such repository.
    pub fn is_public(&self, organization: &str, name: &str) -> Option<bool> {
        let store = self.service().store();
        Some(store.find(&RepositoryName::new(organization, name))?.public)
    }

    /// Whether a tag is there and no push may replace it.
    pub fn is_immutable(&self, organization: &str, name: &str, tag: &str) -> bool {
        let store = self.service().store();
        let repository = store.find(&RepositoryName::new(organization, name));
        repository.is_some_and(|repository| repository.is_immutable(tag))
    }

    /// Makes tags point to a manifest without blobs, in a repository of the organization's robot.
    pub fn add_tags<'a>(
        &self,
        organization: &str,
        name: &str,
        tags: impl IntoIterator<Item = &'a str>,
    ) {
        let robot = crate::quay::accounts::robot_name(organization);
        let mut store = self.service().store();
        let repository = store.create(&RepositoryName::new(organization, name), &robot);
        for tag in tags {
            let manifest = store::Manifest::empty(tag);
            repository.put(Some(tag), manifest);
        }
    }

    /// Removes all blobs of a repository, as a garbage collection may that meets a push.
    pub fn lose_blobs(&self, organization: &str, name: &str) {
        let mut store = self.service().store();
        if let Some(repository) = store.find_mut(&RepositoryName::new(organization, name)) {
            repository.blobs.clear();
        }
    }
}

impl Shared {
    fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    fn manners(&self) -> Manners {
        lock(&self.manners).clone()
    }

    /// Refuses changes that the registry takes from nobody at this time.
    fn check_writable(&self) -> Result<(), Refusal> {
        let manners = self.manners();
        match (manners.is_read_only, manners.is_over_quota) {
            (true, _) => Err(Refusal::read_only()),
            (_, true) => Err(Refusal::over_quota()),
            _ => Ok(()),
        }
    }
}

/// Lets a request pass, or refuses it. Nothing is done then.
async fn front(State(registry): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let count = registry.requests.fetch_add(1, Ordering::Relaxed) + 1;
    let every = registry.manners().busy_every;
    match every.is_some_and(|every| count.is_multiple_of(every)) {
        true => Refusal::TooManyRequests.into_response(),
        false => next.run(request).await,
    }
}

fn page_not_found() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}

fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()
}

/// The registry's own URL, as the client knows it.
fn own_url(headers: &HeaderMap) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    format!("http://{}", host.unwrap_or_default())
}
