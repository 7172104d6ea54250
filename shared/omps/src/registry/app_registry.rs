//! Quay's App Registry, as `contract/quay-app-registry.md` describes it.

mod answers;
mod blob;
mod reading;

use omps_operator::bundle_image::Validation;
use omps_operator::{Operator, OperatorError};
use reqwest::{Url, header};
use serde_json::{Value, json};

pub(super) use blob::Blob;

use answers::{Release, Visibility, authorized, done, understood};

use super::{Content, Contents, Listing, Packed as _, Push, Registry, RegistryError, Repository};
use crate::api::ReleaseAnswer;
use crate::deadline::Deadline;
use crate::names::{OrganizationName, ReleaseName, RepositoryName};
use crate::organization::ReleaseFormat;
use crate::registry::Connection;
use crate::release::ReleaseVersion;
use crate::token::Token;
use crate::upstream::{ANSWER_LIMIT, Upstream};
use crate::url::append;

/// A client for one Quay and one caller.
#[derive(Clone)]
pub struct AppRegistry {
    quay: Upstream,
    base: Url,
    token: Token,
}

/// A package that no organization has.
const MISSING: &str = "omps-asks-who-you-are";

/// App Registry takes a release in one request: nothing is uploaded before.
pub struct NothingUploaded;

impl From<NothingUploaded> for Contents {
    fn from(_: NothingUploaded) -> Self {
        Contents::default()
    }
}

impl Registry for AppRegistry {
    type Packed = Blob;
    type Uploaded = NothingUploaded;

    const CONFIRMS_BY_UPLOAD: bool = false;
    const REPLACES: bool = false;

    const FORMAT: ReleaseFormat = ReleaseFormat::AppRegistry;

    fn connect(connection: Connection, token: &Token) -> Self {
        AppRegistry {
            quay: connection.service,
            base: connection.url,
            token: token.clone(),
        }
    }

    fn within(&self, quay: Upstream, _deadline: Deadline) -> Self {
        AppRegistry {
            quay,
            ..self.clone()
        }
    }

    /// Quay rejects a wrong token nowhere but at its login, and whom it does not know may see public packages. A header
    /// that has no user and password is nobody there: who may not even see that a package is missing is such a stranger.
    async fn try_token(&self, organization: &OrganizationName) -> Result<(), RegistryError> {
        let tried = match self.token.credentials() {
            Some((username, password)) => {
                let url = self.url(&["cnr", "api", "v1", "users", "login"]);
                let user = json!({"user": {"username": username, "password": password}});
                let request = || self.quay.client().post(url.clone()).json(&user);
                done(self.quay.send_repeatable(request, ANSWER_LIMIT).await)
            }
            None => {
                let namespace = organization.as_str();
                let url = self.url(&["cnr", "api", "v1", "packages", namespace, MISSING]);
                self.read::<Value>(url).await.map(|_| ())
            }
        };
        match tried {
            Err(RegistryError::NotFound(_)) => Ok(()),
            // An App Registry without a login.
            Err(RegistryError::Failed(answer)) if [405, 501].contains(&answer.status) => Ok(()),
            tried => tried,
        }
    }

    /// Strict mode is of bundles alone.
    fn pack(
        operator: Operator,
        repository: &RepositoryName,
        _validation: Validation,
    ) -> Result<Blob, OperatorError> {
        let judged = operator.judge(repository.as_str())?;
        let (bundle, report) = judged.into_courier_bundle()?;
        Ok(Blob::pack(&bundle, repository, report))
    }

    /// What a listing does not show is asked for by itself: Quay cuts listings off, and does not say so.
    async fn releases(&self, repository: &Repository) -> Result<Vec<String>, RegistryError> {
        if let Some(package) = self.listed(repository).await? {
            return Ok(package.releases);
        }
        let releases = self.show_all(repository).await?;
        Ok(releases.into_iter().map(|shown| shown.release).collect())
    }

    /// One request shows them all. A release whose name is no number comes after the others.
    async fn list(&self, repository: &Repository) -> Result<Listing, RegistryError> {
        let mut shown = self.show_all(repository).await?;
        let number = |shown: &Release| ReleaseVersion::parse(&shown.release).ok();
        shown.sort_by(|a, b| (number(b), &b.release).cmp(&(number(a), &a.release)));
        // A release may have several media types.
        shown.dedup_by(|a, b| a.release == b.release);
        let releases = shown.into_iter().map(|shown| ReleaseAnswer {
            version: shown.release,
            tag: None,
            digest: shown.content.digest,
            image: None,
            bundles: None,
            pushed_at: None,
        });
        Ok(Listing {
            releases: releases.collect(),
            is_cut: false,
        })
    }

