//! The list of tags: page by page and sorted in Quay, all at once and in no order in docker-registry.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::refusal::Refusal;
use super::store::{Repository, RepositoryName};
use super::tokens::{Need, parameters};
use super::{Kind, Shared, own_url};

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/v2/{namespace}/{name}/tags/list", get(list))
}

async fn list(
    State(registry): State<Arc<Shared>>,
    Path((namespace, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let name = RepositoryName::new(&namespace, &name);
    registry.check(&headers, &name, Need::Pull)?;
    let store = registry.store();
    let repository = store.find(&name).ok_or_else(Refusal::name_unknown)?;
    if registry.kind != Kind::Quay {
        return all(&name, repository);
    }
    let query = parameters(&query.unwrap_or_default());
    let page = registry.manners().page;
    let wanted = query
        .get("n")
        .and_then(|n| n.parse().ok())
        .unwrap_or(page)
        .min(page);
    let last = query.get("last").map(String::as_str).unwrap_or_default();
    let mut rest = repository.tags.keys().filter(|tag| tag.as_str() > last);
    let tags: Vec<&String> = rest.by_ref().take(wanted).collect();
    let body = Json(json!({"name": name.to_string(), "tags": tags}));
    Ok(match (tags.last(), rest.next()) {
        (Some(last), Some(_)) => {
            let next = format!(
                "{}/v2/{name}/tags/list?n={wanted}&last={last}",
                own_url(&headers)
            );
            let link = format!("<{next}>; rel=\"next\"");
            ([(header::LINK, link)], body).into_response()
        }
        _ => body.into_response(),
    })
}

/// A repository is not known before its first manifest, and has `null` for tags when all are deleted.
fn all(name: &RepositoryName, repository: &Repository) -> Result<Response, Refusal> {
    let tags: Vec<&String> = repository.tags.keys().rev().collect();
    let tags = match (tags.is_empty(), repository.expired.is_empty()) {
        (true, true) => return Err(Refusal::name_unknown()),
        (true, false) => json!(null),
        _ => json!(tags),
    };
    Ok(Json(json!({"name": name.to_string(), "tags": tags})).into_response())
}
