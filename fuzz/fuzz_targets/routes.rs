//! A request's head → its endpoint and the web layer's answer. Input: a line each for method, path and every header.
#![no_main]

use std::sync::LazyLock;
use std::future::ready;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use libfuzzer_sys::fuzz_target;
use omps::http::{Incoming, Received, Reply, answer};
use omps::names::{Nvr, OrganizationName, ReleaseName, RepositoryName};
use omps::release::ReleaseVersion;
use omps::http::routes::{Found, find};
use omps::deadline::Deadline;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().unwrap());

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let Ok(method) = Method::from_bytes(lines.next().unwrap_or_default()) else {
        return;
    };
    let path = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    if let Ok(Found::Endpoint(_, params)) = find(&method, &path) {
        for name in ["organization", "repo", "version", "nvr"] {
            check_names(params.get(name).unwrap_or_default());
        }
    }

    let mut request = Request::new(());
    *request.method_mut() = method;
    if let Ok(uri) = path.parse() {
        *request.uri_mut() = uri;
    }
    for line in lines {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = HeaderName::from_bytes(parts.next().unwrap_or_default());
        let value = HeaderValue::from_bytes(parts.next().unwrap_or_default());
        if let (Ok(name), Ok(value)) = (name, value) {
            request.headers_mut().append(name, value);
        }
    }
    // An empty header is no token.
    let token = request.headers().get("authorization");
    let has_token = token.is_some_and(|token| !token.as_bytes().trim_ascii().is_empty());
    let incoming = Incoming {
        head: request.into_parts().0,
        path,
        id: None,
        body: ready(Ok(Received {
            body: Vec::new().into(),
            deadline: Deadline::after(Duration::from_secs(1)),
        })),
    };
    let response = RUNTIME.block_on(answer(incoming, |endpoint, request| async move {
        assert!(!endpoint.needs_token() || request.token.is_some());
        Reply::ok(&json!({"reached": format!("{request:?}").len()}))
    }));

    let body: Value = serde_json::from_str(response.body()).expect("JSON");
    let id = response.headers()["x-request-id"]
        .to_str()
        .expect("a request's id");
    assert!((1..=128).contains(&id.len()));
    match response.status() {
        StatusCode::OK => assert!(body.get("error").is_none()),
        status => {
            assert_eq!(body["status"], status.as_u16());
            assert_eq!(body["request_id"], id);
            let known = [
                "BadRequest",
                "NotFound",
                "MethodNotAllowed",
                "OMPSAuthorizationHeaderRequired",
                "UnsupportedMediaType",
            ];
            let error = body["error"].as_str().expect("an id");
            assert!(
                known.contains(&error) && (error != known[3] || !has_token),
                "{body}"
            );
            assert!(
                body["message"]
                    .as_str()
                    .is_some_and(|message| !message.is_empty())
            );
        }
    }
});

/// What passes for a name is safe in a URL; a release to delete at least stays one segment when it is encoded.
fn check_names(value: &str) {
    let plain = |value: &str, more: &str| {
        value
            .chars()
            .all(|char| char.is_ascii_alphanumeric() || more.contains(char))
    };
    let is_one_segment =
        !matches!(value, "" | "." | "..") && !value.contains('/') && value.len() <= 255 * 4;
    let checks = [
        (OrganizationName::parse(value).is_ok(), plain(value, "_.-")),
        (RepositoryName::parse(value).is_ok(), plain(value, "_.-")),
        (Nvr::parse(value).is_ok(), plain(value, "._+~^,:-")),
        (ReleaseVersion::parse(value).is_ok(), plain(value, ".")),
        (
            ReleaseName::parse(value).is_ok(),
            !value.contains(char::is_control),
        ),
    ];
    for (passes, is_safe) in checks {
        assert!(!passes || is_safe && is_one_segment, "{value:?}");
    }
}
