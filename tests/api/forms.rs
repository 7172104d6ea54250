//! Forms and paths as clients of OMPS write them: each gets through, or is told what to send instead.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use omps_tests::multipart;
use omps_tests::operator::Operator;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};

use crate::helpers::{Answer, TestApp, token};

const PATH: &str = "/v2/testorg/zipfile";
const FILE: &str = "Content-Disposition: form-data; name=\"file\"; filename=\"m.zip\"";

#[tokio::test]
async fn every_spelling_of_a_form_gets_through() {
    let zip = Operator::doorbell().zip();
    let base64 = STANDARD.encode(&zip).into_bytes();
    let lines = base64.chunks(76).collect::<Vec<_>>().join(&b"\r\n"[..]);
    let extended = "Content-Disposition: form-data; name=\"file\"; filename*=utf-8''%C3%BCber.zip";
    let in_base64 = format!("{FILE}\r\nContent-Transfer-Encoding: BASE64");
    let notes = "Content-Disposition: form-data; name=\"notes\"";
    for (case, parts, line_end) in [
        (
            "a name that is only extended",
            vec![(extended, &*zip)],
            "\r\n",
        ),
        (
            "parameter names in upper case",
            vec![(
                "CONTENT-DISPOSITION: Form-Data; NAME=file; FileName=m.zip",
                &*zip,
            )],
            "\r\n",
        ),
        (
            "a large part before it",
            vec![(notes, &[b'n'; 1_000_000][..]), (FILE, &*zip)],
            "\r\n",
        ),
        ("base64", vec![(&*in_base64, &*base64)], "\r\n"),
        ("base64 in lines", vec![(&*in_base64, &*lines)], "\r\n"),
        ("LF", vec![(notes, &b"a\nb"[..]), (FILE, &*zip)], "\n"),
    ] {
        let app = TestApp::start().await;

        let answer = app
            .post_form(PATH, multipart::form_of(&parts, line_end))
            .await;

        assert_eq!(answer.status, 200, "{case}: {answer:?}");
        assert_eq!(app.releases("doorbell-operator"), ["1.0.0"], "{case}");
    }
}

#[tokio::test]
async fn the_content_type_may_be_in_any_case() {
    let app = TestApp::start().await;
    let content_type = multipart::content_type()
        .replace("multipart/form-data", "Multipart/Form-Data")
        .replace("; boundary=", "; BOUNDARY=");
    let zip = Operator::doorbell().zip();
    let request = app.request(Method::POST, PATH);
    let request = request
        .header(AUTHORIZATION, token())
        .header(CONTENT_TYPE, content_type);

    let answer = app
        .send(request.body(multipart::form("file", Some("m.zip"), &zip)))
        .await;

    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn what_a_form_must_not_be_is_said() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().zip();
    let quoted = format!("{FILE}\r\nContent-Transfer-Encoding: quoted-printable");
    let in_base64 = format!("{FILE}\r\nContent-Transfer-Encoding: base64");
    let text_file = "Content-Disposition: form-data; name=\"file\"; filename*=utf-8''%C3%BCber.txt";
    let whole = multipart::form_of(&[(FILE, &zip)], "\r\n");
    for (form, id, message) in [
        (
            multipart::form_of(&[(&quoted, &zip)], "\r\n"),
            "OMPSUploadedFileError",
            "has the Content-Transfer-Encoding \"quoted-printable\"; send the zip as it is, or in base64",
        ),
        (
            multipart::form_of(&[(&in_base64, b"?")], "\r\n"),
            "OMPSUploadedFileError",
            "is not valid base64",
        ),
        (
            multipart::form_of(&[(text_file, &zip)], "\r\n"),
            "OMPSUploadedFileError",
            "\"über.txt\" has the wrong file extension",
        ),
        (
            whole[..whole.len() - 40].to_vec(),
            "OMPSExpectedFileError",
            "No field \"file\" with a zip in the request: the form cannot be read: the form ends inside a part",
        ),
    ] {
        let answer = app.post_form(PATH, form).await;

        assert_eq!(answer.kind(), (400, id), "{message}");
        assert!(answer.message().contains(message), "{}", answer.message());
    }
    assert!(app.quay.requests().is_empty());
}

