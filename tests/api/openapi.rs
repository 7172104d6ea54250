//! The OpenAPI document: it is the one in `docs/`, and every answer that any test gets fits it.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::{LazyLock, Mutex};

use jsonschema::Validator;
use omps::http::routes::ROUTES;
use omps::openapi;
use omps_tests::multipart;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};

use crate::helpers::{TestApp, token};

/// With this variable, the test writes `docs/openapi.json` instead of comparing it.
const WRITE: &str = "WRITE_OPENAPI";

static DOCUMENT: LazyLock<Value> = LazyLock::new(openapi::document);
/// The validators of answers, by operation and status.
static VALIDATORS: LazyLock<Mutex<HashMap<String, Validator>>> = LazyLock::new(Mutex::default);

/// Fails if an answer is not one that the document describes. Every answer of every test comes here.
pub(crate) fn check(method: &Method, path: &str, status: u16, media_type: &str, body: &Value) {
    let path = path.split('?').next().unwrap_or_default();
    let Some(route) = route_of(method, path) else {
        return check_error(status, body);
    };
    let described = &DOCUMENT["paths"][route][method.as_str().to_lowercase()];
    let at = format!("{method} {route} {status}");
    let content = &described["responses"][status.to_string()]["content"];
    let content = content
        .as_object()
        .unwrap_or_else(|| panic!("{at} is not described: {body}"));
    assert!(content.contains_key(media_type), "{at}: {media_type}");
    if let Some(schema) = content[media_type].get("schema") {
        fits(&at, schema, body);
    }
}

/// The route of a request whose answer the document describes: OPTIONS, and paths and methods that the service does not
/// have, have no place in it.
fn route_of(method: &Method, path: &str) -> Option<&'static str> {
    let fits = |route: &str| {
        let (wanted, found) = (route.split('/'), path.split('/'));
        wanted.clone().count() == found.clone().count()
            && wanted.zip(found).all(|(wanted, found)| {
                wanted == found || wanted.starts_with('{') && !found.is_empty()
            })
    };
    let route = ROUTES
        .iter()
        .find(|route| route.method == *method && fits(route.path))?;
    Some(route.path)
}

fn check_error(status: u16, body: &Value) {
    if status >= 400 && !body.is_null() {
        fits(
            "an error",
            &json!({"$ref": "#/components/schemas/ErrorAnswer"}),
            body,
        );
    }
}

/// Fails if a body does not fit a schema of the document, or has a field that the schema does not name.
fn fits(at: &str, schema: &Value, body: &Value) {
    let mut validators = VALIDATORS.lock().expect("no test failed here");
    let validator = validators.entry(at.to_owned()).or_insert_with(|| {
        let whole = json!({"allOf": [schema], "unevaluatedProperties": false, "components": DOCUMENT["components"]});
        jsonschema::validator_for(&whole).expect("a schema")
    });
    let problems: Vec<String> = validator
        .iter_errors(body)
        .map(|problem| problem.to_string())
        .collect();
    drop(validators);
    assert!(problems.is_empty(), "{at}: {problems:?} in {body}");
}

#[test]
fn the_document_is_the_one_in_docs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let wanted = format!("{:#}\n", *DOCUMENT);
    if std::env::var_os(WRITE).is_some() {
        fs::write(&path, wanted).expect("the file can be written");
        return;
    }
    let found = fs::read_to_string(&path).expect("docs/openapi.json");
    assert!(
        found == wanted,
        "docs/openapi.json is old; {WRITE}=1 cargo test --workspace --test api openapi writes it"
    );
}

#[test]
fn examples_fit_their_schemas() {
    for (path, methods) in DOCUMENT["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            for content in operation["responses"]["200"]["content"]
                .as_object()
                .expect("content")
                .values()
            {
                if let Some(example) = content.get("example") {
                    fits(
                        &format!("the example of {method} {path}"),
                        &content["schema"],
                        example,
                    );
                }
            }
        }
    }
}

#[test]
fn every_route_is_described_once_and_has_an_id_of_its_own() {
    let mut ids = Vec::new();
    for route in ROUTES {
        let operation = &DOCUMENT["paths"][route.path][route.method.as_str().to_lowercase()];
        ids.push(
            operation["operationId"]
                .as_str()
                .unwrap_or_else(|| panic!("{} {}", route.method, route.path)),
        );
    }
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

#[tokio::test]
async fn every_operation_describes_the_query_parameters_that_it_knows() {
    let app = TestApp::start().await;
    for (path, methods) in DOCUMENT["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let method: Method = method.to_uppercase().parse().expect("a method");
            if method == Method::PUT {
                continue; // nobody has such an upload
            }
            let parameters = operation["parameters"].as_array().expect("parameters");
            let in_query = parameters
                .iter()
                .filter(|parameter| parameter["in"] == "query");
            let mut described: Vec<&str> = in_query
                .filter_map(|parameter| parameter["name"].as_str())
                .collect();
            described.sort_unstable();

            let asked = path
                .replace("{organization}", "testorg")
                .replace("{repo}", "larder-operator")
                .replace("{version}", "1.0.0")
                .replace("{nvr}", "larder-operator-container-v0.5.1-1");
            let request = app.request(method.clone(), &format!("{asked}?nosuch=1"));
            let mut request = request.header(AUTHORIZATION, token());
            if asked.contains("zipfile") || asked.contains("validate") {
                request = request
                    .header(CONTENT_TYPE, multipart::content_type())
                    .body(multipart::form("file", Some("m.zip"), b"PK"));
            }
            let answer = app.send(request).await;

            assert_eq!(
                answer.kind(),
                (400, "BadRequest"),
                "{method} {path}: {answer:?}"
            );
            let known = answer
                .message()
                .split("this endpoint ")
                .nth(1)
                .expect("the known ones");
            let known = known.strip_prefix("knows ").unwrap_or_default();
            let mut known: Vec<&str> = known.split(", ").filter(|name| !name.is_empty()).collect();
            known.sort_unstable();
            assert_eq!(described, known, "{method} {path}");
        }
    }
}
