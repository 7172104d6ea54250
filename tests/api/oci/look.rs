//! Looking: tags page by page, manifests, and what "not there" looks like.

use std::collections::BTreeSet;

use omps::registry::oci::{Digest, Reference};
use omps_tests::oci::Fault;
use omps_tests::quay::accounts::{basic, robot_name, robot_password};

use super::{Image, NAME, ORGANIZATION, Setup, kind, repository, tag};

#[tokio::test]
async fn tags_are_read_to_the_last_page() {
    let many: Vec<String> = (0..250).map(|index| format!("0.{index}.0")).collect();
    for (setup, pages) in [
        (Setup::quay().await, 3),
        (Setup::docker_registry().await, 1),
    ] {
        setup
            .registry
            .add_tags(ORGANIZATION, NAME, many.iter().map(String::as_str));

        let tags = setup.robot().tags(&repository()).await.expect("tags");

        let tags: BTreeSet<&str> = tags.iter().map(omps::registry::oci::Tag::as_str).collect();
        assert_eq!(tags, many.iter().map(String::as_str).collect());
        assert_eq!(setup.count("GET /v2/tags/list"), pages);
        assert_eq!(
            setup
                .registry
                .tags(ORGANIZATION, NAME)
                .map(|tags| tags.len()),
            Some(250)
        );
    }
}

#[tokio::test]
async fn a_repository_that_is_not_there_has_no_tags_or_is_hidden() {
    let (quay, docker) = (Setup::quay().await, Setup::docker_registry().await);
    for (case, client, expected) in [
        ("Quay, an owner", quay.owner(), "ok"),
        ("Quay, a robot that may create it", quay.robot(), "hidden"),
        ("docker-registry", docker.robot(), "ok"),
    ] {
        assert_eq!(kind(client.tags(&repository()).await).0, expected, "{case}");
        let manifest = client
            .manifest(&repository(), Reference::Tag(&tag("1.0.0")))
            .await;
        assert_eq!(kind(manifest).0, expected, "{case}");
        let image = Image::new();
        let missing = client.missing_blobs(&repository(), &image.blobs).await;
        assert_eq!(missing.expect("an answer").len(), 2, "{case}");
    }
    assert_eq!(
        quay.registry.tags(ORGANIZATION, NAME),
        None,
        "looking creates nothing"
    );
    assert_eq!(
        quay.token_requests(),
        2,
        "one token for each caller, and no renewal"
    );
}

#[tokio::test]
async fn lists_without_tags_are_no_tags() {
    for body in [
        r#"{"name":"a/b","tags":null}"#,
        r#"{"name":"a/b","tags":[]}"#,
        r#"{"name":"a/b"}"#,
        r#"{"name":"a/b","tags":["../x","1+b",""]}"#,
    ] {
        let setup = Setup::docker_registry().await;
        let reply = Fault::Reply {
            status: 200,
            content_type: "application/json",
            body: body.to_owned(),
        };
        setup.registry.fail_next(1, "GET", "/v2/testorg", reply);
        let tags = setup.robot().tags(&repository()).await;
        assert_eq!(kind(tags), ("ok", "[]".to_owned()), "{body}");
    }
}

#[tokio::test]
async fn a_tag_is_free_only_when_the_registry_says_so_by_its_code() {
    let setup = Setup::quay().await;
    setup
        .registry
        .add_tags(ORGANIZATION, NAME, ["1.0.0", "2.0.0"]);
    let client = setup.robot();
    client
        .delete_tag(&repository(), &tag("2.0.0"))
        .await
        .expect("a deletion");
    for (case, name, expected) in [
        ("never there", "9.0.0", "None"),
        ("deleted, in the time machine", "2.0.0", "None"),
    ] {
        let found = client
            .manifest(&repository(), Reference::Tag(&tag(name)))
            .await;
        assert_eq!(kind(found), ("ok", expected.to_owned()), "{case}");
        let found = client.digest_of(&repository(), &tag(name)).await;
        assert_eq!(kind(found), ("ok", expected.to_owned()), "{case}");
    }

    let page = || Fault::Reply {
        status: 404,
        content_type: "text/html",
        body: "<html>404 Not Found</html>".to_owned(),
    };
    setup.registry.fail_next(2, "GET", "/v2/testorg/", page());
    setup.registry.fail_next(1, "HEAD", "/v2/testorg/", page());
    let found = client
        .manifest(&repository(), Reference::Tag(&tag("1.0.0")))
        .await;
    let digest = client.digest_of(&repository(), &tag("1.0.0")).await;
    assert_eq!(kind(found).0, "failed");
    assert_eq!(kind(digest).0, "failed");
}

