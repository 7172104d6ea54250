//! Deleting a tag and nothing else.

use omps_tests::oci::{Fault, Refusal};

use super::{Image, NAME, ORGANIZATION, Setup, kind, repository, tag};

/// Pushes one manifest under two tags, and another under a third.
async fn with_tags(setup: &Setup) {
    let (image, client) = (Image::new(), setup.owner());
    image.push(&client, "1.0.0").await.expect("a push");
    image.push(&client, "1.0.0-copy").await.expect("a push");
    let release = image.release("2.0.0");
    let put = client
        .put_manifest(&repository(), &tag("2.0.0"), &release, &image.blobs)
        .await;
    put.expect("a push");
}

#[tokio::test]
async fn quay_deletes_a_tag_and_leaves_the_manifests_others() {
    let setup = Setup::quay().await;
    with_tags(&setup).await;

    let deleted = setup.owner().delete_tag(&repository(), &tag("1.0.0")).await;
    let again = setup.owner().delete_tag(&repository(), &tag("1.0.0")).await;

    assert_eq!(kind(deleted).0, "ok");
    assert_eq!(kind(again).0, "not found");
    let tags = setup
        .registry
        .tags(ORGANIZATION, NAME)
        .expect("a repository");
    assert_eq!(tags, ["1.0.0-copy", "2.0.0"]);
    assert_eq!(setup.count("DELETE /v2/manifests/{digest}"), 0);
}

#[tokio::test]
async fn docker_registry_deletes_a_manifest_that_has_no_other_tag() {
    let setup = Setup::docker_registry().await;
    with_tags(&setup).await;
    let client = setup.owner();

    let deleted = client.delete_tag(&repository(), &tag("2.0.0")).await;
    let missing = client.delete_tag(&repository(), &tag("2.0.0")).await;
    let shared = client.delete_tag(&repository(), &tag("1.0.0")).await;

    assert_eq!(kind(deleted).0, "ok");
    assert_eq!(kind(missing).0, "not found");
    let message = "tag 1.0.0 cannot be deleted: the registry deletes no tags, and the manifest has the tag 1.0.0-copy, too";
    assert_eq!(kind(shared), ("shared", message.to_owned()));
    let tags = setup
        .registry
        .tags(ORGANIZATION, NAME)
        .expect("a repository");
    assert_eq!(tags, ["1.0.0", "1.0.0-copy"]);
}

#[tokio::test]
async fn a_quay_is_never_asked_to_delete_by_digest() {
    for (status, code) in [(405, "UNSUPPORTED"), (400, "DIGEST_INVALID")] {
        let setup = Setup::quay().await;
        with_tags(&setup).await;
        let refusal = Refusal::coded(status, code, "The operation is unsupported.");
        setup
            .registry
            .fail_next(1, "DELETE", "/v2/", Fault::Refuse(refusal));

        let deleted = setup.owner().delete_tag(&repository(), &tag("2.0.0")).await;

        assert_eq!(kind(deleted).0, "failed", "{code}");
        assert_eq!(setup.count("DELETE /v2/manifests/{digest}"), 0, "{code}");
    }
}

#[tokio::test]
async fn a_deletion_whose_answer_is_lost_is_done() {
    for setup in [Setup::quay().await, Setup::docker_registry().await] {
        with_tags(&setup).await;
        let path = "/v2/testorg/doorbell-operator/manifests/";
        setup
            .registry
            .fail_next(1, "DELETE", path, Fault::CloseAfterActing);

        let deleted = setup.owner().delete_tag(&repository(), &tag("2.0.0")).await;

        assert_eq!(kind(deleted).0, "ok");
        let tags = setup
            .registry
            .tags(ORGANIZATION, NAME)
            .expect("a repository");
        assert_eq!(tags, ["1.0.0", "1.0.0-copy"]);
    }
}

#[tokio::test]
async fn what_quay_refuses_to_delete_is_an_error_with_its_words() {
    for (refusal, expected) in [
        (
            Refusal::coded(409, "TAG_IMMUTABLE", "tag '2.0.0' is immutable"),
            "exists",
        ),
        (Refusal::read_only(), "failed"),
        (Refusal::coded(403, "DENIED", "no"), "refused"),
    ] {
        let setup = Setup::quay().await;
        with_tags(&setup).await;
        let fault = Fault::Refuse(refusal);
        setup.registry.fail_next(1, "DELETE", "/v2/", fault);

        let deleted = setup.owner().delete_tag(&repository(), &tag("2.0.0")).await;

        assert_eq!(kind(deleted).0, expected);
        assert_eq!(
            setup
                .registry
                .tags(ORGANIZATION, NAME)
                .map(|tags| tags.len()),
            Some(3)
        );
    }
}
