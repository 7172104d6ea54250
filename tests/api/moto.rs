//! Tests that require AWS; moto replaces it. `tests/with-tools.sh secrets` runs them.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_secretsmanager::Client;
use omps::app::App;
use omps::aws::Aws;
use omps_tests::operator::Operator;
use omps_tests::quay::accounts::oauth_token;
use serde_json::json;

use crate::helpers::{ORGANIZATION, TestApp};

#[tokio::test]
#[ignore = "needs moto at MOTO_URL"]
async fn a_token_that_is_rotated_while_the_process_lives_fails_no_push() {
    let aws = aws().await;
    let secrets = Client::new(&aws);
    let old = oauth_token(ORGANIZATION);
    let created = secrets.create_secret().name("moto/testorg");
    let created = created.secret_string(secret(&old)).send().await;
    created.expect("a new secret");
    let settings = "secrets_prefix = \"moto\"\n[Test.organizations.testorg]\npublic = true";
    let app = TestApp::launch(settings, false, |config, _| {
        App::with_aws(config, Aws::from(aws))
    })
    .await;
    let before = app.push_zipfile(&Operator::doorbell().zip()).await;

    app.quay.rotate_oauth_token(&old, "the-token-after-it");
    let rotated = secrets.put_secret_value().secret_id("moto/testorg");
    let rotated = rotated.secret_string(secret("the-token-after-it"));
    rotated.send().await.expect("another value");
    let after = app.push_zipfile(&Operator::larder().zip()).await;

    assert_eq!((before.status, after.status), (200, 200), "{after:?}");
    for package in ["doorbell-operator", "larder-operator"] {
        assert_eq!(app.quay.is_public(ORGANIZATION, package), Some(true));
    }
}

fn secret(oauth_token: &str) -> String {
    json!({"oauth_token": oauth_token}).to_string()
}

async fn aws() -> SdkConfig {
    let url = std::env::var("MOTO_URL").expect("MOTO_URL, where moto is");
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(url)
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(Credentials::for_tests())
        .load()
        .await
}
