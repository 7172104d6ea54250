//! Template, route table, functions and events say the same, so that none can drift; and no role allows more than its
//! function needs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use http::Method;
use omps::config::Config;
use omps::event::{self, Event};
use omps::routes::{Found, ROUTES, find};
use omps::worker::Batch;
use omps_operator::yaml::{self, Budget, Node, Value as Yaml, YamlVersion};
use serde_json::{Value, json};

/// The functions whose organizations have tokens in Secrets Manager.
const PUSHES: [&str; 3] = ["push-event", "push-koji", "push-zipfile"];
/// The function behind the queue, which has no route.
const OF_QUEUE: &str = "push-event";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The template; of CloudFormation's tags only the text behind them.
fn template() -> Value {
    let text = fs::read(root().join("template.yaml")).expect("the template");
    // Version 1.2 takes CloudFormation's tags for what they are to it: unknown.
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
    /// Its folder and binary.
    name: String,
    /// Its resource's name, without "Function".
    resource: String,
    properties: Value,
    build_method: Value,
    /// As `POST /path`.
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

/// Everything that stands under `key`, at any depth.
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

#[test]
fn the_template_has_every_route_once() {
    let wanted: BTreeSet<String> = ROUTES
        .iter()
        .filter(|route| !route.endpoint.is_of_server())
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
    let of_routes = |function: &Function| function.name != OF_QUEUE;
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
        .filter(|name| name != "server")
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
fn every_function_has_memory_a_time_out_and_logs_that_end() {
    let template = template();
    for Function {
        name,
        resource,
        properties,
        ..
    } in functions(&template)
    {
        assert!(properties["MemorySize"].is_u64(), "{name}");
        let most = if name == OF_QUEUE { 120 } else { 29 };
        assert!(properties["Timeout"].as_u64() <= Some(most), "{name}");
        let logging = json!({"LogFormat": "JSON", "LogGroup": format!("{resource}Logs")});
        assert_eq!(properties["LoggingConfig"], logging, "{name}");
        let logs = &template["Resources"][format!("{resource}Logs")]["Properties"];
        let group = format!("/omps/${{AWS::StackName}}/{name}");
        let wanted = json!({"LogGroupName": group, "RetentionInDays": "LogRetentionDays"});
        assert_eq!(*logs, wanted, "{name}");
    }
}

#[test]
fn a_role_allows_what_its_function_does_and_no_more() {
    let template = template();
    for Function {
        name,
        resource,
        properties,
        ..
    } in functions(&template)
    {
        let role = format!("{resource}Role");
        assert_eq!(properties["Role"], format!("{role}.Arn"), "{name}");
        let mut wanted = vec![json!({
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": format!("{resource}Logs.Arn"),
        })];
        if PUSHES.contains(&name.as_str()) {
            wanted.push(json!({
                "Effect": "Allow",
                "Action": "secretsmanager:GetSecretValue",
                "Resource": "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${SecretsPrefix}/*",
            }));
        }
        let allow = |action: Value, resource| json!({"Effect": "Allow", "Action": action, "Resource": resource});
        let list = || allow(json!("s3:ListBucket"), "UploadBucket.Arn");
        let ledger = || allow(json!("dynamodb:UpdateItem"), "LedgerTable.Arn");
        let uploads = "${UploadBucket.Arn}/uploads/*";
        wanted.extend(match name.as_str() {
            "uploads" => vec![allow(json!("s3:PutObject"), uploads)],
            "push-zipfile" => vec![
                allow(json!(["s3:GetObject", "s3:DeleteObject"]), uploads),
                list(),
                ledger(),
            ],
            OF_QUEUE => vec![
                allow(
                    json!(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]),
                    "PushQueue.Arn",
                ),
                allow(json!("s3:GetObject"), "${UploadBucket.Arn}/v2/*"),
                list(),
                ledger(),
                allow(
                    json!("events:PutEvents"),
                    "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default",
                ),
            ],
            _ => Vec::new(),
        });

        let role = &template["Resources"][role]["Properties"];
        let statements: Vec<Value> = all("Statement", &role["Policies"])
            .into_iter()
            .flat_map(|statements| statements.as_array().expect("statements").clone())
            .collect();

        assert_eq!(statements, wanted, "{name}");
        let tracing = json!([["HasTracing", "TracingPolicy", "AWS::NoValue"]]);
        assert_eq!(role["ManagedPolicyArns"], tracing, "{name}");
    }
}

#[test]
fn traces_alone_are_sent_to_any_resource() {
    let template = template();
    let unbounded = template["Resources"]
        .as_object()
        .expect("resources")
        .iter()
        .filter(|(_, resource)| {
            let text = |value: &&Value| **value == "*" || **value == json!(["*"]);
            all("Resource", resource).iter().any(text)
        });
    let unbounded: Vec<&String> = unbounded.map(|(name, _)| name).collect();

    assert_eq!(unbounded, ["TracingPolicy"]);
    let actions = all("Action", &template["Resources"]["TracingPolicy"]);
    let wanted = json!(["xray:PutTraceSegments", "xray:PutTelemetryRecords"]);
    assert_eq!(actions, [&wanted]);
}

#[test]
fn secrets_are_for_the_pushes_alone() {
    for function in functions(&template()) {
        let prefix = &function.properties["Environment"]["Variables"]["OMPS_SECRETS_PREFIX"];
        let wanted = PUSHES
            .contains(&function.name.as_str())
            .then_some("SecretsPrefix");
        assert_eq!(prefix.as_str(), wanted, "{}", function.name);
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
    let variables = &template["Globals"]["Function"]["Environment"]["Variables"];

    // SAM leaves others out without a word.
    for (name, _) in environment["Parameters"].as_object().expect("variables") {
        assert!(variables.get(name).is_some(), "{name}");
    }
}

#[test]
fn a_message_is_hidden_for_six_times_what_its_push_may_take_and_ends_as_a_dead_letter() {
    let template = template();
    let functions = functions(&template);
    let of_queue = functions.iter().find(|function| function.name == OF_QUEUE);
    let of_queue = &of_queue.expect("the function behind the queue").properties;
    let queue = &template["Resources"]["PushQueue"]["Properties"];

    let hidden = queue["VisibilityTimeout"].as_u64().expect("seconds");
    assert!(hidden >= 6 * of_queue["Timeout"].as_u64().expect("seconds"));
    let redrive = json!({"deadLetterTargetArn": "DeadLetterQueue.Arn", "maxReceiveCount": 5});
    assert_eq!(queue["RedrivePolicy"], redrive);
    let source = &of_queue["Events"]["Queue"]["Properties"];
    assert_eq!(source["Queue"], "PushQueue.Arn");
    assert_eq!(
        source["FunctionResponseTypes"],
        json!(["ReportBatchItemFailures"])
    );
}

#[test]
fn what_holds_data_stays_when_the_stack_goes() {
    let template = template();
    for resource in ["LedgerTable", "UploadBucket", "DeadLetterQueue"] {
        let resource = &template["Resources"][resource];
        assert_eq!(resource["DeletionPolicy"], "Retain");
        assert_eq!(resource["UpdateReplacePolicy"], "Retain");
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
            let events = event::read(&message.body, &config);
            assert_eq!(events.len(), 1, "{case}");
            assert_eq!(
                matches!(events[0], Event::Push(_)),
                pushes,
                "{case}: {events:?}"
            );
        }
    }
}
