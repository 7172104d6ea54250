//! What a push does for its organization's catalog: a look before anything is sent, a note before the release, and the move
//! of the tag after it. For an organization without a catalog, nothing.

use crate::api::{BundleAnswer, CatalogAnswer};
use crate::call::Call;
use crate::catalogs::{Catalog, Found, Job, Work};
use crate::error::{Error, PUSH_FAILED};
use crate::registry::{Packed, Registry, Repository, image_name};
use crate::release::ReleaseVersion;
use crate::token::Token;

/// The part of a push that the catalog has.
pub(super) struct Cataloging<'a> {
    kept: Option<Kept<'a>>,
    /// Whether the answer has what a catalog says of the bundles.
    is_rendered: bool,
}

/// A catalog that an organization keeps.
struct Kept<'a> {
    catalog: Catalog<'a>,
    package: String,
    /// What was found, or why it could not be read.
    seen: Result<Found, String>,
}

/// What an answer says of the catalog, if anything.
type Answer = Option<Box<CatalogAnswer>>;

impl<'a> Cataloging<'a> {
    /// The catalog of an organization, for a release of `package` in `repository`. Without a token, there is nobody to read
    /// it.
    ///
    /// # Errors
    /// `BadRequest` for the catalog's own repository, and for names that no registry takes.
    pub(super) fn of(
        call: Call<'a>,
        repository: &Repository,
        package: String,
        token: Option<&Token>,
        is_rendered: bool,
    ) -> Result<Self, Error> {
        let catalog = match token {
            Some(token) => Catalog::of(call, &repository.organization, token)?,
            None => None,
        };
        if let Some(catalog) = &catalog {
            catalog.check_is_other(repository)?;
        }
        let kept = catalog.map(|catalog| Kept {
            catalog,
            package,
            seen: Err("it was not read".to_owned()),
        });
        Ok(Cataloging { kept, is_rendered })
    }

    /// Reads the package in the catalog. A catalog that cannot be read stops no push: the merge is tried after the release.
    pub(super) async fn look(mut self) -> Self {
        if let Some(kept) = &mut self.kept {
            kept.seen = kept.catalog.read(&kept.package).await.map_err(|error| {
                tracing::warn!(reason = %error, "the catalog could not be read before the push");
                error.to_string()
            });
        }
        self
    }

    /// What the catalog would make of a release with these bundles.
    ///
    /// # Errors
    /// `PackageValidationError` where opm would refuse the result, and the organization requires that it does not.
    pub(super) fn foresee<P: Packed>(
        &self,
        packed: &P,
        bundles: Option<&[BundleAnswer]>,
    ) -> Result<Answer, Error> {
        let foreseen = match &self.kept {
            Some(kept) => Some(kept.foresee(packed, bundles.unwrap_or_default())?),
            None => None,
        };
        Ok(self.rendered(foreseen, packed, bundles))
    }

    /// Refuses a release that the catalog could not take, before anything is pushed.
    ///
    /// # Errors
    /// As [`Cataloging::foresee`].
    pub(super) fn check<R: Registry>(
        &self,
        call: Call<'_>,
        repository: &Repository,
        packed: &R::Packed,
    ) -> Result<(), Error> {
        let registry = call.registry_url::<R>(&repository.organization);
        let bundles = packed.bundles(&image_name(registry, repository));
        self.foresee(packed, bundles.as_deref()).map(drop)
    }

    /// Notes that the catalog is to get a release, before it is pushed.
    ///
    /// # Errors
    /// `ServiceUnavailable`: then it must not be pushed.
    pub(super) async fn announce(
        &self,
        repository: &Repository,
        version: &ReleaseVersion,
    ) -> Result<(), Error> {
        match &self.kept {
            Some(kept) => kept.catalog.ask_for(&[release(repository, version)]).await,
            None => Ok(()),
        }
    }

    /// Brings a release that was pushed into the catalog. The release stands, whatever comes of that.
    pub(super) async fn conclude<P: Packed>(
        mut self,
        (repository, version): (&Repository, &ReleaseVersion),
        packed: &P,
        bundles: Option<&[BundleAnswer]>,
    ) -> Answer {
        let updated = match self.kept.take() {
            Some(kept) => {
                let job = Job {
                    work: release(repository, version),
                    upload: packed.upload(bundles.unwrap_or_default()),
                };
                let (package, seen) = (&kept.package, kept.seen.ok());
                Some(kept.catalog.update(package, vec![job], seen).await)
            }
            None => None,
        };
        self.rendered(updated, packed, bundles)
    }

    /// An answer with what a catalog says of the bundles, where that was asked for.
    fn rendered<P: Packed>(
        &self,
        answer: Option<CatalogAnswer>,
        packed: &P,
        bundles: Option<&[BundleAnswer]>,
    ) -> Answer {
        let rendered = bundles.filter(|_| self.is_rendered);
        let rendered = rendered.and_then(|bundles| packed.rendered(bundles));
        let is_said = answer.is_some() || rendered.is_some();
        is_said.then(|| {
            Box::new(CatalogAnswer {
                bundles: rendered,
                ..answer.unwrap_or_default()
            })
        })
    }
}

impl Kept<'_> {
    fn foresee<P: Packed>(
        &self,
        packed: &P,
        bundles: &[BundleAnswer],
    ) -> Result<CatalogAnswer, Error> {
        let upload = packed.upload(bundles).unwrap_or_default();
        let seen = match &self.seen {
            Ok(seen) => seen,
            Err(reason) => return Ok(self.catalog.not_updated(reason)),
        };
        match self.catalog.foresee(seen, &self.package, &upload) {
            Ok(Ok(merged)) => Ok(self.catalog.foreseen(merged)),
            Ok(Err(refused)) if self.catalog.is_required => Err(Error::PackageValidation {
                message: format!("{PUSH_FAILED}{}", refused.messages().join("; ")),
                validation_info: Box::new(packed.refused_by_catalog(&refused)),
            }),
            Ok(Err(refused)) => Ok(self.catalog.not_updated(refused.messages().join("; "))),
            Err(unreadable) => Ok(self.catalog.not_updated(unreadable.to_string())),
        }
    }
}

fn release(repository: &Repository, version: &ReleaseVersion) -> Work {
    Work::Release {
        repo: repository.name.to_string(),
        version: version.to_string(),
    }
}
