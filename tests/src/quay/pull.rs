//! `/cnr/api/v1/packages/N/P/R…`: one release, and its archive.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::app_registry::readable;
use super::push::{full_media_type, gunzip, short_media_type};
use super::refusal::Refusal;
use super::store::{Manifest, PackageName, Repository};
use super::{Shared, release, timestamp};

pub(super) async fn show_release(
    State(quay): State<Arc<Shared>>,
    Path((namespace, name, release)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let store = quay.store();
    let name = PackageName::new(&namespace, &name);
    let repository = readable(&quay, &store, &headers, &name)?;
    let manifests = repository
        .manifests
        .iter()
        .filter(|manifest| manifest.release == release)
        .map(|manifest| release_entry(repository, manifest));
    Ok(Json(manifests.collect()))
}

pub(super) async fn show_manifest(
    State(quay): State<Arc<Shared>>,
    Path((namespace, name, release, media_type)): Path<(String, String, String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let store = quay.store();
    let name = PackageName::new(&namespace, &name);
    let repository = readable(&quay, &store, &headers, &name)?;
    let manifest = select(repository, &release, &media_type)?;
    let mut entry = release_entry(repository, manifest);
    entry["channels"] = json!([]);
    Ok(Json(entry))
}

#[derive(Deserialize)]
pub(super) struct PullQuery {
    format: Option<String>,
}

pub(super) async fn pull(
    State(quay): State<Arc<Shared>>,
    Path((namespace, name, release, media_type)): Path<(String, String, String, String)>,
    Query(query): Query<PullQuery>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let store = quay.store();
    let name = PackageName::new(&namespace, &name);
    let repository = readable(&quay, &store, &headers, &name)?;
    let Manifest { release, blob, .. } = select(repository, &release, &media_type)?;
    let filename = format!("{}_{}_{release}.tar.gz", name.namespace, name.name);
    if query.format.as_deref() == Some("json") {
        let body = json!({
            "blob": STANDARD.encode(blob),
            "filename": filename,
            "package": name.to_string(),
            "release": release,
        });
        return Ok(Json(body).into_response());
    }
    let headers = [
        ("content-type", "application/x-gzip"),
        ("content-disposition", &filename),
    ];
    Ok((headers, blob.clone()).into_response())
}

/// The release that `selector` names: itself, or `default` for the newest.
fn select<'a>(
    repository: &'a Repository,
    selector: &str,
    media_type: &str,
) -> Result<&'a Manifest, Refusal> {
    let releases = repository.releases();
    let found = match selector {
        "default" => releases.first(),
        exact => releases.iter().find(|release| **release == exact),
    };
    let Some(found) = found else {
        return Err(no_such_release(&repository.name, selector));
    };
    short_media_type(media_type)
        .and_then(|media_type| repository.manifest(found, media_type))
        .ok_or(Refusal::Crash)
}

fn no_such_release(name: &PackageName, selector: &str) -> Refusal {
    if release::check(selector).is_err() {
        return Refusal::cnr(
            422,
            "invalid-release",
            format!("Invalid simple block '{selector}'"),
            json!({"release": selector}),
        );
    }
    Refusal::cnr(
        404,
        "package-release-not-found",
        format!("No release match '{selector}' for package '{name}'"),
        json!({"package": name.to_string(), "release_query": selector}),
    )
}

pub(super) fn release_entry(repository: &Repository, manifest: &Manifest) -> Value {
    let media_type = full_media_type(&manifest.media_type);
    json!({
        "content": {
            "digest": content_digest(manifest),
            "mediaType": format!("application/vnd.cnr.package.{}.v0.tar+gzip", manifest.media_type),
            "size": manifest.blob.len(),
            "urls": [],
        },
        "created_at": timestamp::format(manifest.created_at),
        "digest": format!("sha256:{}", sha256(media_type.as_bytes())),
        "mediaType": media_type,
        "metadata": null,
        "package": repository.name.to_string(),
        "release": manifest.release,
    })
}

/// SHA-256 of the gunzipped archive. Content that is not gzip counts as empty.
pub(super) fn content_digest(manifest: &Manifest) -> String {
    sha256(&gunzip(&manifest.blob).unwrap_or_default())
}

fn sha256(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