    async fn has(
        &self,
        repository: &Repository,
        version: &ReleaseVersion,
    ) -> Result<bool, RegistryError> {
        Ok(!self.show(repository, Some(version)).await?.is_empty())
    }

    async fn foresee(
        &self,
        _to: &Repository,
        _version: &ReleaseVersion,
        blob: &Blob,
    ) -> Result<Contents, RegistryError> {
        Ok(Contents {
            digest: Some(blob.digest().to_owned()),
            ..Contents::default()
        })
    }

    async fn upload(
        &self,
        _to: &Repository,
        _version: &ReleaseVersion,
        _blob: &Blob,
        _confirm: bool,
    ) -> Result<NothingUploaded, RegistryError> {
        Ok(NothingUploaded)
    }

    /// Quay answers 409 where the release exists, so that a push without an answer can be sent again.
    async fn push(
        &self,
        to: &Repository,
        version: &ReleaseVersion,
        blob: &Blob,
        _uploaded: &mut NothingUploaded,
    ) -> Result<Push, RegistryError> {
        let request = || {
            let body = reqwest::Body::wrap(blob.request_body(version));
            let request = self.quay.client().post(self.package(to, &[])).body(body);
            authorized(request, &self.token).header(header::CONTENT_TYPE, "application/json")
        };
        let response = self.quay.send_repeatable(request, ANSWER_LIMIT).await;
        let (repeated, no_answer) = match &response {
            Ok(response) => (response.repeated, response.status.is_server_error()),
            Err(_) => (false, true),
        };
        match done(response) {
            Ok(()) => Ok(Push::Written),
            Err(error @ RegistryError::Exists(_)) => Ok(Push::Exists { error, repeated }),
            Err(error @ RegistryError::Unreachable(_)) => Ok(Push::Unclear(error)),
            Err(error) if repeated || no_answer => Ok(Push::Unclear(error)),
            Err(error) => Err(error),
        }
    }

    async fn give_up(&self, _uploaded: NothingUploaded) {}

    async fn content(
        &self,
        repository: &Repository,
        version: &ReleaseVersion,
        blob: &Blob,
    ) -> Result<Content, RegistryError> {
        let releases = self.show(repository, Some(version)).await?;
        let found = releases
            .into_iter()
            .find(|release| release.release == version.as_str());
        let Some(found) = found else {
            return Ok(Content::Nothing);
        };
        let is_ours = match (found.content.digest, found.blob) {
            (Some(digest), _) => digest == blob.digest(),
            (None, Some(base64)) => blob.is(&base64),
            (None, None) => {
                return Err(RegistryError::Unreachable(format!(
                    "Quay's answer has no digest of release {version}"
                )));
            }
        };
        Ok(if is_ours {
            Content::Ours
        } else {
            Content::Other
        })
    }

    /// One that is gone when Quay is asked for the second time was removed by the first.
    async fn delete(&self, from: &Repository, release: &ReleaseName) -> Result<(), RegistryError> {
        let url = self.package(from, &[release.as_str(), "helm"]);
        let request = || authorized(self.quay.client().delete(url.clone()), &self.token);
        let response = self.quay.send_repeatable(request, ANSWER_LIMIT).await;
        let repeated = response.as_ref().is_ok_and(|response| response.repeated);
        match done(response) {
            Err(RegistryError::NotFound(_)) if repeated => Ok(()),
            done => done,
        }
    }

    async fn is_private(
        &self,
        repository: &Repository,
        oauth: &Token,
    ) -> Result<bool, RegistryError> {
        if let Some(package) = self.listed(repository).await? {
            return Ok(package.visibility == "private");
        }
        let url = self.repository(repository, &[]);
        let request = || authorized(self.quay.client().get(url.clone()), oauth);
        let shown = self.quay.send_repeatable(request, ANSWER_LIMIT).await;
        Ok(!understood::<Visibility>(shown)?.is_public)
    }

    async fn publish(&self, repository: &Repository, oauth: &Token) -> Result<(), RegistryError> {
        let url = self.repository(repository, &["changevisibility"]);
        let request = || {
            let request = self.quay.client().post(url.clone());
            authorized(request, oauth).json(&json!({"visibility": "public"}))
        };
        done(self.quay.send_persistently(request, ANSWER_LIMIT).await)
    }

    async fn ping(connection: Connection) -> Result<(), String> {
        let version = append(&connection.url, ["cnr", "version"]);
        connection.service.has_member(version, "cnr-api").await
    }
}
