//! The stand-in Quay answers what Quay's own code was recorded to answer.

use std::path::Path;
use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use omps_tests::quay::accounts::{Accounts, basic};
use omps_tests::quay::{Quay, Settings};
use regex::Regex;
use reqwest::Method;
use serde_json::{Value, json};

const RECORDINGS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../shared/contract/quay-app-registry-exchanges.txt"
);
const ZEROS: &str = "00000000000000000000000000000000000000000000000";

/// One recorded request, and what Quay answered.
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
async fn an_authenticated_listing_is_cut_and_an_anonymous_one_is_not() {
    let quay = recorded_quay().await;
    for index in 0..104 {
        let path = format!("/cnr/api/v1/packages/testorg/p{index:03}");
        let body =
            json!({"release": "1.0.0", "media_type": "helm", "blob": "", "visibility": "public"});
        let pushed = send(
            &quay,
            Method::POST,
            &path,
            "creator robot",
            Some(body.to_string()),
        )
        .await;
        assert_eq!(pushed.expect("a reply").status(), 200);
    }
    for (caller, expected) in [
        ("creator robot", 100),
        ("org owner", 100),
        ("anonymous", 104),
    ] {
        let path = "/cnr/api/v1/packages?namespace=testorg";
        let listing = send(&quay, Method::GET, path, caller, None)
            .await
            .expect("a reply");
        let packages: Vec<Value> = listing.json().await.expect("a list");
        assert_eq!(packages.len(), expected, "{caller}");
        assert_eq!(
            packages[expected - 1]["name"],
            format!("testorg/p{:03}", expected - 1)
        );
    }
}

