//! `POST /v2/{organization}/uploads`: zips that are too large for one request. The client puts them to the server, then
//! pushes them by their id.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use omps_tests::multipart;
use omps_tests::operator::Operator;
use omps_tests::quay::{Fault, Refusal};
use omps_tests::zip::stored_zip;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::helpers::{Answer, ORGANIZATION, TestApp, assert_error, token};

/// A service that accepts uploads, and the directory where it stores them.
struct TestUploads {
    app: TestApp,
    directory: TempDir,
}

impl TestUploads {
    async fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let settings = format!(
            "upload_dir = '{}'\npublic_url = \"http://omps.test\"",
            directory.path().display()
        );
        let app = TestApp::with_settings(&settings).await;
        Self { app, directory }
    }

    /// `POST /v2/testorg/uploads`; the id is in the answer.
    async fn create(&self) -> String {
        let answer = self
            .app
            .with_token(Method::POST, "/v2/testorg/uploads")
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["upload"].as_str().expect("an id").to_owned()
    }

    /// `PUT /v2/testorg/uploads/{id}`, without a token.
    async fn put(&self, id: &str, zip: Vec<u8>) -> Answer {
        let request = self
            .app
            .request(Method::PUT, &format!("/v2/testorg/uploads/{id}"));
        self.app.send(request.body(zip)).await
    }

    /// Creates an upload and puts its zip.
    async fn upload(&self, zip: Vec<u8>) -> String {
        let id = self.create().await;
        let answer = self.put(&id, zip).await;
        assert_eq!((answer.status, answer.body), (200, json!({"upload": id})));
        id
    }

    async fn push(&self, path: &str, body: Value) -> Answer {
        let request = self
            .app
            .request(Method::POST, path)
            .header(AUTHORIZATION, token())
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .body(body.to_string());
        self.app.send(request).await
    }

    async fn push_upload(&self, id: &str) -> Answer {
        self.push("/v2/testorg/zipfile", json!({"upload": id}))
            .await
    }

    fn waiting(&self) -> usize {
        // A folder without files is removed.
        let files = fs::read_dir(self.directory.path().join(ORGANIZATION));
        files.map_or(0, Iterator::count)
    }

    fn age(&self, age: Duration) {
        let files = fs::read_dir(self.directory.path().join(ORGANIZATION)).expect("a directory");
        for file in files {
            let file = File::options()
                .append(true)
                .open(file.expect("a file").path());
            file.expect("a file")
                .set_modified(SystemTime::now() - age)
                .expect("a time");
        }
    }
}

fn gone(id: &str) -> Value {
    json!({
        "status": 400,
        "error": "OMPSUploadedFileError",
        "message": format!(
            "There is no upload {id} of this organization to push: uploads are gone once pushed, and after a day"
        ),
    })
}

/// A zip of 15 MiB that contains the small operator.
fn big() -> Vec<u8> {
    let noise: Vec<u8> = (0_u64..15 << 17)
        .flat_map(|number| {
            number
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .rotate_left(29)
                .to_le_bytes()
        })
        .collect();
    let operator = Operator::doorbell();
    let of_operator = |path| (path, operator.file(path).as_bytes());
    let mut files: Vec<(&str, &[u8])> = operator.paths().into_iter().map(of_operator).collect();
    files.push(("noise.bin", &noise));
    stored_zip(&files)
}

#[tokio::test]
async fn a_zip_of_15_mib_is_put_and_pushed() {
    let uploads = TestUploads::start().await;
    let zip = big();
    assert!(zip.len() > 15 << 20);
    let too_big = uploads.app.push_zipfile(&zip).await;
    assert_eq!(too_big.kind(), (413, "RequestEntityTooLarge"));
    assert_eq!(
        too_big.message(),
        "The request body is larger than the 2097152 bytes that are allowed; to push a larger zip, use POST \
         /v2/{organization}/uploads"
    );

    let created = uploads
        .app
        .with_token(Method::POST, "/v2/testorg/uploads")
        .await;
    let id = created.body["upload"].as_str().expect("an id").to_owned();
    assert_eq!(
        created.body,
        json!({
            "upload": id,
            "url": format!("http://omps.test/v2/testorg/uploads/{id}"),
            "expires_in": 3600,
            "max_size": 24 << 20,
        })
    );
    assert_eq!(uploads.put(&id, zip).await.status, 200);
    let pushed = uploads
        .push("/v2/testorg/zipfile/3.1.0", json!({"upload": id}))
        .await;

    assert_eq!(pushed.status, 200, "{pushed:?}");
    assert_eq!(pushed.body["version"], "3.1.0");
    assert_eq!(uploads.app.releases("doorbell-operator"), ["3.1.0"]);
    assert_eq!(uploads.waiting(), 0);
}

