//! The numbers of releases, among the tags of bundles.

use std::time::Duration;

use futures_util::future::join_all;
use omps_tests::oci::Fault;
use omps_tests::operator::Operator;

use super::{CSV, NAME, Setup};

#[tokio::test]
async fn twenty_pushes_at_once_get_twenty_numbers() {
    let setup = Setup::quay().await;
    let zip = Operator::larder().zip();

    let answers = join_all((0..20).map(|_| setup.app.push_zipfile(&zip))).await;

    let mut numbers: Vec<u32> = Vec::new();
    for answer in &answers {
        assert_eq!(answer.status, 200, "{answer:?}");
        let version = answer.body["version"].as_str().expect("a version");
        numbers.push(version.replace(".0.0", "").parse().expect("a number"));
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    assert_eq!(setup.tags("larder-operator").len(), 22);
}

#[tokio::test]
async fn of_twenty_pushes_of_one_version_one_is_released() {
    let setup = Setup::quay().await;
    let operator = |index: usize| Operator::larder().with("README.md", &format!("{index}"));
    let zips: Vec<_> = (0..20).map(|index| operator(index).zip()).collect();

    let pushes = zips
        .iter()
        .map(|zip| setup.app.push_zipfile_as("1.0.0", zip));
    let answers = join_all(pushes).await;

    let released = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(released.count(), 1);
    let refused = answers.iter().filter(|answer| answer.status != 200);
    for answer in refused {
        assert_eq!(answer.kind(), (500, "QuayCourierError"), "{answer:?}");
    }
    assert_eq!(setup.tags("larder-operator"), ["0.4.0", "0.5.1", "1.0.0"]);
}

#[tokio::test]
async fn a_bundles_tag_is_no_release() {
    let setup = Setup::quay().await;
    let csv = "0.5.1/larder-operator.v0.5.1.clusterserviceversion.yaml";
    let operator = Operator::larder()
        .edit(csv, "larder-operator.v0.5.1", "larder-operator.v7.5.1")
        .edit(csv, "version: 0.5.1", "version: 7.5.1")
        .edit("larder.package.yaml", "v0.5.1", "v7.5.1");
    setup.app.push_zipfile(&operator.zip()).await;

    let next = setup.app.push_zipfile(&operator.zip()).await;

    assert_eq!(next.body["version"], "2.0.0", "{next:?}");
    assert_eq!(
        setup.tags("larder-operator"),
        ["0.4.0", "1.0.0", "2.0.0", "7.5.1"]
    );
}

#[tokio::test]
async fn a_number_that_an_older_bundle_needs_is_left_to_it() {
    let setup = Setup::quay().await;
    let csv = "0.4.0/larder-operator.v0.4.0.clusterserviceversion.yaml";
    let newer = "0.5.1/larder-operator.v0.5.1.clusterserviceversion.yaml";
    let operator = Operator::larder()
        .edit(csv, "larder-operator.v0.4.0", "larder-operator.v1.0.0")
        .edit(csv, "version: 0.4.0", "version: 1.0.0")
        .edit(newer, "larder-operator.v0.5.1", "larder-operator.v1.5.1")
        .edit(newer, "version: 0.5.1", "version: 1.5.1")
        .edit("larder.package.yaml", "v0.4.0", "v1.0.0")
        .edit("larder.package.yaml", "v0.5.1", "v1.5.1");

    let answer = setup.app.push_zipfile(&operator.zip()).await;

    assert_eq!(answer.body["version"], "2.0.0", "{answer:?}");
    assert_eq!(setup.tags("larder-operator"), ["1.0.0", "1.5.1", "2.0.0"]);
}

#[tokio::test]
async fn a_registry_with_other_tags_is_no_error() {
    let setup = Setup::quay().await;
    let others = ["latest", "sha256-abc.sig", "v3", "9.0.0"];
    setup
        .registry
        .add_tags(crate::helpers::ORGANIZATION, NAME, others);

    let answer = setup.app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.body["version"], "1.0.0", "{answer:?}");
}

/// The doorbell whose bundle has the tag 5.0.0.
fn doorbell_five() -> Vec<u8> {
    Operator::doorbell()
        .edit(CSV, "doorbell-operator.v1.0.0", "doorbell-operator.v5.0.0")
        .edit(CSV, "version: 1.0.0", "version: 5.0.0")
        .edit("doorbell.package.yaml", "v1.0.0", "v5.0.0")
        .zip()
}

#[tokio::test]
async fn a_tag_is_a_release_or_a_bundle_whoever_is_slower() {
    let (one, five) = (Operator::doorbell().zip(), doorbell_five());
    // The first push is about to write the tag 5.0.0, as a release or as a bundle, when the second comes.
    for (first, second) in [
        (("5.0.0", &one), ("6.0.0", &five)),
        (("6.0.0", &five), ("5.0.0", &one)),
    ] {
        let setup = Setup::quay().await;
        let tag = "/v2/testorg/doorbell-operator/manifests/5.0.0";
        let pause = Fault::DelayBeforeActing(Duration::from_millis(700));
        setup.registry.fail_next(1, "PUT", tag, pause);
        let wait = async {
            while setup.count("PUT /v2/testorg/doorbell-operator/manifests/") == 0
                && setup.count("POST /v2/testorg/doorbell-operator/blobs/") == 0
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            setup.app.push_zipfile_as(second.0, second.1).await
        };

        let (first_answer, second_answer) =
            tokio::join!(setup.app.push_zipfile_as(first.0, first.1), wait);

        assert_eq!(first_answer.status, 200, "{first_answer:?}");
        assert_eq!(second_answer.kind(), (500, "QuayCourierError"));
        let manifest = setup.manifest(NAME, "5.0.0");
        let is_release = manifest.get("annotations").is_some();
        assert_eq!(is_release, first.0 == "5.0.0", "{manifest}");
    }
}
