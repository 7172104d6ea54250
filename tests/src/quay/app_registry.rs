//! Quay's App Registry under `/cnr`: login, listing, releases, push, pull, delete.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::accounts::{Caller, basic};
use super::push::{full_media_type, push, short_media_type};
use super::refusal::Refusal;
use super::store::{Manifest, PackageName, Repository, Store};
use super::{Shared, authorization, pull, timestamp};

pub(super) fn router() -> Router<Arc<Shared>> {
    let package = "/cnr/api/v1/packages/{namespace}/{name}";
    Router::new()
        .route("/cnr/version", get(version))
        .route("/cnr/api/v1/users/login", post(log_in))
        .route("/cnr/api/v1/packages", get(list))
        .route(package, get(show).post(push))
        .route(&format!("{package}/{{release}}"), get(pull::show_release))
        .route(
            &format!("{package}/{{release}}/{{media_type}}"),
            get(pull::show_manifest).delete(delete),
        )
        .route(
            &format!("{package}/{{release}}/{{media_type}}/pull"),
            get(pull::pull),
        )
}

async fn version() -> Json<Value> {
    Json(json!({"cnr-api": "0.2.7"}))
}

async fn log_in(State(quay): State<Arc<Shared>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let body: Value = serde_json::from_slice(&body).unwrap_or_else(|_| json!({}));
    if !body.is_object() {
        return Err(Refusal::Crash);
    }
    let text = |key| body.pointer(key).and_then(Value::as_str);
    let (Some(name), Some(password)) = (text("/user/username"), text("/user/password")) else {
        return Err(Refusal::invalid_usage("Missing username or password"));
    };
    quay.accounts
        .log_in(name, password)
        .map_err(|message| Refusal::cnr(401, "unauthorized-access", message, json!({})))?;
    Ok(Json(json!({"token": basic(name, password)})))
}

#[derive(Deserialize)]
struct ListQuery {
    namespace: Option<String>,
}

async fn list(
    State(quay): State<Arc<Shared>>,
    Query(query): Query<ListQuery>,
    headers: HeaderMap,
) -> Json<Value> {
    let caller = quay.accounts.basic_caller(authorization(&headers));
    let limit = match caller {
        Caller::Anonymous => usize::MAX,
        Caller::Known(_) => quay.manners.listing_limit,
    };
    let store = quay.store();
    let packages = store
        .of_namespace(query.namespace.as_deref())
        .filter(|repository| !repository.holds_images)
        .filter(|repository| repository.is_readable_by(&caller, &quay.accounts))
        .take(limit)
        .filter_map(package_entry)
        .collect();
    Json(Value::Array(packages))
}

/// A package's entry in the listing, when it has releases.
fn package_entry(repository: &Repository) -> Option<Value> {
    let releases = repository.releases();
    let default = *releases.first()?;
    let media_types: Vec<_> = repository
        .manifests
        .iter()
        .filter(|manifest| manifest.release == default)
        .map(|manifest| &manifest.media_type)
        .collect();
    let times = repository
        .manifests
        .iter()
        .map(|manifest| manifest.created_at);
    Some(json!({
        "channels": null,
        "created_at": times.clone().min().map(timestamp::format),
        "default": default,
        "manifests": media_types,
        "name": repository.name.to_string(),
        "namespace": repository.name.namespace,
        "releases": releases,
        "updated_at": times.max().map(timestamp::format),
        "visibility": if repository.public { "public" } else { "private" },
    }))
}

async fn show(
    State(quay): State<Arc<Shared>>,
    Path((namespace, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let store = quay.store();
    let name = PackageName::new(&namespace, &name);
    let repository = readable(&quay, &store, &headers, &name)?;
    let releases = repository
        .manifests
        .iter()
        .map(|manifest| pull::release_entry(repository, manifest));
    Ok(Json(releases.collect()))
}

async fn delete(
    State(quay): State<Arc<Shared>>,
    Path((namespace, name, release, media_type)): Path<(String, String, String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let caller = quay.accounts.basic_caller(authorization(&headers));
    let name = PackageName::new(&namespace, &name);
    let mut store = quay.store();
    match store.find(&name) {
        Some(repository) if repository.is_writable_by(&caller, &quay.accounts) => {
            deletable(repository, &release, &media_type)?;
        }
        None if quay.accounts.owns(&caller, &name.namespace) => {
            return Err(package_not_found(&name));
        }
        _ => return Err(forbidden(&name, &["pull", "push"])),
    }
    let now = (quay.manners.clock)();
    if quay.manners.deletes_by_second && !quay.deletions.note(&name, &release, now) {
        return Err(Refusal::Crash);
    }
    store
        .delete(&name, &release, &media_type)
        .map_err(|_| Refusal::Closed)?;
    Ok(Json(
        json!({"package": name.to_string(), "release": release, "status": "deleted"}),
    ))
}

fn deletable<'a>(
    repository: &'a Repository,
    release: &str,
    media_type: &str,
) -> Result<&'a Manifest, Refusal> {
    let known_release = repository.releases().contains(&release);
    let known_media_type = short_media_type(media_type).is_some();
    if !known_release || !known_media_type {
        let (name, media_type) = (&repository.name, full_media_type(media_type));
        return Err(Refusal::cnr(
            404,
            "package-not-found",
            format!("package {name} doesn't exist, v: {release}, type: {media_type}"),
            json!({"media_type": media_type, "package": name.to_string(), "release": release}),
        ));
    }
    repository
        .manifest(release, media_type)
        .ok_or(Refusal::Crash)
}

/// The repository, when the caller may pull from it.
pub(super) fn readable<'a>(
    quay: &Shared,
    store: &'a Store,
    headers: &HeaderMap,
    name: &PackageName,
) -> Result<&'a Repository, Refusal> {
    let caller = quay.accounts.basic_caller(authorization(headers));
    match store.find(name) {
        Some(repository) if repository.holds_images => Err(Refusal::Abort {
            status: 405,
            error: format!("{IMAGE_REPOSITORY} (authorized: {})", describe(&caller)),
        }),
        Some(repository) if repository.is_readable_by(&caller, &quay.accounts) => Ok(repository),
        None if quay.accounts.owns(&caller, &name.namespace) => Err(package_not_found(name)),
        _ => Err(forbidden(name, &["pull"])),
    }
}

pub(super) const IMAGE_REPOSITORY: &str =
    "Cannot push an application to an image repository with the same name";

pub(super) fn forbidden(name: &PackageName, scopes: &[&str]) -> Refusal {
    Refusal::cnr(
        403,
        "forbidden",
        format!("Unauthorized access for: {name}"),
        json!({"package": name.to_string(), "scopes": scopes}),
    )
}

fn package_not_found(name: &PackageName) -> Refusal {
    Refusal::cnr(
        404,
        "package-not-found",
        format!("package {name} doesn't exist, v: None, type: None"),
        json!({"media_type": null, "package": name.to_string(), "release": null}),
    )
}

fn describe(caller: &Caller) -> String {
    match caller {
        Caller::Anonymous => "anonymous".to_owned(),
        Caller::Known(name) if name.contains('+') => format!("robot {name}"),
        Caller::Known(name) => format!("user {name}"),
    }
}
