//! Template, route table, functions and events say the same, so that none can drift.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use http::Method;
use omps::manifests::yaml::{self, Budget, Node, Value, Version};
use omps::routes::{Found, ROUTES, find};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The functions of the template: the binary of each, and its routes as `POST /path`.
fn functions() -> Vec<(String, BTreeSet<String>)> {
    let text = fs::read(root().join("template.yaml")).expect("the template");
    // Version 1.2 takes CloudFormation's tags for what they are to it: unknown.
    let template = yaml::read(&text, Version::V1_2, &mut Budget::default()).expect("YAML");
    let resources = entries(template.get("Resources"));
    let is_function =
        |resource: &Node| text_of(resource.get("Type")) == "AWS::Serverless::Function";
    resources
        .into_iter()
        .filter(|(_, resource)| is_function(resource))
        .map(|(_, function)| {
            let build = function
                .get("Metadata")
                .and_then(|metadata| metadata.get("BuildProperties"));
            let binary = build.and_then(|properties| properties.get("Binary"));
            let events = function
                .get("Properties")
                .and_then(|properties| properties.get("Events"));
            let routes = entries(events).into_iter().map(|(_, event)| {
                let route = event.get("Properties").expect("a route");
                format!(
                    "{} {}",
                    text_of(route.get("Method")).to_uppercase(),
                    text_of(route.get("Path"))
                )
            });
            (text_of(binary), routes.collect())
        })
        .collect()
}

fn entries(node: Option<&Node>) -> Vec<(String, &Node)> {
    let Some(Value::Mapping(map)) = node.map(|node| &node.value) else {
        return Vec::new();
    };
    map.entries
        .iter()
        .map(|entry| (text_of(Some(&entry.key)), &*entry.value))
        .collect()
}

fn text_of(node: Option<&Node>) -> String {
    node.and_then(Node::as_str).expect("a text").to_owned()
}

#[test]
fn the_template_has_every_route_once() {
    let wanted: BTreeSet<String> = ROUTES
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();

    let functions = functions();
    let routes: Vec<String> = functions
        .iter()
        .flat_map(|(_, routes)| routes.clone())
        .collect();

    assert_eq!(routes.len(), wanted.len());
    assert_eq!(routes.into_iter().collect::<BTreeSet<_>>(), wanted);
}

#[test]
fn every_function_has_a_folder_and_an_event_of_one_of_its_routes() {
    for (binary, routes) in functions() {
        assert!(root().join("functions").join(&binary).is_dir(), "{binary}");
        let event = fs::read(root().join(format!("events/{binary}.json"))).expect("an event");
        let event: serde_json::Value = serde_json::from_slice(&event).expect("JSON");
        let text = |key: &str| event[key].as_str().expect("a text").to_owned();

        let route = format!("{} {}", text("httpMethod"), text("resource"));
        assert!(routes.contains(&route), "{binary}: {route}");
        let method: Method = text("httpMethod").parse().expect("a method");
        assert!(
            matches!(find(&method, &text("path")), Ok(Found::Endpoint(..))),
            "{binary}"
        );
    }
}

#[test]
fn every_function_is_in_the_template() {
    let mut folders: Vec<String> = fs::read_dir(root().join("functions"))
        .expect("the functions")
        .map(|entry| {
            entry
                .expect("a folder")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name != "server")
        .collect();
    folders.sort();
    let mut binaries: Vec<String> = functions().into_iter().map(|(binary, _)| binary).collect();
    binaries.sort();
    assert_eq!(binaries, folders);
}
