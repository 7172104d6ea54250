//! `POST /v2/{organization}/zipfile[/{version}]`, and the same in v1.

use omps_tests::archive::unpack;
use omps_tests::operator::Operator;
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::json;

use crate::helpers::{TestApp, token};

const CSV: &str = "doorbell-operator.v1.0.0.clusterserviceversion.yaml";

#[tokio::test]
async fn a_zip_becomes_the_first_release_of_its_package() {
    let app = TestApp::start().await;

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        json!({
            "organization": "testorg",
            "repo": "doorbell-operator",
            "version": "1.0.0",
            "extracted_files": [CSV, "doorbell.package.yaml", "doorbells.crd.yaml"],
        })
    );
    assert_eq!(answer.header("deprecation"), "");
    assert_eq!(app.releases("doorbell-operator"), ["1.0.0"]);
}

#[tokio::test]
async fn v1_pushes_to_the_repository_in_the_path_and_is_deprecated() {
    let app = TestApp::start().await;

    let answer = app
        .push_zipfile_v1("doorbell-operator", &Operator::doorbell().zip())
        .await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["repo"], "doorbell-operator");
    assert_eq!(answer.header("deprecation"), "@1554249600");
    assert_eq!(app.releases("doorbell-operator"), ["1.0.0"]);
}

#[tokio::test]
async fn v1_refuses_a_repository_that_differs_from_the_package() {
    let app = TestApp::start().await;

    let answer = app
        .push_zipfile_v1("bell", &Operator::doorbell().zip())
        .await;

    assert_eq!(answer.kind(), (400, "PackageValidationError"));
    assert_eq!(
        answer.body["validation_info"]["errors"],
        json!([
            "The packageName (doorbell-operator) in bundle does not match repository name (bell) provided as command line argument."
        ])
    );
    assert_eq!(answer.header("deprecation"), "@1554249600");
}

#[tokio::test]
async fn push_without_a_token_is_refused() {
    let app = TestApp::start().await;

    let request = app.request(Method::POST, "/v2/testorg/zipfile");
    let answer = app.send(request).await;

    assert_eq!(answer.kind(), (403, "OMPSAuthorizationHeaderRequired"));
}

#[tokio::test]
async fn a_token_that_quay_refuses_gets_quays_message() {
    let app = TestApp::start().await;

    let request = app
        .request(Method::POST, "/v2/testorg/zipfile")
        .header(AUTHORIZATION, "basic d3Jvbmc6d3Jvbmc=")
        .header("content-type", omps_tests::multipart::content_type())
        .body(omps_tests::multipart::form(
            "file",
            Some("operator.zip"),
            &Operator::doorbell().zip(),
        ));
    let answer = app.send(request).await;

    assert_eq!(answer.status, 403);
    assert_eq!(
        answer.error(),
        json!({
            "status": 403,
            "error": "QuayAuthorizationError",
            "message": "Failed to push manifest: Unauthorized access for: testorg/doorbell-operator",
            "quay_response": {"error": {
                "code": "forbidden",
                "details": {"package": "testorg/doorbell-operator", "scopes": ["create"]},
                "message": "Unauthorized access for: testorg/doorbell-operator",
            }},
        })
    );
}

#[tokio::test]
async fn the_token_reaches_quay_unchanged_and_the_listing_is_fetched_once() {
    let app = TestApp::start().await;

    app.push_zipfile(&Operator::doorbell().zip()).await;

    let requests = app.quay.requests();
    let lines: Vec<_> = requests
        .iter()
        .map(|request| format!("{} {}", request.method, request.path))
        .collect();
    assert_eq!(
        lines,
        [
            "GET /cnr/api/v1/packages",
            // A package that is not listed is looked up.
            "GET /cnr/api/v1/packages/testorg/doorbell-operator",
            "POST /cnr/api/v1/packages/testorg/doorbell-operator",
            // The push succeeds only if Quay has the content.
            "GET /cnr/api/v1/packages/testorg/doorbell-operator/1.0.0",
        ]
    );
    for request in &requests {
        assert_eq!(request.authorization(), Some(token().as_str()));
    }
}

#[tokio::test]
async fn a_nested_operator_is_pushed_unchanged() {
    let app = TestApp::start().await;
    let operator = Operator::larder();

    let answer = app.push_zipfile(&operator.zip()).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["extracted_files"], json!(operator.paths()));
    let pushed = unpack(&app.pushed("larder-operator", "1.0.0"));
    assert_eq!(pushed.keys().collect::<Vec<_>>(), operator.paths());
    for (path, content) in &pushed {
        assert!(content == operator.file(path).as_bytes(), "{path} differs");
    }
}

