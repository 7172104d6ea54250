//! Deleting a tag, and nothing but that tag.

use futures_util::future::try_join_all;
use reqwest::StatusCode;

use super::OciRegistry;
use super::auth::Access;
use super::error::OciError;
use super::manifests::Reference;
use super::names::{Digest, ImageRepository, Tag};

/// Bytes of an answer that are read.
const ANSWER_LIMIT: usize = 1 << 20;
/// How many tags are looked at at the same time.
const AT_ONCE: usize = 8;

impl OciRegistry {
    /// Deletes a tag. Where the registry deletes only manifests (docker-registry), the manifest goes when no other tag has
    /// it. Between that look and the deletion somebody else may give it another tag, which then goes, too.
    ///
    /// # Errors
    /// [`OciError::NotFound`] when there is no such tag, [`OciError::Exists`] when it is immutable, [`OciError::Shared`]
    /// when the manifest has another tag.
    pub async fn delete_tag(
        &self,
        repository: &ImageRepository,
        tag: &Tag,
    ) -> Result<(), OciError> {
        match self.delete(repository, Reference::Tag(tag)).await {
            Err(error) if deletes_no_tags(&error) && !self.endpoint.is_quay => {
                self.delete_manifest_of(repository, tag, error).await
            }
            done => done,
        }
    }

    /// Deletes the manifest of a tag that cannot be deleted for the reason `refusal`.
    async fn delete_manifest_of(
        &self,
        repository: &ImageRepository,
        tag: &Tag,
        refusal: OciError,
    ) -> Result<(), OciError> {
        let manifest = self.manifest(repository, Reference::Tag(tag)).await?;
        let Some(digest) = manifest.map(|manifest| manifest.digest()) else {
            return match refusal {
                OciError::Failed(error) => Err(OciError::NotFound(error)),
                error => Err(error),
            };
        };
        if let Some(other) = self.other_tag(repository, tag, &digest).await? {
            let tag = tag.clone();
            return Err(OciError::Shared { tag, other });
        }
        self.delete(repository, Reference::Digest(&digest)).await
    }

    /// A tag that points to this manifest beside the one given.
    async fn other_tag(
        &self,
        repository: &ImageRepository,
        tag: &Tag,
        digest: &Digest,
    ) -> Result<Option<Tag>, OciError> {
        let mut others = self.tags(repository).await?;
        others.retain(|other| other != tag);
        for some in others.chunks(AT_ONCE) {
            let digests = some.iter().map(|other| self.digest_of(repository, other));
            let digests = try_join_all(digests).await?;
            let same = digests
                .iter()
                .position(|found| found.as_ref() == Some(digest));
            if let Some(index) = same {
                return Ok(Some(some[index].clone()));
            }
        }
        Ok(None)
    }

    /// Deletes once: what is gone when the registry is asked for the second time was deleted by the first.
    async fn delete(
        &self,
        repository: &ImageRepository,
        reference: Reference<'_>,
    ) -> Result<(), OciError> {
        let url = self.manifest_url(repository, reference);
        let request = || self.upstream.client().delete(url.clone());
        let response = self
            .send(repository, Access::Push, ANSWER_LIMIT, request)
            .await?;
        if response.status == StatusCode::ACCEPTED {
            return Ok(());
        }
        match OciError::of(&response) {
            OciError::NotFound(_) if response.repeated => Ok(()),
            error => Err(error),
        }
    }
}

/// docker-registry takes the tag for a digest that is not one; others say that they do not support it.
fn deletes_no_tags(error: &OciError) -> bool {
    match error {
        OciError::Failed(response) => {
            let codes: &[&str] = match response.status {
                400 => &["DIGEST_INVALID"],
                405 => &["UNSUPPORTED"],
                _ => return false,
            };
            error.has_code(codes)
        }
        _ => false,
    }
}
