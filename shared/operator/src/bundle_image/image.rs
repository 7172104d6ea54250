//! A bundle image: config and manifests, compact JSON that is hashed as it is sent.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::layer;

pub(crate) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// The moment at which every image was made: bytes depend on the content alone.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// Bytes, and what a registry calls them.
#[derive(Debug, Clone)]
pub struct Blob {
    /// What the bytes are.
    pub media_type: &'static str,
    /// `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// The bytes.
    pub bytes: Arc<[u8]>,
}

/// An image of one layer.
#[derive(Debug, Clone)]
pub struct Image {
    /// The gzip'd tar with the files.
    pub layer: Blob,
    /// The digest of the layer's tar before compression.
    pub diff_id: String,
    /// The config, with the labels.
    pub config: Blob,
}

#[derive(Serialize)]
struct Config<'a> {
    created: &'static str,
    architecture: &'static str,
    os: &'static str,
    config: Labels<'a>,
    rootfs: RootFs<'a>,
    history: Vec<History>,
}

#[derive(Serialize)]
struct Labels<'a> {
    #[serde(rename = "Labels")]
    labels: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct RootFs<'a> {
    r#type: &'static str,
    diff_ids: &'a [&'a str],
}

#[derive(Serialize)]
struct History {
    created: &'static str,
    created_by: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest<'a> {
    schema_version: u8,
    media_type: &'static str,
    config: Descriptor<'a>,
    layers: Vec<Descriptor<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a BTreeMap<&'static str, String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor<'a> {
    media_type: &'static str,
    digest: &'a str,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<BTreeMap<&'static str, &'a str>>,
}

/// A layer of an image of several, as the manifest describes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Described<'a> {
    /// The digest of its bytes.
    pub(crate) digest: &'a str,
    /// How many bytes it has.
    pub(crate) size: u64,
    /// The digest of its tar.
    pub(crate) diff_id: &'a str,
    /// An annotation of its descriptor.
    pub(crate) annotation: (&'static str, &'a str),
}

