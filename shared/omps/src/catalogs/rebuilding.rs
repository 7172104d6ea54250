//! Making a catalog anew from releases, on demand: what is pending, the releases of a package, or all from nothing.

use omps_operator::catalog::Edition;

use super::turn::Turn;
use super::work::{Job, Task, Work};
use super::{Catalog, CatalogError};
use crate::api::{CatalogRebuildAnswer, SkippedRelease};
use crate::ledger::Trace;
use crate::names::RepositoryName;
use crate::registry::Repository;

/// What is to be made anew.
#[derive(Debug, Default)]
pub(crate) struct Rebuild {
    /// The package whose releases are folded in, beside what is pending.
    pub(crate) package: Option<RepositoryName>,
    /// Whether that package, or every one without it, starts from nothing.
    pub(crate) fresh: bool,
}

impl Catalog<'_> {
    /// Does what is pending and what is asked for.
    ///
    /// # Errors
    /// [`CatalogError`]
    pub(crate) async fn rebuild(
        &self,
        asked: &Rebuild,
    ) -> Result<CatalogRebuildAnswer, CatalogError> {
        let Turn::Ours(held) = self.turn(&[]).await? else {
            return Err(CatalogError::Busy);
        };
        let task = match self.task(asked).await {
            Ok(task) => task,
            Err(error) => {
                held.give_up(Trace::Unclear).await;
                return Err(error);
            }
        };
        let updated = self.move_tag(held, task, None).await?;
        let (added, dropped) = updated.folded.difference();
        let skipped = updated.folded.left().map(|left| SkippedRelease {
            release: format!("{} {}", left.work.repo(), left.work.version()),
            message: left.reason.clone(),
        });
        let skipped: Vec<SkippedRelease> = skipped.collect();
        Ok(CatalogRebuildAnswer {
            updated: skipped.is_empty(),
            image: self.name.clone(),
            digest: updated.digest,
            added,
            dropped,
            skipped,
            changed_outside: updated.changed_outside.then_some(true),
        })
    }

    /// What was asked for as a task: the releases of each package, the oldest first.
    async fn task(&self, asked: &Rebuild) -> Result<Task, CatalogError> {
        let packages = match &asked.package {
            Some(package) => vec![package.clone()],
            None if asked.fresh => self.packages().await?,
            None => Vec::new(),
        };
        let mut task = Task::default();
        for package in packages {
            if asked.fresh {
                task.fresh.push(package.to_string());
            }
            let repository = Repository {
                organization: self.repository.organization.clone(),
                name: package,
            };
            let released = self.releases.all_released(&repository).await?;
            let bundles = self.releases.bundles_of(&repository, &released).await?;
            task.jobs.extend(released.iter().map(|released| Job {
                work: Work::Release {
                    repo: repository.name.to_string(),
                    version: released.version.to_string(),
                },
                upload: Some(bundles.upload(released)),
            }));
        }
        Ok(task)
    }

    /// The packages that the catalog has.
    async fn packages(&self) -> Result<Vec<RepositoryName>, CatalogError> {
        let found = self.images.read().await?;
        let mut packages = Vec::new();
        let see = |name: &str, _: &Edition| {
            packages.extend(RepositoryName::parse(name));
            Ok(())
        };
        self.images.each_package(&found.edition, see).await?;
        Ok(packages)
    }
}
