//! The image: the same content gives the same bytes, and what omps did not write is not touched.

use std::collections::BTreeMap;

use omps_operator::CatalogLimits;
use omps_operator::catalog::{
    CatalogImage, CatalogManifest, ForeignImage, Layer, LayerError, Package, Upload, layer_number,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::support::*;

/// The image of packages, and the bytes of its layers by number.
fn image_of(packages: &BTreeMap<String, Vec<u8>>) -> (CatalogImage, BTreeMap<u8, Vec<u8>>) {
    let mut by_layer: BTreeMap<u8, BTreeMap<String, Vec<u8>>> = BTreeMap::new();
    for (name, bytes) in packages {
        let layer = by_layer.entry(layer_number(name)).or_default();
        layer.insert(name.clone(), bytes.clone());
    }
    let (mut layers, mut bytes) = (BTreeMap::new(), BTreeMap::new());
    for (number, packages) in &by_layer {
        let (layer, blob) = Layer::pack(*number, packages).unwrap();
        layers.insert(*number, layer);
        bytes.insert(*number, blob.bytes.to_vec());
    }
    let (base, _) = Layer::base().unwrap();
    (CatalogImage { base, layers }, bytes)
}

/// Manifest and config as text.
fn texts(image: &CatalogImage) -> (Vec<u8>, Vec<u8>) {
    let (config, manifest) = image.blobs().unwrap();
    (manifest.bytes.to_vec(), config.bytes.to_vec())
}

fn read(manifest: &[u8], config: &[u8]) -> Result<CatalogImage, ForeignImage> {
    let limits = CatalogLimits::default();
    CatalogManifest::read(manifest, &limits)?.image(config, &limits)
}

fn digest(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes);
    let digits = digits.iter().map(|byte| format!("{byte:02x}"));
    format!("sha256:{}", digits.collect::<String>())
}

fn two_packages() -> BTreeMap<String, Vec<u8>> {
    BTreeMap::from(["p", "q"].map(|name| (name.to_owned(), first().bytes())))
}

#[test]
fn an_image_is_read_back_with_its_layers_and_packages() {
    let packages = two_packages();
    let (image, bytes) = image_of(&packages);
    let (manifest, config) = texts(&image);
    let back = read(&manifest, &config).unwrap();
    assert_eq!(back, image);
    let mut found = BTreeMap::new();
    for (number, layer) in &back.layers {
        let limits = CatalogLimits::default();
        found.extend(layer.read(*number, &bytes[number], &limits).unwrap());
    }
    assert_eq!(found, packages);
    let (empty, _) = image_of(&BTreeMap::new());
    let (manifest, config) = texts(&empty);
    assert_eq!(read(&manifest, &config).unwrap(), empty);
}

#[test]
fn manifest_and_config_have_label_annotations_and_a_layer_each() {
    let (image, _) = image_of(&two_packages());
    let (manifest, config) = texts(&image);
    let [manifest, config] =
        [manifest, config].map(|bytes| serde_json::from_slice::<Value>(&bytes).unwrap());
    assert_eq!(
        config["config"]["Labels"],
        json!({"operators.operatorframework.io.index.configs.v1": "/configs"})
    );
    assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), 3);
    assert_eq!(config["history"].as_array().unwrap().len(), 3);
    let layers = manifest["layers"].as_array().unwrap().iter();
    let annotations: Vec<&Value> = layers.map(|layer| &layer["annotations"]).collect();
    let mut numbers = ["p", "q"].map(layer_number);
    numbers.sort_unstable();
    let [one, two] = numbers.map(|number| json!({"omps.catalog.layer": number.to_string()}));
    assert_eq!(
        annotations,
        [&json!({"omps.catalog.layer": "base"}), &one, &two]
    );
}

/// A change to the manifest and the config of an image, and what is said of it.
type Foreign = (&'static str, fn(&mut Value, &mut Value), &'static str);

