//! Package manifests become bundles: by directory, by CSV, in their channels.

use serde_json::json;

use super::support::*;

#[test]
fn a_converted_bundle_says_its_channels() {
    let channels = "channels: [{name: b, currentCSV: etcd.v1.0.0}, {name: a, currentCSV: etcd.v1.0.0}]\ndefaultChannel: b\n";
    let release = release(&nested(channels, &["0.9.0", "1.0.0"]));
    let labels: Vec<(&str, &str)> = release
        .bundles
        .iter()
        .map(|bundle| {
            let label = |key: &str| {
                bundle.labels[&format!("operators.operatorframework.io.bundle.{key}.v1")].as_str()
            };
            (label("channels"), label("channel.default"))
        })
        .collect();
    assert_eq!(labels, [("b", "b"), ("b,a", "b")]);
    let config = json_of(&release.bundles[1].image.config);
    assert_eq!(config["config"]["Labels"], json!(release.bundles[1].labels));
    let annotations = &release.bundles[1].files["metadata/annotations.yaml"];
    assert!(String::from_utf8_lossy(annotations).contains("bundle.channels.v1: \"b,a\"\n"));
}

#[test]
fn what_is_wrong_with_channels_is_refused() {
    for (case, channels, wanted) in [
        (
            "no default among several",
            "channels: [{name: a, currentCSV: etcd.v1.0.0}, {name: b, currentCSV: etcd.v1.0.0}]\n",
            "packageName: defaultChannel is missing, and there are several channels: a, b",
        ),
        (
            "a default that is no channel",
            "channels: [{name: a, currentCSV: etcd.v1.0.0}]\ndefaultChannel: b\n",
            "defaultChannel b is no channel; the channels are a",
        ),
        (
            "a head that is not there",
            "channels: [{name: a, currentCSV: etcd.v2.0.0}]\n",
            "channel.currentCSV etcd.v2.0.0 of channel a is the name of no CSV",
        ),
        (
            "a comma",
            "channels: [{name: 'a,b', currentCSV: etcd.v1.0.0}]\n",
            "channel \"a,b\": a name has no comma and no white space, and is not empty",
        ),
    ] {
        let messages = refusals(&nested(channels, &["1.0.0"]));
        assert_eq!(messages, [("format", wanted.to_owned())], "{case}");
    }
}

#[test]
fn a_bundle_on_another_channels_path_alone_is_reported() {
    let mut files = nested(
        "channels: [{name: a, currentCSV: etcd.v3.0.0}, {name: b, currentCSV: etcd.v2.0.0}]\ndefaultChannel: a\n",
        &["1.0.0", "3.0.0"],
    );
    files.push(file(
        "2.0.0/csv.yaml",
        csv_with("2.0.0", "", "  replaces: etcd.v1.0.0\n"),
    ));
    files.push(file("2.0.0/crd.yaml", crd()));
    let release = release(&files);
    let findings = release
        .verdict
        .findings
        .iter()
        .filter(|finding| finding.rule == "channels");
    let files: Vec<&str> = findings.map(|finding| &*finding.file).collect();
    assert_eq!(files, ["1.0.0/csv.yaml"]);
    assert_eq!(release.bundles[0].channels, ["a"]);
}

#[test]
fn a_flat_upload_gives_each_csv_its_own_crds() {
    let channels = "channels: [{name: stable, currentCSV: etcd.v2.0.0}]\n";
    let mut files = vec![
        package(channels),
        file("csv1.yaml", csv("1.0.0")),
        file("csv2.yaml", csv("2.0.0")),
        file("crd.yaml", crd()),
    ];
    let release = release(&files);
    for bundle in &release.bundles {
        let names: Vec<&String> = bundle
            .files
            .keys()
            .filter(|path| path.starts_with("manifests/"))
            .collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names.contains(&&"manifests/crd.yaml".to_owned()));
    }

    files.push(file(
        "service.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n",
    ));
    let wanted = "service.yaml: Service s belongs to no CSV, and there are several".to_owned();
    assert_eq!(refusals(&files), [("layout", wanted)]);

    files.remove(1);
    let release = self::release(&files);
    assert!(
        release.bundles[0]
            .files
            .contains_key("manifests/service.yaml")
    );
}

#[test]
fn what_is_no_manifest_is_left_out_of_a_converted_bundle() {
    let mut files = operator(&["1.0.0"]);
    files.extend([
        file("1.0.0/README.md", "text"),
        file("1.0.0/ci.yaml", "a: b\n"),
        file("1.0.0/list.JSON", "[]"),
        file("1.0.0/more/service.yaml", "apiVersion: v1\nkind: Service\n"),
        file(
            "1.0.0/service.JSON",
            "{\n\t\"apiVersion\": \"v1\", \"kind\": \"Service\"\n}",
        ),
        file("ci.yaml", "a: b\n"),
    ]);
    let release = release(&files);
    let names: Vec<&String> = release.bundles[0].files.keys().collect();
    let wanted = [
        "manifests/crd.yaml",
        "manifests/csv.yaml",
        "manifests/service.JSON",
        "metadata/annotations.yaml",
    ];
    assert_eq!(names, wanted);
    let left_out = release
        .verdict
        .findings
        .iter()
        .filter(|finding| finding.rule == "layout");
    let files: Vec<&str> = left_out.map(|finding| &*finding.file).collect();
    assert_eq!(files, ["1.0.0/more/service.yaml", "1.0.0/list.JSON"]);
}
