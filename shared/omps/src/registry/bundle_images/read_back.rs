//! Reading releases back: what a catalog needs of them, from the registry alone.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use omps_operator::CatalogLimits;
use omps_operator::bundle_image::{self, ReleasedBundle, ReleasedPackage, bundle_digest};
use omps_operator::catalog::Upload;

use super::super::oci::{Digest, ImageRepository, Manifest, Reference};
use super::super::{RegistryError, Repository, image_name};
use super::{AT_ONCE, BundleImages, image_repository, release_tag, visible};
use crate::cpu;
use crate::release::ReleaseVersion;

/// Releases that are read back of one repository.
const MOST_RELEASES: usize = 200;
/// Bytes of a bundle's layer: what omps pushes has been a zip of fewer.
const LAYER_LIMIT: usize = 32 << 20;

/// A release, as a registry shows it.
pub(crate) struct Released {
    /// Its number.
    pub(crate) version: ReleaseVersion,
    /// What its manifest says of its package.
    pub(crate) package: ReleasedPackage,
    manifest: Manifest,
}

impl Released {
    fn of(version: &ReleaseVersion, manifest: Manifest) -> Option<Self> {
        Some(Released {
            package: ReleasedPackage::of_manifest(&manifest.bytes, version.as_str())?,
            version: version.clone(),
            manifest,
        })
    }

    /// The digest of its own manifest.
    pub(crate) fn digest(&self) -> Digest {
        self.manifest.digest()
    }

    /// The digest that its newest bundle has as a bundle alone.
    pub(crate) fn newest(&self) -> Option<&str> {
        self.package.bundles.last().map(String::as_str)
    }
}

/// Bundles that were read back, each with its image, by the digest that it has as a bundle alone.
pub(crate) struct Bundles(BTreeMap<String, (ReleasedBundle, String)>);

impl Bundles {
    /// What a release brings to a catalog.
    pub(crate) fn upload(&self, release: &Released) -> Upload {
        let bundles = release.package.bundles.iter();
        let bundles = bundles.filter_map(|digest| self.0.get(digest));
        let bundles = bundles.map(|(bundle, image)| (bundle, image.as_str()));
        Upload::of_released(release.package.clone(), bundles)
    }
}

impl BundleImages {
    /// A release; nothing where the repository has none of that number.
    ///
    /// # Errors
    /// [`RegistryError`]
    pub(crate) async fn released(
        &self,
        of: &Repository,
        version: &ReleaseVersion,
    ) -> Result<Option<Released>, RegistryError> {
        let (at, tag) = (image_repository(of)?, release_tag::of(version)?);
        let found = self.look(&at, &tag).await?;
        Ok(found.and_then(|manifest| Released::of(version, manifest)))
    }

    /// All releases of a repository, the lowest number first.
    ///
    /// # Errors
    /// [`RegistryError`], also for more than are read.
    pub(crate) async fn all_released(
        &self,
        of: &Repository,
    ) -> Result<Vec<Released>, RegistryError> {
        let mut numbers = self.numbers(&image_repository(of)?).await?;
        numbers.sort_unstable();
        if numbers.len() > MOST_RELEASES {
            let found = numbers.len();
            return Err(RegistryError::Impossible(format!(
                "{of} has {found} tags that may be releases; {MOST_RELEASES} are read"
            )));
        }
        let looks: Vec<_> = numbers
            .iter()
            .map(|number| self.released(of, number))
            .collect();
        let found: Vec<_> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// The bundles of these releases that the repository has, each read once and several at a time.
    ///
    /// # Errors
    /// [`RegistryError`]
    pub(crate) async fn bundles_of(
        &self,
        of: &Repository,
        releases: &[Released],
    ) -> Result<Bundles, RegistryError> {
        let at = image_repository(of)?;
        let digests = releases.iter().flat_map(|release| &release.package.bundles);
        let digests: BTreeSet<&String> = digests.collect();
        let looks: Vec<_> = digests
            .iter()
            .map(async |digest| {
                let found = self.by_digest(&at, digest).await?;
                Ok::<_, RegistryError>(((*digest).clone(), found))
            })
            .collect();
        let looked: Vec<_> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        // One may be there as a release alone, whose manifest is another.
        let own = of_manifests(releases.iter().map(|release| &release.manifest));
        let mut found = BTreeMap::new();
        let mut others = None;
        for (digest, mut manifest) in looked {
            if manifest.is_none() {
                manifest = own.get(&digest).cloned();
            }
            if manifest.is_none() {
                let others = match &mut others {
                    Some(others) => others,
                    none => {
                        let all = self.all_released(of).await?;
                        none.insert(of_manifests(all.iter().map(|other| &other.manifest)))
                    }
                };
                manifest = others.get(&digest).cloned();
            }
            // What is not there was never pushed: its tag was taken.
            found.extend(manifest.map(|manifest| (digest, manifest)));
        }
        let place = image_name(&self.registry, of);
        let reads: Vec<_> = found
            .into_iter()
            .map(async |(digest, manifest)| {
                let bundle = self.bundle(&at, &manifest).await?;
                let image = format!("{place}@{}", manifest.digest());
                Ok::<_, RegistryError>((digest, (bundle, image)))
            })
            .collect();
        let read = stream::iter(reads).buffered(AT_ONCE).try_collect();
        Ok(Bundles(read.await?))
    }

    async fn by_digest(
        &self,
        at: &ImageRepository,
        digest: &str,
    ) -> Result<Option<Manifest>, RegistryError> {
        let digest = Digest::parse(digest)?;
        visible(self.client.manifest(at, Reference::Digest(&digest)).await)
    }

    /// Fetches and reads a bundle.
    async fn bundle(
        &self,
        at: &ImageRepository,
        manifest: &Manifest,
    ) -> Result<ReleasedBundle, RegistryError> {
        let unreadable = |problem: &dyn std::fmt::Display| {
            let digest = manifest.digest();
            RegistryError::Impossible(format!("bundle {at}@{digest} cannot be read: {problem}"))
        };
        let layer = bundle_image::layer_digest(&manifest.bytes);
        let layer = layer.ok_or_else(|| unreadable(&"it has not one layer"))?;
        let layer = Digest::parse(&layer)?;
        let blob = self.client.blob(at, &layer, LAYER_LIMIT).await?;
        let blob = blob.ok_or_else(|| unreadable(&"its layer is not there"))?;
        let read = move || ReleasedBundle::of_layer(&blob, &CatalogLimits::default());
        let bundle = cpu::run(read).await.map_err(|panic| unreadable(&panic))?;
        bundle.map_err(|error| unreadable(&error))
    }
}

/// Manifests of releases, by the digest that the newest bundle has as a bundle alone.
fn of_manifests<'a>(manifests: impl Iterator<Item = &'a Manifest>) -> BTreeMap<String, Manifest> {
    let known =
        manifests.filter_map(|manifest| Some((bundle_digest(&manifest.bytes)?, manifest.clone())));
    known.collect()
}
