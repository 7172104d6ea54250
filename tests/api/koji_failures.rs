//! Pushes of builds that cannot be pushed, and pushes while Koji fails.

use std::time::Duration;

use futures_util::future::join_all;
use omps_tests::koji::{Build, Fault, HUB, ROOT, Refusal, State};
use omps_tests::operator::Operator;
use serde_json::{Value, json};

use crate::helpers::{TestApp, assert_error};

const NVR: &str = "doorbell-operator-container-v1.0.0-1";

/// A build of the small operator.
fn build() -> Build {
    Build::of_operator(NVR, Operator::doorbell().zip())
}

#[tokio::test]
async fn a_build_that_koji_does_not_know_is_not_found() {
    let app = TestApp::start().await;

    let answer = app.push_koji(NVR).await;
    let no_format = app.push_koji("a--").await;

    assert_error(
        answer,
        &json!({
            "status": 404,
            "error": "KojiNVRBuildNotFound",
            "message": format!("NVR not found: {NVR}"),
        }),
    );
    assert_error(
        no_format,
        &json!({
            "status": 404,
            "error": "KojiNVRBuildNotFound",
            "message": "NVR not found: a--",
        }),
    );
}

#[tokio::test]
async fn a_build_without_manifests_is_not_an_operator() {
    let nothing = |extra: &mut Value| *extra = json!(null);
    let manifests = |value: Value| {
        Build::of_image(NVR).with_extra(|extra| extra["typeinfo"]["operator-manifests"] = value)
    };
    for (case, build) in [
        ("an image", Build::of_image(NVR)),
        ("no extra", Build::of_image(NVR).with_extra(nothing)),
        ("no manifests", manifests(json!(null))),
        ("no archive", manifests(json!({}))),
        ("an empty name", manifests(json!({"archive": ""}))),
        ("a name that is a number", manifests(json!({"archive": 1}))),
        (
            "typeinfo that is a list",
            Build::of_image(NVR).with_extra(|extra| extra["typeinfo"] = json!([1])),
        ),
    ] {
        let app = TestApp::start().await;
        app.koji.add_build(build);

        let answer = app.push_koji(NVR).await;

        assert_eq!(answer.status, 400, "{case}");
        assert_error(
            answer,
            &json!({
                "status": 400,
                "error": "KojiNotAnOperatorImage",
                "message": format!("Not an operator image: {NVR}"),
            }),
        );
    }
}

#[tokio::test]
async fn a_build_that_is_not_complete_is_refused_with_its_state() {
    for (state, name) in [
        (State::Building, "BUILDING"),
        (State::Deleted, "DELETED"),
        (State::Failed, "FAILED"),
        (State::Canceled, "CANCELED"),
    ] {
        let app = TestApp::start().await;
        app.koji.add_build(build().in_state(state));

        let answer = app.push_koji(NVR).await;

        assert_error(
            answer,
            &json!({
                "status": 400,
                "error": "KojiNotAnOperatorImage",
                "message": format!("Not an operator image: {NVR}: the build is {name}, wanted COMPLETE"),
            }),
        );
        assert_eq!(app.koji.requests().len(), 1);
    }
}

