//! Quay's App Registry, as `contract/quay-app-registry.md` describes it.

mod blob;

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

pub use blob::Blob;

use super::{Answer, QuayToken, RegistryError, Repository};
use crate::names::ReleaseName;
use crate::release::ReleaseVersion;

/// Where Quay cuts an authenticated listing off, without a word.
const LISTING_CUT: usize = 100;
/// Bytes of an answer that are read.
const ANSWER_LIMIT: usize = 16 << 20;
/// Before publishing is tried again.
const PUBLISH_PAUSE: Duration = Duration::from_millis(200);

/// A client for one Quay and one caller.
#[derive(Clone)]
pub struct AppRegistry {
    client: Client,
    base: Url,
    token: QuayToken,
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
    pub fn new(client: Client, base: Url, token: QuayToken) -> Self {
        AppRegistry {
            client,
            base,
            token,
        }
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
        read(self.client.get(url), &self.token).await
    }

    pub(super) async fn push(
        &self,
        to: &Repository,
        version: &ReleaseVersion,
        blob: &Blob,
    ) -> Result<(), RegistryError> {
        let request = self
            .client
            .post(self.package(to, &[]))
            .header(header::CONTENT_TYPE, "application/json")
            .body(reqwest::Body::wrap(blob.request_body(version)));
        match send(request, &self.token).await {
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
        send(self.client.delete(url), &self.token).await.map(|_| ())
    }

    /// Makes a package's repository public; a first failure is tried once more.
    pub(super) async fn publish(
        &self,
        repository: &Repository,
        oauth: &SecretString,
    ) -> Result<(), RegistryError> {
        let bearer = format!("Bearer {}", oauth.expose_secret());
        let bearer = header::HeaderValue::try_from(bearer).map_err(|_| {
            RegistryError::Unreachable("the OAuth token cannot be sent in a header".to_owned())
        })?;
        let token = QuayToken::new(bearer);
        let path = [
            "api",
            "v1",
            "repository",
            repository.organization.as_str(),
            repository.name.as_str(),
            "changevisibility",
        ];
        let request = || {
            self.client
                .post(self.url(&path))
                .json(&json!({"visibility": "public"}))
        };
        match send(request(), &token).await {
            Err(_) => {
                tokio::time::sleep(PUBLISH_PAUSE).await;
                send(request(), &token).await.map(|_| ())
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
        let digest = blob.digest();
        releases
            .iter()
            .any(|release| release.release == version.as_str() && release.content.digest == digest)
    }

    /// A package's releases, or the one asked for.
    async fn show(
        &self,
        repository: &Repository,
        version: Option<&ReleaseVersion>,
    ) -> Result<Vec<Release>, RegistryError> {
        let version: Vec<&str> = version.iter().map(|version| version.as_str()).collect();
        read(
            self.client.get(self.package(repository, &version)),
            &self.token,
        )
        .await
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

    /// A URL below the base; nothing in a segment can lead out of it.
    fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        let mut path = url.path().trim_end_matches('/').to_owned();
        for segment in segments {
            path.push('/');
            path.extend(utf8_percent_encode(segment, SEGMENT));
        }
        url.set_path(&path);
        url
    }
}

/// What is encoded in a path segment: all but the unreserved characters.
const SEGMENT: &percent_encoding::AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

async fn read<T: for<'de> Deserialize<'de>>(
    request: RequestBuilder,
    token: &QuayToken,
) -> Result<T, RegistryError> {
    let body = send(request, token).await?;
    serde_json::from_slice(&body).map_err(|error| {
        RegistryError::Unreachable(format!("Quay's answer could not be understood: {error}"))
    })
}

/// Sends a request and reads a successful answer.
async fn send(request: RequestBuilder, token: &QuayToken) -> Result<Vec<u8>, RegistryError> {
    let response = request
        .header(header::AUTHORIZATION, token.0.clone())
        .send()
        .await
        .map_err(unreachable)?;
    let status = response.status();
    let body = body(response).await?;
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

async fn body(mut response: Response) -> Result<Vec<u8>, RegistryError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > ANSWER_LIMIT {
            let problem = format!("Quay's answer is larger than {ANSWER_LIMIT} bytes");
            return Err(RegistryError::Unreachable(problem));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Why there is no answer, to the root, without the URL.
fn unreachable(error: reqwest::Error) -> RegistryError {
    let error = error.without_url();
    let mut problem = format!("Quay could not be reached: {error}");
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        problem.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    RegistryError::Unreachable(problem)
}
