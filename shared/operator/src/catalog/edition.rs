//! A catalog while it changes: the image that a registry has, the layers that were opened, and the packages in them.

use std::collections::{BTreeMap, BTreeSet};

use super::image::CatalogImage;
use super::layer::{Layer, LayerError, layer_number};
use super::package::Package;
use super::read::ReadError;
use crate::bundle_image::Blob;
use crate::limits::CatalogLimits;

/// A catalog while it changes.
#[derive(Debug, Clone, Default)]
pub struct Edition {
    /// Nothing where the registry has no image yet: the catalog is empty.
    image: Option<CatalogImage>,
    /// The packages of each opened layer: name, and the bytes of `catalog.json`.
    opened: BTreeMap<u8, BTreeMap<String, Vec<u8>>>,
    /// The layers that have a package that was put.
    touched: BTreeSet<u8>,
    limits: CatalogLimits,
}

/// An image to be written.
#[derive(Debug)]
pub struct NextEdition {
    /// The layers that the registry does not have yet.
    pub layers: Vec<Blob>,
    /// The config.
    pub config: Blob,
    /// The manifest.
    pub manifest: Blob,
}

impl Edition {
    /// The catalog of an image.
    #[must_use]
    pub fn of(image: CatalogImage) -> Self {
        Edition {
            image: Some(image),
            ..Edition::default()
        }
    }

    /// The layers of the image that have packages, by number.
    #[must_use]
    pub fn layers(&self) -> BTreeMap<u8, Layer> {
        let image = self.image.as_ref();
        image.map_or_else(BTreeMap::new, |image| image.layers.clone())
    }

    /// The layer that has to be opened before a package can be read; nothing where it is open, or where there is none.
    pub fn closed_layer(&self, package: &str) -> Option<(u8, &Layer)> {
        let number = layer_number(package);
        let layer = self.image.as_ref()?.layers.get(&number)?;
        (!self.opened.contains_key(&number)).then_some((number, layer))
    }

    /// Opens a layer, whose bytes these are.
    ///
    /// # Errors
    /// [`LayerError`] for what omps does not write.
    pub fn open(&mut self, number: u8, bytes: &[u8]) -> Result<(), LayerError> {
        let layers = self
            .image
            .iter()
            .find_map(|image| image.layers.get(&number));
        if let Some(layer) = layers {
            let packages = layer.read(number, bytes, &self.limits)?;
            self.opened.insert(number, packages);
        }
        Ok(())
    }

    /// The names of the packages in an opened layer.
    pub fn packages_in(&self, number: u8) -> impl Iterator<Item = &str> {
        let opened = self.opened.get(&number);
        opened
            .into_iter()
            .flat_map(|packages| packages.keys().map(String::as_str))
    }

    /// The bytes of a package's `catalog.json`; nothing of one that the catalog does not have. Its layer is open.
    pub fn bytes(&self, package: &str) -> Option<&[u8]> {
        let opened = self.opened.get(&layer_number(package))?;
        opened.get(package).map(Vec::as_slice)
    }

    /// A package, whose layer is open; an empty one where the catalog does not have it.
    ///
    /// # Errors
    /// [`ReadError`] for what omps does not write, and where the layer is not open.
    pub fn package(&self, name: &str) -> Result<Package, ReadError> {
        if self.closed_layer(name).is_some() {
            return Err(ReadError("its layer was not read".to_owned()));
        }
        match self.bytes(name) {
            Some(bytes) => Package::read(name, bytes, &self.limits),
            None => Ok(Package::empty(name)),
        }
    }

    /// Puts a package in place of the one with its name, whose layer is open. One without content leaves the catalog.
    pub fn put(&mut self, package: &Package) {
        let number = layer_number(package.name());
        self.touched.insert(number);
        let packages = self.opened.entry(number).or_default();
        match package.is_empty() {
            true => drop(packages.remove(package.name())),
            false => drop(packages.insert(package.name().to_owned(), package.bytes())),
        }
    }

