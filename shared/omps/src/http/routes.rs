//! The table of routes. The server searches it; a test compares it with the template.

mod nearest;
mod search;

use http::Method;

pub use search::{Found, Params, find, without_upload_id};
pub(super) use search::{canonical, is_v1};

/// An endpoint of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Pushes a zip that the client sends.
    PushZipfile,
    /// Pushes the archive of a build in Koji.
    PushKoji,
    /// Creates an upload, for a zip that is too large for one request.
    CreateUpload,
    /// Receives the zip of an upload.
    PutUpload,
    /// Deletes one release, or all releases of a repository.
    DeleteRelease,
    /// Lists the releases of a repository.
    Releases,
    /// Lists the packages of an organization's catalog.
    ListCatalog,
    /// Shows one package of a catalog.
    ShowPackage,
    /// Brings a catalog up to date.
    RebuildCatalog,
    /// Validates manifests without pushing them.
    Validate,
    /// Reports whether the services that pushes require can be reached.
    Health,
    /// Reports the versions.
    About,
    /// Shows the page for people, the description of all requests, and the OpenAPI document behind it.
    Page,
}

impl Endpoint {
    /// Whether a request must carry a token.
    pub fn needs_token(self) -> bool {
        match self {
            Endpoint::PushZipfile
            | Endpoint::PushKoji
            | Endpoint::CreateUpload
            | Endpoint::DeleteRelease
            | Endpoint::Releases
            | Endpoint::ListCatalog
            | Endpoint::ShowPackage
            | Endpoint::RebuildCatalog => true,
            // The id of an upload is itself a secret.
            Endpoint::PutUpload
            | Endpoint::Validate
            | Endpoint::Health
            | Endpoint::About
            | Endpoint::Page => false,
        }
    }

    /// Whether only the server has this endpoint. Lambda functions receive large zips through S3.
    pub fn is_server_only(self) -> bool {
        self == Endpoint::PutUpload
    }
}

/// One row of the table.
#[derive(Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path; `{name}` matches one segment.
    pub path: &'static str,
    /// The endpoint.
    pub endpoint: Endpoint,
}

const fn route(method: Method, path: &'static str, endpoint: Endpoint) -> Route {
    Route {
        method,
        path,
        endpoint,
    }
}

/// Every route of the service.
pub const ROUTES: &[Route] = &[
    route(
        Method::POST,
        "/v2/{organization}/zipfile",
        Endpoint::PushZipfile,
    ),
    route(
        Method::POST,
        "/v2/{organization}/zipfile/{version}",
        Endpoint::PushZipfile,
    ),
    route(
        Method::POST,
        "/v2/{organization}/koji/{nvr}",
        Endpoint::PushKoji,
    ),
    route(
        Method::POST,
        "/v2/{organization}/koji/{nvr}/{version}",
        Endpoint::PushKoji,
    ),
    route(
        Method::POST,
        "/v2/{organization}/uploads",
        Endpoint::CreateUpload,
    ),
    route(
        Method::PUT,
        "/v2/{organization}/uploads/{upload}",
        Endpoint::PutUpload,
    ),
    route(
        Method::DELETE,
        "/v2/{organization}/{repo}",
        Endpoint::DeleteRelease,
    ),
    route(
        Method::DELETE,
        "/v2/{organization}/{repo}/{version}",
        Endpoint::DeleteRelease,
    ),
    route(
        Method::GET,
        "/v2/{organization}/{repo}/releases",
        Endpoint::Releases,
    ),
    route(
        Method::GET,
        "/v2/{organization}/catalog",
        Endpoint::ListCatalog,
    ),
    route(
        Method::POST,
        "/v2/{organization}/catalog",
        Endpoint::RebuildCatalog,
    ),
    route(
        Method::GET,
        "/v2/{organization}/catalog/{package}",
        Endpoint::ShowPackage,
    ),
    route(
        Method::POST,
        "/v2/{organization}/validate",
        Endpoint::Validate,
    ),
    route(Method::GET, "/v2/health/ping", Endpoint::Health),
    route(Method::GET, "/v2/about", Endpoint::About),
    route(Method::GET, "/", Endpoint::Page),
    route(Method::GET, "/docs", Endpoint::Page),
    route(Method::GET, "/v2/openapi.json", Endpoint::Page),
    route(
        Method::POST,
        "/v1/{organization}/{repo}/zipfile",
        Endpoint::PushZipfile,
    ),
    route(
        Method::POST,
        "/v1/{organization}/{repo}/zipfile/{version}",
        Endpoint::PushZipfile,
    ),
    route(
        Method::POST,
        "/v1/{organization}/{repo}/koji/{nvr}",
        Endpoint::PushKoji,
    ),
    route(
        Method::POST,
        "/v1/{organization}/{repo}/koji/{nvr}/{version}",
        Endpoint::PushKoji,
    ),
    route(
        Method::DELETE,
        "/v1/{organization}/{repo}",
        Endpoint::DeleteRelease,
    ),
    route(
        Method::DELETE,
        "/v1/{organization}/{repo}/{version}",
        Endpoint::DeleteRelease,
    ),
    route(Method::GET, "/v1/health/ping", Endpoint::Health),
    route(Method::GET, "/v1/about", Endpoint::About),
];
