//! The tags that are releases: those whose manifest says so. Bundles' tags, signatures and `latest` are none.

use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::super::oci::{ImageRepository, Manifest, OciError, Tag};
use super::super::{Push, RegistryError};
use super::packed::PackedRelease;
use super::{AT_ONCE, BundleImages, taken};
use crate::release::ReleaseVersion;

/// The tag of a release.
pub(super) fn of(version: &ReleaseVersion) -> Result<Tag, RegistryError> {
    Ok(Tag::parse(version.as_str())?)
}

/// Whether a manifest was pushed as the release of that name.
pub(super) fn is_release(tag: &Tag, manifest: &Manifest) -> bool {
    let manifest: Value = serde_json::from_slice(&manifest.bytes).unwrap_or(Value::Null);
    let annotation = |name: &str| manifest.get("annotations")?.get(name)?.as_str();
    annotation("org.opencontainers.image.version") == Some(tag.as_str())
        && annotation("omps.package").is_some()
}

impl BundleImages {
    /// The tags of a repository that are `x.y.z`: releases and bundles.
    pub(super) async fn numbers(
        &self,
        at: &ImageRepository,
    ) -> Result<Vec<ReleaseVersion>, RegistryError> {
        let tags = match self.client.tags(at).await {
            Err(OciError::Hidden(_)) => Vec::new(),
            tags => tags?,
        };
        let numbers = tags.iter().map(|tag| ReleaseVersion::parse(tag.as_str()));
        Ok(numbers.filter_map(Result::ok).collect())
    }

    /// Those of these numbers that are releases, in their order.
    pub(super) async fn releases_among(
        &self,
        at: &ImageRepository,
        numbers: &[ReleaseVersion],
    ) -> Result<Vec<ReleaseVersion>, RegistryError> {
        let looks: Vec<_> = numbers
            .iter()
            .map(|number| self.is_release(at, number))
            .collect();
        let are_releases: Vec<bool> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        let releases = numbers.iter().zip(are_releases).filter(|(_, is)| *is);
        Ok(releases.map(|(number, _)| number.clone()).collect())
    }

    async fn is_release(
        &self,
        at: &ImageRepository,
        number: &ReleaseVersion,
    ) -> Result<bool, RegistryError> {
        let tag = of(number)?;
        let found = self.look(at, &tag).await?;
        Ok(found.is_some_and(|found| is_release(&tag, &found)))
    }

    /// Makes the release's tag point to its manifest.
    pub(super) async fn put_release(
        &self,
        at: &ImageRepository,
        tag: &Tag,
        packed: &PackedRelease,
        manifest: &Manifest,
    ) -> Result<Push, RegistryError> {
        let blobs = &packed.newest().blobs;
        match self.client.put_manifest(at, tag, manifest, blobs).await {
            Ok(()) => Ok(Push::Written),
            Err(OciError::Exists(answer)) => Ok(Push::Exists {
                error: taken(answer.to_string()),
                repeated: false,
            }),
            Err(error) if may_have_effect(&error) => Ok(Push::Unclear(error.into())),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether a write may have been done although its answer is no success.
pub(super) fn may_have_effect(error: &OciError) -> bool {
    match error {
        OciError::Failed(answer) => answer.status >= 500,
        OciError::Unreachable(_) | OciError::Malformed(_) => true,
        _ => false,
    }
}
