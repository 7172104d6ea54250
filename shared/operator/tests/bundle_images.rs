//! From a zip to bundle images, through the crate's front door.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::io::{Cursor, Read, Write};

use omps_operator::bundle_image::{Blob, JudgedBundles, Release, Validation};
use omps_operator::report::Severity;
use omps_operator::rules::Rules;
use omps_operator::{Limits, Operator, OperatorError};
use serde_json::{Value, json};

type Files = Vec<(String, String)>;

fn opened(files: &[(String, String)]) -> Result<Operator, OperatorError> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (path, text) in files {
        writer.start_file(path.as_str(), options).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    Operator::open(
        &writer.finish().unwrap().into_inner(),
        &Limits::new(1 << 20),
    )
}

fn judged(
    files: &[(String, String)],
    validation: Validation,
) -> Result<JudgedBundles, OperatorError> {
    opened(files)?.judge_bundles("etcd", validation)
}

fn release(files: &[(String, String)]) -> Release {
    judged(files, Validation::Normal)
        .unwrap()
        .into_release()
        .unwrap()
}

/// Rule and message of every refusal.
fn refusals(files: &[(String, String)]) -> Vec<(&'static str, String)> {
    let error = judged(files, Validation::Normal).unwrap_err();
    let findings = error.validation_info().findings.into_iter();
    findings
        .filter(|finding| finding.severity == Severity::Refused)
        .map(|finding| (finding.rule, finding.message))
        .collect()
}

fn file(path: &str, text: impl Into<String>) -> (String, String) {
    (path.to_owned(), text.into())
}

fn csv(version: &str) -> String {
    csv_with(version, "", "")
}

/// A CSV that owns the CRD of [`crd`], with more lines at the end of its metadata and of its spec.
fn csv_with(version: &str, metadata: &str, spec: &str) -> String {
    format!(
        "apiVersion: operators.coreos.com/v1alpha1\n\
         kind: ClusterServiceVersion\n\
         metadata:\n  name: etcd.v{version}\n  annotations: {{alm-examples: '[]'}}\n{metadata}\
         spec:\n  displayName: etcd\n  version: '{version}'\n\
         \x20 provider: {{name: example}}\n\
         \x20 installModes: [{{type: AllNamespaces, supported: true}}]\n\
         \x20 customresourcedefinitions: {{owned: [{{name: etcds.example.com, kind: Etcd, version: v1}}]}}\n\
         \x20 install: {{strategy: deployment, spec: {{deployments: [{{name: etcd}}]}}}}\n{spec}"
    )
}

fn crd() -> String {
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: etcds.example.com}\n\
     spec:\n  group: example.com\n  scope: Namespaced\n  names: {plural: etcds, kind: Etcd}\n\
     \x20 versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]\n"
        .to_owned()
}

fn package(channels: &str) -> (String, String) {
    file(
        "etcd.package.yaml",
        format!("packageName: etcd\n{channels}"),
    )
}

/// Package manifests with a directory a version.
fn nested(channels: &str, versions: &[&str]) -> Files {
    let mut files = vec![package(channels)];
    for version in versions {
        files.push(file(&format!("{version}/csv.yaml"), csv(version)));
        files.push(file(&format!("{version}/crd.yaml"), crd()));
    }
    files
}

/// Package manifests with the newest version in the channel stable.
fn operator(versions: &[&str]) -> Files {
    let newest = versions.last().unwrap();
    nested(
        &format!("channels: [{{name: stable, currentCSV: etcd.v{newest}}}]\n"),
        versions,
    )
}

const ANNOTATIONS: &str = "annotations:\n\
    \x20 operators.operatorframework.io.bundle.mediatype.v1: registry+v1\n\
    \x20 operators.operatorframework.io.bundle.manifests.v1: manifests/\n\
    \x20 operators.operatorframework.io.bundle.metadata.v1: metadata/\n\
    \x20 operators.operatorframework.io.bundle.package.v1: etcd # the package\n\
    \x20 operators.operatorframework.io.bundle.channels.v1: stable\n";

