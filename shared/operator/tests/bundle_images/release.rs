//! What is pushed: images, digests, a manifest for the release, and what a catalog says.

use std::io::Read;

use omps_operator::OperatorError;
use omps_operator::bundle_image::Release;
use serde_json::{Value, json};

use super::support::*;

#[test]
fn the_same_content_has_the_same_digest_in_every_upload() {
    let first = release(&operator(&["0.9.0", "1.0.0"]));
    let mut reversed = operator(&["0.9.0", "1.0.0"]);
    reversed.reverse();
    assert_eq!(digests(&release(&reversed)), digests(&first));

    let stays = "channels: [{name: stable, currentCSV: etcd.v1.0.0}, {name: beta, currentCSV: etcd.v1.1.0}]\n\
                 defaultChannel: stable\n";
    let with_another = release(&nested(stays, &["0.9.0", "1.0.0", "1.1.0"]));
    assert_eq!(digests(&with_another)[..2], digests(&first));
}

#[test]
fn bundles_are_in_order_and_the_newest_is_the_release() {
    let release = release(
        &operator(&["10.0.0", "9.0.0-rc.1", "9.0.0"])
            .into_iter()
            .collect::<Files>(),
    );
    let names: Vec<&str> = release
        .bundles
        .iter()
        .map(|bundle| bundle.tag.as_str())
        .collect();
    assert_eq!(names, ["9.0.0-rc.1", "9.0.0", "10.0.0"]);

    let manifest = json_of(&release.manifest("4.0.0").unwrap());
    let newest = json_of(&release.newest().unwrap().manifest);
    assert_eq!(
        (&manifest["config"], &manifest["layers"]),
        (&newest["config"], &newest["layers"])
    );
    assert_eq!(newest["annotations"], Value::Null);
    assert_eq!(
        manifest["annotations"]["org.opencontainers.image.version"],
        "4.0.0"
    );
    let package: Value =
        serde_json::from_str(manifest["annotations"]["omps.package"].as_str().unwrap()).unwrap();
    let wanted = json!({
        "package": "etcd",
        "default": "stable",
        "channels": {"stable": ["etcd.v9.0.0"]},
        "form": "package",
        "bundles": digests(&release),
    });
    assert_eq!(package, wanted);
}

#[test]
fn a_catalog_knows_a_bundle_by_its_image() {
    let release = release(&operator(&["1.0.0"]));
    let image = format!("quay.io/org/etcd@{}", release.bundles[0].manifest.digest);
    let mut blob = release.bundles[0].fbc(&image);
    let metadata = blob["properties"].as_array_mut().unwrap().pop().unwrap();
    assert_eq!(metadata["type"], "olm.csv.metadata");
    let wanted = json!({
        "schema": "olm.bundle",
        "name": "etcd.v1.0.0",
        "package": "etcd",
        "image": image,
        "properties": [
            {"type": "olm.gvk", "value": {"group": "example.com", "kind": "Etcd", "version": "v1"}},
            {"type": "olm.package", "value": {"packageName": "etcd", "version": "1.0.0"}},
        ],
        "relatedImages": [{"name": "", "image": image}],
    });
    assert_eq!(blob, wanted);
}

#[test]
fn releases_and_refusals_may_go_to_another_thread() {
    fn moves<T: Send + Sync>() {}
    moves::<Release>();
    moves::<OperatorError>();
}

#[test]
fn the_layer_has_what_the_bundle_lists() {
    let release = release(&operator(&["1.0.0"]));
    let bundle = &release.bundles[0];
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(&*bundle.image.layer.bytes));
    let mut count = 0;
    for entry in tar.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if !path.ends_with('/') {
            assert_eq!(bytes, &*bundle.files[&path]);
            count += 1;
        }
    }
    assert_eq!(count, bundle.files.len());
}