#[tokio::test]
async fn a_digest_that_is_not_said_is_computed() {
    let (setup, image) = (Setup::quay().await, Image::new());
    image.push(&setup.robot(), "1.0.0").await.expect("a push");
    setup
        .registry
        .change(|manners| manners.hides_digests = true);

    let digest = setup.robot().digest_of(&repository(), &tag("1.0.0")).await;

    assert_eq!(digest.expect("a digest"), Some(image.bundle().digest()));
}

#[tokio::test]
async fn a_manifest_is_found_by_its_digest_too() {
    let (setup, image) = (Setup::quay().await, Image::new());
    image.push(&setup.robot(), "1.0.0").await.expect("a push");
    let (ours, other) = (image.bundle().digest(), Digest::of(b"another"));
    let client = setup.robot();

    let found = client
        .manifest(&repository(), Reference::Digest(&ours))
        .await;
    let missing = client
        .manifest(&repository(), Reference::Digest(&other))
        .await;

    assert_eq!(found.expect("an answer"), Some(image.bundle()));
    assert_eq!(missing.expect("an answer"), None);
}

#[tokio::test]
async fn a_blob_is_read_and_checked() {
    let (setup, image) = (Setup::quay().await, Image::new());
    image.push(&setup.robot(), "1.0.0").await.expect("a push");
    let (config, client) = (image.blobs[0].digest(), setup.robot());
    let another = Digest::of(b"another");
    let read = async |digest, limit| client.blob(&repository(), digest, limit).await;

    let found = read(config, 1000).await.expect("an answer");
    let missing = read(&another, 1000).await.expect("an answer");
    let too_large = read(config, 5).await;
    let other = Fault::Reply {
        status: 200,
        content_type: "application/octet-stream",
        body: "another".to_owned(),
    };
    setup.registry.fail_next(1, "GET", "/v2/testorg/", other);
    let changed = read(config, 1000).await;

    assert_eq!(found.as_deref(), Some(image.config));
    assert_eq!(missing, None);
    assert_eq!(kind(too_large).0, "unreachable");
    assert_eq!(kind(changed).0, "malformed");
}

#[tokio::test]
async fn a_blob_that_is_kept_elsewhere_is_read_there_without_a_token() {
    let (setup, image) = (Setup::quay().await, Image::new());
    image.push(&setup.robot(), "1.0.0").await.expect("a push");
    let store = Setup::docker_registry().await;
    store
        .robot()
        .upload_blobs(&repository(), &image.blobs)
        .await
        .expect("an upload");
    let path = format!("{}/v2/{ORGANIZATION}/{NAME}/blobs", store.registry.url());
    setup
        .registry
        .change(|manners| manners.blobs_are_at = Some(path));

    let missing = setup
        .robot()
        .missing_blobs(&repository(), &image.blobs)
        .await;
    let read = setup
        .robot()
        .blob(&repository(), image.blobs[0].digest(), 1000)
        .await;

    assert_eq!(missing.expect("an answer").len(), 0);
    assert_eq!(read.expect("an answer").as_deref(), Some(image.config));
    let requests = store.registry.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.authorization().is_none())
    );
}

#[tokio::test]
async fn another_organizations_private_repository_is_hidden() {
    let (setup, image) = (Setup::quay().await, Image::new());
    image.push(&setup.robot(), "1.0.0").await.expect("a push");
    let stranger = setup.client(&basic(&robot_name("other"), &robot_password("other")));

    assert_eq!(kind(stranger.tags(&repository()).await).0, "hidden");
    assert_eq!(kind(image.push(&stranger, "1.0.0").await).0, "refused");
}
