//! Bundle images in an OCI registry, as `contract/bundle-image.md` describes them: a release is a tag that points to the
//! newest bundle's image, and every bundle has a tag of its own. [`oci`](super::oci) speaks the protocol; here is what a release is.
//!
//! A push asks what the tags point to, reserves those of bundles that are free, puts up blobs, then the bundles' manifests,
//! oldest first, and reads them back. The release's manifest is the last: its tag says that all is there.
//!
//! Beside the round trips that [`oci`](super::oci) lists, one looks at the tags of the bundles and of the release, at the same
//! time as for the newest bundle's blobs, and another reads the bundles back before the release is written: a first push of
//! one bundle to docker-registry has 9 one after the other, a later release of it 4 with a version and 5 without.
//! `tests/api/bundle_images/round_trips.rs` counts the requests. A robot to whom Quay shows nothing before it has created the
//! repository looks once more, with the right to push.

mod bundle_tag;
mod bundle_tags;
mod errors;
mod listing;
mod packed;
mod read_back;
mod release_tag;
mod uploading;

use std::sync::Arc;

use omps_operator::bundle_image::Validation;
use omps_operator::{Operator, OperatorError};
use reqwest::Url;

use super::oci::{ImageRepository, Manifest, OciError, OciRegistry, Reference, Tag};
use super::{
    Content, Contents, Listing, Push, Registry, RegistryAnswer, RegistryError, Repository,
    image_name,
};
use crate::deadline::Deadline;
use crate::ledger::claims::Ledger;
use crate::names::{OrganizationName, ReleaseName, RepositoryName};
use crate::organization::ReleaseFormat;
use crate::registry::Connection;
use crate::release::ReleaseVersion;
use crate::token::Token;
use crate::upstream::Upstream;
use bundle_tags::BundleTags;
use packed::PackedRelease;
pub(crate) use packed::{blob_of, manifest_of};
pub(crate) use read_back::Released;

/// An OCI registry, as one caller uses it.
#[derive(Clone)]
pub struct BundleImages {
    client: OciRegistry,
    registry: Url,
    ledger: Arc<Ledger>,
    deadline: Deadline,
}

/// A release whose blobs are in the repository.
pub struct Uploaded {
    /// `registry/organization/repository`
    place: String,
    manifest: Manifest,
    /// Whether the release's tag is there, with this very manifest.
    is_there: bool,
    bundles: BundleTags,
}

impl From<Uploaded> for Contents {
    fn from(uploaded: Uploaded) -> Self {
        let (place, digest) = (&uploaded.place, uploaded.manifest.digest());
        let (bundles, warnings, findings) = uploaded.bundles.into_answer(place, &digest);
        Contents {
            image: Some(format!("{place}@{digest}")),
            digest: None,
            bundles: Some(bundles),
            warnings,
            findings,
        }
    }
}

impl Registry for BundleImages {
    type Packed = PackedRelease;
    type Uploaded = Uploaded;

    const CONFIRMS_BY_UPLOAD: bool = true;
    const REPLACES: bool = true;

    const FORMAT: ReleaseFormat = ReleaseFormat::BundleImage;

    fn connect(connection: Connection, token: &Token) -> Self {
        let Connection {
            service, endpoint, ..
        } = connection;
        BundleImages {
            client: OciRegistry::new(service, endpoint, token.clone()),
            registry: connection.url,
            ledger: connection.ledger,
            deadline: connection.deadline,
        }
    }

    async fn try_token(&self, _organization: &OrganizationName) -> Result<(), RegistryError> {
        Ok(self.client.try_caller().await?)
    }

    fn within(&self, service: Upstream, deadline: Deadline) -> Self {
        BundleImages {
            client: self.client.within(service),
            deadline,
            ..self.clone()
        }
    }

    fn pack(
        operator: Operator,
        repository: &RepositoryName,
        validation: Validation,
    ) -> Result<PackedRelease, OperatorError> {
        let judged = operator.judge_bundles(repository.as_str(), validation)?;
        Ok(PackedRelease::new(judged.into_release()?)?)
    }

    async fn releases(&self, repository: &Repository) -> Result<Vec<String>, RegistryError> {
        let at = image_repository(repository)?;
        let numbers = self.numbers(&at).await?;
        let releases = self.releases_among(&at, &numbers).await?;
        Ok(releases.iter().map(ToString::to_string).collect())
    }

    async fn list(&self, repository: &Repository) -> Result<Listing, RegistryError> {
        self.listing(repository).await
    }

    /// From the highest number down: bundles' tags are numbers, too.
    async fn highest(
        &self,
        repository: &Repository,
    ) -> Result<Option<ReleaseVersion>, RegistryError> {
        let at = image_repository(repository)?;
        let mut numbers = self.numbers(&at).await?;
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        for some in numbers.chunks(AT_ONCE) {
            let mut releases = self.releases_among(&at, some).await?;
            if !releases.is_empty() {
                return Ok(Some(releases.swap_remove(0)));
            }
        }
        Ok(None)
    }

    async fn has(
        &self,
        repository: &Repository,
        version: &ReleaseVersion,
    ) -> Result<bool, RegistryError> {
        let at = image_repository(repository)?;
        let found = self.look(&at, &release_tag::of(version)?).await?;
        Ok(found.is_some())
    }

    async fn foresee(
        &self,
        to: &Repository,
        version: &ReleaseVersion,
        packed: &PackedRelease,
    ) -> Result<Contents, RegistryError> {
        let (at, tag) = (image_repository(to)?, release_tag::of(version)?);
        let manifest = packed.manifest(version)?;
        let (found, bundles) = match self.look_at_all(&at, packed, &tag).await {
            Err(OciError::Hidden(_)) => (None, BundleTags::all_free(packed, &tag)),
            looked => looked?,
        };
        let is_there = found.is_some_and(|found| found.digest() == manifest.digest());
        if !is_there {
            bundles.check_newest()?;
        }
        let mut contents = Contents::from(Uploaded {
            place: image_name(&self.registry, to),
            manifest,
            is_there,
            bundles,
        });
        let bundles = contents.bundles.iter_mut().flatten();
        bundles.for_each(|bundle| bundle.pushed = None);
        Ok(contents)
    }