#[tokio::test]
async fn an_upload_is_used_once() {
    let uploads = TestUploads::start().await;
    let id = uploads.upload(Operator::doorbell().zip()).await;

    let (one, other) = tokio::join!(uploads.push_upload(&id), uploads.push_upload(&id));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();

    // The second push ran during the first one, or after it.
    assert_eq!(statuses[0], 200, "{one:?} {other:?}");
    assert!([200, 503].contains(&statuses[1]), "{one:?} {other:?}");
    let again = uploads.push_upload(&id).await;
    assert_eq!(again.status, 200, "{again:?}");
    assert_eq!(again.header("idempotency-replayed"), "true");
    let elsewhere = uploads
        .push("/v2/testorg/zipfile/7.0.0", json!({"upload": id}))
        .await;
    assert_eq!(elsewhere.kind(), (400, "OMPSUploadedFileError"));
    let release = "became release 1.0.0 of doorbell-operator";
    assert!(elsewhere.message().contains(release), "{elsewhere:?}");
    assert_error(uploads.put(&id, b"again".to_vec()).await, &gone(&id));
    assert_eq!(uploads.app.releases("doorbell-operator"), ["1.0.0"]);
}

#[tokio::test]
async fn a_push_that_failed_can_be_repeated_with_its_upload() {
    let uploads = TestUploads::start().await;
    let id = uploads.upload(Operator::doorbell().zip()).await;
    let path = "/v2/testorg/zipfile/1.0";
    let wrong = uploads.push(path, json!({"upload": id})).await;
    assert_eq!(wrong.kind(), (400, "OMPSInvalidVersionFormat"));
    uploads.app.fail_next_push(Fault::Refuse(Refusal::Crash));
    let failed = uploads.push_upload(&id).await;
    assert_eq!(failed.kind(), (500, "QuayCourierError"));

    let pushed = uploads.push_upload(&id).await;

    assert_eq!(pushed.status, 200, "{pushed:?}");
    assert_eq!(uploads.app.releases("doorbell-operator"), ["1.0.0"]);
}

#[tokio::test]
async fn a_push_whose_answer_was_lost_is_not_made_twice() {
    let uploads = TestUploads::start().await;
    let id = uploads.upload(Operator::doorbell().zip()).await;
    // Quay stores the release, but neither its answer nor the later look-ups reach the service.
    uploads.app.fail_next_push(Fault::CloseAfterActing);
    let shown = "/cnr/api/v1/packages/testorg/doorbell-operator/1.0.0";
    let quay = &uploads.app.quay;
    quay.fail_next(3, "GET", shown, Fault::CloseBeforeActing);
    let failed = uploads.push_upload(&id).await;
    assert_eq!(failed.kind(), (500, "QuayCourierError"));

    let pushed = uploads.push_upload(&id).await;

    assert_eq!(pushed.status, 200, "{pushed:?}");
    assert_eq!(pushed.body["version"], "1.0.0");
    assert_eq!(uploads.app.releases("doorbell-operator"), ["1.0.0"]);
}

#[tokio::test]
async fn an_upload_belongs_to_one_organization() {
    let uploads = TestUploads::start().await;
    let id = uploads.upload(Operator::doorbell().zip()).await;

    let other = uploads
        .push("/v2/otherorg/zipfile", json!({"upload": id}))
        .await;
    let put = uploads
        .app
        .request(Method::PUT, &format!("/v2/otherorg/uploads/{id}"));
    let put = uploads.app.send(put.body("x")).await;

    assert_error(other, &gone(&id));
    assert_error(put, &gone(&id));
    assert_eq!(uploads.push_upload(&id).await.status, 200);
}

#[tokio::test]
async fn an_upload_expires_after_a_day() {
    let uploads = TestUploads::start().await;
    let id = uploads.upload(Operator::doorbell().zip()).await;

    uploads.age(Duration::from_secs(24 * 60 * 60 + 1));

    assert_error(uploads.push_upload(&id).await, &gone(&id));
}

#[tokio::test]
async fn more_than_the_announced_size_is_refused() {
    let uploads = TestUploads::start().await;
    let asked = |size: u64| {
        let request = uploads.app.request(Method::POST, "/v2/testorg/uploads");
        let request = request.header(AUTHORIZATION, token());
        uploads
            .app
            .send(request.body(json!({"size": size}).to_string()))
    };
    let created = asked(10).await;
    let id = created.body["upload"].as_str().expect("an id").to_owned();

    let put = uploads.put(&id, vec![0; 11]).await;

    assert_error(
        put,
        &json!({
            "status": 413,
            "error": "RequestEntityTooLarge",
            "message": "The request body is larger than the 10 bytes that are allowed",
        }),
    );
    assert_error(uploads.push_upload(&id).await, &gone(&id));
    assert_eq!(uploads.put(&id, vec![0; 10]).await.status, 200);
    assert_error(
        asked((24 << 20) + 1).await,
        &json!({
            "status": 400,
            "error": "OMPSUploadedFileError",
            "message": "The upload has 25165825 bytes, of 25165824 that are allowed",
        }),
    );
    let unpromised = uploads.create().await;
    let put = uploads.put(&unpromised, vec![0; (24 << 20) + 1]).await;
    assert_eq!(put.kind(), (413, "RequestEntityTooLarge"));
}