const FOREIGN: [Foreign; 15] = [
    (
        "another type",
        |manifest, _| {
            manifest["mediaType"] = json!("application/vnd.docker.distribution.manifest.v2+json")
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
            )
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
            manifest["layers"][1]["mediaType"] = json!("application/vnd.oci.image.layer.v1.tar")
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
    let (layer, blob) = Layer::pack(number, &packages).unwrap();
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

fn uploads_of(name: &str) -> Vec<Upload> {
    let of = |version: &str, replaces: Option<&str>| {
        let replaces = replaces.map(|version| format!("{name}.v{version}"));
        let mut bundle = uploaded(version, replaces.as_deref());
        bundle.entry.name = format!("{name}.v{version}");
        bundle.bundle["name"] = bundle.entry.name.clone().into();
        bundle.bundle["package"] = name.into();
        bundle.bundle["properties"][0]["value"]["packageName"] = name.into();
        upload(&format!("{name}.v{version}"), vec![bundle])
    };
    vec![
        of("1.0.0", None),
        of("1.1.0", Some("1.0.0")),
        of("1.10.0", Some("1.1.0")),
    ]
}

fn merged(package: &Package, upload: &Upload) -> Package {
    package.merge(upload).unwrap().package
}

/// The digest of the image of packages that are merged one upload after the other.
fn digest_of(uploads: &[(&str, Upload)]) -> String {
    let mut packages: BTreeMap<&str, Package> = BTreeMap::new();
    for (name, upload) in uploads {
        let package = packages.entry(name).or_insert_with(|| Package::empty(name));
        *package = merged(package, upload);
    }
    let packages = packages.into_iter();
    let packages = packages.map(|(name, package)| (name.to_owned(), package.bytes()));
    let (image, _) = image_of(&packages.collect());
    let (_, manifest) = image.blobs().unwrap();
    manifest.digest
}

#[test]
fn the_same_content_in_another_order_is_the_same_image() {
    let names = ["p", "q", "etcd", "prometheus", "kong"];
    let of_each = names.map(|name| {
        uploads_of(name)
            .into_iter()
            .map(move |upload| (name, upload))
    });
    let package_by_package: Vec<_> = of_each.into_iter().flatten().collect();
    let mut version_by_version = package_by_package.clone();
    version_by_version.sort_by_key(|(_, upload)| upload.bundles[0].entry.name.len());
    let mut names_backwards = package_by_package.clone();
    names_backwards.sort_by(|(one, _), (other, _)| other.cmp(one));
    let at_once: Vec<_> = names
        .map(|name| {
            let mut uploads = uploads_of(name);
            let mut all = uploads.pop().unwrap();
            all.bundles
                .extend(uploads.into_iter().flat_map(|upload| upload.bundles));
            (name, all)
        })
        .into();
    let wanted = digest_of(&package_by_package);
    for (case, uploads) in [
        ("version by version", version_by_version),
        ("names backwards", names_backwards),
        ("all versions at once", at_once),
    ] {
        assert_eq!(digest_of(&uploads), wanted, "{case}");
    }
    assert_ne!(
        digest_of(&package_by_package[..14]),
        wanted,
        "one upload less"
    );
}

#[test]
fn objects_in_another_order_are_the_same_file() {
    let package = uploads_of("p")
        .iter()
        .fold(Package::empty("p"), |package, upload| {
            merged(&package, upload)
        });
    let mut objects = package.objects();
    objects.reverse();
    let channel = objects
        .iter_mut()
        .find(|object| object["schema"] == "olm.channel");
    channel.unwrap()["entries"]
        .as_array_mut()
        .unwrap()
        .reverse();
    let other = Package::of_objects("p", objects).unwrap();
    assert_eq!(other.bytes(), package.bytes());
    let text = String::from_utf8(package.bytes()).unwrap();
    let order = ["p.v1.0.0", "p.v1.1.0", "p.v1.10.0"]
        .map(|name| text.rfind(&format!("\"name\":\"{name}\"")).unwrap());
    assert!(order.is_sorted(), "oldest first: {order:?}");
}

#[test]
fn a_catalog_whose_packages_are_deleted_is_the_empty_one() {
    let package = merged(
        &first(),
        &upload("p.v1.1.0", vec![uploaded("1.1.0", Some("p.v1.0.0"))]),
    );
    let names: Vec<String> = package.bundles().into_iter().map(str::to_owned).collect();
    let deleted = package.delete(&names).package;
    assert!(deleted.is_empty());
    assert_eq!(deleted.bytes(), b"");
}
