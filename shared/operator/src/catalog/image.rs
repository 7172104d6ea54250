//! The image of a catalog: a base layer and at most 32 others, described by a manifest and a config, and read back.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::layer::{BASE_LAYER, LAYERS, Layer, LayerError};
use super::read::{ReadError, read_single};
use crate::bundle_image::Blob;
use crate::bundle_image::image::{CONFIG, Described, LAYER, MANIFEST, hex_digest, of_layers};
use crate::limits::CatalogLimits;

const ANNOTATION: &str = "omps.catalog.layer";
const LABEL: &str = "operators.operatorframework.io.index.configs.v1";
const ROOT: &str = "/configs";

/// An image as its layers describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogImage {
    /// The layer with `configs/` alone.
    pub base: Layer,
    /// The layers that have packages, by number.
    pub layers: BTreeMap<u8, Layer>,
}

/// Why an image is not touched: omps did not write it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the image is none that omps wrote: {0}")]
pub struct ForeignImage(String);

impl CatalogImage {
    /// Config and manifest.
    ///
    /// # Errors
    /// JSON that cannot be written, which is a defect.
    pub fn blobs(&self) -> Result<(Blob, Blob), LayerError> {
        let layers = std::iter::once(&self.base).chain(self.layers.values());
        let layers: Vec<Described<'_>> = layers
            .map(|layer| Described {
                digest: &layer.digest,
                size: layer.size,
                diff_id: &layer.diff_id,
                annotation: (ANNOTATION, &layer.name),
            })
            .collect();
        let labels = BTreeMap::from([(LABEL.to_owned(), ROOT.to_owned())]);
        Ok(of_layers(&layers, &labels)?)
    }
}

/// A manifest that omps wrote, whose config is still to be read.
#[derive(Debug, Clone)]
pub struct CatalogManifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Manifest {
    schema_version: u8,
    media_type: String,
    config: Descriptor,
    layers: Vec<Descriptor>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Descriptor {
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// Of the config, what says whether the image is ours; a later omps may write more.
#[derive(Deserialize)]
struct Config {
    config: Labels,
    rootfs: RootFs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Labels {
    #[serde(rename = "Labels")]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RootFs {
    r#type: String,
    diff_ids: Vec<String>,
}

impl CatalogManifest {
    /// Reads the manifest that a registry has under the catalog's tag.
    ///
    /// # Errors
    /// [`ForeignImage`] says what omps would not have written.
    pub fn read(bytes: &[u8], limits: &CatalogLimits) -> Result<Self, ForeignImage> {
        let manifest: Manifest = typed("the manifest", bytes, limits)?;
        expect(
            (manifest.schema_version, manifest.media_type.as_str()) == (2, MANIFEST),
            || format!("the manifest is of the type {:?}", manifest.media_type),
        )?;
        let names = manifest.layers.iter().map(Descriptor::layer_name);
        let names: Vec<&str> = names.collect::<Result<_, _>>()?;
        let numbers = names.iter().skip(1).map(|name| number_of(name));
        let numbers: Option<Vec<u8>> = numbers.collect();
        let is_sorted = numbers.is_some_and(|numbers| numbers.is_sorted_by(|one, next| one < next));
        expect(names.first() == Some(&BASE_LAYER) && is_sorted, || {
            format!("its layers are {}", names.join(", "))
        })?;
        let is_plain = manifest.config.annotations.is_empty();
        expect(manifest.config.media_type == CONFIG && is_plain, || {
            format!("its config is of the type {:?}", manifest.config.media_type)
        })?;
        let layers = manifest.layers.iter();
        for descriptor in layers.chain([&manifest.config]) {
            expect_digest(&descriptor.digest)?;
        }
        Ok(CatalogManifest {
            config: manifest.config,
            layers: manifest.layers,
        })
    }

    /// The digest of the config, which is to be fetched.
    pub fn config_digest(&self) -> &str {
        &self.config.digest
    }

    /// The image that manifest and config describe.
    ///
    /// # Errors
    /// [`ForeignImage`] says what omps would not have written.
    pub fn image(
        &self,
        config: &[u8],
        limits: &CatalogLimits,
    ) -> Result<CatalogImage, ForeignImage> {
        let is_meant = hex_digest(&Sha256::digest(config)) == self.config.digest
            && config.len() as u64 == self.config.size;
        expect(is_meant, || "the config is not the manifest's".to_owned())?;
        let config: Config = typed("the config", config, limits)?;
        let labels = BTreeMap::from([(LABEL.to_owned(), ROOT.to_owned())]);
        expect(config.config.labels == labels, || {
            format!("its label is not {LABEL}: {ROOT} alone")
        })?;
        let diff_ids = config.rootfs.diff_ids;
        let is_each = config.rootfs.r#type == "layers" && diff_ids.len() == self.layers.len();
        expect(is_each, || "the config has other layers".to_owned())?;
        let mut layers = BTreeMap::new();
        let mut base = None;
        for (descriptor, diff_id) in self.layers.iter().zip(diff_ids) {
            expect_digest(&diff_id)?;
            let layer = descriptor.layer(diff_id)?;
            match number_of(&layer.name) {
                None => base = Some(layer),
                Some(number) => drop(layers.insert(number, layer)),
            }
        }
        let base = base.ok_or_else(|| ForeignImage("it has no base layer".to_owned()))?;
        Ok(CatalogImage { base, layers })
    }
}

impl Descriptor {
    /// What the only annotation says.
    fn layer_name(&self) -> Result<&str, ForeignImage> {
        let name = self.annotations.get(ANNOTATION);
        let name = name.filter(|_| self.annotations.len() == 1 && self.media_type == LAYER);
        let name = name.map(String::as_str);
        name.ok_or_else(|| ForeignImage(format!("a layer is not {LAYER} with {ANNOTATION} alone")))
    }

    fn layer(&self, diff_id: String) -> Result<Layer, ForeignImage> {
        Ok(Layer {
            name: self.layer_name()?.to_owned(),
            digest: self.digest.clone(),
            size: self.size,
            diff_id,
        })
    }
}

/// The number that an annotation says, in the one way in which omps writes it.
fn number_of(name: &str) -> Option<u8> {
    let number: u8 = name.parse().ok()?;
    let number = Some(number).filter(|number| *number < LAYERS)?;
    (number.to_string() == name).then_some(number)
}

fn expect(is_so: bool, otherwise: impl FnOnce() -> String) -> Result<(), ForeignImage> {
    match is_so {
        true => Ok(()),
        false => Err(ForeignImage(otherwise())),
    }
}

fn expect_digest(text: &str) -> Result<(), ForeignImage> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let digits = text.strip_prefix("sha256:");
    let is_digest = digits.is_some_and(|hex| hex.len() == 64 && hex.bytes().all(is_digit));
    expect(is_digest, || format!("{text:?} is no digest"))
}

fn typed<T: for<'a> Deserialize<'a>>(
    what: &str,
    bytes: &[u8],
    limits: &CatalogLimits,
) -> Result<T, ForeignImage> {
    let size = limits.manifest_size;
    expect(bytes.len() as u64 <= size, || {
        format!("{what} has more than {size} bytes")
    })?;
    let read = read_single(bytes).and_then(|json: Json| {
        serde_json::from_value(json).map_err(|error| ReadError(error.to_string()))
    });
    read.map_err(|error| ForeignImage(format!("{what}: {error}")))
}
