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
use crate::releases::is_time;

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

#[tokio::test]
#[ignore = "needs moto at MOTO_URL"]
async fn the_list_of_releases_reads_the_table_that_the_push_wrote() {
    let table = "moto-releases";
    let url = std::env::var("MOTO_URL").expect("MOTO_URL, where moto is");
    let request = reqwest::Client::new()
        .post(&url)
        .header("X-Amz-Target", "DynamoDB_20120810.CreateTable")
        .header(reqwest::header::CONTENT_TYPE, "application/x-amz-json-1.0")
        .header(
            reqwest::header::AUTHORIZATION,
            "AWS4-HMAC-SHA256 Credential=test/20260101/eu-central-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
        )
        .body(
            json!({
                "TableName": table, "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            })
            .to_string(),
        );
    let created = request.send().await.expect("an answer");
    assert_eq!(created.status().as_u16(), 200);
    let aws = aws().await;
    let settings = format!("ledger_table = \"{table}\"");
    let app = TestApp::launch(&settings, false, |config, _| {
        App::with_aws(config, Aws::from(aws))
    })
    .await;
    let pushed = app.push_zipfile(&Operator::doorbell().zip()).await;
    app.quay
        .add_release(ORGANIZATION, "doorbell-operator", "0.9.0");

    let listed = app.list_releases("doorbell-operator").await;

    assert_eq!(pushed.status, 200, "{pushed:?}");
    let releases = &listed.body["releases"];
    assert!(is_time(&releases[0]["pushed_at"]), "{listed:?}");
    assert_eq!(releases[1]["pushed_at"], json!(null));
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
