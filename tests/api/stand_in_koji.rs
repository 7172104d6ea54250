//! Compares the answers of the stand-in for Koji with those that were recorded from a real hub.

use std::convert::Infallible;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use axum::body::Bytes;
use dxr::{MethodResponse, Value};
use http_body_util::StreamBody;
use hyper::body::{Body, Frame};
use omps_tests::koji::{Build, Koji, State};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Response};
use serde::Deserialize;
use serde_json::{Value as Json, json};

const RECORDINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/koji-wire");

const EMPTY: &str = "Invalid request: Empty request\n";

/// Requests that the service never sends. The stand-in does not answer them as a hub would.
const LEFT_OUT: [&str; 15] = [
    "fault-anonymous",
    "fault-code-1",
    "fault-offline",
    "fault-strict-not-found",
    "fault-struct-incomplete",
    "getBuild-by-id",
    "getBuild-by-struct",
    "getBuild-epoch-prefix",
    "getBuild-i8-argument",
    "getBuild-rich",
    "getBuildLogs-by-nvr",
    "getBuildLogs-empty",
    "getBuildLogs-subdir",
    "getKojiVersion",
    "raw-i4",
];
/// Members that differ from hub to hub, and from build to build.
const VARIABLE_PARTS: [&str; 11] = [
    "cg_id",
    "cg_name",
    "completion_time",
    "completion_ts",
    "creation_event_id",
    "creation_time",
    "creation_ts",
    "package_id",
    "source",
    "start_time",
    "start_ts",
];

/// A recorded exchange, as `index.json` lists it.
#[derive(Deserialize)]
struct Case {
    name: String,
    http_status: u16,
}

#[tokio::test]
async fn the_stand_in_answers_like_a_hub() {
    let Some(cases) = recorded_cases() else {
        return;
    };
    let koji = recorded_koji().await;
    for Case { name, http_status } in &cases {
        let response = replay(&koji, name).await;

        let status = response.status().as_u16();
        let content_type = response.headers()[CONTENT_TYPE].to_str().expect("text");
        let content_type = content_type.to_owned();
        let body = response.text().await.expect("text");
        let answer = head_of(name, "answer");
        assert_eq!(status, *http_status, "{name}: {body}");
        assert_eq!(
            Some(content_type),
            header_of(&answer, "Content-Type"),
            "{name}"
        );
        assert_eq!(
            Meaning::of(&body),
            Meaning::of(&recorded_body(name)),
            "{name}"
        );
    }
    assert!(cases.len() > 40, "only {} exchanges", cases.len());
}

#[tokio::test]
async fn archives_and_logs_are_served_at_the_paths_that_the_hub_names() {
    let koji = recorded_koji().await;
    let packages = "packages/lab-legacy-container/v1.0.0/1/data/logs";
    for (path, status, body) in [
        (
            "packages/lab-valid-container/v1.0.0/1/files/operator-manifests/operator_manifests.zip",
            200,
            "zip",
        ),
        (
            "/packages/lab-valid-container/v1.0.0/1/files/operator-manifests/operator_manifests.zip",
            200,
            "zip",
        ),
        (&format!("{packages}/operator_manifests.zip"), 200, "zip"),
        (&format!("{packages}/x86_64.log"), 200, "built\n"),
        (
            "vol/archive/packages/lab-volume-container/v1.0.0/2/files/operator-manifests/operator_manifests.zip",
            200,
            "zip",
        ),
        (
            "packages/lab-odd%2Bname.container/1.0~rc1%5Egit%2B2/1/files/operator-manifests/operator_manifests.zip",
            200,
            "zip",
        ),
        (
            "packages/lab-volume-container/v1.0.0/2/files/operator-manifests/operator_manifests.zip",
            404,
            "Not Found",
        ),
        (
            "packages/no-such/1/1/data/logs/x86_64.log",
            404,
            "Not Found",
        ),
    ] {
        let url = format!("{}{path}", koji.root_url());
        let response = reqwest::get(url).await.expect("an answer");

        assert_eq!(response.status(), status, "{path}");
        let text = response.text().await.expect("text");
        assert!(text.contains(body), "{path}: {text}");
    }
}

#[tokio::test]
async fn requests_that_the_service_should_not_send_are_surprises() {
    let koji = recorded_koji().await;
    assert_eq!(koji.surprises(), Vec::<String>::new());

    let client = reqwest::Client::new();
    for request in [client.get(koji.hub_url()), client.post(koji.hub_url())] {
        request.send().await.expect("an answer");
    }

    assert_eq!(
        koji.surprises(),
        ["Koji has no GET /kojihub", "Koji has no POST /kojihub"]
    );
}

