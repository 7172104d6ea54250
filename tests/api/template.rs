//! Checks that the template, the route table, the functions, the events and the documentation agree.

mod api;
mod functions;
mod operation;
mod parameters;
mod roles;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use http::Method;
use omps::config::Config;
use omps::events::message::{self, Event};
use omps::events::worker::Batch;
use omps::http::routes::{Found, ROUTES, find};
use omps_operator::yaml::{self, Budget, Node, Value as Yaml, YamlVersion};
use serde_json::{Value, json};

/// The functions that read tokens from Secrets Manager.
const PUSH_FUNCTIONS: [&str; 4] = ["catalog", "push-event", "push-koji", "push-zipfile"];
/// The functions that use the ledger.
const LEDGER_FUNCTIONS: [&str; 6] = [
    "catalog",
    "delete-release",
    "push-event",
    "push-koji",
    "push-zipfile",
    "releases",
];
/// The one of them that only reads it.
const LEDGER_READER: &str = "releases";
/// The function that reads the queue. It has no route.
const PUSH_EVENT: &str = "push-event";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The template. CloudFormation's tags are removed; only their text stays.
fn template() -> Value {
    let text = fs::read(root().join("template.yaml")).expect("the template");
    // In YAML 1.2 CloudFormation's tags are unknown tags, which are ignored.
    json_of(&yaml::read(&text, YamlVersion::V1_2, &mut Budget::default()).expect("YAML"))
}

fn json_of(node: &Node) -> Value {
    match &node.value {
        Yaml::Mapping(map) => map
            .entries
            .iter()
            .map(|entry| {
                let key = entry.key.as_str().expect("a text").to_owned();
                (key, json_of(&entry.value))
            })
            .collect(),
        Yaml::Sequence(items) => items.iter().map(|item| json_of(item)).collect(),
        Yaml::Int(number) => json!(number.parse::<u64>().expect("a number")),
        Yaml::Bool(value) => json!(value),
        _ => json!(node.as_str()),
    }
}

/// A function of the template.
struct Function {
    /// The name of its folder and binary.
    name: String,
    /// The name of its resource, without "Function".
    resource: String,
    properties: Value,
    build_method: Value,
    /// Its routes, as `POST /path`.
    routes: BTreeSet<String>,
}

fn functions(template: &Value) -> Vec<Function> {
    let resources = template["Resources"].as_object().expect("resources");
    resources
        .iter()
        .filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function")
        .map(|(name, function)| {
            let properties = function["Properties"].clone();
            let events = properties["Events"].as_object().expect("events");
            let is_route = |event: &&Value| event["Type"] == "Api";
            let route = |event: &Value| {
                let method = text(&event["Properties"]["Method"]).to_uppercase();
                format!("{method} {}", text(&event["Properties"]["Path"]))
            };
            Function {
                name: text(&properties["CodeUri"])
                    .trim_start_matches("functions/")
                    .to_owned(),
                resource: name.trim_end_matches("Function").to_owned(),
                build_method: function["Metadata"]["BuildMethod"].clone(),
                routes: events.values().filter(is_route).map(route).collect(),
                properties,
            }
        })
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// All values with this key, at any depth.
fn all<'a>(key: &str, value: &'a Value) -> Vec<&'a Value> {
    let below = |value| all(key, value);
    match value {
        Value::Object(entries) => entries
            .iter()
            .flat_map(|(name, value)| {
                let here = (name == key).then_some(value);
                here.into_iter().chain(below(value))
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(below).collect(),
        _ => Vec::new(),
    }
}

/// All texts in a value, at any depth, without keys.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Object(entries) => entries.values().flat_map(texts).collect(),
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// The resources of a type, with their names.
fn resources_of<'a>(template: &'a Value, kind: &str) -> Vec<(&'a str, &'a Value)> {
    let resources = template["Resources"].as_object().expect("resources");
    resources
        .iter()
        .filter(|(_, resource)| resource["Type"] == kind)
        .map(|(name, resource)| (name.as_str(), resource))
        .collect()
}