    /// The image with the packages that were put; nothing where that is the image that is there. Tars are compared, and not
    /// what another compressor makes of them.
    ///
    /// # Errors
    /// [`LayerError`] for packages that would not be read back.
    pub fn next(&self) -> Result<Option<NextEdition>, LayerError> {
        let (base, base_blob) = Layer::base()?;
        let mut layers = Vec::new();
        let mut image = self.image.clone().unwrap_or_else(|| {
            layers.push(base_blob);
            CatalogImage {
                base,
                layers: BTreeMap::new(),
            }
        });
        let mut is_changed = false;
        for number in &self.touched {
            let packages = self
                .opened
                .get(number)
                .filter(|packages| !packages.is_empty());
            let Some(packages) = packages else {
                is_changed |= image.layers.remove(number).is_some();
                continue;
            };
            let (layer, blob) = Layer::pack(*number, packages, &self.limits)?;
            let known = image.layers.get(number);
            if known.is_some_and(|known| known.diff_id == layer.diff_id) {
                continue;
            }
            is_changed = true;
            image.layers.insert(*number, layer);
            layers.push(blob);
        }
        if !is_changed {
            return Ok(None);
        }
        let (config, manifest) = image.blobs()?;
        Ok(Some(NextEdition {
            layers,
            config,
            manifest,
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A package with one bundle.
    fn package(name: &str, version: &str) -> Package {
        let bundle = format!("{name}.v{version}");
        let objects = vec![
            json!({"schema": "olm.package", "name": name, "defaultChannel": "stable"}),
            json!({"schema": "olm.channel", "name": "stable", "package": name, "entries": [{"name": bundle}]}),
            json!({"schema": "olm.bundle", "name": bundle, "package": name, "image": "quay.io/o/p@sha256:0",
                "properties": [{"type": "olm.package", "value": {"packageName": name, "version": version}}]}),
        ];
        Package::of_objects(name, objects).unwrap()
    }

    /// The catalog of the image that is written next, with nothing opened.
    fn written(edition: &Edition) -> (Edition, NextEdition) {
        let limits = CatalogLimits::default();
        let next = edition.next().unwrap().unwrap();
        let manifest = super::super::CatalogManifest::read(&next.manifest.bytes, &limits).unwrap();
        let image = manifest.image(&next.config.bytes, &limits).unwrap();
        (Edition::of(image), next)
    }

    #[test]
    fn a_package_that_is_put_is_read_back_and_the_other_layers_stay_closed() {
        let mut edition = Edition::default();
        edition.put(&package("etcd", "1.0.0"));
        edition.put(&package("larder", "1.0.0"));
        let (mut edition, first) = written(&edition);
        assert_eq!(first.layers.len(), 3, "base and two");

        let (number, layer) = edition.closed_layer("etcd").unwrap();
        let blob = first.layers.iter().find(|blob| blob.digest == layer.digest);
        edition.open(number, &blob.unwrap().bytes).unwrap();
        assert_eq!(edition.package("etcd").unwrap(), package("etcd", "1.0.0"));
        edition.put(&package("etcd", "1.1.0"));
        let (_, second) = written(&edition);

        assert_eq!(second.layers.len(), 1);
        assert!(edition.closed_layer("larder").is_some());
    }

    #[test]
    fn the_same_package_again_is_no_next_edition_and_neither_is_nothing() {
        let mut edition = Edition::default();
        assert!(edition.next().unwrap().is_none());
        edition.put(&package("etcd", "1.0.0"));
        let (mut edition, first) = written(&edition);
        let (number, _) = edition.closed_layer("etcd").unwrap();
        edition.open(number, &first.layers[1].bytes).unwrap();

        edition.put(&package("etcd", "1.0.0"));

        assert!(edition.next().unwrap().is_none());
    }

    #[test]
    fn the_last_package_takes_its_layer_along() {
        let mut edition = Edition::default();
        edition.put(&package("etcd", "1.0.0"));
        let (mut edition, first) = written(&edition);
        let (number, _) = edition.closed_layer("etcd").unwrap();
        edition.open(number, &first.layers[1].bytes).unwrap();

        edition.put(&Package::empty("etcd"));

        let (edition, last) = written(&edition);
        assert!(last.layers.is_empty());
        assert!(edition.layers().is_empty());
    }
}
