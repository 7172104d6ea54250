//! `GET /`, `GET /docs` and `GET /v2/openapi.json`: the page on which people check and push operators, the description of
//! all requests, and the OpenAPI document that it shows.
//!
//! Both pages are one file when they are sent: style and script are part of it. So they work under any base path, and
//! their policy allows exactly this style and this script, and requests to this service.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::query;
use crate::error::Error;
use crate::http::{Answer, Document, Reply, Request};
use crate::openapi;

/// The page's script: one, of several files.
const SCRIPT: &str = concat!(
    include_str!("page/page.js"),
    include_str!("page/zipping.js"),
    include_str!("page/catalog.js"),
    include_str!("page/start.js"),
);

static PAGE: LazyLock<Document> = LazyLock::new(|| html(include_str!("page/page.html"), SCRIPT));
static DOCS: LazyLock<Document> =
    LazyLock::new(|| html(include_str!("page/docs.html"), include_str!("page/docs.js")));
static OPENAPI: LazyLock<Document> = LazyLock::new(|| Document {
    media_type: "application/json",
    policy: "default-src 'none'".to_owned(),
    text: openapi::document().to_string(),
});

/// Answers with the document that the path names.
///
/// # Errors
/// `BadRequest` for query parameters; there are none.
pub async fn page(request: Request) -> Answer {
    query::only(&request, &[])?;
    match request.path.as_str() {
        "/" => Ok(Reply::document(&PAGE)),
        "/docs" => Ok(Reply::document(&DOCS)),
        "/v2/openapi.json" => Ok(Reply::document(&OPENAPI)),
        other => Err(Error::NotFound(other.to_owned())),
    }
}

/// A page with its style and script, and the policy that allows them.
fn html(page: &str, script: &str) -> Document {
    const STYLE: &str = include_str!("page/style.css");
    let (style_hash, script_hash) = (hash(STYLE), hash(script));
    Document {
        media_type: "text/html; charset=utf-8",
        policy: format!(
            "default-src 'none'; style-src {style_hash}; script-src {script_hash}; connect-src 'self'; img-src data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        text: page.replace("@style@", STYLE).replace("@script@", script),
    }
}

/// The source expression of a text in a Content Security Policy.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}
