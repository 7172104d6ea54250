//! From files to a package of a catalog: what a release brings is read from its CSVs.

use omps_operator::CatalogLimits;
use omps_operator::catalog::{Package, Upload, check};
use serde_json::{Value, json};

use super::support::*;

const REPOSITORY: &str = "quay.io/org/etcd";

fn upload(files: &[(String, String)]) -> Upload {
    Upload::of_release(&release(files), |bundle| {
        Some(format!("{REPOSITORY}@{}", bundle.manifest.digest))
    })
}

fn merged(package: &Package, files: &[(String, String)]) -> Package {
    package.merge(&upload(files)).unwrap().package
}

/// The entries of each channel.
fn channels(package: &Package) -> Value {
    let channels = package.channels();
    channels
        .map(|(name, entries)| (name.to_owned(), json!(entries)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Package manifests of three versions, each with more lines in metadata and spec, and what the channels are.
fn three(channel: &str, lines: [(&str, &str); 3]) -> Files {
    let mut files = nested(channel, &["1.0.0", "1.1.0", "1.2.0"]);
    for (version, (metadata, spec)) in ["1.0.0", "1.1.0", "1.2.0"].into_iter().zip(lines) {
        let path = format!("{version}/csv.yaml");
        let csv = csv_with(version, metadata, spec);
        let csv = match metadata.is_empty() {
            true => csv,
            // One mapping of annotations.
            false => csv.replace("  annotations: {alm-examples: '[]'}\n", ""),
        };
        files.retain(|(known, _)| *known != path);
        files.push(file(&path, csv));
    }
    files
}

#[test]
fn edges_and_the_heads_icon_come_from_the_csvs() {
    let icon = |data: &str| format!("  icon: [{{base64data: {data}, mediatype: image/png}}]\n");
    let files = three(
        "channels: [{name: stable, currentCSV: etcd.v1.2.0}, {name: old, currentCSV: etcd.v1.0.0}]\n\
         defaultChannel: stable\n",
        [
            ("", &icon("b2xk")),
            ("", "  replaces: etcd.v1.0.0\n"),
            (
                "  annotations: {alm-examples: '[]', olm.skipRange: '>=1.0.0 <1.2.0'}\n",
                &format!(
                    "  replaces: etcd.v1.0.0\n  skips: [etcd.v1.1.0]\n{}",
                    icon("bmV3")
                ),
            ),
        ],
    );
    let release = release(&files);
    let package = merged(&Package::empty("etcd"), &files);
    assert_eq!(
        channels(&package),
        json!({
            "old": [{"name": "etcd.v1.0.0"}],
            "stable": [
                {"name": "etcd.v1.0.0"},
                {"name": "etcd.v1.1.0", "replaces": "etcd.v1.0.0"},
                {
                    "name": "etcd.v1.2.0",
                    "replaces": "etcd.v1.0.0",
                    "skips": ["etcd.v1.1.0"],
                    "skipRange": ">=1.0.0 <1.2.0",
                },
            ],
        })
    );
    let objects = package.objects();
    assert_eq!(
        objects[0],
        json!({
            "schema": "olm.package",
            "name": "etcd",
            "defaultChannel": "stable",
            "icon": {"base64data": "bmV3", "mediatype": "image/png"},
        })
    );
    for (object, bundle) in objects[3..].iter().zip(&release.bundles) {
        let image = format!("{REPOSITORY}@{}", bundle.manifest.digest);
        assert_eq!(*object, bundle.fbc(&image));
    }
    assert_eq!(objects.len(), 6);
    assert_eq!(check(&objects), Ok(()));
    assert_eq!(
        Package::read("etcd", &package.bytes(), &CatalogLimits::default()).unwrap(),
        package
    );
}

#[test]
fn a_refusal_can_name_the_line_of_replaces() {
    let files = three(
        "channels: [{name: stable, currentCSV: etcd.v1.2.0}]\n",
        [
            ("", ""),
            ("", "  replaces: etcd.v1.0.0\n"),
            ("", "  maturity: alpha\n"),
        ],
    );
    let release = release(&files);
    let places: Vec<String> = release
        .bundles
        .iter()
        .map(|bundle| {
            let place = &bundle.upgrade().location;
            let (file, line) = (&place.file, place.position.line);
            format!("{file}:{line} {} {}", place.field, place.found)
        })
        .collect();
    let spec = 1 + csv("1.0.0")
        .lines()
        .position(|line| line == "spec:")
        .unwrap();
    let last = 1 + csv("1.1.0").lines().count();
    assert_eq!(
        places,
        [
            format!("1.0.0/csv.yaml:{} spec.replaces nothing", spec + 1),
            format!("1.1.0/csv.yaml:{last} spec.replaces the string \"etcd.v1.0.0\""),
            format!("1.2.0/csv.yaml:{} spec.replaces nothing", spec + 1),
        ]
    );
}

#[test]
fn an_icon_that_opm_cannot_read_is_left_out() {
    for (case, icon) in [
        ("no base64", "[{base64data: '%', mediatype: image/png}]"),
        ("empty", "[{base64data: '', mediatype: image/png}]"),
        ("an empty list", "[]"),
    ] {
        let files = three(
            "channels: [{name: stable, currentCSV: etcd.v1.0.0}]\n",
            [("", &format!("  icon: {icon}\n")), ("", ""), ("", "")],
        );
        let package = merged(&Package::empty("etcd"), &files[..]);
        assert_eq!(package.objects()[0].get("icon"), None, "{case}");
    }
}

#[test]
fn each_ready_made_bundle_is_a_root_of_the_channels_that_it_names() {
    let mut files = [
        ready_made("bundle-1.0.0/", "1.0.0"),
        ready_made("bundle-1.1.0/", "1.1.0"),
    ]
    .concat();
    files[3].1 = csv_with("1.1.0", "", "  replaces: etcd.v1.0.0\n");
    files[5].1 = ANNOTATIONS.replace("v1: stable", "v1: stable,candidate");
    let upload = upload(&files);
    assert!(!upload.lists_all_channels);
    assert_eq!(upload.default_channel, None);
    assert_eq!(
        json!(upload.channels),
        json!({"candidate": ["etcd.v1.1.0"], "stable": ["etcd.v1.0.0", "etcd.v1.1.0"]})
    );

    // Two channels, and no file says which is the default.
    let refused = Package::empty("etcd").merge(&upload).unwrap_err();
    assert_eq!(refused.refusal.leaves(), ["default channel must be set"]);

    let first = merged(&Package::empty("etcd"), &files[..3]);
    let both = first.merge(&upload).unwrap();
    assert_eq!(both.added, ["etcd.v1.1.0"]);
    assert_eq!(both.package.default_channel(), "stable");
    assert_eq!(both.package.head("candidate"), Some("etcd.v1.1.0"));
    assert_eq!(both.warnings, []);
}
