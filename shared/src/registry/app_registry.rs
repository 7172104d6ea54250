//! Quay's App Registry, as `contract/quay-app-registry.md` describes it.

mod blob;

use std::time::Duration;

use reqwest::{RequestBuilder, StatusCode, Url, header};
use serde::Deserialize;
use serde_json::{Value, json};

pub use blob::Blob;

use super::{Answer, RegistryError, Repository};
use crate::names::ReleaseName;
use crate::release::ReleaseVersion;
use crate::token::Token;
use crate::upstream::{ANSWER_LIMIT, CallError, Response, Upstream, below};

/// Where Quay cuts an authenticated listing off, without a word.
const LISTING_CUT: usize = 100;
/// Before publishing is tried again.
const PUBLISH_PAUSE: Duration = Duration::from_millis(200);

/// A client for one Quay and one caller.
#[derive(Clone)]
pub struct AppRegistry {
    quay: Upstream,
    base: Url,
    token: Token,
}

/// A package in a listing.
#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    releases: Vec<String>,
    #[serde(default)]
    visibility: String,
}

/// A release of a package.
#[derive(Deserialize)]
struct Release {
    release: String,
    #[serde(default)]
    content: Content,
}

#[derive(Deserialize, Default)]
struct Content {
    /// SHA-256 of the gunzipped tar.
    digest: Option<String>,
}

impl AppRegistry {
    /// A client for the Quay at `base`.
    pub fn new(quay: Upstream, base: Url, token: Token) -> Self {
        AppRegistry { quay, base, token }
    }

    /// The releases of a package. One that a cut-off listing may have dropped is asked for by itself.
    pub(super) async fn releases(
        &self,
        repository: &Repository,
    ) -> Result<Vec<String>, RegistryError> {
        let packages = self.packages(repository).await?;
        let name = repository.to_string();
        let listed = packages.len();
        match packages.into_iter().find(|package| package.name == name) {
            Some(package) => Ok(package.releases),
            None if listed == LISTING_CUT => match self.show(repository, None).await {
                // Quay answers 403 both for what may not be seen and for what is not there: pushing will tell.
                Err(RegistryError::NotFound(_) | RegistryError::Refused(_)) => Ok(Vec::new()),
                shown => Ok(shown?.into_iter().map(|release| release.release).collect()),
            },
            None => Ok(Vec::new()),
        }
    }

    /// Whether a listing says that the package is private.
    pub(super) async fn is_private(&self, repository: &Repository) -> Result<bool, RegistryError> {
        let (packages, name) = (self.packages(repository).await?, repository.to_string());
        Ok(packages
            .iter()
            .any(|package| package.name == name && package.visibility == "private"))
    }

    /// The packages of an organization, as far as Quay lists them.
    async fn packages(&self, repository: &Repository) -> Result<Vec<Package>, RegistryError> {
        let mut url = self.url(&["cnr", "api", "v1", "packages"]);
        url.query_pairs_mut()
            .append_pair("namespace", repository.organization.as_str());
        self.read(url).await
    }

    pub(super) async fn push(
        &self,
        to: &Repository,
        version: &ReleaseVersion,
        blob: &Blob,
    ) -> Result<(), RegistryError> {
        let request = self
            .quay
            .client()
            .post(self.package(to, &[]))
            .header(header::CONTENT_TYPE, "application/json")
            .body(reqwest::Body::wrap(blob.request_body(version)));
        match self.send(request, &self.token).await {
            // Quay may have taken the release and failed to say so: what it holds tells.
            Err(RegistryError::Unreachable(problem)) => match self.holds(to, version, blob).await {
                true => Ok(()),
                false => Err(RegistryError::Unreachable(problem)),
            },
            answered => answered.map(|_| ()),
        }
    }

    pub(super) async fn delete(
        &self,
        from: &Repository,
        release: &ReleaseName,
    ) -> Result<(), RegistryError> {
        let url = self.package(from, &[release.as_str(), "helm"]);
        let request = self.quay.client().delete(url);
        self.send(request, &self.token).await.map(|_| ())
    }

    /// Makes a package's repository public; a first failure is tried once more.
    pub(super) async fn publish(
        &self,
        repository: &Repository,
        oauth: &Token,
    ) -> Result<(), RegistryError> {
        let path = [
            "api",
            "v1",
            "repository",
            repository.organization.as_str(),
            repository.name.as_str(),
            "changevisibility",
        ];
        let request = || {
            self.quay
                .client()
                .post(self.url(&path))
                .json(&json!({"visibility": "public"}))
        };
        match self.send(request(), oauth).await {
            Err(_) => {
                tokio::time::sleep(PUBLISH_PAUSE).await;
                self.send(request(), oauth).await.map(|_| ())
            }
            published => published.map(|_| ()),
        }
    }

    /// Whether the registry holds this very content as that release.
    pub(super) async fn holds(
        &self,
        repository: &Repository,
        version: &ReleaseVersion,
        blob: &Blob,
    ) -> bool {
        let Ok(releases) = self.show(repository, Some(version)).await else {
            return false;
        };
        let digest = Some(blob.digest());
        releases.iter().any(|release| {
            release.release == version.as_str() && release.content.digest.as_deref() == digest
        })
    }

    /// A package's releases, or the one asked for.
    async fn show(
        &self,
        repository: &Repository,
        version: Option<&ReleaseVersion>,
    ) -> Result<Vec<Release>, RegistryError> {
        let version: Vec<&str> = version.iter().map(|version| version.as_str()).collect();
        self.read(self.package(repository, &version)).await
    }

    fn package(&self, repository: &Repository, rest: &[&str]) -> Url {
        let package = [
            "cnr",
            "api",
            "v1",
            "packages",
            repository.organization.as_str(),
            repository.name.as_str(),
        ];
        self.url(&[&package, rest].concat())
    }

    fn url(&self, segments: &[&str]) -> Url {
        below(&self.base, segments.iter().copied())
    }

    /// Reads JSON with the caller's token.
    async fn read<T: for<'de> Deserialize<'de>>(&self, url: Url) -> Result<T, RegistryError> {
        let request = || self.quay.client().get(url.clone());
        let request = || request().header(header::AUTHORIZATION, self.token.header());
        let response = self.quay.send_repeatable(request, ANSWER_LIMIT).await;
        serde_json::from_slice(&success(response)?).map_err(|error| {
            RegistryError::Unreachable(format!("Quay's answer could not be understood: {error}"))
        })
    }

    /// Sends what changes something: once.
    async fn send(&self, request: RequestBuilder, token: &Token) -> Result<Vec<u8>, RegistryError> {
        let request = request.header(header::AUTHORIZATION, token.header());
        success(self.quay.send(request, ANSWER_LIMIT).await)
    }
}

/// The body of a successful answer.
fn success(response: Result<Response, CallError>) -> Result<Vec<u8>, RegistryError> {
    let Response { status, body } =
        response.map_err(|error| RegistryError::Unreachable(error.to_string()))?;
    if status.is_success() {
        return Ok(body);
    }
    let answer = Answer {
        status: status.as_u16(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => RegistryError::Refused(answer),
        StatusCode::CONFLICT => RegistryError::Exists(answer),
        StatusCode::NOT_FOUND => RegistryError::NotFound(answer),
        _ => RegistryError::Failed(answer),
    })
}