fn ready_made(directory: &str, version: &str) -> Files {
    vec![
        file(&format!("{directory}manifests/csv.yaml"), csv(version)),
        file(&format!("{directory}manifests/crd.yaml"), crd()),
        file(
            &format!("{directory}metadata/annotations.yaml"),
            ANNOTATIONS,
        ),
    ]
}

fn digests(release: &Release) -> Vec<String> {
    release
        .bundles
        .iter()
        .map(|bundle| bundle.manifest.digest.clone())
        .collect()
}

fn json_of(blob: &Blob) -> Value {
    serde_json::from_slice(&blob.bytes).unwrap()
}

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

#[test]
fn a_ready_made_bundle_is_taken_byte_by_byte() {
    for directory in ["", "bundle/", "bundle-1/bundle/"] {
        let mut files = ready_made(directory, "1.0.0");
        files.push(file(&format!("{directory}Dockerfile"), "FROM scratch\n"));
        files.push(file(
            &format!("{directory}tests/scorecard/config.yaml"),
            "a: b\n",
        ));
        let release = release(&files);
        let bundle = &release.bundles[0];
        let paths: Vec<&String> = bundle.files.keys().collect();
        let wanted = [
            "manifests/crd.yaml",
            "manifests/csv.yaml",
            "metadata/annotations.yaml",
            "tests/scorecard/config.yaml",
        ];
        assert_eq!(paths, wanted);
        assert_eq!(
            &*bundle.files["metadata/annotations.yaml"],
            ANNOTATIONS.as_bytes()
        );
        assert_eq!(
            (bundle.channels.as_slice(), &bundle.default_channel),
            (&["stable".to_owned()][..], &None)
        );
    }
}

#[test]
fn several_ready_made_bundles_are_one_release() {
    let files = [
        ready_made("bundle-1.0.0/", "1.0.0"),
        ready_made("bundle-1.1.0/", "1.1.0"),
    ]
    .concat();
    let release = release(&files);
    let manifest = json_of(&release.manifest("1.0.0").unwrap());
    let package: Value =
        serde_json::from_str(manifest["annotations"]["omps.package"].as_str().unwrap()).unwrap();
    assert_eq!(
        package["channels"],
        json!({"stable": ["etcd.v1.0.0", "etcd.v1.1.0"]})
    );
    assert_eq!(
        (&package["form"], &package["default"]),
        (&json!("bundle"), &Value::Null)
    );

    let mut mixed = files;
    mixed[2].1 = ANNOTATIONS.replace("etcd #", "other #");
    let wanted = "the upload has bundles of several packages: other and etcd".to_owned();
    assert!(refusals(&mixed).contains(&("format", wanted)));
}

#[test]
fn the_suffix_is_set_where_a_ready_made_bundle_names_its_package() {
    let rules = Rules {
        package_name_suffix: Some("-test".to_owned()),
        ..Rules::default()
    };
    let operator = opened(&ready_made("", "1.0.0"))
        .unwrap()
        .apply(&rules)
        .unwrap();
    assert_eq!(operator.package().name, "etcd-test");
    let release = operator
        .judge_bundles("etcd-test", Validation::Normal)
        .unwrap()
        .into_release()
        .unwrap();
    let wanted = ANNOTATIONS.replace("etcd #", "\"etcd-test\" #");
    assert_eq!(
        &*release.bundles[0].files["metadata/annotations.yaml"],
        wanted.as_bytes()
    );
    assert_eq!(release.package, "etcd-test");
}

