//! A stand-in for Secrets Manager over HTTP. It supports the only operation that omps uses.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use omps::aws::Aws;
use serde_json::{Value, json};

use crate::stand_in::{self, Service, StandIn, lock, unexpected};

/// A running stand-in for Secrets Manager. It stops when it is dropped.
pub type SecretsManager = StandIn<Shared>;
/// A failure that a test arms.
pub type Fault = stand_in::Fault<Refusal>;

/// The state of the handlers.
#[derive(Default)]
pub struct Shared {
    /// The secrets by their names.
    secrets: Mutex<BTreeMap<String, String>>,
}

/// The name of an exception.
#[derive(Clone, Debug)]
pub struct Refusal(pub &'static str);

impl Service for Shared {
    const NAME: &'static str = "Secrets Manager";
    type Refusal = Refusal;

    fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/", post(get_secret_value))
            .fallback(async || unexpected(Refusal("UnknownOperationException")))
            .with_state(self)
    }
}

impl SecretsManager {
    /// Starts a Secrets Manager without secrets; port 0 takes a free one.
    ///
    /// # Errors
    /// The address is in use.
    pub async fn start(listen: SocketAddr) -> io::Result<Self> {
        Self::serve(listen, Shared::default()).await
    }

    /// A configuration of AWS that uses this Secrets Manager.
    pub async fn aws(&self) -> Aws {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .endpoint_url(self.url())
            .region(Region::from_static("eu-central-1"))
            .credentials_provider(Credentials::for_tests())
            .load()
            .await;
        Aws::from(config)
    }

    /// Creates a secret, or changes it.
    pub fn put(&self, name: &str, value: &str) {
        lock(&self.service().secrets).insert(name.to_owned(), value.to_owned());
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({"__type": self.0, "Message": "the stand-in refuses"});
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    }
}

async fn get_secret_value(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let is_signed = header(header::AUTHORIZATION.as_str())
        .is_some_and(|value| value.starts_with("AWS4-HMAC-SHA256 "));
    let question: Value = serde_json::from_slice(&body).unwrap_or_default();
    match (header("x-amz-target"), question["SecretId"].as_str()) {
        (Some("secretsmanager.GetSecretValue"), Some(name)) if is_signed => {
            match lock(&shared.secrets).get(name) {
                Some(secret) => Json(json!({"Name": name, "SecretString": secret})).into_response(),
                None => Refusal("ResourceNotFoundException").into_response(),
            }
        }
        _ => unexpected(Refusal("InvalidRequestException")),
    }
}