#[tokio::test]
async fn pushes_that_wait_for_koji_keep_no_worker_from_others() {
    let workers = omps_server::Settings::default().workers;
    let app = TestApp::start().await;
    app.koji.add_build(build());
    let long = Fault::DelayBeforeActing(Duration::from_secs(20));
    app.koji.fail_next(workers, "POST", HUB, long);

    let waiting = join_all((0..workers).map(|_| app.push_koji(NVR)));
    let other = async {
        while app.koji.requests().len() < workers {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        app.push_zipfile(&Operator::doorbell().zip()).await
    };
    let answer = tokio::select! {
        answer = other => answer,
        _ = waiting => panic!("no push was answered while others waited for Koji"),
    };

    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn an_archive_that_is_missing_in_the_logs_is_an_error() {
    let app = TestApp::start().await;
    let build = Build::of_older_operator(NVR, Operator::doorbell().zip());
    app.koji.add_build(build.without_archive());

    let answer = app.push_koji(NVR).await;

    assert_error(
        answer,
        &json!({
            "status": 500,
            "error": "KojiManifestsArchiveNotFound",
            "message": format!("The manifests archive 'operator_manifests.zip' is not among the logs of build {NVR}"),
        }),
    );
}

#[tokio::test]
async fn a_fault_is_reported_with_kojis_text() {
    let app = TestApp::start().await;
    app.koji.add_build(build());
    let fault = Refusal::Fault {
        code: 1014,
        text: "database outage".to_owned(),
    };
    app.koji.fail_next(1, "POST", HUB, Fault::Refuse(fault));

    let answer = app.push_koji(NVR).await;

    assert_error(
        answer,
        &json!({
            "status": 500,
            "error": "KojiError",
            "message": "Koji answered with fault 1014: database outage",
        }),
    );
}

#[tokio::test]
async fn a_koji_that_is_down_is_an_error() {
    let mut app = TestApp::start().await;
    app.koji.stop().await;

    let answer = app.push_koji(NVR).await;

    assert_error(
        answer,
        &json!({
            "status": 500,
            "error": "KojiError",
            "message": "Koji could not be reached: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)",
        }),
    );
}

#[tokio::test]
async fn a_deleted_archive_is_an_error() {
    let app = TestApp::start().await;
    app.koji.add_build(build().without_archive());

    let answer = app.push_koji(NVR).await;

    assert_error(
        answer,
        &json!({
            "status": 500,
            "error": "KojiError",
            "message": format!("Koji answered the download of the archive of build {NVR} with 404 Not Found"),
        }),
    );
}

#[tokio::test]
async fn an_answer_that_is_not_xml_rpc_is_an_error() {
    let app = TestApp::start().await;
    let html = Fault::Reply {
        status: 200,
        content_type: "text/html",
        body: "<html>Maintenance</html>".to_owned(),
    };
    app.koji.fail_next(1, "POST", HUB, html);

    let answer = app.push_koji(NVR).await;

    assert_error(
        answer,
        &json!({
            "status": 500,
            "error": "KojiError",
            "message": "Koji's answer to getBuild could not be understood: it is not an XML-RPC response",
        }),
    );
}

#[tokio::test]
async fn a_koji_that_fails_once_is_called_again() {
    let bad_gateway = || Fault::Reply {
        status: 502,
        content_type: "text/html",
        body: "<html>Bad Gateway</html>".to_owned(),
    };
    for fault in [Fault::CloseBeforeActing, Fault::TruncateBody, bad_gateway()] {
        let app = TestApp::start().await;
        app.koji.add_build(build());
        app.koji.fail_next(2, "POST", HUB, fault.clone());
        app.koji.fail_next(2, "GET", ROOT, fault.clone());

        let answer = app.push_koji(NVR).await;

        assert_eq!(answer.status, 200, "{fault:?}: {answer:?}");
        assert_eq!(app.koji.requests().len(), 6, "{fault:?}");
        assert_eq!(app.releases("doorbell-operator"), ["1.0.0"]);
    }
}

#[tokio::test]
async fn an_archive_that_is_larger_than_allowed_is_refused() {
    let app = TestApp::with_settings("zipfile_max_uncompressed_size = 1000").await;
    let allowed = (4 << 20) + 1000;
    app.koji
        .add_build(Build::of_operator(NVR, vec![0; allowed + 1]));

    let answer = app.push_koji(NVR).await;

    assert_error(
        answer,
        &json!({
            "status": 400,
            "error": "OMPSUploadedFileError",
            "message": format!("The archive of build {NVR} is larger than the {allowed} bytes that are allowed"),
        }),
    );
}

#[tokio::test]
async fn an_archive_that_is_not_a_zip_is_refused() {
    let app = TestApp::start().await;
    app.koji
        .add_build(Build::of_operator(NVR, b"no zip".to_vec()));

    let answer = app.push_koji(NVR).await;

    assert_eq!(answer.kind(), (400, "OMPSUploadedFileError"));
    assert!(
        answer.message().contains("not a zip file"),
        "{}",
        answer.message()
    );
}
