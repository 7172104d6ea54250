//! `omps push`: what is sent, what is sent again, and what is made of the answers.

use crate::stand_in::Answer::{HangsUp, Says};
use crate::stand_in::{Asked, StandIn};
use crate::support::{Folder, TOKEN, err, out};

const PUSHED: &str = r#"{"organization": "acme", "repo": "doorbell-operator", "version": "3.0.0", "extracted_files": []}"#;
const BUSY: &str = r#"{"status": 503, "error": "ServiceUnavailable", "message": "No worker was free in time", "request_id": "r"}"#;

fn push(folder: &Folder, service: &StandIn, more: &[&str]) -> std::process::Output {
    let arguments = ["push", "--url", &service.url, "--organization", "acme"];
    folder.run(&[&arguments[..], more].concat(), &[("OMPS_TOKEN", TOKEN)])
}

fn keys(asked: &[Asked]) -> Vec<&str> {
    asked
        .iter()
        .filter_map(|asked| asked.header("idempotency-key"))
        .collect()
}

#[test]
fn a_directory_is_zipped_and_pushed_with_token_and_key() {
    let (folder, service) = (Folder::new(), StandIn::new(vec![Says(200, "", PUSHED)]));

    let output = push(&folder, &service, &["doorbell", "--version", "3.0.0"]);

    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(out(&output), "pushed: acme/doorbell-operator 3.0.0\n");
    assert_eq!(err(&output), "");
    let asked = service.asked();
    assert_eq!(asked[0].line, "POST /v2/acme/zipfile/3.0.0?report=full");
    assert_eq!(asked[0].header("authorization"), Some(TOKEN));
    assert_eq!(keys(&asked)[0].len(), 36);
    let body = String::from_utf8_lossy(&asked[0].body);
    assert!(body.contains("name=\"file\"; filename=\"manifests.zip\"") && body.contains("PK"));
}

#[test]
fn a_busy_service_and_a_lost_connection_get_the_same_push_again() {
    let folder = Folder::new();
    let service = StandIn::new(vec![
        Says(503, "Retry-After: 0\r\n", BUSY),
        HangsUp,
        Says(
            409,
            "Retry-After: 0\r\n",
            r#"{"error": "IdempotencyKeyInUse", "message": "runs"}"#,
        ),
        Says(200, "Idempotency-Replayed: true\r\n", PUSHED),
    ]);

    let output = push(&folder, &service, &["doorbell"]);

    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(
        out(&output),
        "pushed before: acme/doorbell-operator 3.0.0\n"
    );
    let asked = service.asked();
    let (keys, bodies) = (keys(&asked), asked.iter().map(|asked| asked.body.len()));
    assert_eq!(keys, [keys[0]; 4]);
    assert_eq!(bodies.collect::<Vec<_>>(), [asked[0].body.len(); 4]);
}

