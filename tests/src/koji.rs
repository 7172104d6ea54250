//! A stand-in for Koji over HTTP: the hub's XML-RPC and the files of builds. It has state, and it is as strict as a
//! hub.
//!
//! Its answers were recorded from a real hub; `tests/api/stand_in_koji.rs` compares them.

mod build;
mod hub;
mod refusal;
mod root;
mod xml_rpc;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use crate::stand_in::{self, Service, StandIn, lock, unexpected};
pub use build::{Build, State};
pub use refusal::Refusal;

/// A running stand-in for Koji. It stops when it is dropped.
pub type Koji = StandIn<Shared>;
/// A failure that a test arms.
pub type Fault = stand_in::Fault<Refusal>;

/// The path of the hub.
pub const HUB: &str = "/kojihub";
/// The path of the files.
pub const ROOT: &str = "/kojifiles";

/// The state of the handlers.
#[derive(Default)]
pub struct Shared {
    /// The builds. The id of a build is its index plus one.
    builds: Mutex<Vec<Build>>,
}

impl Service for Shared {
    const NAME: &'static str = "Koji";
    type Refusal = Refusal;

    fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route(HUB, any(hub::answer))
            .route(&format!("{HUB}/"), any(hub::answer))
            .route(&format!("{HUB}/{{*below}}"), any(hub::answer))
            .route(&format!("{ROOT}/{{*path}}"), any(root::serve))
            .fallback(async || unexpected(root::not_found()))
            .with_state(self)
    }
}

impl Koji {
    /// Starts a Koji without builds; port 0 takes a free one.
    ///
    /// # Errors
    /// The address is in use.
    pub async fn start(listen: SocketAddr) -> io::Result<Self> {
        Self::serve(listen, Shared::default()).await
    }

    /// Adds a build.
    ///
    /// # Panics
    /// There is already a build with this N-V-R.
    pub fn add_build(&self, build: Build) {
        let mut builds = self.service().builds();
        let known = builds.iter().any(|known| known.nvr() == build.nvr());
        assert!(!known, "the build {} is there already", build.nvr());
        builds.push(build);
    }

    /// `kojihub_url`
    pub fn hub_url(&self) -> String {
        format!("{}{HUB}", self.url())
    }

    /// `kojiroot_url`
    pub fn root_url(&self) -> String {
        format!("{}{ROOT}/", self.url())
    }
}

impl Shared {
    fn builds(&self) -> MutexGuard<'_, Vec<Build>> {
        lock(&self.builds)
    }
}

/// The version in every answer of the hub.
const VERSION: (HeaderName, &str) = (HeaderName::from_static("koji-version"), "1.35.3");

/// An error page of Apache.
fn page(status: StatusCode, text: &str) -> Response {
    let reason = status.canonical_reason().unwrap_or_default();
    let body = format!(
        r#"<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">
<html><head>
<title>{} {reason}</title>
</head><body>
<h1>{reason}</h1>
<p>{text}</p>
</body></html>
"#,
        status.as_u16()
    );
    let content_type = "text/html; charset=iso-8859-1";
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}
