//! The image: it is read back as it was, and the same content gives the same bytes.

use std::collections::BTreeMap;

use omps_operator::CatalogLimits;
use omps_operator::catalog::{
    CatalogImage, CatalogManifest, ForeignImage, Layer, Package, Upload, layer_number,
};
use serde_json::{Value, json};

use super::support::*;

/// Manifest and config as text.
pub(crate) fn texts(image: &CatalogImage) -> (Vec<u8>, Vec<u8>) {
    let (config, manifest) = image.blobs().unwrap();
    (manifest.bytes.to_vec(), config.bytes.to_vec())
}

pub(crate) fn read(manifest: &[u8], config: &[u8]) -> Result<CatalogImage, ForeignImage> {
    let limits = CatalogLimits::default();
    CatalogManifest::read(manifest, &limits)?.image(config, &limits)
}

/// The image of packages, and the bytes of its layers by number.
pub(crate) fn image_of(
    packages: &BTreeMap<String, Vec<u8>>,
) -> (CatalogImage, BTreeMap<u8, Vec<u8>>) {
    let mut by_layer: BTreeMap<u8, BTreeMap<String, Vec<u8>>> = BTreeMap::new();
    for (name, bytes) in packages {
        let layer = by_layer.entry(layer_number(name)).or_default();
        layer.insert(name.clone(), bytes.clone());
    }
    let (mut layers, mut bytes) = (BTreeMap::new(), BTreeMap::new());
    for (number, packages) in &by_layer {
        let (layer, blob) = Layer::pack(*number, packages, &CatalogLimits::default()).unwrap();
        layers.insert(*number, layer);
        bytes.insert(*number, blob.bytes.to_vec());
    }
    let (base, _) = Layer::base().unwrap();
    (CatalogImage { base, layers }, bytes)
}

pub(crate) fn two_packages() -> BTreeMap<String, Vec<u8>> {
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
