//! Asking App Registry what it has: listings, releases, and where each thing is.

use reqwest::Url;
use serde::Deserialize;

use super::super::{RegistryError, Repository};
use super::AppRegistry;
use super::answers::{Package, Release, Shown, authorized, understood};
use crate::release::ReleaseVersion;
use crate::upstream::ANSWER_LIMIT;
use crate::url::append;

impl AppRegistry {
    /// The package as a listing shows it.
    pub(super) async fn listed(
        &self,
        repository: &Repository,
    ) -> Result<Option<Package>, RegistryError> {
        let (packages, name) = (self.packages(repository).await?, repository.to_string());
        Ok(packages.into_iter().find(|package| package.name == name))
    }

    /// The packages of an organization, as far as Quay lists them.
    pub(super) async fn packages(
        &self,
        repository: &Repository,
    ) -> Result<Vec<Package>, RegistryError> {
        let mut url = self.url(&["cnr", "api", "v1", "packages"]);
        url.query_pairs_mut()
            .append_pair("namespace", repository.organization.as_str());
        self.read(url).await
    }

    /// A package's releases; none where something else has the name, an image repository for one: pushing will tell.
    pub(super) async fn show_all(
        &self,
        repository: &Repository,
    ) -> Result<Vec<Release>, RegistryError> {
        match self.show(repository, None).await {
            Err(RegistryError::Failed(answer)) if answer.status < 500 && answer.status != 429 => {
                Ok(Vec::new())
            }
            shown => shown,
        }
    }

    /// A package's releases, or the one asked for. Quay answers 403 both for what may not be seen and for what is not
    /// there, and whoever may push to a package may see it: what cannot be seen is nothing here, and pushing will tell.
    pub(super) async fn show(
        &self,
        repository: &Repository,
        version: Option<&ReleaseVersion>,
    ) -> Result<Vec<Release>, RegistryError> {
        let version: Vec<&str> = version.iter().map(|version| version.as_str()).collect();
        match self.read(self.package(repository, &version)).await {
            Err(RegistryError::NotFound(_) | RegistryError::Refused(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
            Ok(Shown::List(releases)) => Ok(releases),
            Ok(Shown::One(release)) => Ok(vec![release]),
        }
    }

    pub(super) fn package(&self, repository: &Repository, rest: &[&str]) -> Url {
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

    /// The repository in Quay's REST API.
    pub(super) fn repository(&self, repository: &Repository, rest: &[&str]) -> Url {
        let path = [
            "api",
            "v1",
            "repository",
            repository.organization.as_str(),
            repository.name.as_str(),
        ];
        self.url(&[&path, rest].concat())
    }

    pub(super) fn url(&self, segments: &[&str]) -> Url {
        append(&self.base, segments.iter().copied())
    }

    /// Reads JSON with the caller's token.
    pub(super) async fn read<T: for<'de> Deserialize<'de>>(
        &self,
        url: Url,
    ) -> Result<T, RegistryError> {
        let request = || authorized(self.quay.client().get(url.clone()), &self.token);
        understood(self.quay.send_repeatable(request, ANSWER_LIMIT).await)
    }
}
