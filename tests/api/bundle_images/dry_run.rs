//! `dry_run=true` on pushes of bundle images.

use omps_tests::oci::Kind;
use omps_tests::operator::Operator;
use serde_json::json;

use super::{NAME, Setup, digests, touched_up_doorbell};

const DRY: &str = "/v2/testorg/zipfile?dry_run=true";

/// The requests that may change something in the registry.
fn writes(setup: &Setup) -> usize {
    let starts = ["POST ", "PUT ", "PATCH ", "DELETE "];
    starts.into_iter().map(|start| setup.count(start)).sum()
}

#[tokio::test]
async fn a_dry_run_names_the_images_that_the_push_after_it_makes() {
    for kind in [Kind::Quay, Kind::DockerRegistryWithPasswords] {
        let setup = Setup::with(kind, "").await;
        let zip = Operator::larder().zip();

        let dry = setup.app.upload(DRY, &zip).await;
        let written = writes(&setup);
        let pushed = setup.app.push_zipfile(&zip).await;
        let next = setup.app.upload(DRY, &zip).await;

        assert_eq!(dry.status, 200, "{kind:?}: {dry:?}");
        assert_eq!(written, 0, "{kind:?}");
        assert_eq!(dry.body["dry_run"], true);
        for member in ["version", "repo", "image", "extracted_files"] {
            assert_eq!(dry.body[member], pushed.body[member], "{kind:?}: {member}");
        }
        assert_eq!(digests(&dry), digests(&pushed));
        let bundles = dry.body["bundles"].as_array().expect("bundles");
        assert!(bundles.iter().all(|bundle| bundle.get("pushed").is_none()));
        assert_eq!(dry.body.get("digest"), None);
        assert_eq!(next.body["version"], "2.0.0", "{kind:?}");
    }
}

#[tokio::test]
async fn a_dry_run_shows_what_each_kind_of_rule_changes() {
    let rules = r#"
        package_name_suffix = "-mirrored"
        replace_registry = [{ old = "quay.io", new = "registry.internal" }]
        csv_annotations = [{ name = "example.com/from", value = "{package_name}" }]
    "#;
    let setup = Setup::with(Kind::Quay, rules).await;

    let answer = setup.app.upload(DRY, &Operator::doorbell().zip()).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    let changes = answer.body["changes"].to_string();
    for text in [
        "packageName: \\\"doorbell-operator-mirrored\\\"",
        "registry.internal",
        "+    \\\"example.com/from\\\": \\\"doorbell-operator-mirrored\\\"",
    ] {
        assert!(changes.contains(text), "{text}: {changes}");
    }
}

#[tokio::test]
async fn what_a_push_would_be_refused_for_its_tags_is_refused() {
    let setup = Setup::quay().await;
    assert_eq!(
        setup
            .app
            .push_zipfile_as("5.0.0", &Operator::doorbell().zip())
            .await
            .status,
        200
    );
    let before = writes(&setup);

    let same = "/v2/testorg/zipfile/5.0.0?dry_run=true";
    let same = setup.app.upload(same, &Operator::doorbell().zip()).await;
    let touched_up = touched_up_doorbell().zip();
    let dry = setup.app.upload(DRY, &touched_up).await;

    let written = writes(&setup) - before;
    let pushed = setup.app.push_zipfile(&touched_up).await;
    assert_eq!(written, 0);
    assert_eq!(same.kind(), (500, "QuayCourierError"));
    assert!(
        same.message().contains("package exists already"),
        "{same:?}"
    );
    assert_eq!(dry.error(), pushed.error());
    assert_eq!(setup.tags(NAME).len(), 2);
}

#[tokio::test]
async fn a_number_that_an_older_bundle_needs_is_not_shown() {
    let setup = Setup::quay().await;
    let csv = "0.4.0/larder-operator.v0.4.0.clusterserviceversion.yaml";
    let operator = Operator::larder()
        .edit(csv, "larder-operator.v0.4.0", "larder-operator.v1.0.0")
        .edit(csv, "version: 0.4.0", "version: 1.0.0")
        .edit("larder.package.yaml", "v0.4.0", "v1.0.0")
        .edit("larder.package.yaml", "v0.5.1", "v1.5.1");
    let newer = "0.5.1/larder-operator.v0.5.1.clusterserviceversion.yaml";
    let operator = operator
        .edit(newer, "larder-operator.v0.5.1", "larder-operator.v1.5.1")
        .edit(newer, "version: 0.5.1", "version: 1.5.1");

    let dry = setup
        .app
        .upload(&format!("{DRY}&catalog=true"), &operator.zip())
        .await;

    assert_eq!(dry.body["version"], json!("2.0.0"));
    let rendered = dry.body["catalog"]["bundles"].as_array().map(Vec::len);
    assert_eq!(rendered, Some(2));
}
