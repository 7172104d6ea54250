//! A release's bundles in the terms of the OCI client, and what an answer says of them.

use omps_operator::bundle_image::{self, Bundle, PackError, Release};
use omps_operator::catalog::{MergeRefused, Upload};
use omps_operator::report::{Finding, ValidationInfo};
use serde_json::Value;

use super::super::oci::{Blob, Digest, InvalidImageName, Manifest, Tag};
use super::super::{Packed, RegistryError};
use crate::api::BundleAnswer;
use crate::digest::sha256;
use crate::release::ReleaseVersion;

/// A release's bundles, packed.
pub struct PackedRelease {
    release: Release,
    bundles: Vec<PackedBundle>,
    newest: PackedBundle,
    digest: String,
}

/// A bundle's image.
#[derive(Clone)]
pub struct PackedBundle {
    /// Its tag.
    pub tag: String,
    /// Its manifest.
    pub manifest: Manifest,
    /// Config and layer.
    pub blobs: [Blob; 2],
}

impl PackedRelease {
    /// Takes over a packed release.
    ///
    /// # Errors
    /// [`PackError`], which is a defect.
    pub fn new(release: Release) -> Result<Self, PackError> {
        // Without a number it is what all numbers of this content share.
        let without_number = release.manifest("")?;
        let bundles: Vec<PackedBundle> = release.bundles.iter().map(PackedBundle::new).collect();
        #[expect(
            clippy::expect_used,
            reason = "a release has at least one bundle, or it had no manifest above"
        )]
        let newest = bundles.last().cloned().expect("a newest bundle");
        Ok(PackedRelease {
            digest: sha256(&without_number.bytes),
            release,
            bundles,
            newest,
        })
    }

    /// The bundle that is the release.
    pub fn newest(&self) -> &PackedBundle {
        &self.newest
    }

    /// All bundles, oldest first.
    pub fn all(&self) -> &[PackedBundle] {
        &self.bundles
    }

    /// The manifest of the release under a number.
    pub fn manifest(&self, version: &ReleaseVersion) -> Result<Manifest, RegistryError> {
        let blob = self.release.manifest(version.as_str());
        let blob = blob.map_err(|error| RegistryError::Impossible(error.to_string()))?;
        Ok(manifest_of(&blob))
    }

    /// The finding that a bundle cannot have its tag, for the reason that `message` says.
    pub fn tag_taken(&self, index: usize, message: String) -> Option<Finding> {
        self.release.bundles[index].tag_taken(message)
    }

    /// What an answer says of a bundle, before anything is known of the registry.
    pub fn answer(&self, index: usize, place: &str) -> BundleAnswer {
        let bundle = &self.release.bundles[index];
        let digest = &bundle.manifest.digest;
        BundleAnswer {
            name: bundle.name.clone(),
            version: bundle.version.clone(),
            release: bundle.release.clone(),
            tag: Some(bundle.tag.clone()),
            channels: bundle.channels.clone(),
            image: Some(format!("{place}@{digest}")),
            digest: digest.clone(),
            pushed: None,
        }
    }
}

impl Packed for PackedRelease {
    fn digest(&self) -> &str {
        &self.digest
    }

    fn validation_info(&self) -> ValidationInfo {
        self.release.verdict.validation_info()
    }

    /// The number is the tag of a bundle that is not the newest: as a release it would be another image.
    fn needs(&self, version: &ReleaseVersion) -> bool {
        let tag = version.as_str();
        self.newest.tag != tag && self.bundles.iter().any(|bundle| bundle.tag == tag)
    }

    fn bundles(&self, place: &str) -> Option<Vec<BundleAnswer>> {
        let indexes = 0..self.bundles.len();
        Some(indexes.map(|index| self.answer(index, place)).collect())
    }

    fn rendered(&self, bundles: &[BundleAnswer]) -> Option<Vec<Value>> {
        let rendered = bundles.iter().filter_map(|answer| {
            let mut all = self.release.bundles.iter();
            let bundle = all.find(|bundle| bundle.name == answer.name)?;
            Some(bundle.fbc(answer.image.as_deref()?))
        });
        Some(rendered.collect())
    }

    fn upload(&self, bundles: &[BundleAnswer]) -> Option<Upload> {
        let image = |bundle: &Bundle| {
            let answer = bundles.iter().find(|answer| answer.name == bundle.name)?;
            answer.image.clone()
        };
        Some(Upload::of_release(&self.release, image))
    }

    fn refused_by_catalog(&self, refused: &MergeRefused) -> ValidationInfo {
        refused.verdict(&self.release).validation_info()
    }
}

impl PackedBundle {
    fn new(bundle: &Bundle) -> Self {
        PackedBundle {
            tag: bundle.tag.clone(),
            manifest: manifest_of(&bundle.manifest),
            blobs: [blob_of(&bundle.image.config), blob_of(&bundle.image.layer)],
        }
    }

    /// Its smallest blob.
    pub fn config(&self) -> &Blob {
        &self.blobs[0]
    }

    /// Whether a manifest is of the same config and layer, and so the same bundle under other annotations.
    pub fn is_in(&self, manifest: &Manifest) -> bool {
        let manifest: Value = serde_json::from_slice(&manifest.bytes).unwrap_or(Value::Null);
        let digest = |part: &str| manifest.pointer(part).and_then(Value::as_str);
        let is = |part: &str, blob: &Blob| digest(part) == Some(blob.digest().as_str());
        let [config, layer] = &self.blobs;
        is("/config/digest", config)
            && is("/layers/0/digest", layer)
            && manifest.pointer("/layers/1").is_none()
    }

    /// The digest of its manifest.
    pub fn digest(&self) -> Digest {
        self.manifest.digest()
    }

    /// Its tag, as a registry takes it.
    pub fn tag(&self) -> Result<Tag, InvalidImageName> {
        Tag::parse(&self.tag)
    }
}

/// A blob as the client takes it.
pub(crate) fn blob_of(blob: &bundle_image::Blob) -> Blob {
    Blob::new(bytes::Bytes::from_owner(blob.bytes.clone()))
}

/// A manifest as the client takes it.
pub(crate) fn manifest_of(blob: &bundle_image::Blob) -> Manifest {
    Manifest {
        media_type: blob.media_type.to_owned(),
        bytes: bytes::Bytes::from_owner(blob.bytes.clone()),
    }
}
