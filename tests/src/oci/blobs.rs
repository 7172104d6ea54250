//! Blobs: whether they are there, and uploads in one step, in two, and piece by piece.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};

use super::refusal::Refusal;
use super::store::{RepositoryName, digest_of};
use super::tokens::{Need, parameters};
use super::{Location, Shared, own_url};
use crate::quay::accounts::Caller;

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v2/{namespace}/{name}/blobs/{digest}", get(read))
        .route("/v2/{namespace}/{name}/blobs/uploads/", post(start))
        .route(
            "/v2/{namespace}/{name}/blobs/uploads/{upload}",
            patch(add).put(finish),
        )
}

/// `GET` and `HEAD`
async fn read(
    State(registry): State<Arc<Shared>>,
    Path((namespace, name, digest)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let name = RepositoryName::new(&namespace, &name);
    registry.check(&headers, &name, Need::Pull)?;
    let store = registry.store();
    let blob = store
        .find(&name)
        .and_then(|repository| repository.blobs.get(&digest));
    let unknown = || Refusal::coded(404, "BLOB_UNKNOWN", "blob unknown to registry");
    let blob = blob.ok_or_else(unknown)?;
    if let Some(url) = registry.manners().blobs_are_at {
        let location = format!("{url}/{digest}");
        return Ok((StatusCode::FOUND, [(header::LOCATION, location)]).into_response());
    }
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (
            header::HeaderName::from_static("docker-content-digest"),
            digest,
        ),
    ];
    Ok((headers, blob.clone()).into_response())
}

/// `POST`: starts an upload, mounts a blob of another repository, or takes the blob at once.
async fn start(
    State(registry): State<Arc<Shared>>,
    Path((namespace, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let name = RepositoryName::new(&namespace, &name);
    let caller = registry.check(&headers, &name, Need::Push)?;
    registry.check_writable()?;
    let query = parameters(&query.unwrap_or_default());
    if let (Some(digest), Some(from)) = (query.get("mount"), query.get("from"))
        && mount(&registry, &caller, digest, from, &name)
    {
        return Ok(created(&headers, &name, digest));
    }
    match query.get("digest") {
        Some(digest) if registry.manners().takes_blobs_in_one_step => {
            keep(&registry, &name, digest, body.to_vec())?;
            Ok(created(&headers, &name, digest))
        }
        _ => {
            let mut store = registry.store();
            store.create(&name, "");
            let id = store.start_upload(name.clone());
            drop(store);
            let location = location(&registry, &headers, &name, &id);
            Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)]).into_response())
        }
    }
}

/// `PATCH`: a piece of an upload.
async fn add(
    State(registry): State<Arc<Shared>>,
    Path((namespace, name, upload)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let name = RepositoryName::new(&namespace, &name);
    registry.check(&headers, &name, Need::Push)?;
    let mut store = registry.store();
    let found = store
        .uploads
        .get_mut(&upload)
        .filter(|found| found.to == name);
    let found = found.ok_or_else(Refusal::upload_unknown)?;
    found.bytes.extend_from_slice(&body);
    drop(store);
    let location = location(&registry, &headers, &name, &upload);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)]).into_response())
}

/// `PUT`: the rest of an upload, and its digest.
async fn finish(
    State(registry): State<Arc<Shared>>,
    Path((namespace, name, upload)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let name = RepositoryName::new(&namespace, &name);
    registry.check(&headers, &name, Need::Push)?;
    registry.check_writable()?;
    let query = parameters(&query.unwrap_or_default());
    if registry.manners().location == Location::WithQuery && !query.contains_key("_state") {
        return Err(Refusal::upload_unknown().surprise());
    }
    let Some(digest) = query.get("digest") else {
        return Err(Refusal::digest_invalid().surprise());
    };
    let found = registry
        .store()
        .uploads
        .remove(&upload)
        .filter(|found| found.to == name);
    let found = found.ok_or_else(Refusal::upload_unknown)?;
    let bytes = [found.bytes.as_slice(), &body].concat();
    keep(&registry, &name, digest, bytes)?;
    Ok(created(&headers, &name, digest))
}

fn mount(
    registry: &Shared,
    caller: &Caller,
    digest: &str,
    from: &str,
    to: &RepositoryName,
) -> bool {
    let mut store = registry.store();
    let Some(from) = RepositoryName::parse(from) else {
        return false;
    };
    let is_open = registry.kind != super::Kind::Quay;
    if !is_open && !store.may_read(&from, caller, &registry.accounts) {
        return false;
    }
    let blob = store
        .find(&from)
        .and_then(|repository| repository.blobs.get(digest))
        .cloned();
    let Some(blob) = blob else {
        return false;
    };
    store.create(to, "").blobs.insert(digest.to_owned(), blob);
    true
}

fn keep(
    registry: &Shared,
    name: &RepositoryName,
    digest: &str,
    bytes: Vec<u8>,
) -> Result<(), Refusal> {
    if digest_of(&bytes) != digest {
        return Err(Refusal::digest_invalid());
    }
    let mut store = registry.store();
    store
        .create(name, "")
        .blobs
        .insert(digest.to_owned(), bytes);
    Ok(())
}

fn created(headers: &HeaderMap, name: &RepositoryName, digest: &str) -> Response {
    let location = format!("{}/v2/{name}/blobs/{digest}", own_url(headers));
    let headers = [
        (header::LOCATION, location),
        (
            header::HeaderName::from_static("docker-content-digest"),
            digest.to_owned(),
        ),
    ];
    (StatusCode::CREATED, headers).into_response()
}

fn location(registry: &Shared, headers: &HeaderMap, name: &RepositoryName, id: &str) -> String {
    let path = format!("/v2/{name}/blobs/uploads/{id}");
    let own = own_url(headers);
    match registry.manners().location {
        Location::Relative => path,
        Location::Absolute => format!("{own}{path}"),
        Location::WithQuery => format!("{own}{path}?_state=s-{id}%3D%3D"),
        Location::Elsewhere(url) => format!("{url}{path}"),
    }
}
