//! `DELETE /v2/{organization}/{repo}[/{version}]`, and the same in v1.

use omps_tests::operator::Operator;
use omps_tests::quay::{Fault, Refusal};
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::json;

use crate::helpers::{ORGANIZATION, TestApp, assert_error};

/// A service whose Quay has these releases of `larder`.
async fn with_releases(releases: &[&str]) -> TestApp {
    let app = TestApp::start().await;
    for release in releases {
        app.quay.add_release(ORGANIZATION, "larder", release);
    }
    app
}

/// The path of a release of `larder` in Quay.
fn release_path(release: &str) -> String {
    format!("/cnr/api/v1/packages/testorg/larder/{release}")
}

fn no_room(status: u16) -> Fault {
    Fault::Refuse(Refusal::Cnr {
        status,
        code: "internal-server-error",
        message: "no room".to_owned(),
        details: json!({}),
    })
}

#[tokio::test]
async fn one_release_is_deleted_and_the_others_stay() {
    let app = with_releases(&["1.0.0", "2.0.0"]).await;

    let answer = app.delete("larder", "1.0.0").await;

    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        json!({"organization": "testorg", "repo": "larder", "deleted": ["1.0.0"]})
    );
    assert_eq!(answer.header("deprecation"), "");
    assert_eq!(app.releases("larder"), ["2.0.0"]);
}

#[tokio::test]
async fn all_releases_are_deleted_and_the_repository_stays() {
    let app = with_releases(&["1.0.0", "2.0.0", "3.0.0"]).await;

    let answer = app.delete_all("larder").await;

    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        json!({
            "organization": "testorg",
            "repo": "larder",
            "deleted": ["3.0.0", "2.0.0", "1.0.0"],
        })
    );
    assert!(app.releases("larder").is_empty());
    assert_eq!(app.quay.is_public(ORGANIZATION, "larder"), Some(false));
}

#[tokio::test]
async fn releases_that_are_not_x_y_z_are_deleted_too() {
    let odd = ["1.0.0", "1.0.0-2", "1.0.0-rc.1", "2.0.0+b"];
    let one_by_one = with_releases(&odd).await;
    for release in odd {
        let answer = one_by_one
            .delete("larder", &release.replace('+', "%2B"))
            .await;

        assert_eq!(answer.status, 200, "{release}: {answer:?}");
        assert_eq!(answer.body["deleted"], json!([release]));
    }
    let at_once = with_releases(&odd).await;
    let answer = at_once.delete_all("larder").await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["deleted"].as_array().map(Vec::len), Some(4));
    assert!(one_by_one.releases("larder").is_empty());
    assert!(at_once.releases("larder").is_empty());
}

#[tokio::test]
async fn v1_deletes_the_same_and_is_deprecated() {
    let app = with_releases(&["1.0.0", "2.0.0"]).await;

    let one = app
        .with_token(Method::DELETE, "/v1/testorg/larder/2.0.0")
        .await;
    let all = app.with_token(Method::DELETE, "/v1/testorg/larder").await;

    for (answer, release) in [(one, "2.0.0"), (all, "1.0.0")] {
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.body,
            json!({"organization": "testorg", "repo": "larder", "deleted": [release]})
        );
        assert_eq!(answer.header("deprecation"), "@1554249600");
    }
}

#[tokio::test]
async fn a_deleted_release_can_be_pushed_again() {
    let app = TestApp::start().await;
    let zip = Operator::larder().zip();
    app.push_zipfile_as("1.0.0", &zip).await;

    let deleted = app.delete("larder-operator", "1.0.0").await;
    let pushed = app.push_zipfile_as("1.0.0", &zip).await;

    assert_eq!((deleted.status, pushed.status), (200, 200));
    assert_eq!(app.releases("larder-operator"), ["1.0.0"]);
}

#[tokio::test]
async fn repositories_and_releases_may_have_the_names_of_endpoints() {
    let app = TestApp::start().await;
    for (repo, release) in [("zipfile", "1.0.0"), ("koji", "a-b-c"), ("health", "ping")] {
        app.quay.add_release(ORGANIZATION, repo, release);
    }

    let whole = app.delete_all("zipfile").await;
    let build = app.delete("koji", "a-b-c").await;
    let health = app.with_token(Method::DELETE, "/v2/health/ping").await;

    assert_eq!(whole.status, 200, "{whole:?}");
    assert_eq!(build.status, 200, "{build:?}");
    assert_eq!(health.kind().1, "QuayPackageNotFound");
}

#[tokio::test]
async fn the_other_releases_are_deleted_if_one_deletion_fails() {
    let app = with_releases(&["1.0.0", "2.0.0", "3.0.0"]).await;
    app.quay
        .fail_next(1, "DELETE", release_path("2.0.0"), no_room(500));

    let answer = app.delete_all("larder").await;

    assert_error(
        answer,
        &json!({
            "status": 500,
            "error": "QuayPackageError",
            "message": "no room",
            "deleted": ["3.0.0", "1.0.0"],
            "failed": ["2.0.0"],
        }),
    );
    assert_eq!(app.releases("larder"), ["2.0.0"]);
}

#[tokio::test]
async fn a_failure_without_a_message_is_an_unknown_error() {
    let app = with_releases(&["1.0.0"]).await;
    let crash = || Fault::Refuse(Refusal::Crash);
    app.quay
        .fail_next(2, "DELETE", release_path("1.0.0"), crash());

    let one = app.delete("larder", "1.0.0").await;
    let all = app.delete_all("larder").await;

    assert_error(
        one,
        &json!({"status": 500, "error": "QuayPackageError", "message": "Unknown error"}),
    );
    assert_error(
        all,
        &json!({
            "status": 500,
            "error": "QuayPackageError",
            "message": "Unknown error",
            "deleted": [],
            "failed": ["1.0.0"],
        }),
    );
}

