//! Pushing: what is sent, how often, and what the registry has afterwards.

use omps::registry::oci::Reference;
use omps_tests::oci::{Fault, Location, Refusal, Registry, Settings};
use omps_tests::quay::accounts::oauth_token;

use super::{Image, NAME, ORGANIZATION, Setup, kind, repository, tag};

#[tokio::test]
async fn the_registry_has_every_byte_as_it_was_pushed() {
    let (setup, image) = (Setup::quay().await, Image::new());
    image.push(&setup.robot(), "0.1.0").await.expect("a push");

    let manifest = setup.registry.manifest(ORGANIZATION, NAME, "0.1.0");
    assert_eq!(manifest.as_deref(), Some(&image.bundle().bytes[..]));
    for blob in &image.blobs {
        let held = setup
            .registry
            .blob(ORGANIZATION, NAME, blob.digest().as_str());
        assert!(held.is_some(), "{}", blob.digest());
    }
    let read = setup
        .robot()
        .manifest(&repository(), Reference::Tag(&tag("0.1.0")))
        .await;
    assert_eq!(read.expect("a manifest"), Some(image.bundle()));
}

#[tokio::test]
async fn an_upload_goes_on_wherever_the_registry_says() {
    for location in [Location::Relative, Location::Absolute, Location::WithQuery] {
        let (setup, image) = (Setup::quay().await, Image::new());
        setup.registry.change(|manners| {
            manners.location = location.clone();
            manners.takes_blobs_in_one_step = false;
        });

        image.push(&setup.robot(), "0.1.0").await.expect("a push");

        assert_eq!(
            setup.count("PUT /v2/blobs/uploads/{upload}"),
            2,
            "{location:?}"
        );
    }
}

#[tokio::test]
async fn no_credentials_go_to_another_host() {
    let elsewhere = Registry::start(Settings::quay(&[])).await.expect("a port");
    let (setup, image) = (Setup::quay().await, Image::new());
    setup.registry.change(|manners| {
        manners.location = Location::Elsewhere(elsewhere.url());
        manners.takes_blobs_in_one_step = false;
    });

    let pushed = setup
        .robot()
        .upload_blobs(&repository(), &image.blobs[..1])
        .await;

    assert_eq!(kind(pushed).0, "refused");
    let requests = elsewhere.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert!(
        requests
            .iter()
            .all(|request| request.authorization().is_none())
    );
}

#[tokio::test]
async fn a_registry_that_wants_two_steps_gets_a_blob_once_from_then_on() {
    let (setup, image) = (Setup::docker_registry().await, Image::new());
    let client = setup.robot();
    client
        .upload_blobs(&repository(), &image.blobs[..1])
        .await
        .expect("an upload");
    client
        .upload_blobs(&repository(), &image.blobs[1..])
        .await
        .expect("an upload");

    let posts = setup
        .registry
        .requests()
        .into_iter()
        .filter(|request| request.method == "POST");
    let bodies: Vec<usize> = posts.map(|request| request.body.len()).collect();
    assert_eq!(bodies, [image.config.len(), 0]);
}

#[tokio::test]
async fn a_lost_upload_session_starts_again() {
    for (lost, expected) in [(1, "ok"), (2, "ok"), (3, "failed")] {
        let (setup, image) = (Setup::docker_registry().await, Image::new());
        let unknown = Refusal::coded(
            404,
            "BLOB_UPLOAD_UNKNOWN",
            "blob upload unknown to registry",
        );
        setup
            .registry
            .fail_next(lost, "PUT", "/v2/testorg/", Fault::Refuse(unknown));

        let uploaded = setup
            .robot()
            .upload_blobs(&repository(), &image.blobs[..1])
            .await;

        assert_eq!(kind(uploaded).0, expected, "{lost}");
        let sessions = setup.count("POST /v2/blobs/uploads/");
        assert_eq!(sessions, (lost + 1).min(3), "{lost}");
    }
}

#[tokio::test]
async fn an_upload_whose_answer_is_lost_starts_again() {
    let (setup, image) = (Setup::docker_registry().await, Image::new());
    setup
        .registry
        .fail_next(1, "PUT", "/v2/testorg/", Fault::CloseAfterActing);

    let uploaded = setup
        .robot()
        .upload_blobs(&repository(), &image.blobs[..1])
        .await;

    assert_eq!(kind(uploaded).0, "ok");
    assert_eq!(setup.count("POST /v2/blobs/uploads/"), 2);
}

#[tokio::test]
async fn blobs_that_are_lost_before_the_manifest_are_put_up_again_once() {
    let (setup, image) = (Setup::quay().await, Image::new());
    let client = setup.robot();
    client
        .upload_blobs(&repository(), &image.blobs)
        .await
        .expect("an upload");
    setup.registry.lose_blobs(ORGANIZATION, NAME);
    let put = client
        .put_manifest(&repository(), &tag("1.0.0"), &image.bundle(), &image.blobs)
        .await;
    assert_eq!(kind(put).0, "ok");
    assert_eq!(setup.count("POST /v2/blobs/uploads/"), 4);

    setup.registry.lose_blobs(ORGANIZATION, NAME);
    let put = client
        .put_manifest(&repository(), &tag("2.0.0"), &image.bundle(), &[])
        .await;
    let (kind, message) = kind(put);
    assert_eq!(
        (kind, message.as_str()),
        ("failed", "blob unknown to registry")
    );
    assert_eq!(setup.count("PUT /v2/manifests/2.0.0"), 2);
}

#[tokio::test]
async fn a_tag_that_is_immutable_is_there_whatever_it_points_to() {
    let (setup, image) = (Setup::quay().await, Image::new());
    make_immutable(&setup).await;
    image.push(&setup.owner(), "1.0.0").await.expect("a push");

    let again = image.push(&setup.owner(), "1.0.0").await;
    let (client, other) = (setup.owner(), image.release("1.0.0"));
    let replaced = client
        .put_manifest(&repository(), &tag("1.0.0"), &other, &image.blobs)
        .await;

    assert_eq!(
        kind(again),
        ("exists", "tag '1.0.0' is immutable".to_owned())
    );
    assert_eq!(kind(replaced).0, "exists");
}

#[tokio::test]
async fn an_immutable_tag_of_a_push_whose_answer_was_lost_is_its_own() {
    let (setup, image) = (Setup::quay().await, Image::new());
    make_immutable(&setup).await;
    let path = "/v2/testorg/doorbell-operator/manifests/";
    setup
        .registry
        .fail_next(1, "PUT", path, Fault::CloseAfterActing);

    let pushed = image.push(&setup.owner(), "1.0.0").await;

    assert_eq!(kind(pushed).0, "ok");
    assert_eq!(setup.count("PUT /v2/manifests/1.0.0"), 2);
    assert_eq!(setup.count("HEAD /v2/manifests/1.0.0"), 1);
}

async fn make_immutable(setup: &Setup) {
    setup
        .registry
        .change(|manners| manners.has_immutable_tags = true);
    let token = format!("Bearer {}", oauth_token(ORGANIZATION));
    let token = omps::token::Token::new(token.parse().expect("a header's value"));
    let client = setup.owner();
    // Quay creates the repository with the first token to push.
    let (repository, image) = (repository(), Image::new());
    let uploaded = client.upload_blobs(&repository, &image.blobs);
    uploaded.await.expect("a repository");
    client
        .make_tags_immutable(&repository, &token)
        .await
        .expect("a policy");
}
