//! An organization's catalog image: what clusters read. omps keeps it itself, without opm and without Docker.
//!
//! 1. [`Catalog::read`] reads what the tag points to, and the layer of one package. A push does so before it sends anything,
//!    and is refused where the catalog could not take its release.
//! 2. [`Catalog::ask_for`] writes the [`work`] into the ledger before the release, or its deletion, happens: a process that
//!    dies loses nothing.
//! 3. [`Catalog::update`] waits for its [`turn`]: one writer moves the tag at a time. It does all that is pending in one
//!    image ([`gathering`], [`folding`]), and strikes it off. So many pushes at once cost a few images.
//!
//! [`image`] is the image in the registry, [`looking`] what people see of it, [`rebuilding`] makes it anew from releases.

mod answering;
mod error;
mod folding;
mod gathering;
mod image;
mod looking;
mod rebuilding;
mod turn;
mod work;

use std::fmt;

use omps_operator::catalog::{MergeRefused, Merged, Upload};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::{CatalogAnswer, PartlyDone};
use crate::call::Call;
use crate::error::Error;
use crate::ledger::claims::{Held, LedgerError};
use crate::ledger::{Refusal, Trace};
use crate::names::{OrganizationName, RepositoryName};
use crate::organization::ReleaseFormat;
use crate::registry::oci::{ImageRepository, OciRegistry, Tag};
use crate::registry::{BundleImages, Connection, Repository, image_name};
use crate::telemetry::{self, metrics};
use crate::token::Token;
use crate::visibility::Visibility;
use folding::Folded;
use image::{CatalogImages, Moved};
use turn::Turn;

pub(crate) use error::CatalogError;
pub(crate) use image::Found;
pub(crate) use rebuilding::Rebuild;
pub(crate) use work::{Deletion, Job, Work};

use work::{Refused, Task};

/// The catalog of an organization, as one caller uses it: nobody writes a catalog who may not.
pub(crate) struct Catalog<'a> {
    call: Call<'a>,
    images: CatalogImages,
    /// Where the releases are.
    releases: BundleImages,
    repository: Repository,
    /// `registry/organization/repository:tag`
    name: String,
    /// The ledger's key.
    key: String,
    /// Whether a release that the catalog cannot take is refused.
    pub(crate) is_required: bool,
}

impl fmt::Display for Catalog<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// What the ledger keeps of a catalog.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    /// The digest that the tag got from omps.
    digest: Option<String>,
    /// Work that the catalog could not take. It is tried again with the next work for the same repository.
    #[serde(default)]
    refused: Vec<Refused>,
}

impl State {
    /// As the ledger has it; nothing is known where it has none.
    fn of(outcome: Option<Value>) -> Self {
        let state = outcome.map(serde_json::from_value);
        state.and_then(Result::ok).unwrap_or_default()
    }
}

/// A catalog after an update.
pub(super) struct Updated {
    /// What the tag points to.
    digest: Option<String>,
    changed_outside: bool,
    folded: Folded,
}

impl<'a> Catalog<'a> {
    /// The catalog of an organization; nothing where it keeps none.
    ///
    /// # Errors
    /// A name that no registry takes, such as an organization's in upper case.
    pub(crate) fn of(
        call: Call<'a>,
        organization: &OrganizationName,
        token: &Token,
    ) -> Result<Option<Self>, Error> {
        let settings = call.app.organization(organization).catalog.clone();
        let is_for_images = call.app.release_format(organization) == ReleaseFormat::BundleImage;
        let Some(settings) = settings.filter(|_| is_for_images) else {
            return Ok(None);
        };
        let bad_name = |error: &dyn fmt::Display| Error::BadRequest(error.to_string());
        let repository = RepositoryName::parse(&settings.repository)?;
        let at = ImageRepository::parse(organization.as_str(), repository.as_str());
        let at = at.map_err(|error| bad_name(&error))?;
        let tag = Tag::parse(&settings.tag).map_err(|error| bad_name(&error))?;
        let repository = Repository {
            organization: organization.clone(),
            name: repository,
        };
        let registry = call.registry_url::<BundleImages>(organization);
        let place = image_name(registry, &repository);
        let Connection {
            service, endpoint, ..
        } = call.connection(registry);
        Ok(Some(Catalog {
            images: CatalogImages {
                client: OciRegistry::new(service, endpoint, token.clone()),
                at,
                tag,
            },
            releases: call.registry(organization, token),
            key: format!("catalog/{place}:{}", settings.tag).to_ascii_lowercase(),
            name: format!("{place}:{}", settings.tag),
            repository,
            is_required: settings.required,
            call,
        }))
    }

    /// Refuses the catalog's own repository as that of a package.
    ///
    /// # Errors
    /// `BadRequest`
    pub(crate) fn check_is_other(&self, repository: &Repository) -> Result<(), Error> {
        let (name, own) = (&repository.name, &self.repository.name);
        match name.as_str().eq_ignore_ascii_case(own.as_str()) {
            false => Ok(()),
            true => Err(Error::BadRequest(format!(
                "{repository} has the organization's catalog, and no releases; catalog.repository says so"
            ))),
        }
    }

    /// Reads what the tag points to, and the layer of a package.
    ///
    /// # Errors
    /// [`CatalogError`]
    pub(crate) async fn read(&self, package: &str) -> Result<Found, CatalogError> {
        let mut found = self.images.read().await?;
        self.images.open(&mut found.edition, package).await?;
        Ok(found)
    }

