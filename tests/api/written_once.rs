//! A release is written once, a success is reported only when its content is there, and the organization's own token acts
//! only for a caller who may push.

use std::time::Duration;

use omps::app::App;
use omps_tests::multipart;
use omps_tests::operator::Operator;
use omps_tests::quay::accounts::basic;
use omps_tests::quay::{Fault, Refusal};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};

use crate::helpers::{Answer, ORGANIZATION, READER, READER_PASSWORD, TestApp};

const PACKAGE: &str = "doorbell-operator";
const PUBLIC: &str = "public = true\noauth_token = \"testorg-oauth-token\"";
const VISIBILITY: &str = "/api/v1/repository/testorg/doorbell-operator/changevisibility";

fn zip_of(people: &str) -> Vec<u8> {
    let csv = "doorbell-operator.v1.0.0.clusterserviceversion.yaml";
    Operator::doorbell()
        .edit(csv, "The doorbell people", people)
        .zip()
}

/// The requests that Quay got, as `METHOD path`.
fn asked(app: &TestApp) -> Vec<String> {
    let requests = app.quay.requests();
    let lines = requests.iter();
    lines
        .map(|request| format!("{} {}", request.method, request.path))
        .collect()
}

/// Pushes 1.0.0 with the token of a robot that may only pull.
async fn push_as_reader(app: &TestApp, zip: &[u8]) -> Answer {
    let request = app
        .request(Method::POST, "/v2/testorg/zipfile/1.0.0")
        .header(AUTHORIZATION, basic(READER, READER_PASSWORD))
        .header(CONTENT_TYPE, multipart::content_type())
        .body(multipart::form("file", Some("operator.zip"), zip));
    app.send(request).await
}

#[tokio::test]
async fn a_reader_makes_nothing_public_however_unclear_quays_answers_are() {
    let busy = || Fault::Busy { retry_after: 0 };
    let unavailable = || Fault::Reply {
        status: 503,
        content_type: "text/html",
        body: "<html>Not now</html>".to_owned(),
    };
    let cases = [
        ("nothing is unclear", None),
        ("429", Some(busy())),
        ("503", Some(unavailable())),
        ("no answer", Some(Fault::CloseBeforeActing)),
    ];
    for (name, fault) in cases {
        let app = TestApp::with_organization(PUBLIC).await;
        let zip = Operator::doorbell().zip();
        let crash = Fault::Refuse(Refusal::Crash);
        app.quay.fail_next(3, "POST", VISIBILITY, crash);
        let pushed = app.push_zipfile_as("1.0.0", &zip).await;
        assert_eq!(pushed.kind(), (500, "QuayPackageError"), "{name}");
        assert_eq!(app.quay.is_public(ORGANIZATION, PACKAGE), Some(false));
        let before = asked(&app).len();
        if let Some(fault) = fault {
            app.quay.fail_next(3, "POST", "/cnr/", fault);
        }

        let answer = push_as_reader(&app, &zip).await;

        assert!([403, 500].contains(&answer.status), "{name}: {answer:?}");
        let public = app.quay.is_public(ORGANIZATION, PACKAGE);
        assert_eq!(public, Some(false), "{name}");
        let asked = asked(&app).split_off(before);
        println!("{name}: {} {asked:#?}", answer.status);
        assert!(
            !asked.iter().any(|line| line.contains("/api/v1/repository")),
            "{name}: {asked:?}"
        );

        // Its own pusher can still finish it.
        let repaired = app.push_zipfile_as("1.0.0", &zip).await;
        assert_eq!(repaired.status, 200, "{name}: {repaired:?}");
        assert_eq!(app.quay.is_public(ORGANIZATION, PACKAGE), Some(true));
    }
}

#[tokio::test]
async fn a_release_that_quay_took_before_it_hung_is_public_within_the_time() {
    for hangs in [1, 3] {
        let settings =
            format!("request_timeout = 2\n[Test.organizations.{ORGANIZATION}]\n{PUBLIC}");
        let app = TestApp::with_settings(&settings).await;
        let zip = Operator::doorbell().zip();
        let hang = Fault::DelayAfterActing(Duration::from_secs(60));
        app.quay.fail_next(hangs, "POST", "/cnr/", hang);

        let answer = app.push_zipfile_as("1.0.0", &zip).await;

        assert_eq!(answer.status, 200, "{hangs}: {answer:?}");
        assert_eq!(app.quay.is_public(ORGANIZATION, PACKAGE), Some(true));
        let again = app.push_zipfile_as("1.0.0", &zip).await;
        assert_eq!(again.kind(), (500, "QuayCourierError"));
        assert!(again.message().contains("package exists already"));
        assert_eq!(app.releases(PACKAGE), ["1.0.0"]);
    }
}

