//! A form → the zip in it, by way of `POST /v2/{organization}/validate`. Input: the content type's line, then the body.
#![no_main]

use std::sync::LazyLock;
use std::future::ready;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request};
use libfuzzer_sys::fuzz_target;
use omps::app::App;
use omps::config::Config;
use omps::handlers;
use omps::http::{Incoming, Received, answer};
use omps::deadline::Deadline;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().unwrap());
static APP: LazyLock<App> = LazyLock::new(|| App::new(Config::default()));
/// One file, which is no manifest.
const ZIP: &[u8] = include_bytes!("../seeds/zip/one-file.zip");
const BOUNDARY: &str = "b-o-u-n-d-a-r-y";

fuzz_target!(|bytes: &[u8]| {
    let (line, body) = bytes.split_at(
        bytes
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(bytes.len()),
    );
    let Ok(content_type) = HeaderValue::from_bytes(line) else {
        return;
    };
    let body = body.get(1..).unwrap_or_default();
    let (status, answer) = validate(content_type, body.to_vec());
    let error = answer["error"].as_str().unwrap_or_default();
    let known = [
        "",
        "OMPSExpectedFileError",
        "OMPSUploadedFileError",
        "PackageValidationError",
    ];
    assert!(status < 500 && known.contains(&error), "{answer}");

    // Whatever stands in another part, the file is found behind it.
    if !bytes
        .windows(BOUNDARY.len())
        .any(|window| window == BOUNDARY.as_bytes())
    {
        let content_type =
            HeaderValue::try_from(format!("multipart/form-data; boundary={BOUNDARY}")).unwrap();
        let part = |names: &str, content: &[u8]| {
            let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {names}\r\n\r\n");
            [head.as_bytes(), content, b"\r\n"].concat()
        };
        let file = [
            part("name=\"file\"; filename=\"a.zip\"", ZIP),
            format!("--{BOUNDARY}--\r\n").into(),
        ]
        .concat();
        let (_, alone) = validate(content_type.clone(), file.clone());
        let (_, behind) = validate(content_type, [part("name=\"other\"", bytes), file].concat());
        assert_eq!(alone["message"], "Could not find packageName in manifests.");
        assert_eq!(behind["message"], alone["message"]);
    }
});

fn validate(content_type: HeaderValue, body: Vec<u8>) -> (u16, Value) {
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    request.headers_mut().insert(CONTENT_TYPE, content_type);
    let incoming = Incoming {
        head: request.into_parts().0,
        path: "/v2/org/validate".to_owned(),
        id: None,
        body: ready(Ok(Received {
            body: body.into(),
            deadline: Deadline::after(Duration::from_secs(30)),
        })),
    };
    let handler = |_, request| handlers::validate(&APP, request);
    let response = RUNTIME.block_on(answer(incoming, handler));
    let body = serde_json::from_str(response.body()).expect("JSON");
    (response.status().as_u16(), body)
}
