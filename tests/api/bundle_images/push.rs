//! What becomes of an upload: nested, flat, ready-made; by Koji; in front of each kind of registry.

use omps_tests::koji::Build;
use omps_tests::oci::Kind;
use omps_tests::operator::Operator;
use omps_tests::zip::zip;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};

use super::{NAME, Setup, digests};
use crate::helpers::ORGANIZATION;

const VERSION: &str = "org.opencontainers.image.version";

#[tokio::test]
async fn a_nested_zip_becomes_a_bundle_for_each_version_and_a_release() {
    for kind in [
        Kind::Quay,
        Kind::DockerRegistry,
        Kind::DockerRegistryWithPasswords,
    ] {
        let setup = Setup::with(kind, "").await;

        let answer = setup.app.push_zipfile(&Operator::larder().zip()).await;

        assert_eq!(answer.status, 200, "{kind:?}: {answer:?}");
        let name = "larder-operator";
        assert_eq!(setup.tags(name), ["0.4.0", "0.5.1", "1.0.0"], "{kind:?}");
        let bundles = &answer.body["bundles"];
        let bundle = |at: usize, version: &str, channel: &str| {
            let digest = &bundles[at]["digest"];
            json!({
                "name": format!("larder-operator.v{version}"),
                "version": version,
                "tag": version,
                "channels": [channel],
                "image": setup.image(name, digest),
                "digest": digest,
                "pushed": true,
            })
        };
        assert_eq!(
            *bundles,
            json!([
                bundle(0, "0.4.0", "stable"),
                bundle(1, "0.5.1", "candidate")
            ])
        );
        let (release, newest) = (setup.manifest(name, "1.0.0"), setup.manifest(name, "0.5.1"));
        assert_eq!(release["annotations"][VERSION], "1.0.0");
        assert_eq!(newest["annotations"], Value::Null);
        for part in ["config", "layers"] {
            assert_eq!(release[part], newest[part], "{kind:?}");
        }
    }
}

#[tokio::test]
async fn a_flat_zip_whose_bundle_has_the_releases_number_has_one_manifest() {
    let setup = Setup::quay().await;

    let answer = setup.app.push_zipfile(&Operator::doorbell().zip()).await;

    let keys: Vec<_> = answer.body.as_object().expect("an object").keys().collect();
    let wanted = [
        "bundles",
        "extracted_files",
        "image",
        "organization",
        "repo",
        "version",
    ];
    assert_eq!(keys, wanted);
    assert_eq!(setup.tags(NAME), ["1.0.0"]);
    assert_eq!(answer.body["bundles"][0]["image"], answer.body["image"]);
    assert_eq!(answer.body["bundles"][0]["pushed"], true);
    assert_eq!(
        setup.manifest(NAME, "1.0.0")["annotations"][VERSION],
        "1.0.0"
    );
}

#[tokio::test]
async fn a_ready_made_bundle_is_pushed_as_it_is() {
    let setup = Setup::quay().await;

    let answer = setup.app.push_zipfile_as("3.0.0", &ready_made()).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["repo"], NAME);
    assert_eq!(setup.tags(NAME), ["1.0.0", "3.0.0"]);
    let config = setup.manifest(NAME, "1.0.0")["config"]["digest"].clone();
    let config = setup
        .registry
        .blob(ORGANIZATION, NAME, config.as_str().expect("a digest"));
    let config: Value = serde_json::from_slice(&config.expect("a config")).expect("JSON");
    assert_eq!(
        config["config"]["Labels"]["operators.operatorframework.io.bundle.package.v1"],
        NAME
    );
}

#[tokio::test]
async fn a_build_in_koji_becomes_bundles_too() {
    let setup = Setup::quay().await;
    let nvr = "larder-operator-container-1-1";
    let build = Build::of_operator(nvr, Operator::larder().zip());
    setup.app.koji.add_build(build);

    let answer = setup.app.push_koji(nvr).await;

    assert_eq!(answer.body["nvr"], nvr, "{answer:?}");
    assert_eq!(setup.tags("larder-operator"), ["0.4.0", "0.5.1", "1.0.0"]);
}

#[tokio::test]
async fn the_same_upload_again_has_the_same_digests_and_puts_up_no_blob() {
    let setup = Setup::quay().await;
    let zip = Operator::larder().zip();
    let first = setup.app.push_zipfile(&zip).await;
    let uploads = setup.count("POST /v2/");

    let second = setup.app.push_zipfile(&zip).await;

    assert_eq!(second.body["version"], "2.0.0");
    assert_eq!(digests(&second), digests(&first));
    assert_eq!(second.body["bundles"][1]["pushed"], false);
    assert_eq!(setup.count("POST /v2/"), uploads);
}

#[tokio::test]
async fn the_same_key_again_gets_the_same_answer() {
    let setup = Setup::quay().await;
    let form = omps_tests::multipart::form("file", Some("a.zip"), &Operator::larder().zip());
    let push = || {
        let request = setup.app.request(Method::POST, "/v2/testorg/zipfile");
        let request = request
            .header(AUTHORIZATION, crate::helpers::token())
            .header(CONTENT_TYPE, omps_tests::multipart::content_type())
            .header("Idempotency-Key", "once");
        setup.app.send(request.body(form.clone()))
    };
    let first = push().await;

    let second = push().await;

    assert_eq!(second.body, first.body);
    assert_eq!(setup.tags("larder-operator"), ["0.4.0", "0.5.1", "1.0.0"]);
}

#[tokio::test]
async fn a_caller_without_rights_is_told_in_the_registrys_words_and_leaves_nothing() {
    let setup = Setup::quay().await;
    let form = omps_tests::multipart::form("file", Some("a.zip"), &Operator::doorbell().zip());
    let request = setup.app.request(Method::POST, "/v2/testorg/zipfile/1.0.0");
    let request = request
        .header(AUTHORIZATION, "basic d3Jvbmc6d3Jvbmc=")
        .header(CONTENT_TYPE, omps_tests::multipart::content_type())
        .body(form);

    let answer = setup.app.send(request).await;

    assert_eq!(answer.kind(), (403, "QuayAuthorizationError"));
    assert_eq!(
        answer.message(),
        "Failed to push manifest: Could not find robot with specified username"
    );
    assert_eq!(setup.registry.tags(ORGANIZATION, NAME), None);
}

#[tokio::test]
async fn health_asks_the_registry() {
    for kind in [Kind::Quay, Kind::DockerRegistry] {
        let setup = Setup::with(kind, "").await;

        let answer = setup.app.health().await;

        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.body["services"]["quay"]["ok"], true);
        assert!(setup.count("GET /v2/") >= 1);
    }
}

/// The doorbell as operator-sdk would have made a bundle of it.
fn ready_made() -> Vec<u8> {
    let operator = Operator::doorbell();
    let annotations = "annotations:\n  \
        operators.operatorframework.io.bundle.mediatype.v1: registry+v1\n  \
        operators.operatorframework.io.bundle.manifests.v1: manifests/\n  \
        operators.operatorframework.io.bundle.metadata.v1: metadata/\n  \
        operators.operatorframework.io.bundle.package.v1: doorbell-operator\n  \
        operators.operatorframework.io.bundle.channels.v1: alpha\n";
    zip(&[
        ("manifests/csv.yaml", operator.file(super::CSV).as_bytes()),
        (
            "manifests/crd.yaml",
            operator.file("doorbells.crd.yaml").as_bytes(),
        ),
        ("metadata/annotations.yaml", annotations.as_bytes()),
    ])
}