#[test]
fn a_push_without_a_clear_answer_is_3_and_tells_how_to_repeat_it() {
    for answer in [
        HangsUp,
        Says(500, "", r#"{"error": "QuayPackageError", "message": "no"}"#),
        Says(
            409,
            "",
            r#"{"error": "IdempotencyKeyInUse", "message": "wait"}"#,
        ),
    ] {
        let (folder, service) = (Folder::new(), StandIn::new(vec![answer]));
        let more = ["doorbell", "--retries", "0", "--idempotency-key", "build-7"];

        let output = push(&folder, &service, &more);

        let errors = err(&output);
        assert_eq!(output.status.code(), Some(3));
        assert!(
            errors.contains("--idempotency-key build-7 repeats it"),
            "{errors}"
        );
        assert!(!errors.contains(TOKEN));
        service.asked();
    }
}

#[test]
fn a_number_that_is_taken_is_a_clear_answer() {
    let answer = r#"{"error": "QuayCourierError", "message": "Failed to push manifest: package exists already: 1.0.0"}"#;
    let (folder, service) = (Folder::new(), StandIn::new(vec![Says(500, "", answer)]));

    let output = push(&folder, &service, &["doorbell", "--version", "1.0.0"]);

    assert_eq!(output.status.code(), Some(3));
    assert!(!err(&output).contains("repeats it"), "{}", err(&output));
    service.asked();
}

#[test]
fn an_upload_whose_push_has_no_clear_answer_is_repeated_by_its_id() {
    let answer = Says(500, "", r#"{"error": "QuayPackageError", "message": "no"}"#);
    let (folder, service) = (Folder::new(), StandIn::new(vec![answer]));

    let output = push(&folder, &service, &["--upload", "u-1", "--retries", "0"]);

    assert_eq!(output.status.code(), Some(3));
    assert!(
        err(&output).contains("--upload u-1 repeats it"),
        "{}",
        err(&output)
    );
    service.asked();
}

#[test]
fn a_large_zip_is_uploaded_without_the_token_and_then_pushed() {
    let folder = Folder::new();
    folder.write("large.zip", vec![b'x'; 3 << 20]);
    let service = StandIn::new(vec![
        Says(
            200,
            "",
            r#"{"upload": "u-1", "url": "URL/v2/acme/uploads/u-1", "max_size": 9, "expires_in": 9}"#,
        ),
        HangsUp,
        Says(200, "", "{}"),
        Says(200, "", PUSHED),
    ]);

    let output = push(&folder, &service, &["large.zip"]);

    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(err(&output).contains("go on with --upload u-1"));
    let asked = service.asked();
    let lines: Vec<&str> = asked.iter().map(|asked| asked.line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "POST /v2/acme/uploads",
            "PUT /v2/acme/uploads/u-1",
            "PUT /v2/acme/uploads/u-1",
            "POST /v2/acme/zipfile?report=full",
        ]
    );
    assert_eq!(asked[0].body, br#"{"size":3145728}"#);
    assert_eq!(asked[2].header("authorization"), None);
    assert_eq!(asked[2].body.len(), 3 << 20);
    assert_eq!(asked[3].body, br#"{"upload":"u-1"}"#);
}

#[test]
fn a_dry_run_shows_what_the_rules_change_and_has_no_key() {
    let folder = Folder::new();
    let answer = r#"{"organization": "acme", "repo": "d", "version": "3.0.0", "dry_run": true,
        "changes": [{"file": "a.yaml", "diff": "--- a/a.yaml\n+++ b/a.yaml\n@@ -1 +1 @@\n-a: \u001b[1m\n+a: 2\n"}]}"#;
    let service = StandIn::new(vec![Says(200, "", answer)]);

    let output = push(&folder, &service, &["doorbell", "--dry-run"]);

    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let expected = "--- a/a.yaml\n+++ b/a.yaml\n@@ -1 +1 @@\n-a: \\u{1b}[1m\n+a: 2\nvalid, not pushed: acme/d 3.0.0\n";
    assert_eq!(out(&output), expected);
    let asked = service.asked();
    assert_eq!(
        asked[0].line,
        "POST /v2/acme/zipfile?report=full&dry_run=true"
    );
    assert!(keys(&asked).is_empty());
}

#[test]
fn a_service_that_pushes_in_a_dry_run_is_not_believed() {
    let (folder, service) = (Folder::new(), StandIn::new(vec![Says(200, "", PUSHED)]));

    let output = push(&folder, &service, &["doorbell", "--dry-run"]);

    assert_eq!(output.status.code(), Some(3));
    assert!(err(&output).contains("does not say that it was a dry run"));
    service.asked();
}

#[test]
fn an_invalid_operator_is_1_with_the_findings_and_a_refusal_is_3_with_its_id() {
    let invalid = r#"{"status": 400, "error": "PackageValidationError", "message": "Failed", "request_id": "r",
        "validation_info": {"errors": ["no"], "warnings": [], "findings": [{"severity": "error", "rule": "csv-install",
        "file": "a.yaml", "line": 4, "column": 2, "field": "spec", "found": "nothing", "message": "no", "advice": "Add it."}]}}"#;
    let unknown = r#"{"error": "PackageValidationError", "message": "Failed", "validation_info": {"findings": [{"severity": "grave"}]}}"#;
    let refused = r#"{"status": 403, "error": "QuayAuthorizationError", "message": "Unauthorized\u001b[2J", "request_id": "r"}"#;
    for (status, body, code, expected) in [
        (400, invalid, 1, "--> a.yaml:4:2"),
        (400, unknown, 1, "\"severity\": \"grave\""),
        (
            403,
            refused,
            3,
            "Unauthorized\\u{1b}[2J (QuayAuthorizationError, 403 Forbidden, request -)",
        ),
        (302, "", 3, "and not as omps does"),
    ] {
        let (folder, service) = (Folder::new(), StandIn::new(vec![Says(status, "", body)]));

        let output = push(&folder, &service, &["doorbell"]);

        assert_eq!(output.status.code(), Some(code), "{}", err(&output));
        let said = out(&output) + &err(&output);
        assert!(said.contains(expected), "{said}");
        service.asked();
    }
}

#[test]
fn a_koji_build_is_pushed_by_its_name() {
    let (folder, service) = (Folder::new(), StandIn::new(vec![Says(200, "", PUSHED)]));
    let arguments = [
        "push-koji",
        "d-1-1",
        "--url",
        &service.url,
        "--organization",
        "acme",
        "--output",
        "json",
    ];

    let output = folder.run(&arguments, &[("OMPS_TOKEN", TOKEN)]);

    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&out(&output)).unwrap()["version"],
        "3.0.0"
    );
    assert_eq!(
        service.asked()[0].line,
        "POST /v2/acme/koji/d-1-1?report=full"
    );
}

#[test]
fn a_service_that_is_not_there_is_3_and_nothing_was_pushed() {
    let folder = Folder::new();
    let arguments = [
        "push",
        "doorbell",
        "--organization",
        "acme",
        "--retries",
        "0",
    ];
    // Nobody listens on port 1.
    let variables = [("OMPS_TOKEN", TOKEN), ("OMPS_URL", "http://127.0.0.1:1")];

    let output = folder.run(&arguments, &variables);

    assert_eq!(output.status.code(), Some(3));
    assert!(
        err(&output).starts_with("error: 127.0.0.1 cannot be reached"),
        "{}",
        err(&output)
    );
}
