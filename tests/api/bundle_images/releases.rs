//! `GET /v2/{organization}/{repo}/releases`: what the registry shows, and what only the ledger knows.

use omps_tests::oci::Kind;
use omps_tests::operator::Operator;
use omps_tests::quay::accounts::basic;
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::{CSV, NAME, READER, READER_PASSWORD, Setup, digests, touched_up_doorbell};
use crate::helpers::{Answer, ORGANIZATION};
use crate::releases::is_time;

const LARDER: &str = "larder-operator";
const OLD_CSV: &str = "0.4.0/larder-operator.v0.4.0.clusterserviceversion.yaml";

/// What a list says of a release that was pushed with that answer, but for its time.
fn release(setup: &Setup, pushed: &Answer, bundles: &Value) -> Value {
    let version = &pushed.body["version"];
    let image = &pushed.body["image"];
    let digest = image.as_str().and_then(|image| image.split_once('@'));
    let (_, digest) = digest.expect("a digest");
    let name = pushed.body["repo"].as_str().expect("a name");
    assert_eq!(setup.image(name, &json!(digest)), *image);
    json!({"version": version, "tag": version, "digest": digest, "image": image, "bundles": bundles})
}

/// The list without the times, each of which must be one, or none.
fn without_times(answer: &Answer, has_times: bool) -> Vec<Value> {
    let mut releases = answer.body["releases"].as_array().expect("a list").clone();
    for release in &mut releases {
        let release = release.as_object_mut().expect("an object");
        let time = release.remove("pushed_at").expect("a time or null");
        assert_eq!(is_time(&time), has_times, "{time}");
        assert_eq!(time.is_null(), !has_times, "{time}");
    }
    releases
}

#[tokio::test]
async fn the_ledger_knows_all_bundles_and_the_registry_the_newest() {
    for kind in [Kind::Quay, Kind::DockerRegistry] {
        let setup = Setup::with(kind, "").await;
        let zip = Operator::larder().zip();
        let first = setup.app.push_zipfile(&zip).await;
        let second = setup.app.push_zipfile(&zip).await;

        let known = setup.app.list_releases(LARDER).await;
        let unknown = setup.another_app().await.list_releases(LARDER).await;

        let bundle = |(version, digest): &(&str, &str)| {
            let name = format!("larder-operator.v{version}");
            json!({"name": name, "version": version, "tag": version, "digest": digest})
        };
        let bundles: Vec<Value> = digests(&first).iter().map(bundle).collect();
        let (all, newest) = (json!(bundles), json!(bundles[1..]));
        let releases =
            |bundles: &Value| [&second, &first].map(|pushed| release(&setup, pushed, bundles));
        assert_eq!(bundles.len(), 2);
        assert_eq!(without_times(&known, true), releases(&all), "{kind:?}");
        assert_eq!(
            without_times(&unknown, false),
            releases(&newest),
            "{kind:?}"
        );
        assert_eq!(known.body["truncated"], Value::Null);
    }
}

#[tokio::test]
async fn a_bundle_whose_tag_is_the_releases_has_its_digest() {
    let setup = Setup::quay().await;
    let zip = Operator::doorbell().zip();
    let pushed = setup.app.push_zipfile_as("1.0.0", &zip).await;
    let later = setup.app.push_zipfile_as("2.0.0", &zip).await;

    let known = setup.app.list_releases(NAME).await;
    let unknown = setup.another_app().await.list_releases(NAME).await;

    let digest = digests(&pushed)[0].1;
    let bundles = json!([{
        "name": "doorbell-operator.v1.0.0", "version": "1.0.0", "tag": "1.0.0", "digest": digest,
    }]);
    let releases = [&later, &pushed].map(|pushed| release(&setup, pushed, &bundles));
    assert_eq!(releases[1]["digest"], digest);
    assert_eq!(without_times(&known, true), releases);
    assert_eq!(without_times(&unknown, false), releases);
}

#[tokio::test]
async fn a_bundle_whose_version_is_no_release_is_found_by_its_name() {
    let setup = Setup::quay().await;
    let operator = Operator::doorbell()
        .edit(
            CSV,
            "doorbell-operator.v1.0.0",
            "doorbell-operator.v1.0.0-rc.1",
        )
        .edit(CSV, "version: 1.0.0", "version: 1.0.0-rc.1+7")
        .edit("doorbell.package.yaml", "v1.0.0", "v1.0.0-rc.1");
    let named = Operator::doorbell()
        .edit(
            CSV,
            "doorbell-operator.v1.0.0",
            "doorbell-operator.v1.0.0-rc.1",
        )
        .edit(CSV, "version: 1.0.0", "version: 1.0.0-rc.1")
        .edit("doorbell.package.yaml", "v1.0.0", "v1.0.0-rc.1");
    setup.app.push_zipfile_as("2.0.0", &operator.zip()).await;
    let pushed = setup.app.push_zipfile_as("3.0.0", &named.zip()).await;

    let answer = setup.another_app().await.list_releases(NAME).await;

    let releases = without_times(&answer, false);
    let bundle = &releases[0]["bundles"][0];
    assert_eq!(bundle["version"], "1.0.0-rc.1", "{answer:?}");
    assert_eq!(bundle["tag"], "1.0.0-rc.1");
    assert_eq!(bundle["digest"], digests(&pushed)[0].1);
    // The other's name is not that of its version: no tag is found, and the digest is there nevertheless.
    let other = &releases[1]["bundles"][0];
    assert_eq!(other["name"], "doorbell-operator.v1.0.0-rc.1");
    assert_eq!(
        (&other["version"], &other["tag"]),
        (&Value::Null, &Value::Null)
    );
    assert_ne!(other["digest"], bundle["digest"]);
}

