//! `POST /v2/{organization}/validate`.

use omps_tests::multipart;
use omps_tests::operator::Operator;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::helpers::TestApp;

const CSV: &str = "doorbell-operator.v1.0.0.clusterserviceversion.yaml";

/// Checks that no other service was called.
fn assert_alone(app: &TestApp) {
    let requests = [
        app.quay.requests(),
        app.koji.requests(),
        app.greenwave.requests(),
    ];
    assert!(requests.concat().is_empty());
}

#[tokio::test]
async fn valid_manifests_are_reported_without_a_token_and_without_a_push() {
    let app = TestApp::with_greenwave().await;

    let answer = app.validate(&Operator::doorbell().zip()).await;

    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        json!({
            "organization": "testorg",
            "repo": "doorbell-operator",
            "extracted_files": Operator::doorbell().paths(),
            "valid": true,
            "message": "The manifests are valid.",
            "validation_info": {"errors": [], "warnings": [], "findings": []},
        })
    );
    assert_alone(&app);
}

#[tokio::test]
async fn invalid_manifests_give_an_answer_with_findings_and_not_an_error() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell()
        .edit(CSV, "  version: 1.0.0\n", "")
        .edit("doorbells.crd.yaml", "  group: example.com\n", "")
        .zip();

    let answer = app.validate(&zip).await;

    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        json!({
            "organization": "testorg",
            "repo": "doorbell-operator",
            "extracted_files": Operator::doorbell().paths(),
            "valid": false,
            "message": "Resulting bundle is invalid, input yaml is improperly defined.",
            "validation_info": {
                "errors": ["crd spec.group not defined."],
                "warnings": ["csv spec.version not defined"],
                "findings": [
                    {
                        "rule": "crd-group",
                        "severity": "error",
                        "message": "crd spec.group not defined.",
                        "file": "doorbells.crd.yaml",
                        "line": 6,
                        "column": 3,
                        "field": "spec.group",
                        "found": "nothing",
                        "advice": "Name the API group of the CRD.",
                    },
                    {
                        "rule": "csv-spec-field",
                        "severity": "warning",
                        "message": "csv spec.version not defined",
                        "file": CSV,
                        "line": 15,
                        "column": 3,
                        "field": "spec.version",
                        "found": "nothing",
                        "advice": "Add the field: catalogs show it to users.",
                    },
                ],
            },
        })
    );
    assert_alone(&app);
}

#[tokio::test]
async fn the_verdict_is_the_same_as_in_a_push() {
    let app = TestApp::start().await;
    for operator in [
        Operator::doorbell(),
        Operator::doorbell().edit(CSV, "    strategy: deployment\n", ""),
        Operator::doorbell().without(CSV),
        Operator::larder(),
    ] {
        let validated = app.validate(&operator.zip()).await;
        let pushed = app.push_zipfile(&operator.zip()).await;

        assert_eq!(validated.body["valid"], pushed.status == 200);
        if pushed.status != 200 {
            let message = pushed.message().replace("Failed to push manifest: ", "");
            assert_eq!(validated.message(), message);
            assert_eq!(
                validated.body["validation_info"],
                pushed.body["validation_info"]
            );
        }
    }
}

#[tokio::test]
async fn the_organizations_rules_are_applied() {
    let app = TestApp::with_organization(
        r#"package_name_suffix = "-mirrored"
           replace_registry = [{ old = "strategy: deployment", new = "strategy: 7" }]"#,
    )
    .await;
    let zip = Operator::doorbell().zip();
    let form = || multipart::form("file", Some("operator.zip"), &zip);

    let ours = app.validate(&zip).await;
    let other = app
        .send(
            app.request(Method::POST, "/v2/other/validate")
                .header(CONTENT_TYPE, multipart::content_type())
                .body(form()),
        )
        .await;

    assert_eq!(ours.status, 200);
    assert_eq!(ours.body["repo"], "doorbell-operator-mirrored");
    assert_eq!(ours.body["valid"], false, "{ours:?}");
    assert_eq!(other.body["repo"], "doorbell-operator");
    assert_eq!(other.body["valid"], true);
    assert_alone(&app);
}

#[tokio::test]
async fn manifests_without_a_package_name_are_not_valid() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().without("doorbell.package.yaml").zip();

    let answer = app.validate(&zip).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["valid"], false);
    assert_eq!(answer.body["repo"], Value::Null);
    assert_eq!(answer.message(), "Could not find packageName in manifests.");
    assert_alone(&app);
}

