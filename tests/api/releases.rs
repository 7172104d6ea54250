//! `GET /v2/{organization}/{repo}/releases`, with an App Registry. Bundle images are in `bundle_images/releases.rs`.

use omps_tests::operator::Operator;
use omps_tests::quay::{Fault, Refusal};
use reqwest::Method;
use serde_json::{Value, json};

use crate::helpers::{ORGANIZATION, TestApp};

const NAME: &str = "larder-operator";

/// SHA-256 of nothing, which `add_release` adds.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Whether a value is a time like `2026-11-28T05:40:12Z`.
pub(crate) fn is_time(value: &Value) -> bool {
    let form = regex::Regex::new(r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$").expect("a pattern");
    value.as_str().is_some_and(|text| form.is_match(text))
}

#[tokio::test]
async fn the_highest_number_comes_first_and_what_is_no_number_last() {
    let app = TestApp::start().await;
    for release in ["9.0.0", "10.0.0", "1.0.0-2", "1.0.0"] {
        app.quay.add_release(ORGANIZATION, "larder", release);
    }

    let answer = app.list_releases("larder").await;

    let release = |version| json!({"version": version, "digest": EMPTY, "pushed_at": null});
    let releases = ["10.0.0", "9.0.0", "1.0.0", "1.0.0-2"].map(release);
    assert_eq!(
        answer.body,
        json!({"organization": "testorg", "repo": "larder", "releases": releases})
    );
}

#[tokio::test]
async fn of_a_release_that_omps_pushed_the_time_is_known() {
    let app = TestApp::start().await;
    app.push_zipfile(&Operator::larder().zip()).await;

    let answer = app.list_releases(NAME).await;

    let release = &answer.body["releases"][0];
    assert!(is_time(&release["pushed_at"]), "{answer:?}");
    let keys: Vec<&String> = release.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["digest", "pushed_at", "version"]);
}

#[tokio::test]
async fn the_time_is_of_what_was_pushed_and_not_of_what_came_in_its_place() {
    let app = TestApp::start().await;
    app.push_zipfile(&Operator::larder().zip()).await;
    app.quay.remove_release(ORGANIZATION, NAME, "1.0.0");
    app.quay.add_release(ORGANIZATION, NAME, "1.0.0");

    let answer = app.list_releases(NAME).await;

    let release = &answer.body["releases"][0];
    assert_eq!(release["digest"], EMPTY);
    assert_eq!(release["pushed_at"], Value::Null);
}

#[tokio::test]
async fn a_number_that_is_released_again_has_its_new_time() {
    let app = TestApp::start().await;
    let zip = Operator::larder().zip();
    app.push_zipfile_as("1.0.0", &zip).await;
    app.delete(NAME, "1.0.0").await;
    app.push_zipfile_as("1.0.0", &zip).await;

    let answer = app.list_releases(NAME).await;

    let releases = answer.body["releases"].as_array().expect("a list");
    assert_eq!(releases.len(), 1);
    assert!(is_time(&releases[0]["pushed_at"]), "{answer:?}");
}

#[tokio::test]
async fn a_repository_that_is_not_there_is_not_found() {
    let app = TestApp::start().await;
    app.quay.add_image_repository(ORGANIZATION, "image");

    for name in ["nothing", "image"] {
        let answer = app.list_releases(name).await;

        assert_eq!(answer.kind(), (404, "QuayPackageNotFound"));
        let message = format!("Package testorg/{name} not found");
        assert_eq!(answer.message(), message);
    }
}

#[tokio::test]
async fn the_list_needs_a_token_and_knows_no_parameters() {
    let app = TestApp::start().await;
    let path = "/v2/testorg/larder/releases";

    let without_token = app.send(app.request(Method::GET, path)).await;
    let with_query = app.with_token(Method::GET, &format!("{path}?page=2")).await;

    assert_eq!(
        without_token.kind(),
        (403, "OMPSAuthorizationHeaderRequired")
    );
    assert_eq!(with_query.kind(), (400, "BadRequest"));
}

#[tokio::test]
async fn a_quay_that_cannot_list_is_named() {
    let app = TestApp::start().await;
    app.quay.add_release(ORGANIZATION, "larder", "1.0.0");
    let refusal = Refusal::Cnr {
        status: 500,
        code: "internal-server-error",
        message: "no room".to_owned(),
        details: json!({}),
    };
    let path = "/cnr/api/v1/packages/testorg/larder";
    app.quay.fail_next(1, "GET", path, Fault::Refuse(refusal));

    let answer = app.list_releases("larder").await;

    assert_eq!(answer.kind(), (500, "QuayPackageError"));
    assert_eq!(
        answer.message(),
        "Cannot retrieve information about package testorg/larder: no room"
    );
}