#[tokio::test]
async fn a_bundle_that_was_not_uploaded_is_not_listed() {
    let setup = Setup::quay().await;
    setup.app.push_zipfile(&Operator::larder().zip()).await;
    let old = Operator::larder().file(OLD_CSV).to_owned();
    let touched_up = Operator::larder().with(OLD_CSV, &format!("{old}\n# touched up\n"));
    let pushed = setup.app.push_zipfile(&touched_up.zip()).await;

    let answer = setup.app.list_releases(LARDER).await;

    assert_eq!(pushed.body["bundles"][0]["tag"], Value::Null, "{pushed:?}");
    let bundles = &answer.body["releases"][0]["bundles"];
    assert_eq!(bundles.as_array().map(Vec::len), Some(1), "{answer:?}");
    assert_eq!(bundles[0]["tag"], "0.5.1");
}

#[tokio::test]
async fn the_ledger_is_believed_only_of_what_the_registry_has() {
    let setup = Setup::quay().await;
    let other = setup.another_app().await;
    setup
        .app
        .push_zipfile_as("3.0.0", &Operator::doorbell().zip())
        .await;
    other.delete(NAME, "3.0.0").await;
    let deleted = setup.app.list_releases(NAME).await;
    let operator = touched_up_doorbell()
        .edit(CSV, "doorbell-operator.v1.0.0", "doorbell-operator.v1.1.0")
        .edit(CSV, "version: 1.0.0", "version: 1.1.0")
        .edit("doorbell.package.yaml", "v1.0.0", "v1.1.0");
    let pushed = other.push_zipfile_as("3.0.0", &operator.zip()).await;

    let replaced = setup.app.list_releases(NAME).await;

    assert_eq!(deleted.kind(), (404, "QuayPackageNotFound"));
    assert_eq!(pushed.status, 200, "{pushed:?}");
    let releases = without_times(&replaced, false);
    assert_eq!(
        releases[0]["bundles"][0]["version"], "1.1.0",
        "{replaced:?}"
    );
    assert_eq!(releases[0]["image"], pushed.body["image"]);
}

#[tokio::test]
async fn a_list_costs_a_hundred_requests_at_most_and_says_what_it_left_out() {
    let setup = Setup::quay().await;
    let zip = Operator::doorbell().zip();
    for version in ["2.0.0", "500.0.0"] {
        setup.app.push_zipfile_as(version, &zip).await;
    }
    let others: Vec<String> = (100..250).map(|number| format!("{number}.0.0")).collect();
    let tags = others.iter().map(String::as_str);
    setup.registry.add_tags(ORGANIZATION, NAME, tags);
    let before = setup.registry.requests().len();

    let answer = setup.app.list_releases(NAME).await;

    let requests = setup.registry.requests().len() - before;
    assert!((90..=100).contains(&requests), "{requests}");
    let releases = without_times(&answer, true);
    assert_eq!(releases.len(), 1, "{answer:?}");
    assert_eq!(releases[0]["version"], "500.0.0");
    assert_eq!(answer.body["truncated"], true);
}

#[tokio::test]
async fn a_repository_that_is_hidden_from_the_caller_is_not_found_and_a_stranger_is_refused() {
    let setup = Setup::quay().await;
    setup.app.push_zipfile(&Operator::doorbell().zip()).await;
    let list_as = async |token: &str| {
        let path = format!("/v2/{ORGANIZATION}/{NAME}/releases");
        let request = setup.app.request(Method::GET, &path);
        setup.app.send(request.header(AUTHORIZATION, token)).await
    };

    let reader = list_as(&basic(READER, READER_PASSWORD)).await;
    let stranger = list_as(&basic(READER, "wrong")).await;
    let nothing = setup.app.list_releases("nothing").await;

    assert_eq!(reader.kind(), (404, "QuayPackageNotFound"));
    assert_eq!(stranger.kind(), (403, "QuayAuthorizationError"));
    assert_eq!(nothing.kind(), (404, "QuayPackageNotFound"));
    assert_eq!(setup.registry.tags(ORGANIZATION, "nothing"), None);
}
