//! Typical mistakes, sent to `POST /v2/{organization}/validate`: what each is answered.

use omps_tests::operator::Operator;
use omps_tests::zip::zip;

use crate::helpers::TestApp;

const CSV: &str = "doorbell-operator.v1.0.0.clusterserviceversion.yaml";

#[tokio::test]
async fn a_typical_mistake_has_a_finding_with_advice() {
    let app = TestApp::start().await;
    let (doorbell, larder) = (Operator::doorbell, Operator::larder);
    let (crd, package) = ("doorbells.crd.yaml", "doorbell.package.yaml");
    let in_folder = doorbell()
        .paths()
        .into_iter()
        .fold(Operator::default(), |moved, path| {
            moved.with(&format!("doorbell-main/{path}"), doorbell().file(path))
        });
    let bundle = Operator::default()
        .with("manifests/csv.yaml", doorbell().file(CSV))
        .with(
            "metadata/annotations.yaml",
            "annotations: {operators.operatorframework.io.bundle.package.v1: doorbell-operator}\n",
        );
    let capitals = doorbell()
        .with("a.YAML", doorbell().file(package))
        .without(package);
    let inner = doorbell().zip();
    for (rule, advice, zip, is_valid) in [
        (
            "folder-around",
            "Zip the folder's content",
            in_folder.zip(),
            false,
        ),
        (
            "bundle-instead",
            "Push it to an organization with release_format",
            bundle.zip(),
            false,
        ),
        (
            "archive-inside",
            "Zip the manifests themselves",
            zip(&[("operator.zip", inner.as_slice())]),
            false,
        ),
        ("package-extension", "Rename it", capitals.zip(), false),
        (
            "no-package-file",
            "Add a package file",
            doorbell().without(package).zip(),
            false,
        ),
        (
            "macos-file",
            "Take out `__MACOSX`",
            doorbell().with("__MACOSX/._csv.yaml", "\0\u{5}").zip(),
            false,
        ),
        (
            "macos-files",
            "Take out `__MACOSX`",
            larder().with(".DS_Store", "\0").zip(),
            true,
        ),
        (
            "unknown-kind",
            "Write kind:",
            doorbell().edit(crd, "Definition\n", "Definitions\n").zip(),
            false,
        ),
        (
            "channel-csv-unknown",
            "Add the CSV's file",
            doorbell().edit(package, "v1.0.0", "v1.0").zip(),
            false,
        ),
        (
            "current-csv",
            "Add the CSV's file",
            larder().edit("larder.package.yaml", "v0.5.1", "v0.6").zip(),
            true,
        ),
        (
            "csv-alm-examples",
            "Make it a string",
            doorbell().edit(CSV, "\"/ring\"", "/ring").zip(),
            false,
        ),
    ] {
        let answer = app.validate(&zip).await;

        assert_eq!(
            (answer.status, &answer.body["valid"]),
            (200, &is_valid.into()),
            "{rule}"
        );
        let findings = answer.body["validation_info"]["findings"].as_array();
        let mut findings = findings.into_iter().flatten();
        let Some(finding) = findings.find(|finding| finding["rule"] == rule) else {
            panic!("no {rule}: {answer:?}");
        };
        let begins = finding["advice"]
            .as_str()
            .map(|text| text.starts_with(advice));
        assert_eq!(begins, Some(true), "{finding}");
        assert!(finding["line"].as_u64() >= Some(1), "{finding}");
        let is_hint = finding["severity"] == "hint";
        assert_eq!(is_hint, is_valid || rule == "unknown-kind", "{finding}");
    }
}

#[tokio::test]
async fn what_only_has_the_name_of_a_zip_is_refused_as_what_it_is() {
    let app = TestApp::start().await;
    for (content, wanted) in [
        (
            &b"\x1f\x8b\x08\0"[..],
            "not a zip file: it is a gzip file, as a .tar.gz is; make a zip",
        ),
        (&b""[..], "not a zip file: it is empty"),
    ] {
        let answer = app.validate(content).await;

        assert_eq!(answer.kind(), (400, "OMPSUploadedFileError"));
        assert!(answer.message().starts_with(wanted), "{answer:?}");
    }
}
