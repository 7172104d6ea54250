//! Manifests and what their tags point to.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::Value;

use super::refusal::Refusal;
use super::store::{Manifest, Repository, RepositoryName};
use super::tokens::Need;
use super::{Kind, Shared};

const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new().route(
        "/v2/{namespace}/{name}/manifests/{reference}",
        get(read).put(write).delete(remove),
    )
}

/// `GET` and `HEAD`
async fn read(
    State(registry): State<Arc<Shared>>,
    Path((namespace, name, reference)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let name = RepositoryName::new(&namespace, &name);
    registry.check(&headers, &name, Need::Pull)?;
    let store = registry.store();
    let Some(repository) = store.find(&name) else {
        return Err(match registry.kind {
            Kind::Quay => Refusal::name_unknown(),
            _ => Refusal::manifest_unknown(),
        });
    };
    let Some((digest, manifest)) = repository.manifest(&reference) else {
        let is_expired = repository.expired.contains(&reference);
        return Err(match registry.kind {
            Kind::Quay if is_expired => expired(&reference),
            _ => Refusal::manifest_unknown(),
        });
    };
    if !accepts(&headers, &manifest.media_type) {
        // Quay converts to an old format first; no client of ours should come that far.
        return Err(Refusal::manifest_unknown().surprise());
    }
    let mut answer = (
        [(header::CONTENT_TYPE, manifest.media_type.clone())],
        manifest.bytes.clone(),
    )
        .into_response();
    if !registry.manners().hides_digests {
        let digest = digest.parse().expect("a header's value");
        answer.headers_mut().insert("docker-content-digest", digest);
    }
    Ok(answer)
}

async fn write(
    State(registry): State<Arc<Shared>>,
    Path((namespace, name, reference)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let name = RepositoryName::new(&namespace, &name);
    registry.check(&headers, &name, Need::Push)?;
    registry.check_writable()?;
    let mut store = registry.store();
    let repository = store.create(&name, "");
    let tag = (!reference.contains(':')).then_some(reference.as_str());
    let put = put(repository, tag, &headers, &body)?;
    let headers = [
        (
            header::HeaderName::from_static("docker-content-digest"),
            put.clone(),
        ),
        (header::LOCATION, format!("/v2/{name}/manifests/{put}")),
    ];
    Ok((StatusCode::CREATED, headers).into_response())
}

fn put(
    repository: &mut Repository,
    tag: Option<&str>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<String, Refusal> {
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = media_type.unwrap_or_default().to_owned();
    check_manifest(repository, &media_type, body)?;
    if let Some(tag) = tag.filter(|tag| repository.is_immutable(tag)) {
        return Err(Refusal::tag_immutable(tag));
    }
    let bytes = body.to_vec();
    Ok(repository.put(tag, Manifest { media_type, bytes }))
}

/// A manifest says what it is, and what it is made of is there with the size that it says.
fn check_manifest(repository: &Repository, media_type: &str, body: &[u8]) -> Result<(), Refusal> {
    let manifest: Value =
        serde_json::from_slice(body).map_err(|_| Refusal::manifest_invalid("no JSON"))?;
    // The specification lets a manifest leave its type to the header.
    let says = &manifest["mediaType"];
    if manifest["schemaVersion"] != 2 || !(says.is_null() || says == media_type) {
        return Err(Refusal::manifest_invalid(
            "its type is not what its header says",
        ));
    }
    let parts: Vec<&Value> = match media_type {
        OCI_MANIFEST => {
            let layers = manifest["layers"].as_array();
            let layers = layers.ok_or_else(|| Refusal::manifest_invalid("no layers"))?;
            layers.iter().chain([&manifest["config"]]).collect()
        }
        OCI_INDEX => manifest["manifests"]
            .as_array()
            .into_iter()
            .flatten()
            .collect(),
        _ => return Err(Refusal::manifest_invalid("a type that is not known")),
    };
    for part in parts {
        let digest = part["digest"].as_str().unwrap_or_default();
        let held = match media_type {
            OCI_INDEX => repository
                .manifests
                .get(digest)
                .map(|manifest| manifest.bytes.len()),
            _ => repository.blobs.get(digest).map(Vec::len),
        };
        let Some(size) = held else {
            return Err(Refusal::coded(
                400,
                "MANIFEST_BLOB_UNKNOWN",
                "blob unknown to registry",
            ));
        };
        if part["size"] != size {
            return Err(Refusal::manifest_invalid("a blob has another size"));
        }
    }
    Ok(())
}

async fn remove(
    State(registry): State<Arc<Shared>>,
    Path((namespace, name, reference)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    let name = RepositoryName::new(&namespace, &name);
    registry.check(&headers, &name, Need::Push)?;
    let mut store = registry.store();
    let repository = store.find_mut(&name);
    let repository = repository.ok_or_else(Refusal::name_unknown)?;
    let removed = match reference.contains(':') {
        true => remove_manifest(registry.kind, repository, &reference),
        false => remove_tag(registry.kind, repository, &reference),
    };
    removed?;
    Ok(StatusCode::ACCEPTED)
}

fn remove_tag(kind: Kind, repository: &mut Repository, tag: &str) -> Result<(), Refusal> {
    if kind != Kind::Quay {
        return Err(Refusal::digest_invalid());
    }
    if repository.is_immutable(tag) {
        return Err(Refusal::tag_immutable(tag));
    }
    repository
        .tags
        .remove(tag)
        .ok_or_else(Refusal::manifest_unknown)?;
    repository.expired.insert(tag.to_owned());
    Ok(())
}

/// Takes all tags of the manifest with it.
fn remove_manifest(kind: Kind, repository: &mut Repository, digest: &str) -> Result<(), Refusal> {
    let tags = repository.tags_of(digest);
    let known = repository.manifests.contains_key(digest);
    if !known || (kind == Kind::Quay && tags.is_empty()) {
        return Err(Refusal::manifest_unknown());
    }
    if let Some(tag) = tags.iter().find(|tag| repository.is_immutable(tag)) {
        return Err(Refusal::tag_immutable(tag));
    }
    for tag in tags {
        repository.tags.remove(&tag);
        repository.expired.insert(tag);
    }
    if kind != Kind::Quay {
        repository.manifests.remove(digest);
    }
    Ok(())
}

fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    let mut accepted = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    accepted.any(|accepted| accepted.trim() == media_type)
}

fn expired(tag: &str) -> Refusal {
    let message = format!("Tag {tag} was deleted or has expired. To pull, revive via time machine");
    Refusal::coded(404, "TAG_EXPIRED", &message)
}
