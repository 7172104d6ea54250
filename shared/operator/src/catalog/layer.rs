//! A layer of a catalog's image: its packages in, bytes that depend on the content alone out, and back.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::bundle_image::Blob;
use crate::bundle_image::image::hex_digest;
use crate::bundle_image::layer;
use crate::limits::CatalogLimits;

/// Layers beside the base layer.
pub const LAYERS: u8 = 32;

/// What the annotation of the base layer says.
pub const BASE_LAYER: &str = "base";

/// Bytes that tar needs at most for a package beside its content: directory, header, padding; and at its end.
const TAR_ENTRY: u64 = 2048;

const ROOT: &str = "configs/";
const FILE: &str = "catalog.json";

/// A layer, as an image's manifest and config describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// `base`, or the number of the layer.
    pub name: String,
    /// The digest of its bytes.
    pub digest: String,
    /// How many bytes it has.
    pub size: u64,
    /// The digest of its tar: what tells whether the content changed.
    pub diff_id: String,
}

/// A layer that omps did not write, or that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The bytes are no gzip'd tar.
    #[error("the layer cannot be read")]
    Unreadable(#[from] io::Error),
    /// The bytes are not those that the image describes.
    #[error("the layer has {found}, and the image says {wanted}")]
    Different {
        /// The size or the digest that the bytes have.
        found: String,
        /// The size or the digest that the manifest or the config has.
        wanted: String,
    },
    /// A package would not be read back.
    #[error("the package {0:?} has more bytes or objects than a catalog's file may have")]
    LargePackage(String),
    /// A package lies in a layer that is not its own.
    #[error("the package {0:?} lies in the wrong layer")]
    Misplaced(String),
    /// It has a file that omps does not write.
    #[error("the layer has {0:?}, which omps does not write")]
    Foreign(String),
    /// It is larger than the limit.
    #[error("the layer unpacks to more than {0} bytes")]
    TooLarge(u64),
}

/// The number of the layer that has a package.
pub fn layer_number(package: &str) -> u8 {
    Sha256::digest(package)[0] % LAYERS
}

impl Layer {
    /// The layer with `configs/` alone.
    ///
    /// # Errors
    /// A tar that cannot be written, which is a defect.
    pub fn base() -> Result<(Layer, Blob), LayerError> {
        Layer::of_files(
            BASE_LAYER.to_owned(),
            &BTreeMap::from([(ROOT.to_owned(), Arc::from([]))]),
        )
    }

    /// The layer of packages: name, and the bytes of `catalog.json`.
    ///
    /// # Errors
    /// Packages that could not be read back, for their size.
    pub fn pack(
        number: u8,
        packages: &BTreeMap<String, Vec<u8>>,
        limits: &CatalogLimits,
    ) -> Result<(Layer, Blob), LayerError> {
        let is_large = |bytes: &Vec<u8>| {
            let lines = bytes.iter().filter(|byte| **byte == b'\n');
            bytes.len() as u64 > limits.file_size || lines.count() > limits.objects
        };
        if let Some((name, _)) = packages.iter().find(|(_, bytes)| is_large(bytes)) {
            return Err(LayerError::LargePackage(name.clone()));
        }
        let sizes = packages
            .values()
            .map(|bytes| bytes.len() as u64 + TAR_ENTRY);
        if sizes.sum::<u64>() + TAR_ENTRY > limits.layer_size {
            return Err(LayerError::TooLarge(limits.layer_size));
        }
        let files = packages.iter().map(|(name, bytes)| {
            let path = format!("{ROOT}{name}/{FILE}");
            (path, Arc::from(bytes.as_slice()))
        });
        Layer::of_files(number.to_string(), &files.collect())
    }

    fn of_files(
        name: String,
        files: &BTreeMap<String, Arc<[u8]>>,
    ) -> Result<(Layer, Blob), LayerError> {
        let packed = layer::pack(files)?;
        let blob = Blob::layer(packed.bytes);
        let layer = Layer {
            name,
            digest: blob.digest.clone(),
            size: blob.bytes.len() as u64,
            diff_id: packed.diff_id,
        };
        Ok((layer, blob))
    }

    /// The packages of the layer with this number: name, and the bytes of `catalog.json`.
    ///
    /// # Errors
    /// [`LayerError`] for bytes that are not the described ones, are too many, or that omps does not write.
    pub fn read(
        &self,
        number: u8,
        bytes: &[u8],
        limits: &CatalogLimits,
    ) -> Result<BTreeMap<String, Vec<u8>>, LayerError> {
        let size = |bytes: u64| format!("{bytes} bytes");
        same(size(bytes.len() as u64), size(self.size))?;
        same(hex_digest(&Sha256::digest(bytes)), self.digest.clone())?;
        let tar = layer::unzipped(bytes, limits.layer_size)?;
        if tar.len() as u64 > limits.layer_size {
            return Err(LayerError::TooLarge(limits.layer_size));
        }
        same(hex_digest(&Sha256::digest(&tar)), self.diff_id.clone())?;
        let packages = files_of(&tar)?;
        match packages.keys().find(|name| layer_number(name) != number) {
            None => Ok(packages),
            Some(name) => Err(LayerError::Misplaced(name.clone())),
        }
    }
}

fn same(found: String, wanted: String) -> Result<(), LayerError> {
    match found == wanted {
        true => Ok(()),
        false => Err(LayerError::Different { found, wanted }),
    }
}

/// The packages of a tar that has nothing else.
fn files_of(tar: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, LayerError> {
    let mut packages = BTreeMap::new();
    for entry in tar::Archive::new(tar).entries()? {
        let mut entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = entry.header().entry_type();
        let Some(inner) = path.strip_prefix(ROOT) else {
            return Err(LayerError::Foreign(path));
        };
        if kind.is_dir() && inner.matches('/').count() <= 1 {
            continue;
        }
        let name = inner
            .strip_suffix(FILE)
            .and_then(|name| name.strip_suffix('/'));
        let name = name.filter(|name| !name.is_empty() && !name.contains('/'));
        let Some(name) = name.filter(|name| kind.is_file() && !packages.contains_key(*name)) else {
            return Err(LayerError::Foreign(path));
        };
        let name = name.to_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        packages.insert(name, content);
    }
    Ok(packages)
}