#[test]
fn annotations_are_set_in_a_csv_with_empty_documents_around_it() {
    let annotation = json!({"name": "certified", "value": "{package_name}"});
    let rules = Rules {
        csv_annotations: vec![serde_json::from_value(annotation).unwrap()],
        ..Rules::default()
    };
    let mut files = ready_made("", "1.0.0");
    files[0].1 = format!("---\n# generated\n---\n{}---\n", csv("1.0.0"));
    let operator = opened(&files).unwrap().apply(&rules).unwrap();
    let judged = operator.judge_bundles("etcd", Validation::Normal).unwrap();
    let release = judged.into_release().unwrap();
    let shipped =
        String::from_utf8_lossy(&release.bundles[0].files["manifests/csv.yaml"]).into_owned();
    let wanted = files[0].1.replace(
        "{alm-examples: '[]'}",
        "{\"certified\": \"etcd\", alm-examples: '[]'}",
    );
    assert_eq!(shipped, wanted);
}

#[test]
fn documents_of_a_ready_made_bundle_are_split_and_the_archive_is_listed_as_it_is() {
    let mut files = ready_made("", "1.0.0");
    files.remove(1);
    files[0].1 = format!("{}---\n{}", csv("1.0.0"), crd());
    let operator = opened(&files).unwrap();
    assert_eq!(
        operator.file_names(),
        ["manifests/csv.yaml", "metadata/annotations.yaml"]
    );
    let release = operator
        .judge_bundles("etcd", Validation::Normal)
        .unwrap()
        .into_release()
        .unwrap();
    let split = &release
        .verdict
        .findings
        .iter()
        .find(|finding| finding.rule == "layout")
        .unwrap()
        .message;
    assert_eq!(
        split,
        "manifests/csv.yaml has several documents; they become csv-1.yaml, csv-2.yaml"
    );
    assert_eq!(
        &*release.bundles[0].files["manifests/csv-2.yaml"],
        crd().as_bytes()
    );
}

#[test]
fn an_upload_without_a_package_says_what_its_bundles_lack() {
    let nothing = opened(&[file("a.yaml", "b: c\n")]).err().unwrap();
    assert_eq!(
        nothing.to_string(),
        "Could not find packageName in manifests."
    );

    let files = &ready_made("", "1.0.0")[..2];
    let error = opened(files).err().unwrap();
    let wanted = "Could not find packageName in manifests. Unable to locate metadata directory";
    assert_eq!(error.to_string(), wanted);
    assert_eq!(
        error.validation_info().errors.unwrap(),
        ["Unable to locate metadata directory"]
    );
}

#[test]
fn an_app_registry_takes_no_ready_made_bundle() {
    let error = opened(&ready_made("", "1.0.0"))
        .unwrap()
        .judge("etcd")
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "Could not find packageName in manifests."
    );
}

#[test]
fn tags_and_the_newest_csv_must_be_clear() {
    let two =
        |first: &str, second: &str| [ready_made("a/", first), ready_made("b/", second)].concat();
    for (files, wanted) in [
        (
            two("1.0.0+a", "1.0.0+b"),
            (
                "tag",
                "it is not clear which is the newest: etcd.v1.0.0+a or etcd.v1.0.0+b",
            ),
        ),
        (
            two("1.0.0", "1.0.0"),
            ("tag", "etcd.v1.0.0 and etcd.v1.0.0 have one tag: 1.0.0"),
        ),
        (
            two("1.0.0", "1.0"),
            (
                "operatorhubv2",
                "spec.version \"1.0\" is no semantic version",
            ),
        ),
    ] {
        let refusals = refusals(&files);
        let said = refusals
            .iter()
            .any(|(rule, message)| *rule == wanted.0 && message.starts_with(wanted.1));
        assert!(said, "{wanted:?}: {refusals:?}");
    }
}

#[test]
fn errors_refuse_in_strict_mode_alone() {
    let mut files = ready_made("", "1.0.0");
    files[0].1 = csv_with("1.0.0", "", "  replaces: Not_A_Name\n");

    let normal = judged(&files, Validation::Normal).unwrap();
    let errors = normal
        .verdict()
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    let messages: Vec<&str> = errors.map(|finding| finding.message.as_str()).collect();
    assert!(
        messages[0].starts_with("spec.replaces \"Not_A_Name\" is invalid: "),
        "{messages:?}"
    );
    assert_eq!(normal.verdict().first_refusal(), "");

    let strict = judged(&files, Validation::Strict).unwrap_err();
    assert_eq!(strict.to_string(), messages[0]);
    assert_eq!(strict.validation_info().errors.unwrap(), messages);
}

