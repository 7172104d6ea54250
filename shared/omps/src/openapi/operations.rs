//! What people read of each endpoint in the OpenAPI document: what it is for, its parameters, an example of its answer.

mod bodies;
mod catalogs;
mod parameters;

use schemars::SchemaGenerator;
use serde_json::{Value, json};

use super::errors::{ErrorId, KOJI, PUSH, RELEASES, TRIED_TOKEN, ZIP};
use super::schemas::of as schema_of;
use crate::api::{
    AboutAnswer, DeleteAnswer, HealthAnswer, PushAnswer, PutUploadAnswer, ReleasesAnswer,
    ValidateAnswer,
};
use crate::http::routes::{Endpoint, Route};
use parameters::{CATALOG, FAIL, PUSH_HEADERS, PUSH_QUERY, REPORT, REQUEST_ID, STRICT};

use crate::uploads::CreatedUpload;
pub(super) use bodies::request_body;
pub(super) use parameters::{IDEMPOTENCY_KEY, Parameter, path_parameter};

/// The groups of endpoints.
pub(super) const TAGS: [(&str, &str); 5] = [
    ("pushes", "Release an operator."),
    ("checks", "Check an operator without releasing it."),
    ("releases", "Look at releases, and delete them."),
    (
        "catalogs",
        "What clusters read: the organization's catalog image.",
    ),
    ("service", "The service itself."),
];

const JSON: &str = "application/json";

/// An endpoint as the document describes it.
pub(super) struct Operation {
    /// Its group.
    pub tag: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What to know before using it.
    pub description: &'static str,
    /// What the query can have.
    pub query: &'static [Parameter],
    /// The headers that it knows, but for `Authorization`.
    pub headers: &'static [Parameter],
    /// What a success means.
    pub success: &'static str,
    /// The media type of a success.
    pub media_type: &'static str,
    /// Other media types of a success, which `Accept` asks for.
    pub also: &'static [&'static str],
    /// The schema of the body of a success; none if it is no JSON of the API.
    pub answer: Option<fn(&mut SchemaGenerator) -> Value>,
    /// A body of a success.
    pub example: Value,
    /// The errors of its own.
    pub errors: Vec<ErrorId>,
}

/// The description of a route.
pub(super) fn of(route: &Route) -> Operation {
    match route.endpoint {
        Endpoint::PushZipfile => push_zipfile(),
        Endpoint::PushKoji => push_koji(),
        Endpoint::CreateUpload => create_upload(),
        Endpoint::PutUpload => put_upload(),
        Endpoint::DeleteRelease => delete_release(),
        Endpoint::Releases => releases(),
        Endpoint::ListCatalog => catalogs::list(),
        Endpoint::ShowPackage => catalogs::show(),
        Endpoint::RebuildCatalog => catalogs::rebuild(),
        Endpoint::Validate => validate(),
        Endpoint::Health => health(),
        Endpoint::About => about(),
        Endpoint::Page => page(route.path),
    }
}

fn push_zipfile() -> Operation {
    Operation {
        tag: "pushes",
        summary: "Push a zip",
        description: "Opens the zip, applies the organization's rules, checks the manifests, reserves the release's number, \
            pushes, and makes the repository public if that is configured. Without a version in the path, the release gets the \
            next free number. A large zip is uploaded before; then the body is JSON with the upload's id.",
        query: PUSH_QUERY,
        headers: PUSH_HEADERS,
        success: "The release is in the registry.",
        media_type: JSON,
        also: &[],
        answer: Some(schema_of::<PushAnswer>),
        example: push_example(),
        errors: [ZIP, PUSH].concat(),
    }
}

fn push_koji() -> Operation {
    let mut example = push_example();
    example["nvr"] = json!("my-operator-container-v1.2.0-3");
    Operation {
        tag: "pushes",
        summary: "Push a build",
        description: "As for a zip; the zip is the archive with operator manifests that the build in Koji made. Greenwave must \
            agree, if it is configured.",
        query: PUSH_QUERY,
        headers: PUSH_HEADERS,
        success: "The release is in the registry.",
        media_type: JSON,
        also: &[],
        answer: Some(schema_of::<PushAnswer>),
        example,
        errors: [KOJI, PUSH].concat(),
    }
}

fn push_example() -> Value {
    json!({
        "organization": "my-org", "repo": "my-operator", "version": "1.2.0",
        "extracted_files": ["1.2.0/my-operator.v1.2.0.clusterserviceversion.yaml", "my-operator.package.yaml"],
        "image": "quay.io/my-org/my-operator@sha256:c5eeb2dff7812bc7cad08f6f99c848d1146695069f7af0a69709df36595c158f",
        "bundles": [bundle_example()],
    })
}

fn bundle_example() -> Value {
    json!({
        "name": "my-operator.v1.2.0", "version": "1.2.0", "tag": "1.2.0", "channels": ["stable"],
        "image": "quay.io/my-org/my-operator@sha256:a688c878e1f3c1c5f0a54c9b6cf2f6c8c7a8d7a64d6d1c8e9c0b1f2d3e4f5a6b",
        "digest": "sha256:a688c878e1f3c1c5f0a54c9b6cf2f6c8c7a8d7a64d6d1c8e9c0b1f2d3e4f5a6b", "pushed": true,
    })
}

