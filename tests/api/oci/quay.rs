//! Visibility and immutable tags, which only a Quay has.

use omps::token::Token;
use omps_tests::quay::accounts::oauth_token;

use super::{Image, NAME, ORGANIZATION, Setup, kind, repository};

fn oauth(token: &str) -> Token {
    Token::new(format!("Bearer {token}").parse().expect("a header's value"))
}

#[tokio::test]
async fn a_repository_that_was_private_is_made_public() {
    let (setup, token) = (Setup::quay().await, oauth(&oauth_token(ORGANIZATION)));
    let client = setup.robot();
    Image::new().push(&client, "1.0.0").await.expect("a push");
    assert_eq!(setup.registry.is_public(ORGANIZATION, NAME), Some(false));

    let published = client.make_public(&repository(), &token).await;

    assert_eq!(kind(published).0, "ok");
    assert_eq!(
        client
            .is_public(&repository(), &token)
            .await
            .expect("an answer"),
        Some(true)
    );
}

#[tokio::test]
async fn a_repository_that_is_not_there_cannot_be_published() {
    let (setup, token) = (Setup::quay().await, oauth(&oauth_token(ORGANIZATION)));
    let published = setup.robot().make_public(&repository(), &token).await;
    assert_eq!(kind(published).0, "malformed", "Quay answers 200 with null");
}

#[tokio::test]
async fn a_wrong_oauth_token_is_refused_with_quays_words() {
    let setup = Setup::quay().await;
    Image::new()
        .push(&setup.robot(), "1.0.0")
        .await
        .expect("a push");
    let (client, wrong) = (setup.robot(), oauth("wrong"));
    let message = "CSRF token was invalid or missing.";
    for (case, result) in [
        (
            "publish",
            kind(client.make_public(&repository(), &wrong).await),
        ),
        ("show", kind(client.is_public(&repository(), &wrong).await)),
    ] {
        assert_eq!(result, ("refused", message.to_owned()), "{case}");
    }
}

#[tokio::test]
async fn a_policy_that_is_there_already_is_fine_and_a_quay_without_policies_says_so() {
    let (setup, token) = (Setup::quay().await, oauth(&oauth_token(ORGANIZATION)));
    let client = setup.owner();
    Image::new().push(&client, "1.0.0").await.expect("a push");
    let without = client.make_tags_immutable(&repository(), &token).await;
    setup
        .registry
        .change(|manners| manners.has_immutable_tags = true);
    let first = client.make_tags_immutable(&repository(), &token).await;
    let second = client.make_tags_immutable(&repository(), &token).await;

    assert_eq!(kind(without), ("failed", "Not Found".to_owned()));
    assert_eq!(kind(first).0, "ok");
    assert_eq!(kind(second).0, "ok");
}
