//! An operator to change, and what becomes of it.

use std::io::{Cursor, Write};

use omps_operator::bundle_image::{Blob, JudgedBundles, Release, Validation};
use omps_operator::report::Severity;
use omps_operator::{Limits, Operator, OperatorError};
use serde_json::Value;

pub(crate) type Files = Vec<(String, String)>;

pub(crate) fn opened(files: &[(String, String)]) -> Result<Operator, OperatorError> {
    let zip = zipped(files, |text| text.as_bytes().to_vec());
    Operator::open(&zip, &Limits::new(1 << 20))
}

/// A zip of the files, each of whose texts is written as these bytes.
pub(crate) fn zipped(files: &[(String, String)], bytes: impl Fn(&str) -> Vec<u8>) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (path, text) in files {
        writer.start_file(path.as_str(), options).unwrap();
        writer.write_all(&bytes(text)).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(crate) fn judged(
    files: &[(String, String)],
    validation: Validation,
) -> Result<JudgedBundles, OperatorError> {
    opened(files)?.judge_bundles("etcd", validation)
}

pub(crate) fn release(files: &[(String, String)]) -> Release {
    judged(files, Validation::Normal)
        .unwrap()
        .into_release()
        .unwrap()
}

/// Rule and message of every refusal.
pub(crate) fn refusals(files: &[(String, String)]) -> Vec<(&'static str, String)> {
    let error = judged(files, Validation::Normal).unwrap_err();
    let findings = error.validation_info().findings.into_iter();
    findings
        .filter(|finding| finding.severity == Severity::Refused)
        .map(|finding| (finding.rule, finding.message))
        .collect()
}

pub(crate) fn file(path: &str, text: impl Into<String>) -> (String, String) {
    (path.to_owned(), text.into())
}

pub(crate) fn csv(version: &str) -> String {
    csv_with(version, "", "")
}

/// A CSV that owns the CRD of [`crd`], with more lines at the end of its metadata and of its spec.
pub(crate) fn csv_with(version: &str, metadata: &str, spec: &str) -> String {
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

pub(crate) fn crd() -> String {
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: etcds.example.com}\n\
     spec:\n  group: example.com\n  scope: Namespaced\n  names: {plural: etcds, kind: Etcd}\n\
     \x20 versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]\n"
        .to_owned()
}

pub(crate) fn package(channels: &str) -> (String, String) {
    file(
        "etcd.package.yaml",
        format!("packageName: etcd\n{channels}"),
    )
}

/// Package manifests with a directory a version.
pub(crate) fn nested(channels: &str, versions: &[&str]) -> Files {
    let mut files = vec![package(channels)];
    for version in versions {
        files.push(file(&format!("{version}/csv.yaml"), csv(version)));
        files.push(file(&format!("{version}/crd.yaml"), crd()));
    }
    files
}

/// Package manifests with the newest version in the channel stable.
pub(crate) fn operator(versions: &[&str]) -> Files {
    let newest = versions.last().unwrap();
    nested(
        &format!("channels: [{{name: stable, currentCSV: etcd.v{newest}}}]\n"),
        versions,
    )
}

pub(crate) const ANNOTATIONS: &str = "annotations:\n\
    \x20 operators.operatorframework.io.bundle.mediatype.v1: registry+v1\n\
    \x20 operators.operatorframework.io.bundle.manifests.v1: manifests/\n\
    \x20 operators.operatorframework.io.bundle.metadata.v1: metadata/\n\
    \x20 operators.operatorframework.io.bundle.package.v1: etcd # the package\n\
    \x20 operators.operatorframework.io.bundle.channels.v1: stable\n";

pub(crate) fn ready_made(directory: &str, version: &str) -> Files {
    vec![
        file(&format!("{directory}manifests/csv.yaml"), csv(version)),
        file(&format!("{directory}manifests/crd.yaml"), crd()),
        file(
            &format!("{directory}metadata/annotations.yaml"),
            ANNOTATIONS,
        ),
    ]
}

pub(crate) fn digests(release: &Release) -> Vec<String> {
    release
        .bundles
        .iter()
        .map(|bundle| bundle.manifest.digest.clone())
        .collect()
}

pub(crate) fn json_of(blob: &Blob) -> Value {
    serde_json::from_slice(&blob.bytes).unwrap()
}