    async fn upload(
        &self,
        to: &Repository,
        version: &ReleaseVersion,
        packed: &PackedRelease,
        confirm: bool,
    ) -> Result<Uploaded, RegistryError> {
        self.upload_release(to, version, packed, confirm).await
    }

    async fn push(
        &self,
        to: &Repository,
        version: &ReleaseVersion,
        packed: &PackedRelease,
        uploaded: &mut Uploaded,
    ) -> Result<Push, RegistryError> {
        let (at, tag) = (image_repository(to)?, release_tag::of(version)?);
        if uploaded.is_there {
            let error = taken(format!("{tag} is {}", uploaded.manifest.digest()));
            let repeated = false;
            return Ok(Push::Exists { error, repeated });
        }
        if let Err(error) = uploaded.bundles.write(self, &at, packed).await {
            uploaded.bundles.give_up().await;
            return Err(error);
        }
        self.put_release(&at, &tag, packed, &uploaded.manifest)
            .await
    }

    async fn give_up(&self, mut uploaded: Uploaded) {
        uploaded.bundles.give_up().await;
    }

    async fn content(
        &self,
        repository: &Repository,
        version: &ReleaseVersion,
        packed: &PackedRelease,
    ) -> Result<Content, RegistryError> {
        let (at, tag) = (image_repository(repository)?, release_tag::of(version)?);
        let digest = visible(self.client.digest_of(&at, &tag).await)?;
        Ok(match digest {
            None => Content::Nothing,
            Some(digest) if digest == packed.manifest(version)?.digest() => Content::Ours,
            Some(_) => Content::Other,
        })
    }

    async fn find(&self, from: &Repository, release: &ReleaseName) -> Result<(), RegistryError> {
        let at = image_repository(from)?;
        self.release_to_delete(&at, from, release).await.map(drop)
    }

    /// Bundles' tags stay: catalogs refer to their digests.
    async fn delete(&self, from: &Repository, release: &ReleaseName) -> Result<(), RegistryError> {
        let at = image_repository(from)?;
        let tag = self.release_to_delete(&at, from, release).await?;
        Ok(self.client.delete_tag(&at, &tag).await?)
    }

    async fn is_private(
        &self,
        repository: &Repository,
        oauth: &Token,
    ) -> Result<bool, RegistryError> {
        let at = image_repository(repository)?;
        Ok(self.client.is_public(&at, oauth).await? == Some(false))
    }

    /// Reads back what it did: a catalog that refers to a private image is of no use to a cluster.
    async fn publish(&self, repository: &Repository, oauth: &Token) -> Result<(), RegistryError> {
        let at = image_repository(repository)?;
        if self.client.is_public(&at, oauth).await? == Some(true) {
            return Ok(());
        }
        self.client.make_public(&at, oauth).await?;
        match self.client.is_public(&at, oauth).await? {
            Some(true) => Ok(()),
            _ => Err(RegistryError::Unreachable(format!(
                "Quay made {repository} public, and it is not"
            ))),
        }
    }

    async fn make_tags_immutable(
        &self,
        repository: &Repository,
        oauth: &Token,
    ) -> Result<(), RegistryError> {
        let at = image_repository(repository)?;
        Ok(self.client.make_tags_immutable(&at, oauth).await?)
    }

    async fn ping(connection: Connection) -> Result<(), String> {
        let is_there = connection.endpoint.is_there(&connection.service).await;
        is_there.map_err(|error| error.to_string())
    }
}

/// How many tags are asked for at the same time. The front of quay.io allows 30 requests a second.
const AT_ONCE: usize = 8;

impl BundleImages {
    /// What a tag points to; nothing when the repository is hidden from the caller, which pushing finds out.
    async fn look(
        &self,
        at: &ImageRepository,
        tag: &Tag,
    ) -> Result<Option<Manifest>, RegistryError> {
        visible(self.client.manifest(at, Reference::Tag(tag)).await)
    }

    /// The tag of a release that is there.
    async fn release_to_delete(
        &self,
        at: &ImageRepository,
        from: &Repository,
        release: &ReleaseName,
    ) -> Result<Tag, RegistryError> {
        let found = match Tag::parse(release.as_str()) {
            Ok(tag) => self.look(at, &tag).await?.map(|found| (tag, found)),
            Err(_) => None,
        };
        match found.filter(|(tag, manifest)| release_tag::is_release(tag, manifest)) {
            Some((tag, _)) => Ok(tag),
            None => Err(RegistryError::NotFound(RegistryAnswer {
                status: 404,
                body: serde_json::json!({"error": {"message": format!("{from} has no release {release}")}}),
            })),
        }
    }
}

fn image_repository(repository: &Repository) -> Result<ImageRepository, RegistryError> {
    let (organization, name) = (&repository.organization, &repository.name);
    Ok(ImageRepository::parse(
        organization.as_str(),
        name.as_str(),
    )?)
}

/// What a look shows: nothing of what is hidden from the caller.
fn visible<T>(looked: Result<Option<T>, OciError>) -> Result<Option<T>, RegistryError> {
    match looked {
        Err(OciError::Hidden(_)) => Ok(None),
        looked => Ok(looked?),
    }
}

fn taken(reason: String) -> RegistryError {
    RegistryError::Taken {
        reason,
        transient: false,
    }
}
