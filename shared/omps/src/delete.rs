//! Deleting releases: one, or all that a repository has.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::names::{OrganizationName, ReleaseName, RepositoryName};
use crate::registry::{Registry, RegistryError, Repository};
use crate::telemetry;

/// What was deleted.
#[derive(Debug, Serialize)]
pub struct Deleted {
    /// The organization.
    pub organization: OrganizationName,
    /// The repository, which stays.
    pub repo: RepositoryName,
    /// The releases that are gone.
    pub deleted: Vec<String>,
}

/// Deletes one release, or every one. A failure on one does not keep the others.
///
/// # Errors
/// `QuayPackageNotFound`, or `QuayPackageError` with what is `deleted` and what `failed`.
pub async fn delete(
    registry: &Registry,
    from: Repository,
    release: Option<ReleaseName>,
) -> Result<Deleted, Error> {
    telemetry::note("organization", from.organization.as_str());
    telemetry::note("repo", from.name.as_str());
    let releases = match release {
        Some(release) => return delete_one(registry, from, release).await,
        None => registry
            .releases(&from)
            .await
            .map_err(|error| Error::listing(&from, &error))?,
    };
    if releases.is_empty() {
        return Err(Error::QuayPackageNotFound(format!(
            "Package {from} not found"
        )));
    }
    let (mut deleted, mut failed, mut first_error) = (Vec::new(), Vec::new(), None);
    for release in releases {
        let result = match ReleaseName::parse(&release) {
            Ok(name) => registry.delete(&from, &name).await,
            Err(error) => Err(RegistryError::Unreachable(error.to_string())),
        };
        match result {
            // Somebody else deleted it first: gone is gone.
            Ok(()) | Err(RegistryError::NotFound(_)) => deleted.push(release),
            Err(error) => {
                failed.push(release);
                first_error.get_or_insert(error);
            }
        }
    }
    telemetry::note("version", &deleted.join(" "));
    match first_error {
        None => Ok(Deleted {
            organization: from.organization,
            repo: from.name,
            deleted,
        }),
        Some(error) => {
            let done = [
                ("deleted".to_owned(), json!(deleted)),
                ("failed".to_owned(), json!(failed)),
            ];
            Err(Error::changing(&error, Map::from_iter(done)))
        }
    }
}

async fn delete_one(
    registry: &Registry,
    from: Repository,
    release: ReleaseName,
) -> Result<Deleted, Error> {
    telemetry::note("version", release.as_str());
    match registry.delete(&from, &release).await {
        Ok(()) => Ok(Deleted {
            organization: from.organization,
            repo: from.name,
            deleted: vec![release.as_str().to_owned()],
        }),
        Err(error @ RegistryError::NotFound(_)) => Err(Error::QuayPackageNotFound(
            error.message().unwrap_or("Unknown error").to_owned(),
        )),
        Err(error) => Err(Error::changing(&error, Map::<String, Value>::new())),
    }
}
