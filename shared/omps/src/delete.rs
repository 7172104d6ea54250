//! Deletes one release, or all releases of a repository. The name of a release is free again as soon as the registry
//! has confirmed the deletion. Then [`uncataloging`] takes its bundle out of the organization's catalog.

mod uncataloging;

use crate::api::{DeleteAnswer, PartlyDone};
use crate::call::Call;
use crate::error::Error;
use crate::ledger::claims::{LedgerError, Wish};
use crate::ledger::{Refusal, Subject, Trace};
use crate::names::ReleaseName;
use crate::registry::{Registry, RegistryError, Repository};
use crate::telemetry;
use crate::token::Token;
use uncataloging::Uncataloging;

/// Deletes one release, or all of them. If one deletion fails, the others still happen.
///
/// # Errors
/// `QuayPackageNotFound`, or `QuayPackageError` with the lists `deleted` and `failed`.
pub(crate) async fn delete<R: Registry>(
    call: Call<'_>,
    token: &Token,
    from: Repository,
    release: Option<ReleaseName>,
) -> Result<DeleteAnswer, Error> {
    telemetry::note("organization", from.organization.as_str());
    telemetry::note("repo", from.name.as_str());
    let registry: R = call.registry(&from.organization, token);
    let mut uncataloging = Uncataloging::of(call, &from, token)?;
    let deleted = match release {
        Some(release) => {
            uncataloging
                .announce(std::slice::from_ref(&release))
                .await?;
            delete_one(call, &registry, &from, &release)
                .await
                .map(|release| vec![release])
        }
        None => delete_all(call, &registry, &from, &mut uncataloging).await,
    };
    // Also after a failure: some may be gone.
    let catalog = Box::pin(uncataloging.conclude()).await;
    Ok(DeleteAnswer {
        deleted: deleted?,
        organization: from.organization,
        repo: from.name,
        catalog,
    })
}

async fn delete_one<R: Registry>(
    call: Call<'_>,
    registry: &R,
    from: &Repository,
    release: &ReleaseName,
) -> Result<String, Error> {
    telemetry::note("version", release.as_str());
    // Before the ledger is asked: whoever may not even see a release shall not keep others from pushing it.
    let found = registry.find(from, release).await;
    let result = match found {
        Ok(()) => delete_release(call, registry, from, release).await?,
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => Ok(release.to_string()),
        Err(error @ RegistryError::NotFound(_)) => Err(Error::QuayPackageNotFound(
            error
                .message()
                .unwrap_or_else(|| "Unknown error".to_owned()),
        )),
        Err(error) => Err(Error::changing(&error, PartlyDone::default())),
    }
}

async fn delete_all<R: Registry>(
    call: Call<'_>,
    registry: &R,
    from: &Repository,
    uncataloging: &mut Uncataloging<'_>,
) -> Result<Vec<String>, Error> {
    let releases = registry.releases(from).await;
    let releases = releases.map_err(|error| Error::listing(from, &error))?;
    if releases.is_empty() {
        return Err(Error::QuayPackageNotFound(format!(
            "Package {from} not found"
        )));
    }
    let names = releases.iter().map(|release| ReleaseName::parse(release));
    let names: Vec<ReleaseName> = names.filter_map(Result::ok).collect();
    uncataloging.announce(&names).await?;
    let (mut deleted, mut failed, mut first_error) = (Vec::new(), Vec::new(), None);
    for release in releases {
        let result = match ReleaseName::parse(&release) {
            Ok(name) => delete_release(call, registry, from, &name).await?,
            Err(error) => Err(RegistryError::Unreachable(error.to_string())),
        };
        match result {
            // Somebody else deleted it first, so the result is the same.
            Ok(()) | Err(RegistryError::NotFound(_)) => deleted.push(release),
            Err(error) => {
                failed.push(release);
                first_error.get_or_insert(error);
            }
        }
    }
    telemetry::note("version", deleted.join(" "));
    match first_error {
        None => Ok(deleted),
        Some(error) => {
            let done = PartlyDone {
                deleted: Some(deleted),
                failed: Some(failed),
                ..PartlyDone::default()
            };
            Err(Error::changing(&error, done))
        }
    }
}

/// Deletes a release, unless another request is pushing or deleting it. The outer error is the ledger's, the inner one
/// the registry's.
async fn delete_release<R: Registry>(
    call: Call<'_>,
    registry: &R,
    from: &Repository,
    release: &ReleaseName,
) -> Result<Result<(), RegistryError>, Error> {
    let key = call.release_key::<R>(from, release.as_str());
    let wish = Wish::new(key, Subject::Release, String::new());
    let held = match call.app.ledger.delete(wish, call.deadline).await {
        Ok(held) => held,
        Err(LedgerError::Refused(Refusal::Busy { .. })) => {
            return Ok(Err(RegistryError::Busy(format!(
                "Release {release} of {from} is being pushed or deleted by another request"
            ))));
        }
        Err(error) => return Err(error.into()),
    };
    let result = registry.delete(from, release).await;
    match &result {
        Ok(()) => held.deleted().await,
        // What is no release may be a bundle, whose entry this is.
        Err(RegistryError::NotFound(_)) if !R::REPLACES => held.deleted().await,
        Err(_) => held.give_up(Trace::Unclear).await,
    }
    Ok(result)
}
