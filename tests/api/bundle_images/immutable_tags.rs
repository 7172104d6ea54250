//! Immutable tags: Quay's policy is set on a repository before its first release, and what becomes of pushes and deletions
//! then.

use omps_tests::oci::{Fault, Kind, Refusal};
use omps_tests::operator::Operator;
use omps_tests::quay::accounts::{basic, oauth_token};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};

use super::{READER, READER_PASSWORD, Setup, touched_up_doorbell};
use crate::helpers::{Answer, ORGANIZATION};

const NAME: &str = "larder-operator";
const POLICY: &str = "/api/v1/repository/testorg/larder-operator/immutabilitypolicy/";

async fn immutable() -> Setup {
    let oauth = oauth_token(ORGANIZATION);
    let organization = format!("immutable_tags = true\noauth_token = \"{oauth}\"");
    let setup = Setup::with(Kind::Quay, &organization).await;
    setup
        .registry
        .change(|manners| manners.has_immutable_tags = true);
    setup
}

fn warning(answer: &Answer) -> &str {
    answer.body["warnings"][0].as_str().expect("a warning")
}

#[tokio::test]
async fn tags_are_immutable_before_the_first_one_is_written() {
    let setup = immutable().await;

    let answer = setup.app.push_zipfile(&Operator::larder().zip()).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body.get("warnings"), None);
    assert!(setup.registry.is_immutable(ORGANIZATION, NAME, "1.0.0"));
    let requests = setup.registry.requests();
    let at = |method: &str, part: &str| {
        let mut all = requests.iter();
        let found = all.position(|request| request.method == method && request.path.contains(part));
        found.unwrap_or_else(|| panic!("no {method} {part}"))
    };
    assert!(at("POST", "blobs/uploads") < at("POST", "immutabilitypolicy"));
    assert!(at("POST", "immutabilitypolicy") < at("PUT", "manifests"));
}

#[tokio::test]
async fn later_pushes_add_releases_and_replace_none() {
    let setup = immutable().await;
    let zip = Operator::larder().zip();
    setup.app.push_zipfile(&zip).await;
    let first = setup.manifest(NAME, "1.0.0");

    let second = setup.app.push_zipfile(&zip).await;
    let again = setup.app.push_zipfile_as("1.0.0", &zip).await;
    // Another process, which knows nothing of the first.
    let other = setup.another_app().await;
    let other = other.push_zipfile_as("2.0.0", &zip).await;

    assert_eq!(second.body["version"], "2.0.0", "{second:?}");
    for refused in [again, other] {
        assert_eq!(refused.kind(), (500, "QuayCourierError"), "{refused:?}");
    }
    assert_eq!(setup.manifest(NAME, "1.0.0"), first);
    assert_eq!(setup.tags(NAME), ["0.4.0", "0.5.1", "1.0.0", "2.0.0"]);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_found_out_on_an_immutable_tag_too() {
    for tag in ["0.5.1", "1.0.0"] {
        let setup = immutable().await;
        let path = format!("/v2/testorg/larder-operator/manifests/{tag}");
        setup
            .registry
            .fail_next(1, "PUT", &path, Fault::CloseAfterActing);

        let zip = Operator::larder().zip();
        let answer = setup.app.push_zipfile_as("1.0.0", &zip).await;

        assert_eq!(answer.status, 200, "{tag}: {answer:?}");
        assert_eq!(setup.tags(NAME), ["0.4.0", "0.5.1", "1.0.0"], "{tag}");
    }
}

#[tokio::test]
async fn a_release_with_an_immutable_tag_stays_and_quay_says_why() {
    let setup = immutable().await;
    setup.app.push_zipfile(&Operator::larder().zip()).await;

    let one = setup.app.delete(NAME, "1.0.0").await;
    let all = setup.app.delete_all(NAME).await;

    for answer in [one, all] {
        assert_eq!(answer.kind(), (500, "QuayPackageError"), "{answer:?}");
        assert_eq!(answer.message(), "tag '1.0.0' is immutable");
    }
    assert_eq!(setup.tags(NAME), ["0.4.0", "0.5.1", "1.0.0"]);
}

#[tokio::test]
async fn a_policy_that_cannot_be_set_is_a_warning_and_the_next_push_sets_it() {
    let setup = immutable().await;
    let crash = Refusal::coded(500, "INTERNAL", "a crash");
    setup
        .registry
        .fail_next(3, "POST", POLICY, Fault::Refuse(crash));
    let zip = Operator::larder().zip();

    let first = setup.app.push_zipfile(&zip).await;
    let still = setup.registry.is_immutable(ORGANIZATION, NAME, "1.0.0");
    let second = setup.app.push_zipfile(&zip).await;

    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(
        warning(&first),
        "The tags of testorg/larder-operator could not be made immutable, and can be replaced: a crash"
    );
    assert!(!still);
    assert_eq!(second.status, 200, "{second:?}");
    assert_eq!(second.body.get("warnings"), None);
    assert!(setup.registry.is_immutable(ORGANIZATION, NAME, "1.0.0"));
}

#[tokio::test]
async fn a_quay_without_policies_and_an_organization_without_a_token_are_warned_of() {
    let without_feature = immutable().await;
    without_feature
        .registry
        .change(|manners| manners.has_immutable_tags = false);
    let without_token = Setup::with(Kind::Quay, "immutable_tags = true").await;

    for (setup, reason) in [
        (without_feature, "can be replaced: Not Found"),
        (without_token, "has immutable_tags but no OAuth token"),
    ] {
        let answer = setup.app.push_zipfile(&Operator::larder().zip()).await;

        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(warning(&answer).contains(reason), "{answer:?}");
        assert_eq!(setup.tags(NAME), ["0.4.0", "0.5.1", "1.0.0"]);
    }
}

#[tokio::test]
async fn a_caller_without_rights_sets_no_policy() {
    let setup = immutable().await;
    setup
        .registry
        .add_tags(ORGANIZATION, super::NAME, ["latest"]);
    let zip = touched_up_doorbell().zip();
    let form = omps_tests::multipart::form("file", Some("a.zip"), &zip);
    let request = setup
        .app
        .request(reqwest::Method::POST, "/v2/testorg/zipfile/1.0.0")
        .header(AUTHORIZATION, basic(READER, READER_PASSWORD))
        .header(CONTENT_TYPE, omps_tests::multipart::content_type());

    let answer = setup.app.send(request.body(form)).await;

    assert_eq!(answer.kind(), (403, "QuayAuthorizationError"));
    assert_eq!(setup.count("POST /api"), 0);
}
