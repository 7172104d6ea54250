//! What people read of the endpoints of catalogs.

use serde_json::{Value, json};

use super::super::errors::RELEASES;
use super::super::schemas::of as schema_of;
use super::{JSON, Operation, Parameter, REQUEST_ID};
use crate::api::{CatalogListAnswer, CatalogRebuildAnswer};

const PACKAGE: Parameter = Parameter {
    name: "package",
    description: "Folds the releases of this package in, too, the oldest first",
    example: "my-operator",
    is_free: true,
};
const FRESH: Parameter = Parameter::new(
    "fresh",
    "true",
    "The package, or without one each package of the catalog, begins anew: what no release has is dropped",
);
const IMAGE: &str = "quay.io/my-org/catalog:latest";
const DIGEST: &str = "sha256:5d0c4cd6a6a3a7b8ba0d4f1c5b59a1c3f1f6d5b0f4f2d9c3b5f6a7e8d9c0b1a2";

pub(super) fn list() -> Operation {
    Operation {
        tag: "catalogs",
        summary: "List the packages of the catalog",
        description: "Channels with their heads and bundles, as the catalog image has them, and what is still to be done for it. \
            `ETag` is the digest of the image.",
        query: &[],
        headers: &[REQUEST_ID],
        success: "The packages.",
        media_type: JSON,
        also: &[],
        answer: Some(schema_of::<CatalogListAnswer>),
        example: json!({"image": IMAGE, "digest": DIGEST, "pending": [], "packages": [{
            "package": "my-operator", "default_channel": "stable", "withdrawn": [],
            "channels": [{"name": "stable", "head": "my-operator.v1.2.0",
                "entries": ["my-operator.v1.1.0", "my-operator.v1.2.0"]}],
        }]}),
        errors: RELEASES.to_vec(),
    }
}

pub(super) fn show() -> Operation {
    Operation {
        tag: "catalogs",
        summary: "Show one package of the catalog",
        description: "Its file-based catalog, as clusters read it: an object a line; as YAML; or the upgrade graph as Mermaid draws \
            it. `Accept` says which. `ETag` is the digest of the image.",
        query: &[],
        headers: &[REQUEST_ID],
        success: "The package.",
        media_type: "application/jsonl",
        also: &["application/yaml", "text/vnd.mermaid"],
        answer: None,
        example: Value::Null,
        errors: RELEASES.to_vec(),
    }
}

pub(super) fn rebuild() -> Operation {
    Operation {
        tag: "catalogs",
        summary: "Bring the catalog up to date",
        description: "Does what is pending. With `package`, its releases are read from the registry and folded in.",
        query: &[PACKAGE, FRESH],
        headers: &[REQUEST_ID],
        success: "What was done; `updated` says whether all was.",
        media_type: JSON,
        also: &[],
        answer: Some(schema_of::<CatalogRebuildAnswer>),
        example: json!({"updated": true, "image": IMAGE, "digest": DIGEST, "added": ["my-operator.v1.2.0"], "dropped": [],
            "skipped": []}),
        errors: RELEASES.to_vec(),
    }
}
