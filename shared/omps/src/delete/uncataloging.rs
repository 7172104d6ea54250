//! What a deletion does for the organization's catalog: a note before, and the move of the tag after it. For an organization
//! without a catalog, nothing.

use crate::api::CatalogAnswer;
use crate::call::Call;
use crate::catalogs::{Catalog, Deletion, Job, Work};
use crate::error::Error;
use crate::names::ReleaseName;
use crate::registry::{BundleImages, Repository};
use crate::release::ReleaseVersion;
use crate::releases::digests_of_bundles;
use crate::token::Token;

/// The part of a deletion that the catalog has.
pub(super) struct Uncataloging<'a> {
    call: Call<'a>,
    /// Nothing where the organization keeps none.
    kept: Option<(Catalog<'a>, BundleImages)>,
    from: Repository,
    deletions: Vec<Deletion>,
}

impl<'a> Uncataloging<'a> {
    /// The catalog of an organization that deletes from `from`.
    ///
    /// # Errors
    /// `BadRequest` for the catalog's own repository.
    pub(super) fn of(call: Call<'a>, from: &Repository, token: &Token) -> Result<Self, Error> {
        let catalog = Catalog::of(call, &from.organization, token)?;
        if let Some(catalog) = &catalog {
            catalog.check_is_other(from)?;
        }
        let images = || call.registry(&from.organization, token);
        Ok(Uncataloging {
            call,
            kept: catalog.map(|catalog| (catalog, images())),
            from: from.clone(),
            deletions: Vec::new(),
        })
    }

    /// Notes which bundles the catalog may lose, while the registry still knows the releases.
    ///
    /// # Errors
    /// Those of looking at a release, and the ledger's: then none may be deleted.
    pub(super) async fn announce(&mut self, releases: &[ReleaseName]) -> Result<(), Error> {
        let Some((catalog, images)) = &self.kept else {
            return Ok(());
        };
        for release in releases {
            let Ok(version) = ReleaseVersion::parse(release.as_str()) else {
                continue;
            };
            let released = images.released(&self.from, &version).await;
            let released = released.map_err(|error| Error::listing(&self.from, &error))?;
            // What is not there is not deleted; that is for the deletion to say.
            let Some(released) = released else { continue };
            let Some(bundle) = released.newest() else {
                continue;
            };
            let known =
                digests_of_bundles::<BundleImages>(self.call, &self.from, release.as_str()).await?;
            let mut digests = vec![bundle.to_owned(), released.digest().to_string()];
            digests.extend(known.last().cloned());
            self.deletions.push(Deletion {
                repo: self.from.name.to_string(),
                version: version.to_string(),
                package: released.package.package.clone(),
                bundle: bundle.to_owned(),
                images: digests,
            });
        }
        let work: Vec<Work> = self.deletions.iter().cloned().map(Work::Delete).collect();
        match work.is_empty() {
            true => Ok(()),
            false => catalog.ask_for(&work).await,
        }
    }

    /// Takes the bundles of what was deleted out of the catalog.
    pub(super) async fn conclude(self) -> Option<Box<CatalogAnswer>> {
        let (catalog, _) = self.kept?;
        let package = self.deletions.first()?.package.clone();
        let jobs = self.deletions.into_iter().map(|deletion| Job {
            work: Work::Delete(deletion),
            upload: None,
        });
        Some(Box::new(
            catalog.update(&package, jobs.collect(), None).await,
        ))
    }
}
