//! Tokens: from where, for what, and how many.

use omps_tests::oci::Kind;
use omps_tests::quay::accounts::{basic, robot_name, robot_password};

use super::{Image, NAME, ORGANIZATION, Setup, kind, repository, upstream};

#[tokio::test]
async fn the_callers_authorization_goes_to_the_token_endpoint_alone() {
    let (setup, image) = (Setup::quay().await, Image::new());
    image.push(&setup.robot(), "1.0.0").await.expect("a push");

    let credentials = basic(&robot_name(ORGANIZATION), &robot_password(ORGANIZATION));
    for request in setup.registry.requests() {
        let shown = request.authorization() == Some(&credentials);
        assert_eq!(
            shown,
            request.path == "/v2/auth",
            "{} {}",
            request.method,
            request.path
        );
    }
}

#[tokio::test]
async fn one_token_to_look_and_one_to_push() {
    let (setup, image) = (Setup::quay().await, Image::new());
    setup
        .registry
        .change(|manners| manners.token_limit = Some(2));
    let client = setup.owner();
    client.tags(&repository()).await.expect("tags");
    image.push(&client, "1.0.0").await.expect("a push");
    client.tags(&repository()).await.expect("tags");

    let scopes: Vec<String> = setup
        .registry
        .requests()
        .iter()
        .filter(|request| request.path == "/v2/auth")
        .map(|request| request.query.clone().unwrap_or_default())
        .map(|query| query.rsplit("%3A").next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(scopes, ["pull", "pull%2Cpush"]);
}

#[tokio::test]
async fn a_token_to_push_creates_the_repository_and_one_to_look_does_not() {
    let setup = Setup::quay().await;
    let tags = setup.robot().tags(&repository()).await;
    assert_eq!(kind(tags).0, "hidden");
    assert_eq!(setup.registry.is_public(ORGANIZATION, NAME), None);

    Image::new()
        .push(&setup.robot(), "1.0.0")
        .await
        .expect("a push");
    assert_eq!(setup.registry.is_public(ORGANIZATION, NAME), Some(false));
}

#[tokio::test]
async fn wrong_credentials_are_refused_by_the_token_endpoint() {
    let setup = Setup::quay().await;
    let client = setup.client(&basic(&robot_name(ORGANIZATION), "wrong"));
    let tags = client.tags(&repository()).await;
    let message = "Could not find robot with specified username".to_owned();
    assert_eq!(kind(tags), ("refused", message));
    assert_eq!(setup.requests(), ["GET /v2/", "GET /v2/auth"]);
}

#[tokio::test]
async fn a_caller_who_may_not_push_is_refused_after_one_renewal() {
    let (setup, image) = (Setup::quay().await, Image::new());
    let stranger = setup.client(&basic(&robot_name("other"), &robot_password("other")));

    let pushed = stranger
        .upload_blobs(&repository(), &image.blobs[..1])
        .await;

    assert_eq!(kind(pushed).0, "refused");
    assert_eq!(setup.token_requests(), 2);
    assert_eq!(setup.count("POST /v2/blobs/uploads/"), 2);
    assert_eq!(setup.registry.tags(ORGANIZATION, NAME), None);
}

#[tokio::test]
async fn a_token_that_expires_during_a_push_is_renewed() {
    let (setup, image) = (Setup::quay().await, Image::new());
    setup
        .registry
        .change(|manners| manners.token_uses = Some(2));
    let client = setup.robot();
    for version in ["1.0.0", "2.0.0", "3.0.0"] {
        image.push(&client, version).await.expect("a push");
        client.tags(&repository()).await.expect("tags");
    }
    assert_eq!(
        setup
            .registry
            .tags(ORGANIZATION, NAME)
            .expect("a repository"),
        ["1.0.0", "2.0.0", "3.0.0"]
    );
}

#[tokio::test]
async fn a_registry_with_passwords_gets_the_callers_authorization_itself() {
    let (setup, image) = (
        Setup::of(Kind::DockerRegistryWithPasswords).await,
        Image::new(),
    );
    image.push(&setup.robot(), "1.0.0").await.expect("a push");
    assert_eq!(setup.token_requests(), 0);

    let stranger = setup.client(&basic("nobody", "wrong"));
    let before = setup.requests().len();
    assert_eq!(kind(stranger.tags(&repository()).await).0, "refused");
    assert_eq!(setup.requests().len(), before + 1);
}

#[tokio::test]
async fn a_registry_is_there_when_it_answers_200_or_401() {
    for kind_of_registry in [
        Kind::Quay,
        Kind::DockerRegistry,
        Kind::DockerRegistryWithPasswords,
    ] {
        let mut setup = Setup::of(kind_of_registry).await;
        let there = setup.endpoint.is_there(&upstream()).await;
        assert_eq!(kind(there).0, "ok", "{kind_of_registry:?}");
        drop(setup.owner().tags(&repository()).await);
        assert_eq!(setup.count("GET /v2/"), 1, "{kind_of_registry:?}");

        setup.registry.stop().await;
        let there = setup.endpoint.is_there(&upstream()).await;
        assert_eq!(kind(there).0, "unreachable", "{kind_of_registry:?}");
    }
}