/// The builds that the recordings were made with, by their ids.
async fn recorded_koji() -> Koji {
    const ZIP: &[u8] = b"zip";
    let modern = |nvr| Build::of_operator(nvr, ZIP.to_vec());
    let older = |nvr| Build::of_older_operator(nvr, ZIP.to_vec());
    let plain = Build::of_image;
    let manifests = |extra: &mut Json, value| extra["typeinfo"]["operator-manifests"] = value;
    let koji = Koji::start(SocketAddr::from(([127, 0, 0, 1], 0))).await;
    let koji = koji.expect("a port");
    for build in [
        modern("lab-valid-container-v1.0.0-1"),
        plain("lab-2-1"),
        plain("lab-3-1"),
        plain("lab-4-1"),
        plain("lab-5-1"),
        older("lab-legacy-container-v1.0.0-1"),
        plain("lab-7-1"),
        modern("lab-both-container-v1.0.0-1").with_extra(|extra| {
            extra["operator_manifests_archive"] = json!("operator_manifests.zip");
        }),
        plain("lab-plain-container-1.0-1"),
        plain("lab-noarchive-container-1.0-1").with_extra(|extra| manifests(extra, json!({}))),
        plain("lab-rpm-1.0-1.el8").with_extra(|extra| *extra = json!(null)),
        plain("lab-building-container-1.0-1").in_state(State::Building),
        plain("lab-nulltype-container-1.0-1").with_extra(|extra| manifests(extra, json!(null))),
        older("lab-legacy-nolog-container-v1.0.0-1").without_archive(),
        plain("lab-15-1"),
        modern("lab-deleted-container-v1.0.0-1").in_state(State::Deleted),
        plain("lab-17-1"),
        modern("lab-volume-container-v1.0.0-2").on_volume("archive"),
        older("lab-volume-legacy-container-v1.0.0-1").on_volume("archive"),
        older("lab-draft-container-v1.0.0-1,draft_20"),
        modern("lab-odd+name.container-1.0~rc1^git+2-1"),
    ] {
        koji.add_build(build);
    }
    koji
}

/// The recorded exchanges to compare, if the reference material is beside the project.
fn recorded_cases() -> Option<Vec<Case>> {
    if !Path::new(RECORDINGS).exists() {
        println!("skipped: {RECORDINGS} is not there");
        return None;
    }
    let cases: Vec<Case> = serde_json::from_str(&recorded("index.json")?).expect("an index");
    let is_compared = |case: &Case| {
        !case.name.starts_with("download-") && !LEFT_OUT.contains(&case.name.as_str())
    };
    Some(cases.into_iter().filter(is_compared).collect())
}

fn recorded(file: &str) -> Option<String> {
    fs::read_to_string(Path::new(RECORDINGS).join(file)).ok()
}

fn recorded_body(name: &str) -> String {
    let body = ["xml", "txt"]
        .iter()
        .find_map(|kind| recorded(&format!("{name}.response.{kind}")));
    body.expect("a recorded answer")
}

/// The recorded head of a `request` or its `answer`.
fn head_of(name: &str, which: &str) -> String {
    let heads = recorded(&format!("{name}.http.txt")).expect("recorded heads");
    let (request, answer) = heads.split_once("=== response head").expect("both heads");
    if which == "request" { request } else { answer }.to_owned()
}

fn header_of(head: &str, name: &str) -> Option<String> {
    let mut headers = head
        .lines()
        .filter_map(|line| line.trim_end().split_once(": "));
    let (_, value) = headers.find(|(known, _)| *known == name)?;
    Some(value.to_owned())
}

/// Sends a recorded request.
async fn replay(koji: &Koji, name: &str) -> Response {
    let head = head_of(name, "request");
    let line = head.lines().nth(1).expect("a request line");
    let (method, path) = line.split_once(' ').expect("a method");
    let path = path.split(' ').next().expect("a path");
    let method: Method = method.parse().expect("a method");
    let url = format!("{}{path}", koji.url());
    let mut request = reqwest::Client::new().request(method, url);
    if let Some(content_type) = header_of(&head, "Content-Type") {
        request = request.header(CONTENT_TYPE, content_type);
    }
    if let Some(body) = recorded(&format!("{name}.request.xml")) {
        request = match header_of(&head, "Transfer-Encoding") {
            Some(_) => request.body(reqwest::Body::wrap(chunks(body))),
            None => request.body(body),
        };
    }
    request.send().await.expect("an answer")
}

/// A body without a known length.
fn chunks(body: String) -> impl Body<Data = Bytes, Error = Infallible> + Send + Sync + 'static {
    let frame = Ok(Frame::data(Bytes::from(body)));
    StreamBody::new(futures_util::stream::iter([frame]))
}

/// The meaning of an answer.
#[derive(Debug, PartialEq)]
enum Meaning {
    Value(Value),
    Text(String),
}

impl Meaning {
    /// Removes what differs from run to run. Errors in XML are compared without their text, which is the parser's.
    fn of(body: &str) -> Self {
        match MethodResponse::from_xml(body) {
            Ok(response) => Self::Value(without_variable_parts(response.value)),
            Err(_) if body.starts_with("Invalid request: ") && body != EMPTY => {
                Self::Text("Invalid request".to_owned())
            }
            Err(_) => Self::Text(body.to_owned()),
        }
    }
}

fn without_variable_parts(value: Value) -> Value {
    match value {
        Value::Struct(mut members) => {
            members.retain(|name, _| !VARIABLE_PARTS.contains(&name.as_str()));
            Value::Struct(members)
        }
        // The order of the files depends on the file system.
        Value::Array(mut items) => {
            items.sort_by_key(|item| match item {
                Value::Struct(members) => format!("{:?}", members.get("name")),
                other => format!("{other:?}"),
            });
            Value::Array(items)
        }
        other => other,
    }
}