#[test]
fn the_template_has_every_route_once() {
    let wanted: BTreeSet<String> = ROUTES
        .iter()
        .filter(|route| !route.endpoint.is_server_only())
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();

    let functions = functions(&template());
    let routes: Vec<String> = functions
        .iter()
        .flat_map(|function| function.routes.clone())
        .collect();

    assert_eq!(routes.len(), wanted.len());
    assert_eq!(routes.into_iter().collect::<BTreeSet<_>>(), wanted);
}

#[test]
fn every_function_has_an_event_of_one_of_its_routes() {
    let of_routes = |function: &Function| function.name != PUSH_EVENT;
    for Function { name, routes, .. } in functions(&template()).into_iter().filter(of_routes) {
        let event = fs::read(root().join(format!("events/{name}.json"))).expect("an event");
        let event: Value = serde_json::from_slice(&event).expect("JSON");

        let route = format!(
            "{} {}",
            text(&event["httpMethod"]),
            text(&event["resource"])
        );
        assert!(routes.contains(&route), "{name}: {route}");
        let method: Method = text(&event["httpMethod"]).parse().expect("a method");
        assert!(
            matches!(find(&method, text(&event["path"])), Ok(Found::Endpoint(..))),
            "{name}"
        );
    }
}

#[test]
fn every_function_is_in_the_template() {
    let folders = fs::read_dir(root().join("functions")).expect("the functions");
    let folders: BTreeSet<String> = folders
        .map(|entry| entry.expect("a folder").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        // Programs of their own: the server, and the command line.
        .filter(|name| !["server", "cli"].contains(&name.as_str()))
        .collect();

    let functions = functions(&template());
    let built: BTreeSet<String> = functions
        .iter()
        .map(|function| function.name.clone())
        .collect();

    assert_eq!(built, folders);
    for function in functions {
        assert_eq!(
            function.build_method, "rust-cargolambda",
            "{}",
            function.name
        );
    }
}

#[test]
fn the_shipped_configuration_is_valid_in_both_sections() {
    let text = fs::read_to_string(root().join("config/omps.toml")).expect("the configuration");

    let deployed = Config::from_toml(&text, "ProdConfig").expect("a configuration");
    let local = Config::from_toml(&text, "LocalConfig").expect("a configuration");

    assert!(
        deployed.organizations.is_empty(),
        "rules are the user's own"
    );
    assert!(local.organizations["public"].public);
}

#[test]
fn sam_local_sets_no_variable_that_the_template_lacks() {
    let environment = fs::read(root().join("events/env.json")).expect("the environment");
    let environment: Value = serde_json::from_slice(&environment).expect("JSON");

    let template = template();
    let of_all = &template["Globals"]["Function"]["Environment"]["Variables"];

    // SAM ignores other variables without a warning.
    for (function, variables) in environment.as_object().expect("functions") {
        let own = &template["Resources"][function]["Properties"]["Environment"]["Variables"];
        let known = if function == "Parameters" {
            of_all
        } else {
            own
        };
        for (name, _) in variables.as_object().expect("variables") {
            assert!(known.get(name).is_some(), "{function}: {name}");
        }
    }
}

#[test]
fn every_event_of_the_queue_is_read() {
    let config = Config::from_toml(
        "[P.organizations.testorg]\nkoji_packages = [\"larder-operator-container\"]",
        "P",
    )
    .expect("a configuration");
    for (case, pushes) in [
        ("s3", true),
        ("notification", true),
        ("koji", true),
        ("direct", true),
        ("dropped", false),
    ] {
        let batch = fs::read(root().join(format!("events/push-event-{case}.json")));
        let batch: Batch = serde_json::from_slice(&batch.expect("an event")).expect("a batch");
        for message in batch.messages {
            let events = message::read(&message.body, &config);
            assert_eq!(events.len(), 1, "{case}");
            assert_eq!(
                matches!(events[0], Event::Push(_)),
                pushes,
                "{case}: {events:?}"
            );
        }
    }
}
