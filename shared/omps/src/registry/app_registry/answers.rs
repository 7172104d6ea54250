//! What App Registry and Quay's REST API answer: the shapes of their JSON, and what their statuses mean.

use reqwest::{RequestBuilder, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::{RegistryAnswer, RegistryError};
use crate::token::Token;
use crate::upstream::{CallError, Response};

/// A package in a listing.
#[derive(Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    #[serde(default)]
    pub(super) releases: Vec<String>,
    #[serde(default)]
    pub(super) visibility: String,
}

/// The releases of a package: Quay answers with a list, other App Registries with the one that was asked for.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Shown {
    List(Vec<Release>),
    One(Release),
}

/// A release of a package.
#[derive(Deserialize)]
pub(super) struct Release {
    pub(super) release: String,
    #[serde(default)]
    pub(super) content: Stored,
    /// What was pushed, in base64: where a registry has it instead of a digest.
    pub(super) blob: Option<String>,
}

#[derive(Deserialize, Default)]
pub(super) struct Stored {
    /// SHA-256 of the gunzipped tar.
    pub(super) digest: Option<String>,
}

/// A repository in Quay's REST API.
#[derive(Deserialize)]
pub(super) struct Visibility {
    pub(super) is_public: bool,
}

/// A request with a token.
pub(super) fn authorized(request: RequestBuilder, token: &Token) -> RequestBuilder {
    request.header(header::AUTHORIZATION, token.header())
}

/// Whether a change was made: a success is an object in JSON, and not a proxy's page or `null`.
pub(super) fn done(response: Result<Response, CallError>) -> Result<(), RegistryError> {
    understood::<Map<String, Value>>(response).map(|_| ())
}

/// What a successful answer says.
pub(super) fn understood<T: for<'de> Deserialize<'de>>(
    response: Result<Response, CallError>,
) -> Result<T, RegistryError> {
    let Response { status, body, .. } = response?;
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(|error| {
            RegistryError::Unreachable(format!("Quay's answer could not be understood: {error}"))
        });
    }
    let answer = RegistryAnswer {
        status: status.as_u16(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => RegistryError::Refused(answer),
        StatusCode::CONFLICT => RegistryError::Exists(answer),
        StatusCode::NOT_FOUND => RegistryError::NotFound(answer),
        _ => RegistryError::Failed(answer),
    })
}
