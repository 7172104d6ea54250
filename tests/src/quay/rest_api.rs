//! Quay's REST API under `/api/v1`: shows repositories, changes their visibility and removes them, with an OAuth token.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::Shared;
use super::accounts::Caller;
use super::refusal::Refusal;
use super::store::{PackageName, Repository};

pub(super) fn router() -> Router<Arc<Shared>> {
    let repository = "/api/v1/repository/{namespace}/{name}";
    Router::new()
        .route(repository, get(show).delete(remove))
        .route("/api/v1/user/", get(show_user))
        .route(
            &format!("{repository}/changevisibility"),
            post(change_visibility),
        )
}

/// Who has the token. Quay answers 401 to a token that it does not know.
async fn show_user(
    State(quay): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    match quay.accounts.oauth_caller(super::authorization(&headers)) {
        Caller::Anonymous => Err(Refusal::Rest {
            status: 401,
            error_type: "invalid_token",
            message: "Requires authentication".to_owned(),
        }),
        _ => Ok(Json(json!({"anonymous": false}))),
    }
}

/// A repository and its visibility. The limit of listings does not apply here.
async fn show(
    State(quay): State<Arc<Shared>>,
    Path((namespace, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let caller = quay.accounts.oauth_caller(super::authorization(&headers));
    let name = PackageName::new(&namespace, &name);
    let store = quay.store();
    match store.find(&name) {
        Some(repository) if repository.is_readable_by(&caller, &quay.accounts) => {
            Ok(Json(description(repository, &caller, &quay)))
        }
        None if quay.accounts.owns(&caller, &name.namespace) => Err(Refusal::Rest {
            status: 404,
            error_type: "not_found",
            message: "Not Found".to_owned(),
        }),
        _ if caller == Caller::Anonymous => Err(Refusal::Rest {
            status: 401,
            error_type: "invalid_token",
            message: "Requires authentication".to_owned(),
        }),
        _ => Err(unauthorized()),
    }
}

fn description(repository: &Repository, caller: &Caller, quay: &Shared) -> Value {
    let may_write = repository.is_writable_by(caller, &quay.accounts);
    let releases = repository.releases().into_iter().map(|release| {
        json!({
            "channels": [],
            "name": release,
        })
    });
    json!({
        "can_admin": may_write,
        "can_write": may_write,
        "channels": [],
        "description": null,
        "is_free_account": false,
        "is_organization": true,
        "is_public": repository.public,
        "is_starred": false,
        "kind": if repository.holds_images { "image" } else { "application" },
        "name": repository.name.name,
        "namespace": repository.name.namespace,
        "releases": releases.collect::<Vec<_>>(),
        "state": "NORMAL",
    })
}

async fn change_visibility(
    State(quay): State<Arc<Shared>>,
    Path((namespace, name)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let name = PackageName::new(&namespace, &name);
    require_admin(&quay, &headers, &name)?;
    let public = wanted_visibility(&body)?;
    let mut store = quay.store();
    if store.find(&name).is_none() {
        return Ok(Json(Value::Null));
    }
    store
        .set_visibility(&name, public)
        .map_err(|_| Refusal::Closed)?;
    Ok(Json(json!({"success": true})))
}

async fn remove(
    State(quay): State<Arc<Shared>>,
    Path((namespace, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    let name = PackageName::new(&namespace, &name);
    require_admin(&quay, &headers, &name)?;
    quay.store().remove(&name).map_err(|_| Refusal::Closed)?;
    Ok(StatusCode::NO_CONTENT)
}

fn require_admin(quay: &Shared, headers: &HeaderMap, name: &PackageName) -> Result<(), Refusal> {
    let caller = quay.accounts.oauth_caller(super::authorization(headers));
    if caller == Caller::Anonymous {
        return Err(Refusal::Abort {
            status: 403,
            error: "CSRF token was invalid or missing.".to_owned(),
        });
    }
    if !quay.accounts.owns(&caller, &name.namespace) {
        return Err(unauthorized());
    }
    Ok(())
}

fn unauthorized() -> Refusal {
    Refusal::Rest {
        status: 403,
        error_type: "insufficient_scope",
        message: "Unauthorized".to_owned(),
    }
}

fn wanted_visibility(body: &[u8]) -> Result<bool, Refusal> {
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    match body.get("visibility").and_then(Value::as_str) {
        Some("public") => Ok(true),
        Some("private") => Ok(false),
        Some(other) => Err(invalid_request(format!(
            "'{other}' is not one of ['public', 'private']\n\n\
             Failed validating 'enum' in schema['properties']['visibility']:\n    \
             {{'description': 'Visibility which the repository will start with',\n     \
             'enum': ['public', 'private'],\n     \
             'type': 'string'}}\n\n\
             On instance['visibility']:\n    '{other}'"
        ))),
        None => Err(invalid_request(MISSING_VISIBILITY.to_owned())),
    }
}

fn invalid_request(message: String) -> Refusal {
    Refusal::Rest {
        status: 400,
        error_type: "invalid_request",
        message,
    }
}

const MISSING_VISIBILITY: &str = "'visibility' is a required property

Failed validating 'required' in schema:
    {'description': 'Change the visibility for the repository.',
     'properties': {'visibility': {'description': 'Visibility which the '
                                                  'repository will start '
                                                  'with',
                                   'enum': ['public', 'private'],
                                   'type': 'string'}},
     'required': ['visibility'],
     'type': 'object'}

On instance:
    {}";
