//! The inputs of the recordings. The file with the recordings contains only the names of callers and cases.

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use omps_tests::quay::accounts::{Accounts, basic};
use serde_json::{Value, json};

const ZEROS: &str = "00000000000000000000000000000000000000000000000";

/// The accounts in the recordings.
pub(crate) fn recorded_accounts() -> Accounts {
    Accounts::default()
        .user("labadmin", "labadminpw", &["testorg", "privorg"])
        .user("outsider", "outsiderpw", &[])
        .robot("testorg+omps", &robot_password(), Some("testorg"))
        .robot("testorg+noteam", "noteampw", None)
        .robot("privorg+omps", "privorgpw", Some("privorg"))
        .oauth_token(&oauth_token("testorg"), "labadmin")
        .oauth_token(&oauth_token("privorg"), "labadmin")
}

fn robot_password() -> String {
    format!("TESTORGROBOTTOKEN{ZEROS}")
}

fn oauth_token(organization: &str) -> String {
    format!("{organization}oauthtoken{}", &ZEROS[..23])
}

/// The `Authorization` header of the caller with this name.
pub(crate) fn authorization(caller: &str) -> Option<String> {
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

/// The body of a recorded request; the file only has its title.
pub(crate) fn request_body(title: &str, path: &str) -> Option<String> {
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

pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    std::io::Write::write_all(&mut encoder, content).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}
