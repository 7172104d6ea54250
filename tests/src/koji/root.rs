//! The file server: serves the files of the builds as Apache does.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{Shared, page};
use crate::stand_in::unexpected;

pub(super) async fn serve(
    State(koji): State<Arc<Shared>>,
    method: Method,
    Path(path): Path<String>,
) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        return unexpected(StatusCode::METHOD_NOT_ALLOWED);
    }
    // Apache treats `//` as `/`.
    let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let path = path.join("/");
    let builds = koji.builds();
    match builds.iter().find_map(|build| build.file(&path)) {
        Some(content) => (
            [(header::CONTENT_TYPE, content_type(&path))],
            content.to_vec(),
        )
            .into_response(),
        None => not_found(),
    }
}

pub(super) fn not_found() -> Response {
    page(
        StatusCode::NOT_FOUND,
        "The requested URL was not found on this server.",
    )
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.') {
        Some((_, "zip")) => "application/zip",
        _ => "text/plain",
    }
}
