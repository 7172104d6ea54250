//! A catalog's image in its registry: read strictly, and its tag moved without taking anybody else's place.

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use omps_operator::CatalogLimits;
use omps_operator::bundle_image;
use omps_operator::catalog::{CatalogManifest, Edition, Layer, NextEdition};

use super::CatalogError;
use crate::cpu;
use crate::registry::oci::{
    Blob, Digest, ImageRepository, Manifest, OciError, OciRegistry, Reference, Tag,
};
use crate::registry::{RegistryError, blob_of, manifest_of};

/// Bytes of a layer, which is read whole: thousands of bundles.
const LAYER_LIMIT: u64 = 64 << 20;
/// Layers that are fetched at the same time, where all are.
const AT_ONCE: usize = 4;

/// Where a catalog is.
pub(super) struct CatalogImages {
    pub(super) client: OciRegistry,
    pub(super) at: ImageRepository,
    pub(super) tag: Tag,
}

/// What a catalog's tag points to.
pub(crate) struct Found {
    /// Nothing where there is no image.
    digest: Option<Digest>,
    pub(super) edition: Edition,
}

impl Found {
    /// The digest of the manifest; nothing where there is no image.
    pub(super) fn digest(&self) -> Option<String> {
        self.digest.as_ref().map(ToString::to_string)
    }

    /// Whether there is no image yet.
    pub(super) fn is_new(&self) -> bool {
        self.digest.is_none()
    }
}

/// What came of moving the tag.
pub(super) enum Moved {
    /// It points to the new image.
    To(Digest),
    /// Somebody else moved it at the same time.
    Elsewhere,
}

impl CatalogImages {
    /// Reads manifest and config, and opens no layer.
    pub(super) async fn read(&self) -> Result<Found, CatalogError> {
        let manifest = self.client.manifest(&self.at, Reference::Tag(&self.tag));
        let manifest = match manifest.await {
            // Not there, or not for this caller: writing it finds out.
            Err(OciError::Hidden(_)) => None,
            found => found.map_err(RegistryError::from)?,
        };
        let Some(manifest) = manifest else {
            return Ok(Found {
                digest: None,
                edition: Edition::default(),
            });
        };
        let limits = CatalogLimits::default();
        let parsed = CatalogManifest::read(&manifest.bytes, &limits);
        let parsed = parsed.map_err(|error| self.foreign(&error))?;
        let config = self
            .blob(parsed.config_digest(), limits.manifest_size)
            .await?;
        let image = parsed.image(&config, &limits);
        Ok(Found {
            digest: Some(manifest.digest()),
            edition: Edition::of(image.map_err(|error| self.foreign(&error))?),
        })
    }

    /// Opens the layer that a package is in, if it is not open.
    pub(super) async fn open(
        &self,
        edition: &mut Edition,
        package: &str,
    ) -> Result<(), CatalogError> {
        let Some((number, layer)) = edition.closed_layer(package) else {
            return Ok(());
        };
        let bytes = self.layer(layer.clone()).await?;
        self.open_layer(edition, number, bytes).await
    }

    /// Opens one layer after the other, and hands each package to `see`: its bytes are `catalog.json`.
    pub(super) async fn each_package(
        &self,
        edition: &Edition,
        mut see: impl FnMut(&str, &Edition) -> Result<(), CatalogError>,
    ) -> Result<(), CatalogError> {
        let fetches = edition.layers().into_iter().map(async |(number, layer)| {
            let bytes = self.layer(layer).await?;
            Ok::<_, CatalogError>((number, bytes))
        });
        let fetches: Vec<_> = fetches.collect();
        let mut fetched = stream::iter(fetches).buffered(AT_ONCE);
        while let Some((number, bytes)) = fetched.try_next().await? {
            let mut one = edition.clone();
            self.open_layer(&mut one, number, bytes).await?;
            for package in one.packages_in(number) {
                see(package, &one)?;
            }
        }
        Ok(())
    }

    async fn open_layer(
        &self,
        edition: &mut Edition,
        number: u8,
        bytes: Bytes,
    ) -> Result<(), CatalogError> {
        let mut opening = std::mem::take(edition);
        let open = move || {
            let opened = opening.open(number, &bytes);
            (opening, opened)
        };
        let (opening, opened) = cpu::run(open).await.map_err(|panic| self.foreign(&panic))?;
        *edition = opening;
        opened.map_err(|error| self.foreign(&error))
    }

    async fn layer(&self, layer: Layer) -> Result<Bytes, CatalogError> {
        self.blob(&layer.digest, layer.size.min(LAYER_LIMIT)).await
    }

    async fn blob(&self, digest: &str, limit: u64) -> Result<Bytes, CatalogError> {
        let parsed = Digest::parse(digest).map_err(|error| self.foreign(&error))?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let blob = self.client.blob(&self.at, &parsed, limit).await;
        let blob = blob.map_err(RegistryError::from)?;
        blob.ok_or_else(|| self.foreign(&format!("the registry has no blob {digest}")))
    }

    /// Makes the tag point to the next edition, if it still points to what was found. Registries have no conditional write:
    /// a look comes before it and behind it.
    pub(super) async fn put(
        &self,
        found: &Found,
        next: &NextEdition,
    ) -> Result<Moved, CatalogError> {
        let is_large = |blob: &bundle_image::Blob| blob.bytes.len() as u64 > LAYER_LIMIT;
        if next.layers.iter().any(is_large) {
            let problem = format!("a layer would have more than {LAYER_LIMIT} bytes");
            return Err(self.foreign(&problem));
        }
        let blobs: Vec<Blob> = next
            .layers
            .iter()
            .chain([&next.config])
            .map(blob_of)
            .collect();
        let manifest: Manifest = manifest_of(&next.manifest);
        let digest = manifest.digest();
        let uploaded = self.client.upload_blobs(&self.at, &blobs).await;
        uploaded.map_err(RegistryError::from)?;
        if self.digest().await? != found.digest {
            return Ok(Moved::Elsewhere);
        }
        let put = self
            .client
            .put_manifest(&self.at, &self.tag, &manifest, &blobs);
        let put = put.await.map_err(RegistryError::from);
        let there = self.digest().await;
        match (put, there) {
            (_, Ok(Some(there))) if there == digest => Ok(Moved::To(digest)),
            (Ok(()), Ok(_)) => Ok(Moved::Elsewhere),
            (Err(error), _) | (Ok(()), Err(error)) => Err(error.into()),
        }
    }

    async fn digest(&self) -> Result<Option<Digest>, RegistryError> {
        match self.client.digest_of(&self.at, &self.tag).await {
            Err(OciError::Hidden(_)) => Ok(None),
            found => Ok(found?),
        }
    }

    fn foreign(&self, problem: &dyn std::fmt::Display) -> CatalogError {
        CatalogError::Foreign(format!("{}:{}: {problem}", self.at, self.tag))
    }
}
