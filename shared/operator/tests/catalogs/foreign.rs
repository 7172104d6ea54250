//! What omps did not write is not touched: images, and bytes under a layer's name.

use std::collections::BTreeMap;
use std::io::Write;

use omps_operator::CatalogLimits;
use omps_operator::catalog::{CatalogManifest, Layer, LayerError, layer_number};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::image::{image_of, read, texts, two_packages};
use super::support::*;

fn digest(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes);
    let digits = digits.iter().map(|byte| format!("{byte:02x}"));
    format!("sha256:{}", digits.collect::<String>())
}

/// A change to the manifest and the config of an image, and what is said of it.
type Foreign = (&'static str, fn(&mut Value, &mut Value), &'static str);

const FOREIGN: [Foreign; 15] = [
    (
        "another type",
        |manifest, _| {
            manifest["mediaType"] = json!("application/vnd.docker.distribution.manifest.v2+json");
        },
        "the manifest is of the type",
    ),
    (
        "another version",
        |manifest, _| manifest["schemaVersion"] = json!(1),
        "the manifest is of the type",
    ),
    (
        "an index",
        |manifest, _| *manifest = json!({"schemaVersion": 2, "manifests": []}),
        "the manifest: unknown field `manifests`",
    ),
    (
        "an annotation of its own",
        |manifest, _| manifest["annotations"] = json!({}),
        "the manifest: unknown field `annotations`",
    ),
    (
        "a layer without annotation",
        |manifest, _| {
            drop(
                manifest["layers"][1]
                    .as_object_mut()
                    .unwrap()
                    .remove("annotations"),
            );
        },
        "with omps.catalog.layer alone",
    ),
    (
        "a layer with two",
        |manifest, _| manifest["layers"][1]["annotations"]["a"] = json!("b"),
        "with omps.catalog.layer alone",
    ),
    (
        "a layer of another type",
        |manifest, _| {
            manifest["layers"][1]["mediaType"] = json!("application/vnd.oci.image.layer.v1.tar");
        },
        "with omps.catalog.layer alone",
    ),
    (
        "no base layer",
        |manifest, _| drop(manifest["layers"].as_array_mut().unwrap().remove(0)),
        "its layers are",
    ),
    (
        "no layer",
        |manifest, _| manifest["layers"] = json!([]),
        "its layers are",
    ),
    (
        "the layers in another order",
        |manifest, _| manifest["layers"].as_array_mut().unwrap().swap(1, 2),
        "its layers are",
    ),
    (
        "a number written otherwise",
        |manifest, _| manifest["layers"][1]["annotations"]["omps.catalog.layer"] = json!("+1"),
        "its layers are base, +1",
    ),
    (
        "a number too large",
        |manifest, _| manifest["layers"][2]["annotations"]["omps.catalog.layer"] = json!("32"),
        "its layers are",
    ),
    (
        "a digest that is none",
        |manifest, _| manifest["layers"][1]["digest"] = json!("sha256:../../etc"),
        "is no digest",
    ),
    (
        "no label",
        |_, config| config["config"]["Labels"] = json!({}),
        "its label is not",
    ),
    (
        "fewer layers in the config",
        |_, config| drop(config["rootfs"]["diff_ids"].as_array_mut().unwrap().pop()),
        "the config has other layers",
    ),
];

#[test]
fn an_image_that_omps_did_not_write_is_refused_with_the_reason() {
    let (image, _) = image_of(&two_packages());
    let (manifest, config) = texts(&image);
    for (case, change, wanted) in FOREIGN {
        let [mut manifest, mut config] =
            [&manifest, &config].map(|bytes| serde_json::from_slice::<Value>(bytes).unwrap());
        change(&mut manifest, &mut config);
        let config = config.to_string().into_bytes();
        if manifest.get("config").is_some() {
            manifest["config"]["digest"] = digest(&config).into();
            manifest["config"]["size"] = config.len().into();
        }
        let refused = read(manifest.to_string().as_bytes(), &config).unwrap_err();
        let found = refused.to_string();
        assert!(found.contains(wanted), "{case}: {found}");
    }
}

#[test]
fn a_config_that_is_not_the_manifests_and_doubled_keys_are_refused() {
    let (image, _) = image_of(&two_packages());
    let (manifest, config) = texts(&image);
    let other = [config.as_slice(), b"\n"].concat();
    let wanted = "the image is none that omps wrote: the config is not the manifest's";
    assert_eq!(read(&manifest, &other).unwrap_err().to_string(), wanted);
    let text = String::from_utf8(manifest).unwrap();
    let doubled = text.replacen(
        "{\"schemaVersion\":2",
        "{\"schemaVersion\":1,\"schemaVersion\":2",
        1,
    );
    let found = read(doubled.as_bytes(), &config).unwrap_err().to_string();
    assert!(found.contains("stands twice"), "{found}");
    let limits = CatalogLimits {
        manifest_size: text.len() as u64,
        ..CatalogLimits::default()
    };
    assert!(CatalogManifest::read(text.as_bytes(), &limits).is_ok());
    let longer = format!("{text}\n");
    assert!(CatalogManifest::read(longer.as_bytes(), &limits).is_err());
}

