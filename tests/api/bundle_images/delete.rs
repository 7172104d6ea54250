//! Deleting releases leaves the bundles, to which catalogs refer.

use std::time::Duration;

use omps_tests::oci::{Fault, Kind};
use omps_tests::operator::Operator;
use omps_tests::quay::accounts::basic;
use reqwest::Method;
use reqwest::header::AUTHORIZATION;

use super::{READER, Setup};
use crate::helpers::ORGANIZATION;

const NAME: &str = "larder-operator";

#[tokio::test]
async fn a_release_is_deleted_and_its_equal_and_the_bundles_stay() {
    for kind in [Kind::Quay, Kind::DockerRegistry] {
        let setup = Setup::with(kind, "").await;
        let zip = Operator::larder().zip();
        setup.app.push_zipfile(&zip).await;
        setup.app.push_zipfile(&zip).await;

        let answer = setup.app.delete(NAME, "1.0.0").await;

        assert_eq!(answer.status, 200, "{kind:?}: {answer:?}");
        assert_eq!(answer.body["deleted"][0], "1.0.0");
        assert_eq!(setup.tags(NAME), ["0.4.0", "0.5.1", "2.0.0"], "{kind:?}");
    }
}

#[tokio::test]
async fn deleting_all_leaves_the_bundles_and_the_number_can_be_had_again() {
    let setup = Setup::quay().await;
    let zip = Operator::larder().zip();
    setup.app.push_zipfile(&zip).await;
    setup.app.push_zipfile(&zip).await;

    let answer = setup.app.delete_all(NAME).await;
    let tags = setup.tags(NAME);
    let again = setup.app.push_zipfile_as("1.0.0", &zip).await;

    let mut deleted = answer.body["deleted"].as_array().expect("a list").clone();
    deleted.sort_by_key(ToString::to_string);
    assert_eq!(deleted, ["1.0.0", "2.0.0"]);
    assert_eq!(tags, ["0.4.0", "0.5.1"]);
    assert_eq!(again.status, 200, "{again:?}");
}

#[tokio::test]
async fn what_is_no_release_is_not_found() {
    let setup = Setup::quay().await;
    setup.app.push_zipfile(&Operator::larder().zip()).await;

    for (name, release) in [(NAME, "0.4.0"), (NAME, "9.9.9"), ("nothing", "1.0.0")] {
        let answer = setup.app.delete(name, release).await;

        assert_eq!(answer.kind(), (404, "QuayPackageNotFound"), "{release}");
        assert_eq!(
            answer.message(),
            format!("testorg/{name} has no release {release}")
        );
    }
    let answer = setup.app.delete_all("nothing").await;
    assert_eq!(answer.kind(), (404, "QuayPackageNotFound"));
    assert_eq!(setup.tags("nothing"), Vec::<String>::new());
    assert_eq!(setup.tags(NAME), ["0.4.0", "0.5.1", "1.0.0"]);
}

#[tokio::test]
async fn an_immutable_release_stays_and_the_registry_says_why() {
    let setup = Setup::quay().await;
    setup.app.push_zipfile(&Operator::larder().zip()).await;
    let refusal = omps_tests::oci::Refusal::coded(409, "TAG_IMMUTABLE", "tag is immutable");
    setup
        .registry
        .fail_next(1, "DELETE", "/v2/testorg", Fault::Refuse(refusal));

    let answer = setup.app.delete(NAME, "1.0.0").await;

    assert_eq!(answer.kind(), (500, "QuayPackageError"));
    assert_eq!(answer.message(), "tag is immutable");
}

#[tokio::test]
async fn a_stranger_who_deletes_a_bundles_tag_keeps_nobody_from_pushing_it() {
    let setup = Setup::quay().await;
    let (app, slow) = (&setup.app, Fault::DelayBeforeActing(Duration::from_secs(1)));
    setup.registry.fail_next(1, "GET", "/v2/auth", slow);
    let path = format!("/v2/{ORGANIZATION}/{NAME}/0.4.0");
    let request = app.request(Method::DELETE, &path);
    let deletion = app.send(request.header(AUTHORIZATION, basic(READER, "wrong")));
    let zip = Operator::larder().zip();
    let push = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        app.push_zipfile(&zip).await
    };

    let (deleted, pushed) = tokio::join!(deletion, push);

    assert_eq!(deleted.kind(), (500, "QuayPackageError"));
    assert_eq!(pushed.status, 200, "{pushed:?}");
    assert_eq!(setup.tags(NAME), ["0.4.0", "0.5.1", "1.0.0"]);
}