#[tokio::test]
async fn a_release_that_somebody_else_deletes_first_is_deleted() {
    let app = with_releases(&["1.0.0", "2.0.0"]).await;
    app.quay
        .fail_next(1, "DELETE", release_path("1.0.0"), no_room(404));

    let answer = app.delete_all("larder").await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["deleted"], json!(["2.0.0", "1.0.0"]));
}

#[tokio::test]
async fn a_delete_without_a_clear_answer_is_sent_again() {
    for fault in [
        Fault::CloseBeforeActing,
        Fault::CloseAfterActing,
        Fault::TruncateBody,
        no_room(503),
    ] {
        let app = with_releases(&["1.0.0", "2.0.0"]).await;
        app.quay
            .fail_next(1, "DELETE", release_path("1.0.0"), fault.clone());

        let answer = app.delete("larder", "1.0.0").await;

        assert_eq!(answer.status, 200, "{fault:?}: {answer:?}");
        assert_eq!(answer.body["deleted"], json!(["1.0.0"]));
        assert_eq!(app.releases("larder"), ["2.0.0"]);
        assert_eq!(app.quay.requests().len(), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_from_quay_deletes_nothing() {
    let app = with_releases(&["1.0.0"]).await;
    let page = Fault::Reply {
        status: 200,
        content_type: "text/html",
        body: "<html>Welcome</html>".to_owned(),
    };
    app.quay.fail_next(1, "DELETE", release_path("1.0.0"), page);

    let answer = app.delete("larder", "1.0.0").await;

    assert_error(
        answer,
        &json!({
            "status": 500,
            "error": "QuayPackageError",
            "message": "Quay's answer could not be understood: expected value at line 1 column 1",
        }),
    );
    assert_eq!(app.releases("larder"), ["1.0.0"]);
}

#[tokio::test]
async fn a_missing_package_or_release_is_not_found() {
    let app = with_releases(&["1.0.0"]).await;

    let release = app.delete("larder", "9.0.0").await;
    let package = app.delete_all("pantry").await;

    assert_error(
        release,
        &json!({
            "status": 404,
            "error": "QuayPackageNotFound",
            "message": "package testorg/larder doesn't exist, v: 9.0.0, type: application/vnd.cnr.package-manifest.helm.v0.json",
        }),
    );
    assert_error(
        package,
        &json!({
            "status": 404,
            "error": "QuayPackageNotFound",
            "message": "Package testorg/pantry not found",
        }),
    );
    assert_eq!(app.releases("larder"), ["1.0.0"]);
}

#[tokio::test]
async fn a_package_without_releases_is_not_found() {
    let app = with_releases(&["1.0.0"]).await;
    app.delete("larder", "1.0.0").await;

    let answer = app.delete_all("larder").await;

    assert_eq!(answer.kind(), (404, "QuayPackageNotFound"));
    assert_eq!(answer.message(), "Package testorg/larder not found");
}

#[tokio::test]
async fn a_token_that_quay_refuses_deletes_nothing_and_gets_quays_message() {
    let app = with_releases(&["1.0.0"]).await;

    let request = app.request(Method::DELETE, "/v2/testorg/larder/1.0.0");
    let answer = app
        .send(request.header(AUTHORIZATION, "basic d3Jvbmc6d3Jvbmc="))
        .await;

    assert_error(
        answer,
        &json!({
            "status": 500,
            "error": "QuayPackageError",
            "message": "Unauthorized access for: testorg/larder",
        }),
    );
    assert_eq!(app.releases("larder"), ["1.0.0"]);
}

#[tokio::test]
async fn a_token_that_quay_refuses_sees_no_private_package() {
    let app = with_releases(&["1.0.0"]).await;

    let request = app.request(Method::DELETE, "/v2/testorg/larder");
    let answer = app
        .send(request.header(AUTHORIZATION, "basic d3Jvbmc6d3Jvbmc="))
        .await;

    assert_eq!(answer.kind(), (404, "QuayPackageNotFound"));
    assert_eq!(app.releases("larder"), ["1.0.0"]);
}

#[tokio::test]
async fn a_listing_that_fails_deletes_nothing() {
    for (status, id, message) in [
        (500, "QuayPackageError", "no room"),
        (403, "QuayAuthorizationError", "no room"),
    ] {
        let app = with_releases(&["1.0.0"]).await;
        app.fail_next_listing(no_room(status));

        let answer = app.delete_all("larder").await;

        assert_eq!(answer.kind(), (status, id));
        assert_eq!(
            answer.message(),
            format!("Cannot retrieve information about package testorg/larder: {message}")
        );
        assert_eq!(app.releases("larder"), ["1.0.0"]);
    }
}

#[tokio::test]
async fn delete_without_a_token_is_refused() {
    let app = with_releases(&["1.0.0"]).await;
    for path in ["/v2/testorg/larder", "/v2/testorg/larder/1.0.0"] {
        let answer = app.send(app.request(Method::DELETE, path)).await;

        assert_eq!(answer.kind(), (403, "OMPSAuthorizationHeaderRequired"));
    }
    assert!(app.quay.requests().is_empty());
}

#[tokio::test]
async fn names_that_could_change_the_path_of_a_url_are_refused() {
    let app = with_releases(&["1.0.0"]).await;
    for path in [
        "/v2/testorg/-larder",
        "/v2/testorg/larder%2F..",
        "/v2/testorg/larder/1.0.0%2F..",
        "/v2/testorg/larder/1.0.0%0A",
    ] {
        let answer = app.with_token(Method::DELETE, path).await;

        assert_eq!(answer.kind(), (400, "BadRequest"), "{path}: {answer:?}");
    }
    assert!(app.quay.requests().is_empty());
}
