//! Compares the answers of the stand-in for Quay with those that were recorded from Quay's own code.

mod admin;
mod manners;
mod recording;

use std::path::Path;
use std::sync::LazyLock;

use omps_tests::quay::accounts::Accounts;
use omps_tests::quay::{Quay, Settings};
use recording::{authorization, recorded_accounts, request_body};
use regex::Regex;
use reqwest::{Client, Method};
use serde_json::Value;

const RECORDINGS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../shared/contract/quay-app-registry-exchanges.txt"
);

/// One recorded request with Quay's answer.
struct Exchange {
    title: String,
    method: Method,
    path: String,
    caller: String,
    answer: Answer,
}

#[derive(Debug, PartialEq)]
enum Answer {
    ConnectionClosed,
    Reply {
        status: u16,
        content_type: String,
        body: String,
    },
}

#[tokio::test]
async fn the_stand_in_answers_like_quay() {
    let Some(exchanges) = recorded_exchanges() else {
        return;
    };
    let quay = recorded_quay().await;
    let mut differences = Vec::new();
    for exchange in &exchanges {
        if exchange.title == "REST create image repository" {
            quay.add_image_repository("testorg", "img");
            continue;
        }
        let answer = replay(&quay, exchange).await;
        if !agrees(&answer, &exchange.answer) {
            let Exchange {
                title,
                answer: recorded,
                ..
            } = exchange;
            differences.push(format!(
                "{title}\n  Quay:     {recorded:?}\n  stand-in: {answer:?}"
            ));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(exchanges.len() > 100, "only {} exchanges", exchanges.len());
}

#[tokio::test]
async fn releases_in_a_folder_exist_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = || Settings {
        accounts: Accounts::of_organizations(&["testorg"]),
        folder: Some(folder.path().to_owned()),
        ..Settings::default()
    };
    let quay = Quay::start(settings()).await.expect("a port");
    quay.add_release("testorg", "pkg", "1.0.0");
    quay.add_release("testorg", "pkg", "2.0.0");
    drop(quay);

    let quay = Quay::start(settings()).await.expect("a port");

    assert_eq!(quay.releases("testorg", "pkg"), ["2.0.0", "1.0.0"]);
    assert_eq!(quay.is_public("testorg", "pkg"), Some(false));
    assert!(folder.path().join("testorg/pkg/1.0.0.tar.gz").exists());
}

/// The recordings, if the reference material is beside the project.
fn recorded_exchanges() -> Option<Vec<Exchange>> {
    if !Path::new(RECORDINGS).exists() {
        println!("skipped: {RECORDINGS} is not there");
        return None;
    }
    let text = std::fs::read_to_string(RECORDINGS).expect("the recordings are text");
    Some(text.split("### ").skip(1).map(parse_exchange).collect())
}

fn parse_exchange(block: &str) -> Exchange {
    let mut lines = block.lines();
    let mut next = || lines.next().expect("a block has title, request and answer");
    let title = next().trim().to_owned();
    let (method, rest) = next().split_once(' ').expect("a method");
    let (path, caller) = rest.split_once("  [").expect("a path and a caller");
    let answer = next().trim_start_matches("-> ");
    let body: Vec<_> = lines
        .filter_map(|line| line.strip_prefix("   "))
        .filter(|line| !line.ends_with(" bytes>"))
        .collect();
    Exchange {
        title,
        method: method.parse().expect("a method"),
        path: path.to_owned(),
        caller: caller.trim_end_matches(']').to_owned(),
        answer: match answer.split_once(' ') {
            Some(("connection", _)) | None => Answer::ConnectionClosed,
            Some((status, content_type)) => Answer::Reply {
                status: status.parse().expect("a status"),
                content_type: content_type.to_owned(),
                body: body.join("\n"),
            },
        },
    }
}

async fn recorded_quay() -> Quay {
    let settings = Settings {
        accounts: recorded_accounts(),
        ..Settings::default()
    };
    Quay::start(settings).await.expect("a port")
}

async fn replay(quay: &Quay, exchange: &Exchange) -> Answer {
    let Exchange {
        title,
        method,
        path,
        caller,
        ..
    } = exchange;
    let response = send(
        &quay.url(),
        method.clone(),
        path,
        caller,
        request_body(title, path),
    )
    .await;
    let Ok(response) = response else {
        return Answer::ConnectionClosed;
    };
    let header = |name| {
        let value = response.headers().get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    let content_type = header("content-type").unwrap_or_else(|| "application/json".to_owned());
    let status = response.status().as_u16();
    let archive_name = header("content-disposition");
    let body = match archive_name {
        Some(name) => format!("{{'Content-Disposition': '{name}'}}"),
        None => response.text().await.expect("text"),
    };
    Answer::Reply {
        status,
        content_type,
        body,
    }
}

/// A client that does not keep connections, because a connection would belong to the test that opened it.
static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let client = Client::builder().pool_max_idle_per_host(0);
    client.build().expect("a client")
});

async fn send(
    quay_url: &str,
    method: Method,
    path: &str,
    caller: &str,
    body: Option<String>,
) -> reqwest::Result<reqwest::Response> {
    let mut request = CLIENT.request(method, format!("{quay_url}{path}"));
    if let Some(authorization) = authorization(caller) {
        request = request.header("authorization", authorization);
    }
    request.body(body.unwrap_or_default()).send().await
}

/// Compares two answers. Long recorded bodies are cut, so that only their beginning is compared.
fn agrees(answer: &Answer, recorded: &Answer) -> bool {
    let (
        Answer::Reply {
            status,
            content_type,
            body,
        },
        Answer::Reply {
            status: recorded_status,
            content_type: recorded_type,
            body: recorded_body,
        },
    ) = (answer, recorded)
    else {
        return answer == recorded;
    };
    let parse = |body: &str| serde_json::from_str::<Value>(&without_variable_parts(body)).ok();
    let same_body = match parse(recorded_body) {
        Some(recorded) => parse(body) == Some(recorded),
        None => without_variable_parts(body).starts_with(&without_variable_parts(recorded_body)),
    };
    status == recorded_status && content_type == recorded_type && same_body
}

/// A body without the parts that differ from run to run: times, digests, sizes, ports, archives.
fn without_variable_parts(body: &str) -> String {
    static VARIABLE_PARTS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?P<key>_at":"|digest":"|size":|blob":")[0-9A-Za-z:+/=-]+|(?P<host>127\.0\.0\.1)(:[0-9]+)?"#)
            .expect("the pattern compiles")
    });
    VARIABLE_PARTS
        .replace_all(body, "${key}${host}")
        .replace("\"size\":,", "")
}
