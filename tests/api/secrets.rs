//! Tokens of organizations in Secrets Manager.

use omps_tests::operator::Operator;
use omps_tests::quay::accounts::oauth_token;
use omps_tests::secrets_manager::{Fault, Refusal};
use serde_json::json;

use crate::helpers::{ORGANIZATION, TestApp, assert_error};

const SECRET: &str = "omps/testorg";

#[tokio::test]
async fn a_repository_is_made_public_with_the_token_of_the_organizations_secret() {
    let app = app().await;
    app.secrets.put(SECRET, &secret(&oauth_token(ORGANIZATION)));

    for _ in 0..2 {
        let answer = app.push_zipfile(&Operator::doorbell().zip()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    assert!(is_public(&app));
    assert_eq!(app.secrets.requests().len(), 1, "the secret is remembered");
}

#[tokio::test]
async fn an_organization_without_a_secret_has_no_token() {
    let app = app().await;

    let without = app.push_zipfile(&Operator::doorbell().zip()).await;
    app.secrets.put(SECRET, &secret(&oauth_token(ORGANIZATION)));
    let with = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(without.status, 200);
    assert!(without.body["warnings"][0].to_string().contains("OAuth"));
    assert_eq!(with.body.get("warnings"), None);
    assert!(is_public(&app));
}

#[tokio::test]
async fn a_private_organizations_secret_is_not_read() {
    let app = TestApp::with_settings("secrets_prefix = \"omps\"").await;

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.status, 200);
    assert_eq!(app.secrets.requests().len(), 0);
}

#[tokio::test]
async fn a_rotated_token_is_used_by_the_next_push() {
    let app = app().await;
    app.secrets.put(SECRET, &secret(&oauth_token(ORGANIZATION)));
    app.push_zipfile(&Operator::doorbell().zip()).await;
    app.quay
        .rotate_oauth_token(&oauth_token(ORGANIZATION), "the-new-oauth-token");
    app.secrets.put(SECRET, &secret("the-new-oauth-token"));

    let answer = app.push_zipfile(&Operator::larder().zip()).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        app.quay.is_public(ORGANIZATION, "larder-operator"),
        Some(true)
    );
    assert_eq!(app.secrets.requests().len(), 2);
}

#[tokio::test]
async fn a_token_that_quay_refuses_is_read_once_more_and_no_more() {
    let app = app().await;
    app.secrets.put(SECRET, &secret("a-token-that-never-was"));

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.kind(), (500, "QuayPackageError"));
    assert_eq!(answer.body["pushed"], json!(true));
    assert_eq!(app.secrets.requests().len(), 2);
}

#[tokio::test]
async fn many_pushes_at_the_same_time_read_a_secret_once() {
    let app = app().await;
    app.secrets.put(SECRET, &secret(&oauth_token(ORGANIZATION)));
    let zip = Operator::doorbell().zip();

    let answers = futures_util::future::join_all((0..8).map(|_| app.push_zipfile(&zip))).await;

    assert!(answers.iter().any(|answer| answer.status == 200));
    assert_eq!(app.secrets.requests().len(), 1);
}

#[tokio::test]
async fn nothing_is_pushed_while_secrets_manager_refuses() {
    let app = app().await;
    app.secrets.put(SECRET, &secret(&oauth_token(ORGANIZATION)));
    let refusal = Fault::Refuse(Refusal("AccessDeniedException"));
    app.secrets.fail_next(1, "POST", "/", refusal);

    let refused = app.push_zipfile(&Operator::doorbell().zip()).await;
    assert_eq!(refused.header("retry-after"), "5");
    assert_error(
        refused,
        &json!({
            "status": 503,
            "error": "ServiceUnavailable",
            "message": "The tokens of organization testorg cannot be read: Secrets Manager answered AccessDeniedException",
        }),
    );
    assert_eq!(app.releases("doorbell-operator"), Vec::<String>::new());

    let again = app.push_zipfile(&Operator::doorbell().zip()).await;
    assert_eq!(again.status, 200);
}

#[tokio::test]
async fn nothing_is_pushed_while_secrets_manager_is_unreachable() {
    let mut app = app().await;
    app.secrets.stop().await;

    let push = app.push_zipfile(&Operator::doorbell().zip()).await;
    let health = app.health().await;

    assert_eq!(push.kind(), (503, "ServiceUnavailable"));
    assert_eq!(
        push.message(),
        "The tokens of organization testorg cannot be read: Secrets Manager could not be reached"
    );
    assert_eq!(app.releases("doorbell-operator"), Vec::<String>::new());
    assert_eq!(health.status, 200);
}

#[tokio::test]
async fn a_secret_that_is_not_json_is_reported_without_its_text() {
    let app = app().await;
    app.secrets.put(SECRET, "hush-hush-hush");

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.kind(), (503, "ServiceUnavailable"));
    assert_eq!(
        answer.message(),
        "The tokens of organization testorg cannot be read: its secret is not a JSON object"
    );
}

/// A service whose one public organization has its token in Secrets Manager.
async fn app() -> TestApp {
    let organization = format!("[Test.organizations.{ORGANIZATION}]\npublic = true");
    TestApp::with_settings(&format!("secrets_prefix = \"omps\"\n{organization}")).await
}

fn secret(oauth_token: &str) -> String {
    json!({"oauth_token": oauth_token}).to_string()
}

fn is_public(app: &TestApp) -> bool {
    app.quay.is_public(ORGANIZATION, "doorbell-operator") == Some(true)
}