#[tokio::test]
async fn a_compressed_request_is_refused_by_name() {
    let app = TestApp::start().await;
    let send = async |encoding: &str| -> Answer {
        let request = app
            .request(Method::POST, PATH)
            .header(AUTHORIZATION, token());
        let request = request.header(CONTENT_TYPE, multipart::content_type());
        let form = multipart::form("file", Some("m.zip"), &Operator::doorbell().zip());
        app.send(request.header(CONTENT_ENCODING, encoding).body(form))
            .await
    };

    let refused = send("gzip").await;
    let taken = send("identity").await;

    assert_eq!(refused.kind(), (415, "UnsupportedMediaType"));
    assert_eq!(
        refused.message(),
        "The request has the Content-Encoding \"gzip\"; send the body as it is, without Content-Encoding"
    );
    assert_eq!(taken.status, 200, "{taken:?}");
}

#[tokio::test]
async fn every_spelling_of_a_path_gets_through() {
    for path in [
        "//v2/testorg/zipfile/1.0.0",
        "/v2//testorg///zipfile/1.0.0",
        "/%762/test%6frg/zip%66ile/1%2E0.0",
    ] {
        let app = TestApp::start().await;

        let answer = app.upload(path, &Operator::doorbell().zip()).await;

        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert_eq!(app.releases("doorbell-operator"), ["1.0.0"], "{path}");
    }
}

#[tokio::test]
async fn a_deprecated_path_says_so_however_it_is_spelled() {
    let app = TestApp::start().await;
    for path in ["/v1/about", "//v1//about", "/%761/about"] {
        let answer = app.send(app.request(Method::GET, path)).await;

        assert_eq!(
            (answer.status, answer.header("deprecation")),
            (200, "@1554249600"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_path_that_is_nearly_right_is_told_the_right_one() {
    let app = TestApp::start().await;
    for (method, path, kind, message) in [
        (
            Method::POST,
            "/testorg/zipfile",
            (404, "NotFound"),
            "No endpoint has the path '/testorg/zipfile'; the nearest is POST /v2/{organization}/zipfile",
        ),
        (
            Method::GET,
            "/metrics",
            (404, "NotFound"),
            "No endpoint has the path '/metrics'; all paths start with /v1 or /v2, for example POST /v2/{organization}/zipfile",
        ),
        (
            Method::POST,
            "/v2/testorg/validat",
            (405, "MethodNotAllowed"),
            "'/v2/testorg/validat' does not accept POST; it accepts DELETE, OPTIONS. The nearest route for POST is POST /v2/{organization}/validate",
        ),
        (
            Method::GET,
            "/v2/testorg/zipfile",
            (405, "MethodNotAllowed"),
            "'/v2/testorg/zipfile' does not accept GET; it accepts DELETE, OPTIONS, POST",
        ),
    ] {
        let answer = app.send(app.request(method, path)).await;

        assert_eq!(answer.kind(), kind, "{path}");
        assert_eq!(answer.message(), message);
    }
}

#[tokio::test]
async fn messages_begin_with_the_words_of_omps() {
    let app = TestApp::start().await;
    let without_token = app.send(app.request(Method::POST, PATH)).await;
    let wrong_version = app
        .push_zipfile_as("1.0", &Operator::doorbell().zip())
        .await;

    assert_eq!(
        without_token.message(),
        "Request contains no 'Authorization' header; '/v2/testorg/zipfile' requires one, with the token of Quay's login"
    );
    assert_eq!(
        wrong_version.message(),
        "Version '1.0' must be in format '<int>.<int>.<int>': must match regexp \
         '^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)$': found 2 parts, wanted 3"
    );
}