#[tokio::test]
async fn a_nested_operator_is_pushed_without_build_instructions() {
    let app = TestApp::start().await;
    let operator = Operator::larder();
    let zip = operator
        .clone()
        .with("art.yaml", "updates: []\n")
        .with("0.5.1/image-references", "images\n")
        .with("notes/README.txt", "read me\n")
        .zip();

    let answer = app.push_zipfile(&zip).await;

    assert_eq!(answer.status, 200);
    let pushed = unpack(&app.pushed("larder-operator", "1.0.0"));
    let expected = operator.with("notes/README.txt", "read me\n");
    assert_eq!(pushed.keys().collect::<Vec<_>>(), expected.paths());
}

#[tokio::test]
async fn a_flat_operator_is_pushed_as_one_bundle() {
    let app = TestApp::start().await;

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.status, 200);
    let pushed = unpack(&app.pushed("doorbell-operator", "1.0.0"));
    assert_eq!(pushed.keys().collect::<Vec<_>>(), ["bundle.yaml"]);
    let bundle = String::from_utf8_lossy(&pushed["bundle.yaml"]);
    assert!(bundle.starts_with("data:\n"), "{bundle}");
    for part in [
        "clusterServiceVersions:",
        "customResourceDefinitions:",
        "packages:",
    ] {
        assert!(
            bundle.contains(&format!("\n  {part} ")),
            "{part} is missing: {bundle}"
        );
    }
    for name in [
        "doorbell-operator.v1.0.0",
        "doorbells.example.com",
        "quay.io/doorbell",
    ] {
        assert!(bundle.contains(name), "{name} is missing: {bundle}");
    }
}

#[tokio::test]
async fn the_same_zip_always_gives_the_same_archive() {
    let app = TestApp::start().await;
    for operator in [Operator::doorbell(), Operator::larder()] {
        app.push_zipfile(&operator.zip()).await;
        app.push_zipfile(&operator.zip()).await;
    }
    for package in ["doorbell-operator", "larder-operator"] {
        assert!(
            app.pushed(package, "1.0.0") == app.pushed(package, "2.0.0"),
            "{package}"
        );
    }
}

#[tokio::test]
async fn invalid_manifests_are_refused_with_all_findings() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell()
        .edit(CSV, "  version: 1.0.0\n", "")
        .edit(CSV, "    strategy: deployment\n", "")
        .edit("doorbells.crd.yaml", "  group: example.com\n", "")
        .zip();

    let answer = app.push_zipfile(&zip).await;

    assert_eq!(answer.kind(), (400, "PackageValidationError"));
    assert_eq!(
        answer.message(),
        "Failed to push manifest: Resulting bundle is invalid, input yaml is improperly defined."
    );
    let info = &answer.body["validation_info"];
    assert_eq!(
        info["errors"],
        json!([
            "crd spec.group not defined.",
            "csv spec.install.strategy not defined"
        ])
    );
    assert_eq!(info["warnings"], json!(["csv spec.version not defined"]));
    assert!(app.releases("doorbell-operator").is_empty());
}

#[tokio::test]
async fn manifests_without_a_csv_have_no_layout() {
    let app = TestApp::start().await;

    let answer = app
        .push_zipfile(&Operator::doorbell().without(CSV).zip())
        .await;

    assert_eq!(answer.kind(), (400, "PackageValidationError"));
    assert_eq!(
        answer.message(),
        "Failed to push manifest: The source directory structure is not in valid flat or nested format,because no valid CSV file is found in root or manifest directories."
    );
}

#[tokio::test]
async fn a_full_report_has_warnings_and_findings() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell()
        .edit(CSV, "  maturity: alpha\n", "")
        .zip();

    let answer = app.upload("/v2/testorg/zipfile?report=full", &zip).await;

    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body["warnings"],
        json!(["csv spec.maturity not defined"])
    );
    let findings = answer.body["findings"].as_array().map(Vec::len);
    assert_eq!(findings, Some(1));
}

#[tokio::test]
async fn an_invalid_organization_name_is_refused() {
    let app = TestApp::start().await;

    let answer = app
        .upload("/v2/-dash/zipfile", &Operator::doorbell().zip())
        .await;

    assert_eq!(answer.kind(), (400, "BadRequest"));
    assert!(answer.message().contains("-dash"), "{}", answer.message());
}

#[tokio::test]
async fn a_query_parameter_that_nobody_knows_is_refused() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().zip();
    for query in ["dryrun=true", "report=full&x", "Report=full"] {
        let answer = app
            .upload(&format!("/v2/testorg/zipfile?{query}"), &zip)
            .await;

        assert_eq!(answer.kind(), (400, "BadRequest"), "{query}");
        let known = "this endpoint knows report, catalog, validation, dry_run";
        assert!(answer.message().contains(known), "{}", answer.message());
    }
    assert!(app.quay.requests().is_empty());
}
