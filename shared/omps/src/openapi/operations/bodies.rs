//! The bodies that endpoints take.

use schemars::SchemaGenerator;
use serde_json::{Value, json};

use super::super::schemas::of as schema_of;
use super::JSON;
use crate::api::{CreateUpload, PushUpload};
use crate::http::routes::Endpoint;

/// The body that an endpoint takes.
pub(in crate::openapi) fn request_body(
    endpoint: Endpoint,
    schemas: &mut SchemaGenerator,
) -> Option<Value> {
    let form = json!({
        "schema": {"type": "object", "required": ["file"], "properties": {
            "file": {"type": "string", "format": "binary", "description": "A zip with the manifests; its name ends with .zip"},
        }},
        "encoding": {"file": {"contentType": "application/zip"}},
    });
    Some(match endpoint {
        Endpoint::PushZipfile => json!({"required": true, "content": {
            "multipart/form-data": form,
            JSON: {"schema": schema_of::<PushUpload>(schemas), "example": {"upload": "0b6c2a3e-7f7e-4c53-9a0e-2f4f5f0f6c1d"}},
        }}),
        Endpoint::Validate => json!({"required": true, "content": {"multipart/form-data": form}}),
        Endpoint::CreateUpload => json!({"required": false, "content": {
            JSON: {"schema": schema_of::<CreateUpload>(schemas), "example": {"size": 15_000_000}},
        }}),
        Endpoint::PutUpload => json!({"required": true, "content": {
            "application/zip": {"schema": {"type": "string", "format": "binary"}},
        }}),
        _ => return None,
    })
}
