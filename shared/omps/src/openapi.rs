//! The description of the whole API as an OpenAPI 3.1 document. Its paths come from the route table, its bodies from
//! `api.rs`, and what only people can say of an endpoint from `openapi/operations.rs`.

mod errors;
mod operations;
mod schemas;

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use crate::http::routes::{Endpoint, ROUTES, Route};
use errors::{ALWAYS, ErrorId};
use operations::Operation;

/// The document. `docs/openapi.json` has it, too; a test compares both.
pub fn document() -> Value {
    let mut schemas = schemas::generator();
    let mut paths = Map::new();
    for route in ROUTES {
        let operation = operation(route, &mut schemas);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_lowercase()] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "omps: the Operators Manifests Push Service",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "omps releases the manifests of Kubernetes operators: it checks them, applies the rules of an organization, and pushes the release to a registry.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "On AWS, the address also has the stage of the API."}],
        "tags": operations::TAGS.map(|(name, description)| json!({"name": name, "description": description})),
        "paths": paths,
        "components": {
            "schemas": schemas::components(schemas),
            "headers": headers(),
            "securitySchemes": {"token": {
                "type": "apiKey", "in": "header", "name": "Authorization",
                "description": "The token of a registry's account, as the registry takes it: omps passes it on, and keeps it nowhere. For Quay: `basic …`, or the token of Quay's login.",
            }},
        },
    })
}

fn operation(route: &Route, schemas: &mut SchemaGenerator) -> Value {
    let described = operations::of(route);
    let mut answers = json!({"200": success(&described, schemas)});
    for (status, ids) in errors::by_status(errors_of(&described, route.endpoint)) {
        answers[status.to_string()] = failure(&ids, schemas);
    }
    if route.endpoint == Endpoint::Health {
        // A service that cannot be reached is what the caller asks about, and no error of omps.
        answers["503"] = success(&described, schemas);
        answers["503"]["description"] = json!("A service cannot be reached.");
    }
    let mut operation = json!({
        "operationId": operation_id(route),
        "tags": [described.tag],
        "summary": described.summary,
        "description": described.description,
        "parameters": parameters(route, &described),
        "responses": answers,
    });
    if let Some(body) = operations::request_body(route.endpoint, schemas) {
        operation["requestBody"] = body;
    }
    if route.endpoint.needs_token() {
        operation["security"] = json!([{"token": []}]);
    }
    if route.path.starts_with("/v1/") {
        operation["deprecated"] = json!(true);
    }
    operation
}

/// A name for programs that make clients: `push-zipfile-v2`, with the values that the path adds.
fn operation_id(route: &Route) -> String {
    let literal = |segment: &&str| !segment.is_empty() && !segment.starts_with('{');
    let words: Vec<&str> = route.path.split('/').filter(literal).collect();
    let values = route.path.matches('{').count();
    let method = route.method.as_str().to_lowercase();
    format!("{method}-{}-{values}", words.join("-")).replace('.', "-")
}

fn parameters(route: &Route, described: &Operation) -> Vec<Value> {
    let in_path = route.path.split('/').filter_map(|segment| {
        let name = segment.strip_prefix('{')?.strip_suffix('}')?;
        let (parameter, pattern) = operations::path_parameter(name);
        Some(json!({
            "name": name, "in": "path", "required": true, "description": parameter.description,
            "schema": {"type": "string", "pattern": pattern}, "example": parameter.example,
        }))
    });
    let in_query = described.query.iter().map(|parameter| {
        let schema = match parameter.is_free {
            true => json!({"type": "string"}),
            false => json!({"type": "string", "enum": [parameter.example]}),
        };
        json!({
            "name": parameter.name, "in": "query", "description": parameter.description, "schema": schema,
        })
    });
    let in_header = described.headers.iter().map(|parameter| {
        json!({
            "name": parameter.name, "in": "header", "description": parameter.description,
            "schema": {"type": "string"}, "example": parameter.example,
        })
    });
    in_path.chain(in_query).chain(in_header).collect()
}

fn success(described: &Operation, schemas: &mut SchemaGenerator) -> Value {
    let mut media = json!({});
    if let Some(schema) = described.answer {
        media["schema"] = schema(schemas);
        media["example"] = described.example.clone();
    }
    let mut headers = json!({"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}});
    if described
        .headers
        .iter()
        .any(|header| header.name == operations::IDEMPOTENCY_KEY.name)
    {
        headers["Idempotency-Replayed"] =
            json!({"$ref": "#/components/headers/Idempotency-Replayed"});
    }
    let mut content = json!({described.media_type: media});
    for media_type in described.also {
        content[media_type] = json!({});
    }
    json!({"description": described.success, "headers": headers, "content": content})
}

fn errors_of(described: &Operation, endpoint: Endpoint) -> Vec<ErrorId> {
    let token = endpoint.needs_token().then_some(errors::TOKEN);
    let of_all = ALWAYS.iter().chain(token.into_iter().flatten());
    described.errors.iter().chain(of_all).copied().collect()
}

fn failure(ids: &[ErrorId], schemas: &mut SchemaGenerator) -> Value {
    let names: Vec<&str> = ids.iter().map(|error| error.id).collect();
    let meanings: Vec<String> = ids
        .iter()
        .map(|error| format!("`{}`: {}", error.id, error.when))
        .collect();
    let mut headers = json!({"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}});
    if ids.iter().any(ErrorId::asks_to_retry) {
        headers["Retry-After"] = json!({"$ref": "#/components/headers/Retry-After"});
    }
    json!({
        "description": meanings.join(". "),
        "headers": headers,
        "content": {"application/json": {
            "schema": {"allOf": [schemas::error(schemas), {"properties": {"error": {"enum": names}}}]},
        }},
    })
}

fn headers() -> Value {
    let text = |description: &str, example: &str| json!({"description": description, "schema": {"type": "string"}, "example": example});
    json!({
        "X-Request-Id": text("The request's id, as in the log: that of the request, or a new one", "pipeline-7"),
        "Retry-After": text("The seconds after which the same request can be sent again", "5"),
        "Idempotency-Replayed": text("`true` if an earlier request with the same key got this answer", "true"),
    })
}
