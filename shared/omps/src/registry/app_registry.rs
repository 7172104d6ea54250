//! Quay's App Registry, as `contract/quay-app-registry.md` describes it.

mod blob;

use reqwest::{RequestBuilder, StatusCode, Url, header};
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub use blob::Blob;

use super::{Answer, RegistryError, Repository};
use crate::names::ReleaseName;
use crate::release::ReleaseVersion;
use crate::token::Token;
use crate::upstream::{ANSWER_LIMIT, CallError, LookUp, Response, Sent, Upstream, below};

/// Where Quay cuts an authenticated listing off, without a word.
const LISTING_CUT: usize = 100;

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

/// What a repository has under the name of a release.
enum Held {
    Nothing,
    /// The very content that is pushed.
    Ours,
    Other,
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

    /// Pushes once: where Quay may have taken the release and failed to say so, what it holds tells.
    pub(super) async fn push(
        &self,
        to: &Repository,
        version: &ReleaseVersion,
        blob: &Blob,
    ) -> Result<(), RegistryError> {
        let request = || {
            let body = reqwest::Body::wrap(blob.request_body(version));
            let request = self.quay.client().post(self.package(to, &[])).body(body);
            authorized(request, &self.token).header(header::CONTENT_TYPE, "application/json")
        };
        let look_up = || async {
            match self.held(to, version, blob).await {
                Ok(Held::Ours) => LookUp::Settled(Ok(())),
                Ok(Held::Other) => LookUp::Settled(Err(RegistryError::Exists(None))),
                Ok(Held::Nothing) => LookUp::Undone,
                Err(_) => LookUp::Unknown,
            }
        };
        let response = match self.quay.send_once(request, ANSWER_LIMIT, look_up).await {
            Ok(Sent::LookedUp(outcome)) => return outcome,
            Ok(Sent::Answered(response)) => response,
            Err(error) => return Err(error.into()),
        };
        let repeated = response.repeated;
        match done(Ok(response)) {
            // What is in the way may be the release of an earlier try: only when it is not, it is a conflict.
            Err(RegistryError::Exists(answer)) if repeated => {
                match self.held(to, version, blob).await {
                    Ok(Held::Ours) => Ok(()),
                    Ok(Held::Other) => Err(RegistryError::Exists(answer)),
                    Ok(Held::Nothing) | Err(_) => Err(RegistryError::Unreachable(format!(
                        "Quay has a release {version}, and whether this push made it could not be found out"
                    ))),
                }
            }
            Err(RegistryError::Unreachable(problem)) => match self.held(to, version, blob).await {
                Ok(Held::Ours) => Ok(()),
                _ => Err(RegistryError::Unreachable(problem)),
            },
            done => done,
        }
    }

    /// Removes a release. One that is gone when Quay is asked for the second time was removed by the first.
    pub(super) async fn delete(
        &self,
        from: &Repository,
        release: &ReleaseName,
    ) -> Result<(), RegistryError> {
        let url = self.package(from, &[release.as_str(), "helm"]);
        let request = || authorized(self.quay.client().delete(url.clone()), &self.token);
        let response = self.quay.send_repeatable(request, ANSWER_LIMIT).await;
        let repeated = response.as_ref().is_ok_and(|response| response.repeated);
        match done(response) {
            Err(RegistryError::NotFound(_)) if repeated => Ok(()),
            done => done,
        }
    }

    /// Makes a package's repository public.
    pub(super) async fn publish(
        &self,
        repository: &Repository,
        oauth: &Token,
    ) -> Result<(), RegistryError> {
        let url = self.url(&[
            "api",
            "v1",
            "repository",
            repository.organization.as_str(),
            repository.name.as_str(),
            "changevisibility",
        ]);
        let request = || {
            let request = self.quay.client().post(url.clone());
            authorized(request, oauth).json(&json!({"visibility": "public"}))
        };
        done(self.quay.send_persistently(request, ANSWER_LIMIT).await)
    }

    /// Whether the registry holds this very content as that release.
    pub(super) async fn holds(
        &self,
        repository: &Repository,
        version: &ReleaseVersion,
        blob: &Blob,
    ) -> Result<bool, RegistryError> {
        let held = self.held(repository, version, blob).await?;
        Ok(matches!(held, Held::Ours))
    }

    async fn held(
        &self,
        repository: &Repository,
        version: &ReleaseVersion,
        blob: &Blob,
    ) -> Result<Held, RegistryError> {
        let releases = match self.show(repository, Some(version)).await {
            // Whoever may push to a repository may see it: what is not to be seen was not made by a push.
            Err(RegistryError::NotFound(_) | RegistryError::Refused(_)) => Vec::new(),
            shown => shown?,
        };
        let held = releases
            .into_iter()
            .find(|release| release.release == version.as_str());
        match held.map(|release| release.content.digest) {
            None => Ok(Held::Nothing),
            Some(None) => Err(RegistryError::Unreachable(format!(
                "Quay tells no digest of release {version}"
            ))),
            Some(Some(digest)) if digest == blob.digest() => Ok(Held::Ours),
            Some(_) => Ok(Held::Other),
        }
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
        let request = || authorized(self.quay.client().get(url.clone()), &self.token);
        understood(self.quay.send_repeatable(request, ANSWER_LIMIT).await)
    }
}

fn authorized(request: RequestBuilder, token: &Token) -> RequestBuilder {
    request.header(header::AUTHORIZATION, token.header())
}

/// Whether a change was made: a success is an object in JSON, and not a proxy's page or `null`.
fn done(response: Result<Response, CallError>) -> Result<(), RegistryError> {
    understood::<Map<String, Value>>(response).map(|_| ())
}

/// What a successful answer says.
fn understood<T: for<'de> Deserialize<'de>>(
    response: Result<Response, CallError>,
) -> Result<T, RegistryError> {
    let Response { status, body, .. } = response?;
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(|error| {
            RegistryError::Unreachable(format!("Quay's answer could not be understood: {error}"))
        });
    }
    let answer = Answer {
        status: status.as_u16(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => RegistryError::Refused(answer),
        StatusCode::CONFLICT => RegistryError::Exists(Some(answer)),
        StatusCode::NOT_FOUND => RegistryError::NotFound(answer),
        _ => RegistryError::Failed(answer),
    })
}