#[test]
fn a_finding_says_where_of_which_bundle_and_who_says_so() {
    let mut files = ready_made("b/", "1.0.0");
    files.push(file(
        "b/manifests/sa.yaml",
        "apiVersion: v1\nkind: Deployment\nmetadata: {name: etcd}\n",
    ));
    let error = judged(&files, Validation::Normal).unwrap_err();
    let findings = serde_json::to_value(error.validation_info().findings).unwrap();
    let wanted = json!({
        "severity": "refused",
        "rule": "kind",
        "file": "b/manifests/sa.yaml",
        "line": 2,
        "column": 7,
        "field": "kind",
        "found": "the string \"Deployment\"",
        "message": "Deployment is not supported type for registryV1 bundle: manifests/sa.yaml",
        "advice": "Take the file out of manifests/, or let the operator create the object itself.",
        "bundle": "etcd.v1.0.0",
        "says": ["opm"],
    });
    assert_eq!(findings[0], wanted);
}

#[test]
fn what_opm_cannot_read_beside_the_manifests_is_refused() {
    for (path, text, wanted) in [
        (
            "dependencies.yaml",
            "dependencies: [{type: olm.nope}]",
            "couldn't parse dependency of type olm.nope",
        ),
        (
            "dependencies.yaml",
            "dependencies: [{type: olm.gvk, value: {kind: K, version: v}}]",
            "API Group is empty",
        ),
        (
            "dependencies.yaml",
            "dependencies: [{type: olm.gvk, value: {group: g, version: v}}]",
            "API Kind is empty",
        ),
        (
            "dependencies.yaml",
            "dependencies: [{type: olm.package, value: {version: 1.0.0}}]",
            "Package name is empty",
        ),
        (
            "dependencies.yaml",
            "dependencies: [{type: olm.package, value: {packageName: a}}]",
            "Package version is empty",
        ),
        (
            "dependencies.yaml",
            "dependencies: [{type: olm.package, value: {packageName: a, version: ~1.0.0}}]",
            "Invalid semver format version: ~1.0.0",
        ),
        (
            "dependencies.yaml",
            "dependencies: [",
            "Unable to decode the dependencies file metadata/dependencies.yaml: ",
        ),
        (
            "properties.yaml",
            "properties: [{value: a}]",
            "couldn't parse property: type must be set",
        ),
    ] {
        let mut files = ready_made("", "1.0.0");
        files.push(file(&format!("metadata/{path}"), text));
        let refusals = refusals(&files);
        assert!(refusals[0].1.starts_with(wanted), "{text}: {refusals:?}");
        assert_eq!(
            (refusals[0].0, refusals.len()),
            ("dependencies", 1),
            "{text}"
        );
    }
}

#[test]
fn files_of_one_config_map_key_or_with_a_long_name_are_refused() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n";
    let long = format!("manifests/{}.yaml", "n".repeat(249));
    for (paths, wanted) in [
        (
            ["manifests/a b.yaml", "manifests/a+b.yaml"],
            "manifests/a b.yaml and manifests/a+b.yaml are one ConfigMap key a-b.yaml",
        ),
        (
            ["manifests/x.yaml", "metadata/x.yaml"],
            "manifests/x.yaml and metadata/x.yaml are one ConfigMap key x.yaml",
        ),
        (
            [&long, "metadata/y.yaml"],
            "has 253 characters at most, this one 254",
        ),
    ] {
        let mut files = ready_made("", "1.0.0");
        files.extend(paths.map(|path| file(path, service)));
        let refusals = refusals(&files);
        assert!(refusals[0].1.contains(wanted), "{refusals:?}");
        assert_eq!(refusals[0].0, "layout");
    }
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
