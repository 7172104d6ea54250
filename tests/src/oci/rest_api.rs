//! Quay's REST API under `/api/v1`, with an OAuth token: the visibility of repositories, immutable tags.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use regex::Regex;
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::store::RepositoryName;
use super::{Shared, authorization};
use crate::quay;
use crate::quay::accounts::Caller;

pub(super) fn router() -> Router<Arc<Shared>> {
    let repository = "/api/v1/repository/{namespace}/{name}";
    Router::new()
        .route(repository, get(show))
        .route(
            &format!("{repository}/changevisibility"),
            post(change_visibility),
        )
        .route(
            &format!("{repository}/immutabilitypolicy/"),
            post(add_policy),
        )
}

async fn show(
    State(registry): State<Arc<Shared>>,
    Path((namespace, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let name = RepositoryName::new(&namespace, &name);
    registry.admin(&headers, &name)?;
    let store = registry.store();
    let repository = store
        .find(&name)
        .ok_or_else(|| rest(404, "not_found", "Not Found"))?;
    Ok(Json(json!({
        "namespace": name.namespace, "name": name.name, "kind": "image", "is_public": repository.public,
    })))
}

async fn change_visibility(
    State(registry): State<Arc<Shared>>,
    Path((namespace, name)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let name = RepositoryName::new(&namespace, &name);
    registry.admin(&headers, &name)?;
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let public = match body["visibility"].as_str() {
        Some("public") => true,
        Some("private") => false,
        _ => {
            return Err(rest(
                400,
                "invalid_request",
                "'visibility' is a required property",
            ));
        }
    };
    let mut store = registry.store();
    let Some(repository) = store.find_mut(&name) else {
        return Ok(Json(Value::Null));
    };
    repository.public = public;
    Ok(Json(json!({"success": true})))
}

async fn add_policy(
    State(registry): State<Arc<Shared>>,
    Path((namespace, name)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let name = RepositoryName::new(&namespace, &name);
    if !registry.manners().has_immutable_tags {
        return Err(rest(404, "not_found", "Not Found"));
    }
    registry.admin(&headers, &name)?;
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let pattern = body["tagPattern"]
        .as_str()
        .and_then(|pattern| Regex::new(pattern).ok());
    let (Some(pattern), Some(&Value::Bool(true))) = (pattern, body.get("tagPatternMatches")) else {
        return Err(rest(
            400,
            "invalid_request",
            "tag_pattern is required and must be a non-empty string",
        ));
    };
    let mut store = registry.store();
    let repository = store
        .find_mut(&name)
        .ok_or_else(|| rest(404, "not_found", "Not Found"))?;
    if repository
        .immutable
        .iter()
        .any(|known| known.as_str() == pattern.as_str())
    {
        return Err(rest(
            400,
            "invalid_request",
            "A policy with the same tag_pattern already exists",
        ));
    }
    repository.immutable.push(pattern);
    Ok((StatusCode::CREATED, Json(json!({"uuid": "9a3c"}))))
}

impl Shared {
    /// Who administers the organization by this OAuth token.
    fn admin(&self, headers: &HeaderMap, name: &RepositoryName) -> Result<Caller, Refusal> {
        let caller = self.accounts.oauth_caller(authorization(headers));
        if caller == Caller::Anonymous {
            return Err(Refusal::Rest(quay::Refusal::Abort {
                status: 403,
                error: "CSRF token was invalid or missing.".to_owned(),
            }));
        }
        match self.accounts.owns(&caller, &name.namespace) {
            true => Ok(caller),
            false => Err(rest(403, "insufficient_scope", "Unauthorized")),
        }
    }
}

fn rest(status: u16, error_type: &'static str, message: &str) -> Refusal {
    Refusal::Rest(quay::Refusal::Rest {
        status,
        error_type,
        message: message.to_owned(),
    })
}
