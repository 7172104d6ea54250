//! Bringing a release's blobs into its repository, once its tags and those of its bundles are known and reserved.

use super::super::oci::{Blob, ImageRepository, Manifest, OciError, Reference, Tag};
use super::super::{RegistryError, Repository, image_name};
use super::bundle_tags::BundleTags;
use super::packed::PackedRelease;
use super::{BundleImages, Uploaded, image_repository, release_tag, taken};
use crate::release::ReleaseVersion;

impl BundleImages {
    /// See [`Registry::upload`](super::super::Registry::upload).
    pub(super) async fn upload_release(
        &self,
        to: &Repository,
        version: &ReleaseVersion,
        packed: &PackedRelease,
        confirm: bool,
    ) -> Result<Uploaded, RegistryError> {
        let (at, tag) = (image_repository(to)?, release_tag::of(version)?);
        let manifest = packed.manifest(version)?;
        // Whatever the tags show, the release needs the newest bundle's blobs.
        let looked = tokio::try_join!(
            self.look_at_all(&at, packed, &tag),
            self.client.missing_blobs(&at, &packed.newest().blobs)
        );
        let ((found, mut bundles), missing) = match looked {
            Err(OciError::Hidden(_)) => {
                // Nothing is there, or another push is just creating the repository. With the right to push all is seen.
                let blobs = packed.all().iter().flat_map(|bundle| &bundle.blobs);
                self.client.upload_blobs(&at, blobs).await?;
                (self.look_at_all(&at, packed, &tag).await?, Vec::new())
            }
            looked => looked?,
        };
        let is_there = match found.map(|found| found.digest()) {
            None => false,
            Some(digest) if digest == manifest.digest() => true,
            Some(digest) => return Err(taken(format!("{tag} is {digest}"))),
        };
        if is_there {
            // Nothing is to be written: this confirms that the caller may write.
            let config = packed.newest().config();
            self.client.upload_blobs(&at, [config]).await?;
        } else {
            bundles.check_newest()?;
            bundles.reserve(self, to, &at, packed).await?;
            let uploaded = self.upload_missing(&at, packed, &bundles, missing, confirm);
            if let Err(error) = uploaded.await {
                bundles.give_up().await;
                return Err(error);
            }
        }
        Ok(Uploaded {
            place: image_name(&self.registry, to),
            manifest,
            is_there,
            bundles,
        })
    }

    /// What the release's tag and those of its bundles point to.
    pub(super) async fn look_at_all(
        &self,
        at: &ImageRepository,
        packed: &PackedRelease,
        tag: &Tag,
    ) -> Result<(Option<Manifest>, BundleTags), OciError> {
        tokio::try_join!(
            self.client.manifest(at, Reference::Tag(tag)),
            BundleTags::look(&self.client, at, packed, tag)
        )
    }

    /// Puts up the blobs that are missing of what is to be written: those `of_newest`, and of older bundles.
    async fn upload_missing<'a>(
        &self,
        at: &ImageRepository,
        packed: &'a PackedRelease,
        bundles: &BundleTags,
        of_newest: Vec<&'a Blob>,
        confirm: bool,
    ) -> Result<(), RegistryError> {
        let older: Vec<Blob> = bundles.older_blobs(packed).cloned().collect();
        let mut missing = self.client.missing_blobs(at, &older).await?;
        missing.extend(of_newest);
        if missing.is_empty() && confirm {
            missing.push(packed.newest().config());
        }
        Ok(self.client.upload_blobs(at, missing).await?)
    }
}
