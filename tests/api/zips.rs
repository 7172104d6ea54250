//! Pushes whose file is missing, is not a zip, or is a zip that the service refuses.

use omps_tests::multipart;
use omps_tests::operator::Operator;
use omps_tests::zip::{break_checksums, mark_encrypted, stored_zip, zip};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};

use crate::helpers::{TestApp, token};

#[tokio::test]
async fn a_form_without_a_zip_is_refused() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().zip();
    let field = (400, "OMPSExpectedFileError", "No field \"file\"");
    for (case, form, (status, id, message)) in [
        (
            "other name",
            multipart::form("zip", Some("a.zip"), &zip),
            field,
        ),
        ("plain field", multipart::form("file", None, &zip), field),
        (
            "no name",
            multipart::form("file", Some(""), &zip),
            (400, "OMPSExpectedFileError", "No selected \"file\""),
        ),
        (
            "other extension",
            multipart::form("file", Some("a.tar.gz"), &zip),
            (400, "OMPSUploadedFileError", "file extension"),
        ),
        (
            "no extension",
            multipart::form("file", Some("zip"), &zip),
            (400, "OMPSUploadedFileError", "file extension"),
        ),
        ("not a form", zip.clone(), field),
        ("no body", Vec::new(), field),
    ] {
        let answer = app.post_form("/v2/testorg/zipfile", form).await;

        assert_eq!(answer.kind(), (status, id), "{case}");
        assert!(
            answer.message().contains(message),
            "{case}: {}",
            answer.message()
        );
    }
    assert!(app.quay.requests().is_empty());
}

#[tokio::test]
async fn a_request_that_is_not_a_form_is_refused() {
    let app = TestApp::start().await;
    for content_type in [None, Some("application/zip"), Some("multipart/form-data")] {
        let mut request = app
            .request(Method::POST, "/v2/testorg/zipfile")
            .header(AUTHORIZATION, token())
            .body(Operator::doorbell().zip());
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }

        let answer = app.send(request).await;

        assert_eq!(answer.kind(), (400, "OMPSExpectedFileError"));
        assert!(answer.message().contains("No field \"file\""));
    }
}

#[tokio::test]
async fn the_extension_may_be_in_any_case() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().zip();

    let form = multipart::form("file", Some("OPERATOR.ZIP"), &zip);
    let answer = app.post_form("/v2/testorg/zipfile", form).await;

    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_broken_zip_is_refused() {
    let app = TestApp::start().await;
    let files: [(&str, &[u8]); 1] = [("package.yaml", b"packageName: a\n")];
    for (case, zip, message) in [
        ("text", b"no zip at all".to_vec(), "not a zip file"),
        ("empty", Vec::new(), "not a zip file"),
        ("encrypted", mark_encrypted(zip(&files)), "is encrypted"),
        (
            "CRC, deflated",
            break_checksums(zip(&files)),
            "package.yaml",
        ),
        (
            "CRC, stored",
            break_checksums(stored_zip(&files)),
            "package.yaml",
        ),
        ("climbs", zip_of("../package.yaml"), "../package.yaml"),
        ("absolute", zip_of("/package.yaml"), "/package.yaml"),
        ("drive", zip_of("C:/package.yaml"), "C:/package.yaml"),
    ] {
        let answer = app.push_zipfile(&zip).await;

        assert_eq!(answer.kind(), (400, "OMPSUploadedFileError"), "{case}");
        assert!(
            answer.message().contains(message),
            "{case}: {}",
            answer.message()
        );
    }
    assert!(app.quay.requests().is_empty());
}

#[tokio::test]
async fn files_of_exactly_the_uncompressed_limit_are_accepted() {
    let operator = Operator::doorbell();
    let size: usize = operator
        .paths()
        .iter()
        .map(|path| operator.file(path).len())
        .sum();
    let limit = |limit: usize| format!("zipfile_max_uncompressed_size = {limit}");

    let app = TestApp::with_settings(&limit(size)).await;
    assert_eq!(app.push_zipfile(&operator.zip()).await.status, 200);

    let app = TestApp::with_settings(&limit(size - 1)).await;
    let answer = app.push_zipfile(&operator.zip()).await;
    assert_eq!(answer.kind(), (400, "OMPSUploadedFileError"));
    for number in [size, size - 1] {
        assert!(
            answer.message().contains(&number.to_string()),
            "{}",
            answer.message()
        );
    }
}

#[tokio::test]
async fn a_zip_without_a_package_name_is_refused() {
    let app = TestApp::start().await;

    let answer = app.push_zipfile(&zip_of("sub/package.yaml")).await;

    assert_eq!(answer.kind(), (400, "PackageValidationError"));
    assert_eq!(answer.message(), "Could not find packageName in manifests.");
    let info = &answer.body["validation_info"];
    assert_eq!(info["errors"], serde_json::json!([]));
    assert_eq!(info["findings"][0]["rule"], "folder-around");
    assert_eq!(info["findings"][0]["file"], "sub/package.yaml");
}

#[tokio::test]
async fn an_unreadable_file_before_the_package_file_is_refused_by_name() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().with("a.yaml", "key: [").zip();

    let answer = app.push_zipfile(&zip).await;

    assert_eq!(answer.kind(), (400, "PackageValidationError"));
    assert!(
        answer
            .message()
            .starts_with("Failed to process yaml file /a.yaml"),
        "{}",
        answer.message()
    );
}

fn zip_of(path: &str) -> Vec<u8> {
    zip(&[(path, b"packageName: a\n")])
}