fn validate() -> Operation {
    Operation {
        tag: "checks",
        summary: "Check a zip",
        description: "Does what a push does before it calls the registry, and pushes nothing. Needs no token.",
        query: &[REPORT, CATALOG, STRICT, FAIL],
        headers: &[REQUEST_ID],
        success: "The verdict; `valid` says whether a push would be taken.",
        media_type: JSON,
        also: &[],
        answer: Some(schema_of::<ValidateAnswer>),
        example: json!({
            "organization": "my-org", "repo": "my-operator", "extracted_files": ["my-operator.package.yaml"], "valid": false,
            "message": "The manifests are not valid",
            "validation_info": {"errors": ["csv spec.install not defined"], "warnings": [], "findings": [{
                "severity": "error", "rule": "csv-spec-install", "message": "csv spec.install not defined",
                "file": "1.2.0/my-operator.v1.2.0.clusterserviceversion.yaml", "line": 12, "column": 3, "field": "spec.install",
                "found": "nothing", "advice": "Add spec.install with strategy and spec.",
            }]},
        }),
        errors: ZIP.to_vec(),
    }
}

fn create_upload() -> Operation {
    Operation {
        tag: "pushes",
        summary: "Get a place for a large zip",
        description: "Then PUT the zip to the URL, and push it by its id.",
        query: &[],
        headers: &[REQUEST_ID],
        success: "The place.",
        media_type: JSON,
        also: &[],
        answer: Some(schema_of::<CreatedUpload>),
        example: json!({
            "upload": "0b6c2a3e-7f7e-4c53-9a0e-2f4f5f0f6c1d", "expires_in": 3600, "max_size": 25_165_824,
            "url": "https://omps.example.com/v2/my-org/uploads/0b6c2a3e-7f7e-4c53-9a0e-2f4f5f0f6c1d",
        }),
        errors: vec![ZIP[1], TRIED_TOKEN],
    }
}

fn put_upload() -> Operation {
    Operation {
        tag: "pushes",
        summary: "Put a large zip",
        description: "Only a server has this; on AWS, the URL of the upload is one of S3. The id in the URL is the permission: \
            the request needs no token.",
        query: &[],
        headers: &[REQUEST_ID],
        success: "The zip has arrived.",
        media_type: JSON,
        also: &[],
        answer: Some(schema_of::<PutUploadAnswer>),
        example: json!({"upload": "0b6c2a3e-7f7e-4c53-9a0e-2f4f5f0f6c1d"}),
        errors: vec![ZIP[1]],
    }
}

fn delete_release() -> Operation {
    Operation {
        tag: "releases",
        summary: "Delete a release, or all of a repository",
        description: "The repository stays. Where the organization keeps a catalog, the release's newest bundle leaves it, or stays \
            there with a mark if other versions need it as a step.",
        query: &[],
        headers: &[REQUEST_ID],
        success: "The releases are gone.",
        media_type: JSON,
        also: &[],
        answer: Some(schema_of::<DeleteAnswer>),
        example: json!({"organization": "my-org", "repo": "my-operator", "deleted": ["1.2.0"]}),
        errors: RELEASES.to_vec(),
    }
}

fn releases() -> Operation {
    Operation {
        tag: "releases",
        summary: "List the releases of a repository",
        description: "The highest number first, as the caller's token sees them. Of a release that the ledger does not know, only \
            the newest bundle is named, and `pushed_at` is null.",
        query: &[],
        headers: &[REQUEST_ID],
        success: "The releases.",
        media_type: JSON,
        also: &[],
        answer: Some(schema_of::<ReleasesAnswer>),
        example: json!({"organization": "my-org", "repo": "my-operator", "releases": [{
            "version": "1.2.0", "tag": "1.2.0",
            "digest": "sha256:c5eeb2dff7812bc7cad08f6f99c848d1146695069f7af0a69709df36595c158f",
            "image": "quay.io/my-org/my-operator@sha256:c5eeb2dff7812bc7cad08f6f99c848d1146695069f7af0a69709df36595c158f",
            "bundles": [{
                "name": "my-operator.v1.2.0", "version": "1.2.0", "tag": "1.2.0",
                "digest": "sha256:c5eeb2dff7812bc7cad08f6f99c848d1146695069f7af0a69709df36595c158f",
            }],
            "pushed_at": "2026-11-28T05:40:12Z",
        }]}),
        errors: RELEASES.to_vec(),
    }
}

fn health() -> Operation {
    Operation {
        tag: "service",
        summary: "Ask whether the other services can be reached",
        description: "For monitoring. It says nothing about whether omps must be restarted. With 503, the body is the same.",
        query: &[],
        headers: &[REQUEST_ID],
        success: "Pushes can succeed.",
        media_type: JSON,
        also: &[],
        answer: Some(schema_of::<HealthAnswer>),
        example: json!({"ok": true, "status": 200, "services": {
            "koji": {"ok": true, "details": "It works!"}, "quay": {"ok": true, "details": "It works!"}, "greenwave": null,
        }}),
        errors: Vec::new(),
    }
}

fn about() -> Operation {
    Operation {
        tag: "service",
        summary: "Ask for versions",
        description: "Calls no other service, so it shows whether the process lives.",
        query: &[],
        headers: &[REQUEST_ID],
        success: "The versions.",
        media_type: JSON,
        also: &[],
        answer: Some(schema_of::<AboutAnswer>),
        example: json!({"version": env!("CARGO_PKG_VERSION"), "operatorcourier": "2.1.11"}),
        errors: Vec::new(),
    }
}

fn page(path: &str) -> Operation {
    let (summary, media_type) = match path {
        "/" => (
            "Show the page on which people check and push operators",
            "text/html; charset=utf-8",
        ),
        "/docs" => ("Show all requests", "text/html; charset=utf-8"),
        _ => ("Get this document", JSON),
    };
    Operation {
        tag: "service",
        summary,
        description: "The page fetches nothing from elsewhere.",
        query: &[],
        headers: &[REQUEST_ID],
        success: "The document.",
        media_type,
        also: &[],
        answer: None,
        example: Value::Null,
        errors: Vec::new(),
    }
}