/// Config and manifest of an image of several layers.
///
/// # Errors
/// JSON that cannot be written, which is a defect.
pub(crate) fn of_layers(
    layers: &[Described<'_>],
    labels: &BTreeMap<String, String>,
) -> io::Result<(Blob, Blob)> {
    let diff_ids: Vec<&str> = layers.iter().map(|layer| layer.diff_id).collect();
    let config = Blob::json(CONFIG, &Config::new(labels, &diff_ids))?;
    let descriptors = layers.iter().map(|layer| Descriptor {
        media_type: LAYER,
        digest: layer.digest,
        size: layer.size,
        annotations: Some(BTreeMap::from([layer.annotation])),
    });
    let manifest = Manifest {
        schema_version: 2,
        media_type: MANIFEST,
        config: config.descriptor(),
        layers: descriptors.collect(),
        annotations: None,
    };
    let manifest = Blob::json(MANIFEST, &manifest)?;
    Ok((config, manifest))
}

/// A manifest of one layer as omps writes it, and nothing else.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OneLayer {
    schema_version: u8,
    media_type: String,
    config: Part,
    layers: [Part; 1],
    #[serde(default, rename = "annotations")]
    _annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Part {
    media_type: String,
    digest: String,
    size: u64,
}

impl OneLayer {
    fn read(manifest: &[u8]) -> Option<Self> {
        let read: OneLayer = serde_json::from_slice(manifest).ok()?;
        let [layer] = &read.layers;
        let types = [&read.media_type, &read.config.media_type, &layer.media_type];
        (read.schema_version == 2 && types == [MANIFEST, CONFIG, LAYER]).then_some(read)
    }
}

impl Part {
    fn descriptor(&self, media_type: &'static str) -> Descriptor<'_> {
        Descriptor {
            media_type,
            digest: &self.digest,
            size: self.size,
            annotations: None,
        }
    }
}

/// The digest of a bundle's layer; nothing where the manifest is none that omps wrote.
pub fn layer_digest(manifest: &[u8]) -> Option<String> {
    let [layer] = OneLayer::read(manifest)?.layers;
    Some(layer.digest)
}

/// The digest that the bundle has of which an image is a release: that of the manifest without annotations. Nothing where
/// the manifest is none that omps wrote.
pub fn bundle_digest(manifest: &[u8]) -> Option<String> {
    let read = OneLayer::read(manifest)?;
    let [layer] = &read.layers;
    let manifest = Manifest {
        schema_version: 2,
        media_type: MANIFEST,
        config: read.config.descriptor(CONFIG),
        layers: vec![layer.descriptor(LAYER)],
        annotations: None,
    };
    Blob::json(MANIFEST, &manifest).ok().map(|blob| blob.digest)
}

impl<'a> Config<'a> {
    /// Nothing to run: labels and layers.
    fn new(labels: &'a BTreeMap<String, String>, diff_ids: &'a [&'a str]) -> Self {
        let history = || History {
            created: CREATED,
            created_by: "omps",
        };
        Config {
            created: CREATED,
            architecture: "amd64",
            os: "linux",
            config: Labels { labels },
            rootfs: RootFs {
                r#type: "layers",
                diff_ids,
            },
            history: diff_ids.iter().map(|_| history()).collect(),
        }
    }
}

impl Image {
    /// Packs files under labels.
    ///
    /// # Errors
    /// A path that tar cannot hold, which a path out of an archive never is.
    pub(super) fn pack(
        files: &BTreeMap<String, Arc<[u8]>>,
        labels: &BTreeMap<String, String>,
    ) -> io::Result<Self> {
        let layer = layer::pack(files)?;
        let diff_ids = [layer.diff_id.as_str()];
        let config = Blob::json(CONFIG, &Config::new(labels, &diff_ids))?;
        Ok(Image {
            config,
            layer: Blob::layer(layer.bytes),
            diff_id: layer.diff_id,
        })
    }

    /// The image's manifest: without annotations a bundle's, which depends on its content alone.
    ///
    /// # Errors
    /// JSON that cannot be written, which is a defect.
    pub(super) fn manifest(
        &self,
        annotations: Option<&BTreeMap<&'static str, String>>,
    ) -> io::Result<Blob> {
        let manifest = Manifest {
            schema_version: 2,
            media_type: MANIFEST,
            config: self.config.descriptor(),
            layers: vec![self.layer.descriptor()],
            annotations,
        };
        Blob::json(MANIFEST, &manifest)
    }
}

impl Blob {
    pub(crate) fn layer(bytes: Vec<u8>) -> Self {
        Blob::new(LAYER, bytes)
    }

    fn new(media_type: &'static str, bytes: Vec<u8>) -> Self {
        Blob {
            media_type,
            digest: hex_digest(&Sha256::digest(&bytes)),
            bytes: bytes.into(),
        }
    }

    fn json(media_type: &'static str, value: &impl Serialize) -> io::Result<Self> {
        Ok(Blob::new(media_type, serde_json::to_vec(value)?))
    }

    fn descriptor(&self) -> Descriptor<'_> {
        Descriptor {
            media_type: self.media_type,
            digest: &self.digest,
            size: self.bytes.len() as u64,
            annotations: None,
        }
    }
}

/// A hash as registries write it.
pub(crate) fn hex_digest(hash: &[u8]) -> String {
    let digits = hash.iter().map(|byte| format!("{byte:02x}"));
    format!("sha256:{}", digits.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Image {
        let files = BTreeMap::from([("manifests/a.yaml".to_owned(), Arc::from(&b"a: b\n"[..]))]);
        let labels = BTreeMap::from([
            ("b".to_owned(), "2".to_owned()),
            ("a".to_owned(), "1".to_owned()),
        ]);
        Image::pack(&files, &labels).unwrap()
    }

    #[test]
    fn a_config_says_what_the_layer_is_and_nothing_of_when_or_where() {
        let image = image();
        let wanted = format!(
            "{{\"created\":\"1970-01-01T00:00:00Z\",\"architecture\":\"amd64\",\"os\":\"linux\",\
             \"config\":{{\"Labels\":{{\"a\":\"1\",\"b\":\"2\"}}}},\
             \"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[\"{}\"]}},\
             \"history\":[{{\"created\":\"1970-01-01T00:00:00Z\",\"created_by\":\"omps\"}}]}}",
            image.diff_id
        );
        assert_eq!(std::str::from_utf8(&image.config.bytes).unwrap(), wanted);
    }

    #[test]
    fn two_manifests_share_one_content() {
        let image = image();
        let bundle = image.manifest(None).unwrap();
        let annotations =
            BTreeMap::from([("org.opencontainers.image.version", "1.0.0".to_owned())]);
        let release = image.manifest(Some(&annotations)).unwrap();
        let wanted = format!(
            "{{\"schemaVersion\":2,\"mediaType\":\"{MANIFEST}\",\
             \"config\":{{\"mediaType\":\"{CONFIG}\",\"digest\":\"{}\",\"size\":{}}},\
             \"layers\":[{{\"mediaType\":\"{LAYER}\",\"digest\":\"{}\",\"size\":{}}}]}}",
            image.config.digest,
            image.config.bytes.len(),
            image.layer.digest,
            image.layer.bytes.len()
        );
        let text = |blob: &Blob| String::from_utf8(blob.bytes.to_vec()).unwrap();
        assert_eq!(text(&bundle), wanted);
        let end = ",\"annotations\":{\"org.opencontainers.image.version\":\"1.0.0\"}}";
        assert_eq!(
            text(&release),
            format!("{}{end}", wanted.strip_suffix('}').unwrap())
        );
        assert_ne!(bundle.digest, release.digest);
    }
}
