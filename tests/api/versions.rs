//! The version of a push.

use omps_tests::operator::Operator;
use omps_tests::quay::Fault;
use serde_json::json;

use crate::helpers::{ORGANIZATION, TestApp};

#[tokio::test]
async fn a_push_without_a_version_gets_the_next_major() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().zip();
    for version in ["1.0.0", "2.0.0", "3.0.0"] {
        let answer = app.push_zipfile(&zip).await;

        assert_eq!(answer.status, 200);
        assert_eq!(answer.body["version"], version);
    }
}

#[tokio::test]
async fn the_next_major_follows_the_highest_release_of_the_form_x_y_z() {
    let app = TestApp::start().await;
    for release in ["2.5.1", "2.10.0", "99.0.0-rc1", "98.0.0+b"] {
        app.quay
            .add_release(ORGANIZATION, "doorbell-operator", release);
    }

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.body["version"], "3.0.0");
}

#[tokio::test]
async fn the_first_release_is_configurable() {
    let app = TestApp::with_settings("default_release_version = \"0.1.0\"").await;

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.body["version"], "0.1.0");
}

#[tokio::test]
async fn a_requested_version_is_used_without_reading_the_listing() {
    let app = TestApp::start().await;

    let answer = app
        .push_zipfile_as("10.20.99999999999999999999", &Operator::doorbell().zip())
        .await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["version"], "10.20.99999999999999999999");
    let requests = app.quay.requests();
    let is_listing = |path: &str| path == "/cnr/api/v1/packages";
    assert!(!requests.iter().any(|request| is_listing(&request.path)));
    assert_eq!(requests.len(), 3); // a look-up, the push, and a look-up
}

#[tokio::test]
async fn a_version_of_another_form_is_refused() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().zip();
    for version in [
        "1.0",
        "1.0.0.0",
        "01.0.0",
        "1.0.0-1",
        "v1.0.0",
        "1.0.0%0A",
        "1.0.%D9%A1",
    ] {
        let answer = app.push_zipfile_as(version, &zip).await;

        assert_eq!(
            answer.kind(),
            (400, "OMPSInvalidVersionFormat"),
            "{version}"
        );
        assert!(
            answer
                .message()
                .contains("must be in format '<int>.<int>.<int>': "),
            "{}",
            answer.message()
        );
    }
    assert!(app.quay.requests().is_empty());
}

#[tokio::test]
async fn a_wrong_version_is_reported_after_the_package_name_and_before_the_verdict() {
    let app = TestApp::start().await;
    let nameless = Operator::doorbell().without("doorbell.package.yaml");
    let invalid = Operator::doorbell().without("doorbells.crd.yaml");
    for (zip, id) in [
        (b"no zip".to_vec(), "OMPSUploadedFileError"),
        (nameless.zip(), "PackageValidationError"),
        (invalid.zip(), "OMPSInvalidVersionFormat"),
    ] {
        let answer = app.push_zipfile_as("1.0", &zip).await;

        assert_eq!(answer.kind(), (400, id));
    }
}

#[tokio::test]
async fn a_version_that_exists_is_never_replaced() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().zip();
    app.push_zipfile(&zip).await;

    let answer = app.push_zipfile_as("1.0.0", &zip).await;

    assert_eq!(answer.status, 500);
    assert_eq!(
        answer.error(),
        json!({
            "status": 500,
            "error": "QuayCourierError",
            "message": "Failed to push manifest: package exists already",
            "quay_response": {"error": {
                "code": "package-exists", "details": {}, "message": "package exists already",
            }},
        })
    );
}

#[tokio::test]
async fn a_version_taken_by_another_push_is_skipped() {
    let app = TestApp::start().await;
    for release in ["1.0.0", "2.0.0", "3.0.0", "4.0.0"] {
        app.quay
            .add_release(ORGANIZATION, "doorbell-operator", release);
    }
    app.fail_next_listing(empty_listing());

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["version"], "5.0.0");
}

#[tokio::test]
async fn the_next_free_version_is_found_although_the_listing_is_old() {
    let app = TestApp::start().await;
    for release in ["1.0.0", "2.0.0", "3.0.0", "4.0.0", "5.0.0"] {
        app.quay
            .add_release(ORGANIZATION, "doorbell-operator", release);
    }
    app.fail_next_listing(empty_listing());

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["version"], "6.0.0");
}

#[tokio::test]
async fn simultaneous_pushes_get_different_versions() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().zip();

    let (first, second, third) = tokio::join!(
        app.push_zipfile(&zip),
        app.push_zipfile(&zip),
        app.push_zipfile(&zip),
    );

    for answer in [first, second, third] {
        assert_eq!(answer.status, 200);
    }
    assert_eq!(
        app.releases("doorbell-operator"),
        ["3.0.0", "2.0.0", "1.0.0"]
    );
}

#[tokio::test]
async fn a_package_that_is_missing_in_a_cut_listing_is_looked_up() {
    let app = TestApp::start().await;
    for index in 0..100 {
        app.quay
            .add_release(ORGANIZATION, &format!("p{index:03}"), "1.0.0");
    }
    app.quay
        .add_release(ORGANIZATION, "doorbell-operator", "6.1.0");

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.body["version"], "7.0.0");
}

#[tokio::test]
async fn a_new_package_beside_a_hundred_others_gets_the_first_version() {
    let app = TestApp::start().await;
    for index in 0..100 {
        app.quay
            .add_release(ORGANIZATION, &format!("p{index:03}"), "1.0.0");
    }

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.body["version"], "1.0.0");
}

fn empty_listing() -> Fault {
    Fault::Reply {
        status: 200,
        content_type: "application/json",
        body: "[]".to_owned(),
    }
}