#[tokio::test]
async fn a_race_that_is_lost_to_somebody_outside_is_no_success() {
    let app = TestApp::start().await;
    let late = Fault::DelayAfterActing(Duration::from_millis(600));
    app.quay.fail_next(1, "POST", "/cnr/", late);
    let outside = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        app.quay.add_release(ORGANIZATION, PACKAGE, "1.0.0");
    };
    let zip = Operator::doorbell().zip();

    let (answer, ()) = tokio::join!(app.push_zipfile_as("1.0.0", &zip), outside);

    assert_eq!(answer.kind(), (500, "QuayCourierError"));
    let message = answer.message();
    assert!(message.contains("package exists already"), "{message}");
}

#[tokio::test]
async fn of_many_pushes_of_one_version_one_succeeds() {
    let app = TestApp::start().await;
    let zips: Vec<Vec<u8>> = (0..20).map(|number| zip_of(&number.to_string())).collect();

    let pushes = zips.iter().map(|zip| app.push_zipfile_as("1.0.0", zip));
    let answers = futures_util::future::join_all(pushes).await;

    let successes = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(successes.count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(answer.kind(), (500, "QuayCourierError"));
        let start = "Failed to push manifest: package exists already";
        assert!(answer.message().starts_with(start), "{}", answer.message());
    }
}

#[tokio::test]
async fn many_pushes_without_a_version_get_numbers_without_gaps() {
    let app = TestApp::start().await;
    let zips: Vec<Vec<u8>> = (0..20).map(|number| zip_of(&number.to_string())).collect();

    let pushes = zips.iter().map(|zip| app.push_zipfile(zip));
    let answers = futures_util::future::join_all(pushes).await;

    let mut numbers: Vec<u32> = Vec::new();
    for answer in &answers {
        assert_eq!(answer.status, 200, "{answer:?}");
        let version = answer.body["version"].as_str().expect("a version");
        let major = version.split('.').next().expect("a major");
        numbers.push(major.parse().expect("a number"));
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<u32>>());
}

#[tokio::test]
async fn a_name_is_free_again_once_its_release_is_deleted() {
    let app = TestApp::start().await;
    app.push_zipfile_as("1.0.0", &zip_of("one")).await;

    let deleted = app.delete(PACKAGE, "1.0.0").await;
    let again = app.push_zipfile_as("1.0.0", &zip_of("two")).await;

    assert_eq!((deleted.status, again.status), (200, 200), "{again:?}");

    // Deleted in Quay itself, behind the ledger's back.
    app.quay.remove_release(ORGANIZATION, PACKAGE, "1.0.0");
    let again = app.push_zipfile_as("1.0.0", &zip_of("three")).await;
    assert_eq!(again.status, 200, "{again:?}");
}

#[tokio::test]
async fn nothing_is_deleted_while_it_is_pushed() {
    let app = TestApp::start().await;
    let late = Fault::ActLate(Duration::from_secs(1));
    app.quay.fail_next(1, "POST", "/cnr/", late);
    let zip = Operator::doorbell().zip();
    let delete = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        app.delete(PACKAGE, "1.0.0").await
    };

    let (pushed, deleted) = tokio::join!(app.push_zipfile_as("1.0.0", &zip), delete);

    assert_eq!(pushed.status, 200, "{pushed:?}");
    assert_eq!(deleted.kind(), (500, "QuayPackageError"));
    assert!(deleted.message().contains("is being pushed"));
    assert_eq!(app.releases(PACKAGE), ["1.0.0"]);
}

/// A service whose ledger is in a directory.
async fn with_data_dir(directory: &std::path::Path) -> TestApp {
    let settings = format!("data_dir = '{}'", directory.display());
    TestApp::launch(&settings, false, |config, aws| {
        let mut app = App::with_aws(config, aws);
        app.open_ledger().expect("a ledger");
        app
    })
    .await
}

#[tokio::test]
async fn a_ledger_in_a_directory_outlives_its_process() {
    let directory = tempfile::tempdir().expect("a directory");
    let app = with_data_dir(directory.path()).await;
    let zip = Operator::doorbell().zip();
    assert_eq!(app.push_zipfile(&zip).await.body["version"], "1.0.0");
    drop(app);

    // The release is known although this Quay does not list it, and is asked for.
    let app = with_data_dir(directory.path()).await;
    let answer = app.push_zipfile_as("1.0.0", &zip).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(directory.path().join("ledger.sqlite").exists());
}

#[tokio::test]
async fn a_ledger_that_cannot_be_used_ends_pushes_before_anything_is_sent() {
    let directory = tempfile::tempdir().expect("a directory");
    let app = with_data_dir(directory.path()).await;
    let file = rusqlite::Connection::open(directory.path().join("ledger.sqlite")).expect("a file");
    file.execute_batch("DROP TABLE entries")
        .expect("it can be broken");

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.kind(), (503, "ServiceUnavailable"));
    let message = answer.message();
    assert!(message.contains("no such table"), "{message}");
    assert!(!asked(&app).iter().any(|line| line.starts_with("POST")));
}