#[tokio::test]
async fn a_wrong_upload_id_or_body_is_refused() {
    let uploads = TestUploads::start().await;
    let path = "/v2/testorg/zipfile";
    for id in [
        "",
        "..",
        "1",
        "../../../etc/passwd",
        "00000000-0000-4000-8000-000000000000",
    ] {
        let answer = uploads.push(path, json!({"upload": id})).await;
        assert_error(answer, &gone(id));
    }
    let put = uploads.put("..%2F..%2Fx", b"x".to_vec()).await;
    assert_error(put, &gone("../../x"));
    for (body, problem) in [
        (json!({}), "missing field `upload`"),
        (json!({"upload": 7}), "invalid type: integer `7`"),
        (
            json!({"upload": "x", "version": "1"}),
            "unknown field `version`",
        ),
        (json!("x"), "invalid type: string"),
    ] {
        let answer = uploads.push(path, body).await;
        assert_eq!(answer.kind(), (400, "BadRequest"));
        assert!(answer.message().contains(problem), "{answer:?}");
    }
}

#[tokio::test]
async fn a_token_that_quay_does_not_know_gets_no_upload() {
    let uploads = TestUploads::start().await;
    for token in ["x", "basic d3Jvbmc6d3Jvbmc="] {
        let request = uploads.app.request(Method::POST, "/v2/testorg/uploads");
        let answer = uploads.app.send(request.header(AUTHORIZATION, token)).await;

        assert_eq!(answer.kind(), (403, "QuayAuthorizationError"), "{token}");
    }
    assert_eq!(uploads.waiting(), 0);
}

#[tokio::test]
async fn a_token_that_nobody_can_judge_gets_no_upload() {
    let mut uploads = TestUploads::start().await;
    uploads.app.quay.stop().await;

    let answer = uploads
        .app
        .with_token(Method::POST, "/v2/testorg/uploads")
        .await;

    assert_eq!(answer.kind(), (500, "QuayPackageError"));
    let wanted = "The registry cannot be asked about the token: ";
    assert!(answer.message().starts_with(wanted), "{answer:?}");
    assert_eq!(uploads.waiting(), 0);
}

#[tokio::test]
async fn an_organization_has_half_of_the_uploads_at_most() {
    let uploads = TestUploads::start().await;
    for _ in 0..50 {
        uploads.create().await;
    }
    let create = |path| uploads.app.with_token(Method::POST, path);

    let refused = create("/v2/testorg/uploads").await;
    let other = create("/v2/otherorg/uploads").await;

    assert_error(
        refused,
        &json!({
            "status": 503,
            "error": "ServiceUnavailable",
            "message": "Too many uploads of organization testorg are waiting to be pushed: 50; push them, or try again later",
        }),
    );
    assert_eq!(other.status, 200, "{other:?}");
}

#[tokio::test]
async fn a_form_or_compressed_zip_is_no_upload() {
    let uploads = TestUploads::start().await;
    let id = uploads.create().await;
    let path = format!("/v2/testorg/uploads/{id}");
    let put = |name, value: String| {
        let request = uploads.app.request(Method::PUT, &path);
        uploads.app.send(request.header(name, value).body("x"))
    };

    let form = put(CONTENT_TYPE, multipart::content_type()).await;
    let compressed = put(CONTENT_ENCODING, "gzip".to_owned()).await;

    assert_eq!(form.kind(), (400, "OMPSUploadedFileError"));
    assert_eq!(
        form.message(),
        "The request is a form; an upload takes the zip itself: curl -T manifests.zip URL, not curl -F"
    );
    assert_eq!(compressed.kind(), (415, "UnsupportedMediaType"));
    assert_error(uploads.push_upload(&id).await, &gone(&id));
    assert_eq!(
        uploads.put(&id, Operator::doorbell().zip()).await.status,
        200
    );
    assert_eq!(uploads.push_upload(&id).await.status, 200);
}

#[tokio::test]
async fn an_upload_requires_a_token_and_a_configured_directory() {
    let uploads = TestUploads::start().await;
    let request = uploads.app.request(Method::POST, "/v2/testorg/uploads");
    let answer = uploads.app.send(request).await;
    assert_eq!(answer.kind(), (403, "OMPSAuthorizationHeaderRequired"));

    let without = TestApp::start().await;
    let answer = without
        .with_token(Method::POST, "/v2/testorg/uploads")
        .await;
    assert_eq!(answer.kind(), (404, "NotFound"));
    assert!(
        answer
            .message()
            .contains("neither upload_dir with public_url"),
        "{answer:?}"
    );
    let request = without.request(Method::POST, "/v2/testorg/zipfile");
    let request = request
        .header(AUTHORIZATION, token())
        .header(CONTENT_TYPE, "application/json")
        .body("{}");
    let answer = without.send(request).await;
    assert_eq!(answer.kind(), (400, "OMPSExpectedFileError"));
    assert!(
        answer
            .message()
            .contains("neither upload_dir with public_url"),
        "{answer:?}"
    );
    let put = without.request(Method::PUT, "/v2/testorg/uploads/1");
    assert_error(without.send(put).await, &gone("1"));
}