    /// Writes down what is to be done, before it follows from a release or a deletion.
    ///
    /// # Errors
    /// `ServiceUnavailable`: then neither may happen.
    pub(crate) async fn ask_for(&self, work: &[Work]) -> Result<(), Error> {
        let items = work.iter().map(Work::written).collect();
        match self.call.app.ledger.queue(&self.key, items).await {
            Ok(()) => Ok(()),
            Err(LedgerError::Refused(Refusal::Full)) => Err(Error::ServiceUnavailable(format!(
                "Too much is pending for the catalog {}: POST /v2/{}/catalog does it, or says what is in the way",
                self.name, self.repository.organization
            ))),
            Err(error) => Err(error.into()),
        }
    }

    /// Does these jobs and all that is pending, in one image. `seen`: what was read before. Never fails: what these jobs
    /// follow from has happened. The answer is about `package`.
    pub(crate) async fn update(
        &self,
        package: &str,
        jobs: Vec<Job>,
        seen: Option<Found>,
    ) -> CatalogAnswer {
        let mine: Vec<Work> = jobs.iter().map(|job| job.work.clone()).collect();
        let updated = match self.turn(&mine).await {
            Ok(Turn::Ours(held)) => {
                let fresh = Vec::new();
                // In a box, as below: these futures are large, and part of every push's.
                Box::pin(self.move_tag(held, Task { fresh, jobs }, seen)).await
            }
            // Another process did it along with its own.
            Ok(Turn::Done(refused)) => Box::pin(self.as_it_is(package, refused)).await,
            Err(error) => Err(error),
        };
        let answer = match updated {
            Ok(updated) => self.answer(package, &mine, updated),
            Err(error) => self.failed(package, &error),
        };
        if answer.updated != Some(true) {
            let reason = answer.reason.as_deref().unwrap_or_default();
            metrics::count_catalog_failure();
            tracing::error!(
                catalog = self.name,
                package,
                reason,
                "the catalog was not updated"
            );
        }
        answer
    }

    /// What a merge would do to a package as it was found.
    ///
    /// # Errors
    /// The outer one where the package cannot be read, the inner one where opm would refuse the result.
    pub(crate) fn foresee(
        &self,
        found: &Found,
        package: &str,
        upload: &Upload,
    ) -> Result<Result<Merged, Box<MergeRefused>>, CatalogError> {
        let package = found.edition.package(package);
        let package = package.map_err(|error| CatalogError::Foreign(error.to_string()))?;
        Ok(package.merge(upload))
    }

    /// Moves the tag, and notes in the ledger what is done.
    async fn move_tag(
        &self,
        held: Held,
        task: Task,
        seen: Option<Found>,
    ) -> Result<Updated, CatalogError> {
        let state = State::of(held.outcome().cloned());
        let task = Task {
            jobs: work::in_order(task.jobs, held.pending(), &state.refused),
            ..task
        };
        let moved = self.try_to_move_tag(&task, &state, seen).await;
        match &moved {
            Ok(updated) => {
                let (done, state) = updated.folded.settled(&state, updated.digest.clone());
                match serde_json::to_value(&state) {
                    Ok(state) => held.settle(done, state).await,
                    Err(defect) => {
                        tracing::error!(%defect, "what is known of a catalog cannot be written down");
                        held.give_up(Trace::Unclear).await;
                    }
                }
            }
            Err(_) => held.give_up(Trace::Unclear).await,
        }
        moved
    }

    async fn try_to_move_tag(
        &self,
        task: &Task,
        state: &State,
        seen: Option<Found>,
    ) -> Result<Updated, CatalogError> {
        let is_current = |found: &Found| state.digest.is_none() || found.digest() == state.digest;
        let mut found = match seen.filter(is_current) {
            Some(seen) => seen,
            None => self.images.read().await?,
        };
        // Once more from the start, where somebody from outside was faster.
        for _ in 0..2 {
            let changed_outside = !is_current(&found);
            if changed_outside {
                tracing::warn!(
                    catalog = self.name,
                    "somebody else has moved the catalog's tag"
                );
            }
            let (folded, next) = self.fold(found.edition.clone(), task).await?;
            let digest = match next {
                None => found.digest(),
                Some(next) => match self.images.put(&found, &next).await? {
                    Moved::To(digest) => {
                        self.make_public(&found).await;
                        Some(digest.to_string())
                    }
                    Moved::Elsewhere => {
                        found = self.images.read().await?;
                        continue;
                    }
                },
            };
            telemetry::note("catalog", digest.as_deref().unwrap_or_default());
            return Ok(Updated {
                digest,
                changed_outside,
                folded,
            });
        }
        Err(CatalogError::Moved)
    }

    /// A package as the catalog has it now, after another process has done what was asked for.
    async fn as_it_is(
        &self,
        package: &str,
        refused: Vec<Refused>,
    ) -> Result<Updated, CatalogError> {
        let found = self.read(package).await?;
        Ok(Updated {
            digest: found.digest(),
            changed_outside: false,
            folded: Folded::by_others(found.edition, refused),
        })
    }

    /// Makes a new catalog's repository public, where the organization's are.
    async fn make_public(&self, found: &Found) {
        if !found.is_new() {
            return;
        }
        let organization = &self.repository.organization;
        let published = async {
            let visibility = Visibility::of(self.call, organization).await?;
            let done = PartlyDone::default();
            visibility
                .make_public(self.call, &self.releases, &self.repository, done)
                .await
        };
        match published.await {
            Ok(left_undone) if left_undone.is_empty() => {}
            Ok(left_undone) => {
                tracing::warn!(reason = left_undone.join("; "), "the catalog is not public");
            }
            Err(error) => tracing::error!(reason = %error, "the catalog could not be made public"),
        }
    }
}