#[tokio::test]
async fn who_asks_for_it_gets_400_for_manifests_that_are_not_valid() {
    let app = TestApp::start().await;
    for (zip, wanted) in [
        (Operator::doorbell().zip(), 200),
        (Operator::doorbell().without(CSV).zip(), 400),
        (
            Operator::doorbell().without("doorbell.package.yaml").zip(),
            400,
        ),
    ] {
        let request = app
            .request(Method::POST, "/v2/testorg/validate?fail=true")
            .header(CONTENT_TYPE, multipart::content_type())
            .body(multipart::form("file", Some("operator.zip"), &zip));

        let answer = app.send(request).await;

        assert_eq!(answer.status, wanted, "{answer:?}");
        if wanted == 400 {
            assert_eq!(answer.body["error"], "PackageValidationError");
            assert!(!answer.message().contains("push"), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn a_bad_zip_is_refused_as_in_a_push() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().zip();
    for (case, form, id) in [
        (
            "not a zip",
            multipart::form("file", Some("a.zip"), b"text"),
            "OMPSUploadedFileError",
        ),
        (
            "other extension",
            multipart::form("file", Some("a.tgz"), &zip),
            "OMPSUploadedFileError",
        ),
        (
            "other field",
            multipart::form("zip", Some("a.zip"), &zip),
            "OMPSExpectedFileError",
        ),
        ("no form", zip.clone(), "OMPSExpectedFileError"),
    ] {
        let request = app.request(Method::POST, "/v2/testorg/validate");
        let request = request.header(CONTENT_TYPE, multipart::content_type());
        let validated = app.send(request.body(form.clone())).await;
        let pushed = app.post_form("/v2/testorg/zipfile", form).await;

        assert_eq!(validated.kind(), (400, id), "{case}");
        assert_eq!(validated.error(), pushed.error(), "{case}");
    }
    assert_alone(&app);
}

#[tokio::test]
async fn an_invalid_organization_name_is_refused() {
    let app = TestApp::start().await;

    let request = app.request(Method::POST, "/v2/-dash/validate");
    let answer = app.send(request).await;

    assert_eq!(answer.kind(), (400, "BadRequest"));
}

#[tokio::test]
async fn more_values_than_allowed_are_refused_with_the_file() {
    let rules = r#"csv_annotations = [{ name = "example.com/from", value = "a" }]"#;
    let tens = |of: &str| format!("[{}]", [of; 10].join(", "));
    let (few, many) = (tens("x"), tens("*a"));
    // A few bytes, but some 100,000 values after the aliases are replaced.
    let text = format!(
        "a: &a {few}\nb: &b {many}\nc: &c {}\nd: &d {}\n",
        tens("*b"),
        tens("*c")
    );
    let text = format!("{text}e: {}\n", tens("*d"));
    let mut operator = Operator::larder();
    for number in 0..99 {
        let path = format!("more/{number:02}.yaml");
        operator = operator.with(
            &path,
            &format!("{text}kind: ClusterServiceVersion\nspec: 1\n"),
        );
    }
    let zip = operator.zip();
    let limit = 20_000 + 2 * zip.len();
    for app in [
        TestApp::start().await,
        TestApp::with_organization(rules).await,
    ] {
        let answer = app.push_zipfile(&zip).await;

        assert_eq!(answer.status, 400);
        assert_eq!(answer.body["error"], "PackageValidationError");
        let message = answer.body["message"].as_str().unwrap_or_default();
        assert!(message.contains("more/"), "{message}");
        assert!(
            message.ends_with(&format!(
                "more than {limit} values in all files together, aliases expanded"
            )),
            "{message}"
        );
        let finding = &answer.body["validation_info"]["findings"][0];
        assert_eq!(finding["rule"], "yaml-limit");
        assert!(
            finding["file"]
                .as_str()
                .is_some_and(|file| message.contains(file))
        );
    }
}

#[tokio::test]
async fn a_text_that_no_cluster_accepts_is_refused_with_file_and_line() {
    let app = TestApp::start().await;
    let text = format!("a: b\nc: {}\n", "x".repeat((1 << 20) + 1));
    let operator = Operator::larder().with("more/notes.yaml", &text);

    let answer = app.push_zipfile(&operator.zip()).await;

    assert_eq!(answer.kind(), (400, "PackageValidationError"));
    let finding = &answer.body["validation_info"]["findings"][0];
    assert_eq!(
        (&finding["file"], &finding["line"], &finding["column"]),
        (&"more/notes.yaml".into(), &2.into(), &4.into())
    );
    let message = answer.body["message"].as_str().unwrap_or_default();
    assert!(
        message.ends_with("a scalar of 1048577 bytes, of which 1048576 are allowed"),
        "{message}"
    );
}
