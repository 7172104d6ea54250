//! The verdict on bundles, and what is known before anything is pushed.

use omps_tests::multipart;
use omps_tests::oci::Kind;
use omps_tests::operator::Operator;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use super::{CSV, NAME, Setup, digests};
use crate::helpers::Answer;

/// `POST /v2/testorg/validate` with a query.
async fn validate(setup: &Setup, query: &str, zip: &[u8]) -> Answer {
    let path = format!("/v2/testorg/validate{query}");
    let request = setup.app.request(Method::POST, &path);
    let request = request.header(CONTENT_TYPE, multipart::content_type());
    let form = multipart::form("file", Some("operator.zip"), zip);
    setup.app.send(request.body(form)).await
}

/// An operator that operator-courier takes, and opm does not.
fn refused() -> Operator {
    Operator::doorbell().edit(CSV, "version: 1.0.0", "version: 1.0.0.0")
}

#[tokio::test]
async fn validate_says_the_digests_and_asks_no_registry() {
    let setup = Setup::quay().await;
    let zip = Operator::larder().zip();

    let said = validate(&setup, "", &zip).await;
    let requests = setup.registry.requests().len();
    let pushed = setup.app.push_zipfile(&zip).await;

    assert_eq!(said.body["valid"], true, "{said:?}");
    assert_eq!(digests(&said), digests(&pushed));
    assert_eq!(
        said.body["bundles"][0]["image"],
        pushed.body["bundles"][0]["image"]
    );
    assert_eq!(said.body["bundles"][0].get("pushed"), None);
    assert_eq!(said.body.get("catalog"), None);
    assert_eq!(requests, 0);
}

#[tokio::test]
async fn a_catalog_is_rendered_for_who_asks() {
    let setup = Setup::quay().await;

    let said = validate(&setup, "?catalog=true", &Operator::larder().zip()).await;

    let rendered = &said.body["catalog"]["bundles"];
    assert_eq!(rendered.as_array().map(Vec::len), Some(2));
    assert_eq!(rendered[0]["schema"], "olm.bundle");
    assert_eq!(rendered[1]["image"], said.body["bundles"][1]["image"]);
}

#[tokio::test]
async fn a_refused_bundle_is_not_pushed_and_leaves_no_repository() {
    let setup = Setup::quay().await;
    let zip = refused().zip();

    let said = validate(&setup, "", &zip).await;
    let answer = setup.app.push_zipfile(&zip).await;

    assert_eq!(said.body["valid"], false, "{said:?}");
    assert_eq!(answer.kind(), (400, "PackageValidationError"));
    let info = &answer.body["validation_info"];
    assert_eq!(info, &said.body["validation_info"]);
    let findings = info["findings"].as_array().expect("findings");
    let refusal = findings
        .iter()
        .find(|finding| finding["severity"] == "refused")
        .expect("a refusal");
    assert_eq!(refusal["message"], answer.message());
    assert_eq!(setup.registry.tags("testorg", NAME), None);
}

#[tokio::test]
async fn a_full_report_has_warnings_and_findings() {
    let setup = Setup::quay().await;

    let answer = setup
        .app
        .upload("/v2/testorg/zipfile?report=full", &Operator::larder().zip())
        .await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body["warnings"].is_array());
    let findings = answer.body["findings"].as_array().expect("findings");
    let of_bundle = |finding: &&Value| finding["bundle"] == "larder-operator.v0.5.1";
    assert!(
        findings.iter().any(|finding| of_bundle(&finding)),
        "{answer:?}"
    );
}

#[tokio::test]
async fn strict_mode_refuses_what_operator_sdk_calls_an_error() {
    let operator = Operator::doorbell().edit(CSV, "Basic Install", "Everything");
    let zip = operator.zip();
    let normal = Setup::quay().await;
    let strict = Setup::with(Kind::Quay, "validation = \"strict\"").await;

    let by_request = "/v2/testorg/zipfile?validation=strict";
    let refused = normal.app.upload(by_request, &zip).await;
    let refused_too = strict.app.push_zipfile(&zip).await;
    let taken = normal.app.push_zipfile(&zip).await;

    assert_eq!(refused.kind(), (400, "PackageValidationError"));
    assert_eq!(refused_too.kind(), (400, "PackageValidationError"));
    assert_eq!(taken.status, 200, "{taken:?}");
    let loosened = strict
        .app
        .upload("/v2/testorg/zipfile?validation=normal", &zip)
        .await;
    assert_eq!(loosened.kind(), (400, "BadRequest"));
}

#[tokio::test]
async fn a_bundle_without_annotations_is_judged_and_not_an_error_of_the_request() {
    let setup = Setup::quay().await;
    let csv = Operator::doorbell().file(CSV).to_owned();
    let zip = omps_tests::zip::zip(&[("manifests/csv.yaml", csv.as_bytes())]);

    let said = validate(&setup, "", &zip).await;
    let pushed = setup.app.push_zipfile(&zip).await;

    assert_eq!(said.status, 200, "{said:?}");
    assert_eq!(said.body["valid"], false);
    assert_eq!(said.body["repo"], Value::Null);
    assert_eq!(said.body["extracted_files"][0], "manifests/csv.yaml");
    assert_eq!(pushed.kind(), (400, "PackageValidationError"));
}