#[test]
fn a_layer_with_other_bytes_is_refused() {
    let packages = BTreeMap::from([("p".to_owned(), first().bytes())]);
    let number = layer_number("p");
    let (layer, blob) = Layer::pack(number, &packages, &CatalogLimits::default()).unwrap();
    let limits = CatalogLimits::default();
    assert_eq!(layer.read(number, &blob.bytes, &limits).unwrap(), packages);

    let (other, _) = Layer::base().unwrap();
    for (case, described) in [
        (
            "size",
            Layer {
                size: layer.size + 1,
                ..layer.clone()
            },
        ),
        (
            "digest",
            Layer {
                digest: other.digest,
                ..layer.clone()
            },
        ),
        (
            "diff_id",
            Layer {
                diff_id: other.diff_id,
                ..layer.clone()
            },
        ),
    ] {
        let found = described.read(number, &blob.bytes, &limits);
        assert!(
            matches!(found, Err(LayerError::Different { .. })),
            "{case}: {found:?}"
        );
    }
    let found = layer.read((number + 1) % 32, &blob.bytes, &limits);
    assert!(matches!(found, Err(LayerError::Misplaced(name)) if name == "p"));
    let small = CatalogLimits {
        layer_size: 100,
        ..limits
    };
    let found = layer.read(number, &blob.bytes, &small);
    assert!(matches!(found, Err(LayerError::TooLarge(100))), "{found:?}");
}

/// A layer of one tar entry, described as it is.
fn layer_with(path: &str, kind: tar::EntryType) -> (Layer, Vec<u8>) {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(0);
    builder.append_data(&mut header, path, &[][..]).unwrap();
    let tar = builder.into_inner().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar).unwrap();
    let bytes = gzip.finish().unwrap();
    let layer = Layer {
        name: layer_number("p").to_string(),
        digest: digest(&bytes),
        size: bytes.len() as u64,
        diff_id: digest(&tar),
    };
    (layer, bytes)
}

#[test]
fn a_layer_with_anything_but_packages_is_refused() {
    use tar::EntryType::{Directory, Regular, Symlink};
    let limits = CatalogLimits::default();
    for (case, path, kind, is_ours) in [
        ("a package", "configs/p/catalog.json", Regular, true),
        ("its directory", "configs/p/", Directory, true),
        ("the root", "configs/", Directory, true),
        ("a readme", "configs/README.md", Regular, false),
        (
            "another file of a package",
            "configs/p/index.yaml",
            Regular,
            false,
        ),
        ("a deeper directory", "configs/p/q/", Directory, false),
        ("another root", "etc/", Directory, false),
        ("a link", "configs/p/catalog.json", Symlink, false),
        ("a whiteout", "configs/p/.wh.catalog.json", Regular, false),
    ] {
        let (layer, bytes) = layer_with(path, kind);
        let found = layer.read(layer_number("p"), &bytes, &limits);
        match is_ours {
            true => assert!(found.is_ok(), "{case}: {found:?}"),
            false => assert!(
                matches!(&found, Err(LayerError::Foreign(name)) if name == path),
                "{case}: {found:?}"
            ),
        }
    }
}

#[test]
fn what_could_not_be_read_back_is_not_written() {
    let package = first();
    let size = package.bytes().len() as u64;
    let packages = BTreeMap::from([("p".to_owned(), package.bytes())]);
    let with = |file_size: u64, objects: usize, layer_size: u64| {
        let limits = CatalogLimits {
            file_size,
            objects,
            layer_size,
            ..CatalogLimits::default()
        };
        let packed = Layer::pack(layer_number("p"), &packages, &limits);
        packed.map(|(layer, blob)| layer.read(layer_number("p"), &blob.bytes, &limits).unwrap())
    };
    assert_eq!(with(size, 3, size + 4096).unwrap(), packages);
    for (case, found) in [
        ("bytes", with(size - 1, 3, 1 << 20)),
        ("objects", with(size, 2, 1 << 20)),
    ] {
        assert!(matches!(found, Err(LayerError::LargePackage(_))), "{case}");
    }
    let found = with(size, 3, size + 4095);
    assert!(matches!(found, Err(LayerError::TooLarge(_))));
}
