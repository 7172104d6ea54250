//! `POST /cnr/api/v1/packages/N/P`: all checks in Quay's order.

use std::io::Read;
use std::sync::Arc;
use std::sync::LazyLock;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;
use regex::Regex;
use serde::Deserialize;
use serde_json::{Value, json};

use super::accounts::Caller;
use super::app_registry::{IMAGE_REPOSITORY, forbidden};
use super::refusal::Refusal;
use super::store::{PackageName, Store};
use super::{Shared, authorization, release};

#[derive(Deserialize)]
pub(super) struct PushQuery {
    force: Option<String>,
}

pub(super) async fn push(
    State(quay): State<Arc<Shared>>,
    Path((namespace, name)): Path<(String, String)>,
    Query(query): Query<PushQuery>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let caller = quay.accounts.basic_caller(authorization(&headers));
    let name = PackageName::new(&namespace, &name);
    let body: Value = serde_json::from_slice(&body).unwrap_or_else(|_| json!({}));
    let force = query.force.as_deref() == Some("true");
    let Some(window) = quay.manners.push_window else {
        let mut store = quay.store();
        return look(&quay, &mut store, &caller, &name, &body, force)?.write(&mut store, &name);
    };
    let release = look(&quay, &mut quay.store(), &caller, &name, &body, force)?;
    // Quay finishes a push even if the client closes the connection.
    let write = tokio::spawn(async move {
        tokio::time::sleep(window).await;
        release.write(&mut quay.store(), &name)
    });
    write.await.map_err(|_| Refusal::Crash)?
}

/// All checks. The result is the release to write.
fn look(
    quay: &Shared,
    store: &mut Store,
    caller: &Caller,
    name: &PackageName,
    body: &Value,
    force: bool,
) -> Result<NewRelease, Refusal> {
    check_name(store, name)?;
    open_repository(quay, store, caller, name, body)?;
    new_release(store, name, body, force)
}

/// A release that did not exist when the checks ran.
struct NewRelease {
    release: String,
    media_type: &'static str,
    blob: Vec<u8>,
}

impl NewRelease {
    fn write(self, store: &mut Store, name: &PackageName) -> Result<Json<Value>, Refusal> {
        store
            .put(name, &self.release, self.media_type, self.blob)
            .map_err(|_| Refusal::Closed)?;
        Ok(Json(json!({"status": "ok"})))
    }
}

/// The release of a request, if all checks pass.
fn new_release(
    store: &Store,
    name: &PackageName,
    body: &Value,
    force: bool,
) -> Result<NewRelease, Refusal> {
    for field in ["release", "media_type", "blob"] {
        if body.get(field).is_none() {
            return Err(Refusal::invalid_usage(format!("Missing {field}")));
        }
    }
    let release = python_str(&body["release"]);
    release::check(&release).map_err(|message| {
        Refusal::cnr(422, "invalid-release", message, json!({"version": release}))
    })?;
    let media_type = body["media_type"]
        .as_str()
        .and_then(short_media_type)
        .ok_or(Refusal::Crash)?;
    let exists = store
        .find(name)
        .is_some_and(|repository| repository.manifest(&release, media_type).is_some());
    if exists && !force {
        return Err(Refusal::cnr(
            409,
            "package-exists",
            "package exists already",
            json!({}),
        ));
    }
    Ok(NewRelease {
        blob: blob(&body["blob"])?,
        release,
        media_type,
    })
}

static NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("^[a-z0-9][.a-z0-9_-]{0,254}$").expect("the pattern compiles"));

fn check_name(store: &Store, name: &PackageName) -> Result<(), Refusal> {
    if store
        .find(name)
        .is_some_and(|repository| repository.holds_images)
    {
        return Err(Refusal::Abort {
            status: 405,
            error: IMAGE_REPOSITORY.to_owned(),
        });
    }
    if !NAME.is_match(&name.name) {
        return Err(Refusal::invalid_usage(format!(
            "invalid repository name: {name}"
        )));
    }
    Ok(())
}

/// Finds or creates the repository, before the rest of the request is checked.
fn open_repository(
    quay: &Shared,
    store: &mut Store,
    caller: &Caller,
    name: &PackageName,
    body: &Value,
) -> Result<(), Refusal> {
    if let Some(repository) = store.find(name) {
        return match repository.is_writable_by(caller, &quay.accounts) {
            true => Ok(()),
            false => Err(forbidden(name, &["push"])),
        };
    }
    let Caller::Known(creator) = caller else {
        return Err(forbidden(name, &["create"]));
    };
    if !quay.accounts.may_create_in(caller, &name.namespace) {
        return Err(forbidden(name, &["create"]));
    }
    let public = match body.get("visibility").and_then(Value::as_str) {
        None | Some("private") => false,
        Some("public") => true,
        Some(_) => return Err(Refusal::Crash),
    };
    store.find_or_create(name).admins.insert(creator.clone());
    store
        .set_visibility(name, public)
        .map_err(|_| Refusal::Closed)
}

/// Python's `str(value)`, for the values that a release can have.
fn python_str(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "None".to_owned(),
        other => other.to_string(),
    }
}

fn blob(value: &Value) -> Result<Vec<u8>, Refusal> {
    let encoded = match value {
        Value::Null => "",
        Value::String(encoded) => encoded,
        _ => return Err(Refusal::Crash),
    };
    let blob = STANDARD.decode(encoded).map_err(|_| Refusal::Crash)?;
    if !blob.is_empty() {
        gunzip(&blob).map_err(|_| Refusal::Closed)?;
    }
    Ok(blob)
}

pub(super) fn gunzip(blob: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    GzDecoder::new(blob).read_to_end(&mut content)?;
    Ok(content)
}

/// The short form of a media type that Quay knows.
pub(super) fn short_media_type(media_type: &str) -> Option<&'static str> {
    ["helm", "kpm", "docker-compose"]
        .into_iter()
        .find(|short| media_type == *short || media_type == full_media_type(short))
}

pub(super) fn full_media_type(short: &str) -> String {
    format!("application/vnd.cnr.package-manifest.{short}.v0.json")
}