#[tokio::test]
async fn what_is_kept_in_a_folder_is_there_after_a_restart() {
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

/// The recordings, when the reference material lies beside the project.
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

/// The accounts that the recordings were made with.
async fn recorded_quay() -> Quay {
    let accounts = Accounts::default()
        .user("labadmin", "labadminpw", &["testorg", "privorg"])
        .user("outsider", "outsiderpw", &[])
        .robot("testorg+omps", &robot_password(), Some("testorg"))
        .robot("testorg+noteam", "noteampw", None)
        .robot("privorg+omps", "privorgpw", Some("privorg"))
        .oauth_token(&oauth_token("testorg"), "labadmin")
        .oauth_token(&oauth_token("privorg"), "labadmin");
    let settings = Settings {
        accounts,
        ..Settings::default()
    };
    Quay::start(settings).await.expect("a port")
}

fn robot_password() -> String {
    format!("TESTORGROBOTTOKEN{ZEROS}")
}

fn oauth_token(organization: &str) -> String {
    format!("{organization}oauthtoken{}", &ZEROS[..23])
}

fn authorization(caller: &str) -> Option<String> {
    Some(match caller {
        "anonymous" => return None,
        "creator robot" => basic("testorg+omps", &robot_password()),
        "robot, wrong token" => basic("testorg+omps", "wrong"),
        "robot without team" => basic("testorg+noteam", "noteampw"),
        "privorg robot" => basic("privorg+omps", "privorgpw"),
        "org owner" => basic("labadmin", "labadminpw"),
        "user outside the org" => basic("outsider", "outsiderpw"),
        "Bearer testorgoauthtoken" => format!("Bearer {}", oauth_token("testorg")),
        "Bearer privorgoauthtoken" => format!("Bearer {}", oauth_token("privorg")),
        sent_as_written => sent_as_written.to_owned(),
    })
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
        quay,
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

async fn send(
    quay: &Quay,
    method: Method,
    path: &str,
    caller: &str,
    body: Option<String>,
) -> reqwest::Result<reqwest::Response> {
    let mut request = reqwest::Client::new().request(method, format!("{}{path}", quay.url()));
    if let Some(authorization) = authorization(caller) {
        request = request.header("authorization", authorization);
    }
    request.body(body.unwrap_or_default()).send().await
}

/// What the recording sent; the file says it in the titles only.
fn request_body(title: &str, path: &str) -> Option<String> {
    if let Some(case) = title.strip_prefix("login: ") {
        return Some(login_body(case));
    }
    if path.ends_with("/changevisibility") {
        return Some(match title {
            "changevisibility: bad value" => json!({"visibility": "nonsense"}).to_string(),
            "changevisibility: missing key" => json!({}).to_string(),
            _ => json!({"visibility": "public"}).to_string(),
        });
    }
    if title == "push: body not JSON" {
        return Some("nonsense".to_owned());
    }
    Some(push_body(title).to_string())
}

fn login_body(case: &str) -> String {
    let (username, password) = match case {
        "good robot" => ("testorg+omps", robot_password()),
        "robot, wrong token" => ("testorg+omps", "wrong".to_owned()),
        "unknown robot" => ("testorg+nosuch", "wrong".to_owned()),
        "user" => ("labadmin", "labadminpw".to_owned()),
        "user, wrong password" => ("labadmin", "wrong".to_owned()),
        "unknown user" => ("nosuch", "wrong".to_owned()),
        "oauth token as password" => ("$oauthtoken", oauth_token("testorg")),
        "no password" => return json!({"user": {"username": "labadmin"}}).to_string(),
        "not JSON" => return "nonsense".to_owned(),
        "JSON list" => return "[]".to_owned(),
        other => panic!("an unknown login: {other}"),
    };
    json!({"user": {"username": username, "password": password}}).to_string()
}

fn push_body(title: &str) -> Value {
    let mut body = json!({
        "release": release(title),
        "media_type": "helm",
        "blob": STANDARD.encode(gzip(b"an archive")),
    });
    let fields = body.as_object_mut().expect("an object");
    if let Some(media_type) = title.strip_prefix("push: media_type ") {
        fields["media_type"] = python_literal(media_type);
    }
    if let Some(field) = title.strip_prefix("push: no ") {
        fields.remove(field);
    }
    if let Some(visibility) = title.strip_prefix("push: visibility=") {
        let word = visibility.split([' ', ',']).next();
        fields.insert("visibility".to_owned(), json!(word));
    }
    match title {
        "push: same release again, other blob" => {
            fields["blob"] = json!(STANDARD.encode(gzip(b"another")));
        }
        "push: force in the JSON body" => drop(fields.insert("force".to_owned(), json!(true))),
        "push: blob not base64" => fields["blob"] = json!("!!!"),
        "push: blob wrong base64 padding" => fields["blob"] = json!("YWJ"),
        "push: blob base64 but not gzip" => fields["blob"] = json!(STANDARD.encode("text")),
        "push: blob empty string" => fields["blob"] = json!(""),
        "push: blob null" => fields["blob"] = Value::Null,
        _ => {}
    }
    body
}

fn release(title: &str) -> Value {
    if let Some(release) = title.strip_prefix("push: release ") {
        return python_literal(release);
    }
    json!(match title {
        "push: second release" | "push of a deleted release again" => "2.0.0",
        "push: blob empty string" => "4.0.4",
        "push: blob null" => "4.0.5",
        "push: gzip but not tar" => "4.0.6",
        "push: invalid release on a new name" => "bad",
        "after publishing: another release keeps it public" => "7.0.0",
        title if title.starts_with("push: media_type") => "3.0.0",
        title if title.starts_with("push: blob") => "4.0.0",
        _ => "1.0.0",
    })
}

fn python_literal(literal: &str) -> Value {
    match literal.trim_matches('\'') {
        "None" => Value::Null,
        "3" => json!(3),
        text => json!(text),
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    std::io::Write::write_all(&mut encoder, content).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// Compares two answers; a long recorded body is cut off.
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
    let parse = |body: &str| serde_json::from_str::<Value>(&without_accidents(body)).ok();
    let same_body = match parse(recorded_body) {
        Some(recorded) => parse(body) == Some(recorded),
        None => without_accidents(body).starts_with(&without_accidents(recorded_body)),
    };
    status == recorded_status && content_type == recorded_type && same_body
}

/// A body without what differs from run to run: times, digests, sizes, ports, archives.
fn without_accidents(body: &str) -> String {
    static ACCIDENTS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?P<key>_at":"|digest":"|size":|blob":")[0-9A-Za-z:+/=-]+|(?P<host>127\.0\.0\.1)(:[0-9]+)?"#)
            .expect("the pattern compiles")
    });
    ACCIDENTS
        .replace_all(body, "${key}${host}")
        .replace("\"size\":,", "")
}
