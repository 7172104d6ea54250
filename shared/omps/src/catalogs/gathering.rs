//! From jobs to steps: what each release brings is read, the layers of their packages are opened, and what has not happened
//! is left out.

use omps_operator::catalog::{Edition, Upload};

use super::work::{Deletion, Job, Task, Work};
use super::{Catalog, CatalogError};
use crate::names::RepositoryName;
use crate::registry::{BundleImages, Released, Repository};
use crate::release::ReleaseVersion;

/// What a job comes to.
pub(super) enum Step {
    /// To take an upload into a package.
    Merge { package: String, upload: Upload },
    /// To take the bundles with these images out of a package.
    TakeOut {
        package: String,
        images: Vec<String>,
    },
    /// To begin a package anew.
    Empty { package: String },
    /// Nothing: the release is not there, or the deletion means nothing for the catalog.
    Nothing,
    /// It cannot be done yet, for this reason.
    Wait(String),
}

impl Catalog<'_> {
    /// The steps of a task, each with the work that it does; the layers that they need are opened.
    pub(super) async fn gather(
        &self,
        edition: &mut Edition,
        task: &Task,
    ) -> Result<Vec<(Option<Work>, Step)>, CatalogError> {
        let mut steps = Vec::new();
        for package in &task.fresh {
            self.images.open(edition, package).await?;
            let package = package.clone();
            steps.push((None, Step::Empty { package }));
        }
        for job in &task.jobs {
            let step = match Box::pin(self.step(edition, job)).await {
                Ok(step) => step,
                // That one package cannot be read keeps no other from its place.
                Err(error) => Step::Wait(error.to_string()),
            };
            steps.push((Some(job.work.clone()), step));
        }
        Ok(steps)
    }

    async fn step(&self, edition: &mut Edition, job: &Job) -> Result<Step, CatalogError> {
        let step = match (&job.work, &job.upload) {
            (Work::Release { repo, .. }, Some(upload)) => Step::Merge {
                package: package_of(upload).unwrap_or_else(|| repo.clone()),
                upload: upload.clone(),
            },
            (Work::Release { repo, version }, None) => self.released(repo, version).await?,
            (Work::Delete(deletion), _) => self.deleted(deletion).await?,
        };
        if let Step::Merge { package, .. } | Step::TakeOut { package, .. } = &step {
            self.images.open(edition, package).await?;
        }
        Ok(step)
    }

    /// A release that another process was to push.
    async fn released(&self, repo: &str, version: &str) -> Result<Step, CatalogError> {
        let Some((repository, version)) = self.place(repo, version) else {
            return Ok(Step::Nothing);
        };
        if self.is_under_way(&repository, &version).await? {
            return Ok(Step::Wait(format!(
                "{repository} {version} is being pushed"
            )));
        }
        let Some(released) = self.releases.released(&repository, &version).await? else {
            return Ok(Step::Nothing);
        };
        let releases = [released];
        let bundles = self.releases.bundles_of(&repository, &releases).await?;
        let [released] = &releases;
        Ok(Step::Merge {
            package: released.package.package.clone(),
            upload: bundles.upload(released),
        })
    }

    /// A release that was to be deleted: its newest bundle goes, unless it is another release's newest, too.
    async fn deleted(&self, deletion: &Deletion) -> Result<Step, CatalogError> {
        let Some((repository, version)) = self.place(&deletion.repo, &deletion.version) else {
            return Ok(Step::Nothing);
        };
        if self.is_under_way(&repository, &version).await? {
            return Ok(Step::Wait(format!(
                "{repository} {version} is being deleted"
            )));
        }
        let there = self.releases.all_released(&repository).await?;
        let keeps_it = |release: &Released| {
            release.version == version || release.newest() == Some(&deletion.bundle)
        };
        Ok(match there.iter().any(keeps_it) {
            true => Step::Nothing,
            false => Step::TakeOut {
                package: deletion.package.clone(),
                images: deletion.images.clone(),
            },
        })
    }

    /// Whether a push or a deletion of a release is not at its end. To be asked before the registry: what has ended stays as
    /// the registry shows it.
    async fn is_under_way(
        &self,
        repository: &Repository,
        version: &ReleaseVersion,
    ) -> Result<bool, CatalogError> {
        let key = self
            .call
            .release_key::<BundleImages>(repository, version.as_str());
        Ok(self.call.app.ledger.standing(&key).await?.is_held)
    }

    fn place(&self, repo: &str, version: &str) -> Option<(Repository, ReleaseVersion)> {
        let repository = Repository {
            organization: self.repository.organization.clone(),
            name: RepositoryName::parse(repo).ok()?,
        };
        Some((repository, ReleaseVersion::parse(version).ok()?))
    }
}

/// The package of an upload's bundles.
fn package_of(upload: &Upload) -> Option<String> {
    let bundle = &upload.bundles.first()?.bundle;
    bundle["package"].as_str().map(str::to_owned)
}
