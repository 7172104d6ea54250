//! Manifests: what a tag points to, and making it point to one.

use bytes::Bytes;
use http::HeaderMap;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE};

use super::auth::Access;
use super::blobs::Blob;
use super::error::OciError;
use super::names::{Digest, ImageRepository, Tag};
use super::{OciRegistry, malformed};
use crate::upstream::Response;

/// Bytes of a manifest that are read: what the specification has registries take at least.
const MANIFEST_LIMIT: usize = 4 << 20;
/// What is asked for, always: without it docker-registry says 404, and Quay converts to an old format or says 404.
const ACCEPTED: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
                        application/vnd.docker.distribution.manifest.v2+json, \
                        application/vnd.docker.distribution.manifest.list.v2+json";

/// A manifest, byte by byte: its digest is its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Its `Content-Type`.
    pub media_type: String,
    /// The JSON as it is sent and hashed.
    pub bytes: Bytes,
}

impl Manifest {
    /// SHA-256 of the bytes.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }
}

/// What a manifest is asked for by.
#[derive(Debug, Clone, Copy)]
pub enum Reference<'a> {
    /// By what a tag points to now.
    Tag(&'a Tag),
    /// By its own name.
    Digest(&'a Digest),
}

impl Reference<'_> {
    fn as_str(&self) -> &str {
        match self {
            Reference::Tag(tag) => tag.as_str(),
            Reference::Digest(digest) => digest.as_str(),
        }
    }
}

impl OciRegistry {
    /// A manifest; `None` when the registry says by its code that there is none. This is how to find out whether a tag is
    /// free: one round trip.
    ///
    /// # Errors
    /// [`OciError::Hidden`] when the repository is not there or not for the caller. A 404 without a code is
    /// [`OciError::Failed`].
    pub async fn manifest(
        &self,
        repository: &ImageRepository,
        reference: Reference<'_>,
    ) -> Result<Option<Manifest>, OciError> {
        let url = self.manifest_url(repository, reference);
        let request = || {
            self.upstream
                .client()
                .get(url.clone())
                .header(ACCEPT, ACCEPTED)
        };
        let response = self.look(repository, MANIFEST_LIMIT, request).await?;
        if response.status != StatusCode::OK {
            return match OciError::of(&response) {
                OciError::NotFound(_) => Ok(None),
                error => Err(error),
            };
        }
        let manifest = manifest(response)?;
        match reference {
            Reference::Digest(asked) if *asked != manifest.digest() => Err(malformed(&format!(
                "asked for the manifest {asked}, it sent {}",
                manifest.digest()
            ))),
            _ => Ok(Some(manifest)),
        }
    }

    /// The digest of the manifest that a tag points to. One round trip when the tag is there, which makes it the way to
    /// read back; to a `HEAD` a 404 has no code, so that a tag that is not there is asked for a second time.
    ///
    /// # Errors
    /// As [`OciRegistry::manifest`].
    pub async fn digest_of(
        &self,
        repository: &ImageRepository,
        tag: &Tag,
    ) -> Result<Option<Digest>, OciError> {
        let url = self.manifest_url(repository, Reference::Tag(tag));
        let request = || {
            self.upstream
                .client()
                .head(url.clone())
                .header(ACCEPT, ACCEPTED)
        };
        let response = self.look(repository, MANIFEST_LIMIT, request).await?;
        match (response.status, named_digest(&response.headers)?) {
            (StatusCode::OK, Some(digest)) => Ok(Some(digest)),
            // The specification lets a registry leave the digest out.
            (StatusCode::OK, None) | (StatusCode::NOT_FOUND, _) => {
                let manifest = self.manifest(repository, Reference::Tag(tag)).await?;
                Ok(manifest.map(|manifest| manifest.digest()))
            }
            _ => Err(OciError::of(&response)),
        }
    }

    /// Makes a tag point to a manifest, whose blobs must be there; `blobs` are what it needs, should the registry have
    /// lost one since: they are put up again, once. The specification has no way to ask for a tag to be made only when it
    /// is free.
    ///
    /// # Errors
    /// [`OciError::Exists`] where tags are immutable and this one is there, with whatever manifest. After
    /// [`OciError::Unreachable`] the tag may have been written: [`OciRegistry::digest_of`] finds out.
    pub async fn put_manifest(
        &self,
        repository: &ImageRepository,
        tag: &Tag,
        manifest: &Manifest,
        blobs: &[Blob],
    ) -> Result<(), OciError> {
        match self.put(repository, tag, manifest).await {
            Err(error) if error.has_code(&["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"]) => {
                self.upload_blobs(repository, blobs).await?;
                self.put(repository, tag, manifest).await
            }
            done => done,
        }
    }

    async fn put(
        &self,
        repository: &ImageRepository,
        tag: &Tag,
        manifest: &Manifest,
    ) -> Result<(), OciError> {
        let url = self.manifest_url(repository, Reference::Tag(tag));
        let request = || {
            let request = self.upstream.client().put(url.clone());
            request
                .header(CONTENT_TYPE, manifest.media_type.as_str())
                .body(manifest.bytes.clone())
        };
        let response = self
            .send(repository, Access::Push, MANIFEST_LIMIT, request)
            .await?;
        if response.status == StatusCode::CREATED {
            return check_digest(&response, &manifest.digest());
        }
        match OciError::of(&response) {
            // The first try may have written what is now in the way of the second. A registry that says so has checked the
            // right to write before.
            OciError::Exists(_)
                if response.repeated
                    && self.digest_of(repository, tag).await? == Some(manifest.digest()) =>
            {
                Ok(())
            }
            error => Err(error),
        }
    }

    pub(super) fn manifest_url(
        &self,
        repository: &ImageRepository,
        reference: Reference<'_>,
    ) -> reqwest::Url {
        let reference = reference.as_str();
        self.endpoint
            .url(&format!("/v2/{repository}/manifests/{reference}"))
    }
}

/// A manifest in an answer: of a type that was asked for, and with the digest that the registry says it has.
fn manifest(response: Response) -> Result<Manifest, OciError> {
    let media_type = response.headers.get(CONTENT_TYPE);
    let media_type = media_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !ACCEPTED.split(", ").any(|accepted| accepted == media_type) {
        return Err(malformed(&format!(
            "a manifest of the type {media_type:?}, which was not asked for"
        )));
    }
    let media_type = media_type.to_owned();
    let digest = Digest::of(&response.body);
    check_digest(&response, &digest)?;
    let bytes = Bytes::from(response.body);
    Ok(Manifest { media_type, bytes })
}

/// Checks the digest in an answer, where it has one, against what it must be.
pub(super) fn check_digest(response: &Response, expected: &Digest) -> Result<(), OciError> {
    match named_digest(&response.headers)? {
        Some(digest) if digest != *expected => Err(malformed(&format!(
            "it says that {expected} has the digest {digest}"
        ))),
        _ => Ok(()),
    }
}

fn named_digest(headers: &HeaderMap) -> Result<Option<Digest>, OciError> {
    let Some(value) = headers.get("docker-content-digest") else {
        return Ok(None);
    };
    let value = value
        .to_str()
        .map_err(|_| malformed("a digest that is not ASCII"))?;
    Digest::parse(value)
        .map(Some)
        .map_err(|error| malformed(&error.to_string()))
}
