//! The organization's catalog: what pushes and deletions make of its image, and what happens when that fails.

use omps_tests::oci::{Fault, Kind, Refusal};
use omps_tests::operator::Operator;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use serde_json::{Value, json};

use super::{CSV, NAME, Setup};
use crate::helpers::{Answer, ORGANIZATION, token};

const CATALOG: &str = "/v2/testorg/catalog";

/// A registry, and an organization that keeps a catalog.
async fn setup() -> Setup {
    Setup::with(Kind::DockerRegistry, "catalog = {}").await
}

/// The doorbell in a version, whose CSV has more lines in its spec.
fn doorbell(version: &str, lines: &str) -> Vec<u8> {
    let name = format!("doorbell-operator.v{version}");
    let csv = Operator::doorbell().file(CSV).to_owned();
    let csv = csv.replace("doorbell-operator.v1.0.0", &name);
    let csv = csv.replace(
        "  version: 1.0.0\n",
        &format!("  version: {version}\n{lines}"),
    );
    let package = Operator::doorbell()
        .file("doorbell.package.yaml")
        .to_owned();
    let package = package.replace("doorbell-operator.v1.0.0", &name);
    let operator = Operator::doorbell().without(CSV);
    operator
        .with("doorbell.package.yaml", &package)
        .with(&format!("{name}.clusterserviceversion.yaml"), &csv)
        .zip()
}

fn successor(version: &str, of: &str) -> Vec<u8> {
    doorbell(version, &format!("  replaces: doorbell-operator.v{of}\n"))
}

async fn listed(setup: &Setup) -> Answer {
    setup.app.with_token(Method::GET, CATALOG).await
}

/// The entries of the doorbell's only channel.
async fn entries(setup: &Setup) -> Value {
    let answer = listed(setup).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["packages"][0]["channels"][0]["entries"].clone()
}

impl Answer {
    /// What it says of the catalog.
    fn catalog(&self) -> &Value {
        assert_eq!(self.status, 200, "{self:?}");
        &self.body["catalog"]
    }
}

#[tokio::test]
async fn a_push_is_in_the_catalog_and_the_next_one_leads_on() {
    for kind in [
        Kind::Quay,
        Kind::DockerRegistry,
        Kind::DockerRegistryWithPasswords,
    ] {
        let setup = Setup::with(kind, "catalog = {}").await;

        let first = setup.app.push_zipfile(&doorbell("1.0.0", "")).await;
        let second = setup.app.push_zipfile(&successor("1.1.0", "1.0.0")).await;

        let host = setup.registry.url().replace("http://", "");
        let digest = second.catalog()["digest"].clone();
        assert_eq!(
            *second.catalog(),
            json!({
                "updated": true, "image": format!("{host}/testorg/catalog:latest"), "digest": digest,
                "package": NAME, "added": ["doorbell-operator.v1.1.0"],
                "heads": {"alpha": "doorbell-operator.v1.1.0"}, "warnings": [],
            }),
            "{kind:?}"
        );
        assert_ne!(first.catalog()["digest"], digest);
        let listed = listed(&setup).await;
        assert_eq!(
            listed.header("etag"),
            format!("\"{}\"", digest.as_str().expect("a digest"))
        );
        let packages = json!([{
            "package": NAME, "default_channel": "alpha", "withdrawn": [],
            "channels": [{"name": "alpha", "head": "doorbell-operator.v1.1.0",
                "entries": ["doorbell-operator.v1.0.0", "doorbell-operator.v1.1.0"]}],
        }]);
        assert_eq!(listed.body["packages"], packages);
        assert_eq!(listed.body["pending"], json!([]));
        let image = setup.manifest("catalog", "latest");
        assert_eq!(image["layers"].as_array().map(Vec::len), Some(2), "{image}");
    }
}

#[tokio::test]
async fn a_second_head_is_refused_before_anything_is_pushed() {
    let setup = setup().await;
    setup.app.push_zipfile(&doorbell("1.0.0", "")).await;
    let before = setup.registry.requests().len();

    let answer = setup.app.push_zipfile(&doorbell("1.1.0", "")).await;

    assert_eq!(answer.kind(), (400, "PackageValidationError"));
    let leaf =
        "multiple channel heads found in graph: doorbell-operator.v1.0.0, doorbell-operator.v1.1.0";
    let advice = "doorbell-operator.v1.1.0 does not lead on from doorbell-operator.v1.0.0, the head of alpha in the catalog: \
        give it replaces: doorbell-operator.v1.0.0, or skips: [doorbell-operator.v1.0.0], or another channel";
    assert_eq!(
        answer.message(),
        format!("Failed to push manifest: {leaf}; {advice}")
    );
    let finding = &answer.body["validation_info"]["findings"][0];
    assert_eq!(finding["rule"], "catalog");
    assert_eq!(finding["severity"], "refused");
    assert_eq!(finding["says"], json!(["opm"]));
    assert_eq!(
        finding["file"],
        "doorbell-operator.v1.1.0.clusterserviceversion.yaml"
    );
    assert_eq!(finding["bundle"], "doorbell-operator.v1.1.0");
    let writes = setup.registry.requests()[before..].to_vec();
    assert!(
        writes
            .iter()
            .all(|request| matches!(request.method.as_str(), "GET" | "HEAD")),
        "{writes:?}"
    );
    assert_eq!(listed(&setup).await.body["pending"], json!([]));
}

#[tokio::test]
async fn without_required_the_release_goes_on_and_the_next_push_repairs_the_catalog() {
    let setup = Setup::with(Kind::DockerRegistry, "catalog = {required = false}").await;
    setup.app.push_zipfile(&doorbell("1.0.0", "")).await;

    let alone = setup.app.push_zipfile(&doorbell("1.2.0", "")).await;
    let pending = listed(&setup).await;
    // It leads from the one to the other.
    let lines = "  replaces: doorbell-operator.v1.0.0\n  skips: [doorbell-operator.v1.2.0]\n";
    let joining = setup.app.push_zipfile(&doorbell("1.3.0", lines)).await;

    assert_eq!(alone.catalog()["updated"], false);
    assert_eq!(alone.catalog()["pending"], true);
    let reason = alone.catalog()["reason"].as_str().expect("a reason");
    assert!(
        reason.starts_with("multiple channel heads found in graph: "),
        "{reason}"
    );
    assert_eq!(pending.body["pending"][0]["repo"], NAME);
    assert_eq!(pending.body["pending"][0]["reason"], reason);
    assert_eq!(joining.catalog()["updated"], true, "{joining:?}");
    let heads = json!({"alpha": "doorbell-operator.v1.3.0"});
    assert_eq!(joining.catalog()["heads"], heads);
}

#[tokio::test]
async fn a_dry_run_says_what_the_catalog_would_be_and_moves_nothing() {
    let setup = setup().await;
    setup.app.push_zipfile(&doorbell("1.0.0", "")).await;
    let before = setup.manifest("catalog", "latest");

    let zip = successor("1.1.0", "1.0.0");
    let dry = setup
        .app
        .upload("/v2/testorg/zipfile?dry_run=true", &zip)
        .await;
    let two_heads = doorbell("1.1.0", "");
    let refused = setup
        .app
        .upload("/v2/testorg/zipfile?dry_run=true", &two_heads)
        .await;
    let judged = setup
        .app
        .upload("/v2/testorg/validate?catalog=true", &zip)
        .await;
    let invalid = setup.app.upload("/v2/testorg/validate", &two_heads).await;

    for answer in [&dry, &judged] {
        let catalog = answer.catalog();
        assert_eq!(catalog["updated"], false);
        assert_eq!(catalog["reason"], "dry run");
        assert_eq!(catalog["added"], json!(["doorbell-operator.v1.1.0"]));
        assert_eq!(catalog["digest"], Value::Null);
    }
    assert_eq!(judged.body["catalog"]["bundles"][0]["schema"], "olm.bundle");
    assert_eq!(refused.kind(), (400, "PackageValidationError"));
    assert_eq!(invalid.body["valid"], false, "{invalid:?}");
    assert_eq!(setup.manifest("catalog", "latest"), before);
}

#[tokio::test]
async fn one_package_is_had_in_three_forms() {
    let setup = setup().await;
    setup.app.push_zipfile(&doorbell("1.0.0", "")).await;
    let path = format!("{CATALOG}/{NAME}");
    let get = async |accept: &str| {
        let request = setup.app.request(Method::GET, &path);
        let request = request
            .header(AUTHORIZATION, token())
            .header(ACCEPT, accept);
        let answer = request.send().await.expect("an answer");
        let media_type = answer.headers()["content-type"]
            .to_str()
            .expect("text")
            .to_owned();
        (media_type, answer.text().await.expect("a text"))
    };

    let (lines_type, lines) = get("*/*").await;
    let (yaml_type, yaml) = get("text/html, application/yaml;q=0.9").await;
    let (graph_type, graph) = get("text/vnd.mermaid").await;

    assert_eq!(
        [lines_type, yaml_type, graph_type],
        ["application/jsonl", "application/yaml", "text/vnd.mermaid"]
    );
    let objects: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let schemas: Vec<&str> = objects
        .iter()
        .filter_map(|object| object["schema"].as_str())
        .collect();
    assert_eq!(schemas, ["olm.package", "olm.channel", "olm.bundle"]);
    assert!(yaml.starts_with("---\n"), "{yaml}");
    assert!(graph.starts_with("flowchart LR\n"), "{graph}");
    let unknown = setup
        .app
        .with_token(Method::GET, &format!("{CATALOG}/nothing"))
        .await;
    assert_eq!(unknown.kind(), (404, "QuayPackageNotFound"));
}

#[tokio::test]
async fn a_deleted_head_leaves_the_catalog_and_one_in_the_middle_stays_with_a_mark() {
    let setup = setup().await;
    for (release, zip) in [
        ("1.0.0", doorbell("1.0.0", "")),
        ("2.0.0", successor("1.1.0", "1.0.0")),
        ("3.0.0", successor("1.2.0", "1.1.0")),
    ] {
        setup.app.push_zipfile_as(release, &zip).await;
    }

    let middle = setup.app.delete(NAME, "2.0.0").await;
    let marked = listed(&setup).await;
    let head = setup.app.delete(NAME, "3.0.0").await;

    assert_eq!(
        middle.catalog()["kept"],
        json!(["doorbell-operator.v1.1.0"])
    );
    assert_eq!(
        marked.body["packages"][0]["withdrawn"],
        json!(["doorbell-operator.v1.1.0"])
    );
    // What had to stay goes with the head that needed it.
    let gone = json!(["doorbell-operator.v1.1.0", "doorbell-operator.v1.2.0"]);
    assert_eq!(head.catalog()["removed"], gone, "{head:?}");
    assert_eq!(entries(&setup).await, json!(["doorbell-operator.v1.0.0"]));
}

#[tokio::test]
async fn the_last_release_takes_the_package_along() {
    let setup = setup().await;
    setup.app.push_zipfile(&doorbell("1.0.0", "")).await;
    setup.app.push_zipfile(&successor("1.1.0", "1.0.0")).await;

    let deleted = setup.app.delete_all(NAME).await;

    assert_eq!(deleted.catalog()["updated"], true, "{deleted:?}");
    assert_eq!(listed(&setup).await.body["packages"], json!([]));
    let image = setup.manifest("catalog", "latest");
    assert_eq!(
        image["layers"].as_array().map(Vec::len),
        Some(1),
        "the base alone"
    );
}

#[tokio::test]
async fn the_same_release_under_two_numbers_is_in_the_catalog_until_both_are_gone() {
    let setup = setup().await;
    let zip = doorbell("1.0.0", "");
    setup.app.push_zipfile_as("1.0.0", &zip).await;
    let again = setup.app.push_zipfile_as("2.0.0", &zip).await;

    let first = setup.app.delete(NAME, "1.0.0").await;
    let after_first = entries(&setup).await;
    setup.app.delete(NAME, "2.0.0").await;

    assert_eq!(again.catalog()["added"], json!([]));
    assert_eq!(first.catalog()["updated"], true);
    assert_eq!(after_first, json!(["doorbell-operator.v1.0.0"]));
    assert_eq!(listed(&setup).await.body["packages"], json!([]));
}

#[tokio::test]
async fn the_same_content_has_the_same_digest_in_whatever_order_it_came() {
    let (one, other) = (setup().await, setup().await);
    let larder = Operator::larder().zip();
    let bell = doorbell("1.0.0", "");
    one.app.push_zipfile(&larder).await;
    one.app.push_zipfile(&bell).await;
    other.app.push_zipfile(&bell).await;
    other.app.push_zipfile(&successor("1.1.0", "1.0.0")).await;
    other.app.delete(NAME, "2.0.0").await;
    other.app.push_zipfile(&larder).await;

    // Images are named after their registry.
    let names = |setup: &Setup| setup.registry.url().replace("http://", "");
    let first = one.app.with_token(Method::GET, CATALOG).await.body["packages"].clone();
    let second = other.app.with_token(Method::GET, CATALOG).await.body["packages"].clone();
    assert_eq!(first, second, "{} {}", names(&one), names(&other));
    one.app.delete_all("larder-operator").await;
    let without = one.manifest("catalog", "latest");
    one.app.push_zipfile(&larder).await;
    one.app.delete_all("larder-operator").await;
    assert_eq!(one.manifest("catalog", "latest"), without);
}

/// The sample with one more version in its channel `candidate`, whose old head now names the default channel: its tag is
/// there with another content, and it keeps its place in the catalog.
#[tokio::test]
async fn an_older_bundle_that_cannot_be_pushed_again_stays_in_the_catalog() {
    let setup = setup().await;
    let sample = Operator::larder();
    setup.app.push_zipfile(&sample.zip()).await;
    let old = "0.5.1/larder-operator.v0.5.1.clusterserviceversion.yaml";
    let csv = sample
        .file(old)
        .replace("larder-operator.v0.4.0", "larder-operator.v0.5.0");
    let csv = csv
        .replace("0.5.1", "0.6.0")
        .replace("larder-operator.v0.5.0", "larder-operator.v0.5.1");
    let mut next = sample.clone();
    for path in sample
        .paths()
        .into_iter()
        .filter(|path| path.starts_with("0.5.1/"))
    {
        let content = if path == old {
            csv.clone()
        } else {
            sample.file(path).to_owned()
        };
        next = next.with(&path.replace("0.5.1", "0.6.0"), &content);
    }
    let package = sample
        .file("larder.package.yaml")
        .replace("v0.5.1", "v0.6.0");

    let answer = setup
        .app
        .push_zipfile(&next.with("larder.package.yaml", &package).zip())
        .await;

    assert_eq!(
        answer.catalog()["added"],
        json!(["larder-operator.v0.6.0"]),
        "{answer:?}"
    );
    let untagged = answer.body["bundles"].as_array().expect("bundles").iter();
    let untagged = untagged.filter(|bundle| bundle["tag"].is_null());
    let untagged: Vec<&Value> = untagged.map(|bundle| &bundle["name"]).collect();
    assert_eq!(untagged, ["larder-operator.v0.5.1"]);
    let listed = listed(&setup).await;
    let entries = &listed.body["packages"][0]["channels"][0]["entries"];
    let all = [
        "larder-operator.v0.4.0",
        "larder-operator.v0.5.1",
        "larder-operator.v0.6.0",
    ];
    assert_eq!(*entries, json!(all));
}

#[tokio::test]
async fn many_pushes_at_once_are_all_in_the_catalog_and_cost_fewer_images() {
    let setup = setup().await;
    let push = |number: usize| {
        let name = format!("bell{number}-operator");
        let operator = Operator::doorbell();
        let csv = operator
            .file(CSV)
            .replace("doorbell-operator.v1.0.0", &format!("{name}.v1.0.0"));
        let package = operator
            .file("doorbell.package.yaml")
            .replace("doorbell-operator", &name);
        let zip = operator
            .with(CSV, &csv)
            .with("doorbell.package.yaml", &package)
            .zip();
        let app = &setup.app;
        async move { app.push_zipfile(&zip).await }
    };

    let answers = futures_util::future::join_all((0..12).map(push)).await;

    for answer in &answers {
        assert_eq!(answer.catalog()["updated"], true, "{answer:?}");
    }
    let listed = listed(&setup).await;
    assert_eq!(listed.body["packages"].as_array().map(Vec::len), Some(12));
    assert_eq!(listed.body["pending"], json!([]));
    let images = setup.count("PUT /v2/testorg/catalog/manifests/");
    assert!(images < 12, "{images}");
}

#[tokio::test]
async fn a_catalog_that_cannot_be_written_leaves_the_release_and_is_repaired() {
    let setup = setup().await;
    setup.app.push_zipfile(&doorbell("1.0.0", "")).await;
    let refusal = Refusal::coded(500, "INTERNAL", "a crash");
    let path = "/v2/testorg/catalog/manifests";
    setup
        .registry
        .fail_next(20, "PUT", path, Fault::Refuse(refusal));

    let stranded = setup.app.push_zipfile(&successor("1.1.0", "1.0.0")).await;
    let pending = listed(&setup).await;
    setup.registry.forget_faults();
    let rebuilt = setup.app.with_token(Method::POST, CATALOG).await;

    assert_eq!(stranded.catalog()["updated"], false);
    assert_eq!(stranded.catalog()["pending"], true);
    assert!(setup.tags(NAME).contains(&"2.0.0".to_owned()));
    let work = json!([{"action": "release", "repo": NAME, "version": "2.0.0"}]);
    assert_eq!(pending.body["pending"], work);
    assert_eq!(rebuilt.status, 200, "{rebuilt:?}");
    assert_eq!(rebuilt.body["updated"], true);
    assert_eq!(rebuilt.body["added"], json!(["doorbell-operator.v1.1.0"]));
    assert_eq!(listed(&setup).await.body["pending"], json!([]));
}

#[tokio::test]
async fn a_registry_that_is_down_for_the_catalog_leaves_work_for_the_next_push() {
    let setup = setup().await;
    let refusal = || Fault::Refuse(Refusal::coded(503, "UNAVAILABLE", "later"));
    setup
        .registry
        .fail_next(60, "GET", "/v2/testorg/catalog", refusal());

    let stranded = setup.app.push_zipfile(&doorbell("1.0.0", "")).await;
    setup.registry.forget_faults();
    let next = setup.app.push_zipfile(&Operator::larder().zip()).await;

    assert_eq!(stranded.catalog()["updated"], false);
    assert_eq!(next.catalog()["updated"], true, "{next:?}");
    assert_eq!(
        listed(&setup).await.body["packages"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
}

#[tokio::test]
async fn an_image_of_somebody_else_is_not_touched() {
    let setup = Setup::with(
        Kind::DockerRegistry,
        "catalog = {repository = 'larder-operator', tag = '0.4.0'}",
    )
    .await;
    // A bundle image where the catalog should be: pushed by a process that keeps no catalog.
    let other = setup.settings.replace(
        "catalog = {repository = 'larder-operator', tag = '0.4.0'}",
        "",
    );
    let other = super::launch(setup.kind, &setup.registry.url(), &other).await;
    other.push_zipfile(&Operator::larder().zip()).await;
    let before = setup.manifest("larder-operator", "0.4.0");

    let pushed = setup.app.push_zipfile(&doorbell("1.0.0", "")).await;
    let listed = setup.app.with_token(Method::GET, CATALOG).await;

    assert_eq!(pushed.catalog()["updated"], false);
    let reason = pushed.catalog()["reason"].as_str().expect("a reason");
    assert!(reason.contains("none that omps wrote"), "{reason}");
    assert_eq!(setup.manifest("larder-operator", "0.4.0"), before);
    assert_eq!(listed.status, 500, "{listed:?}");
    assert_eq!(listed.body["error"], "QuayPackageError");
}

#[tokio::test]
async fn an_older_image_that_somebody_restored_is_the_truth_now() {
    let setup = setup().await;
    setup.app.push_zipfile(&doorbell("1.0.0", "")).await;
    let older = setup
        .registry
        .manifest(ORGANIZATION, "catalog", "latest")
        .expect("an image");
    setup.app.push_zipfile(&Operator::larder().zip()).await;
    let request = reqwest::Client::new().put(format!(
        "{}/v2/testorg/catalog/manifests/latest",
        setup.registry.url()
    ));
    let request = request.header("content-type", "application/vnd.oci.image.manifest.v1+json");
    let restored = request.body(older).send().await.expect("an answer");
    assert_eq!(restored.status(), 201);

    let pushed = setup.app.push_zipfile(&successor("1.1.0", "1.0.0")).await;
    let rebuilt = setup
        .app
        .with_token(Method::POST, &format!("{CATALOG}?package=larder-operator"))
        .await;

    assert_eq!(pushed.catalog()["changed_outside"], true, "{pushed:?}");
    assert_eq!(pushed.catalog()["updated"], true);
    let added = json!(["larder-operator.v0.4.0", "larder-operator.v0.5.1"]);
    assert_eq!(rebuilt.body["added"], added, "{rebuilt:?}");
}

#[tokio::test]
async fn a_fresh_rebuild_has_what_the_releases_have_and_names_what_it_drops() {
    let setup = setup().await;
    for (release, zip) in [
        // The release's tag is the bundle's: one manifest is both.
        ("1.0.0", doorbell("1.0.0", "")),
        ("2.0.0", successor("1.1.0", "1.0.0")),
        ("3.0.0", successor("1.2.0", "1.1.0")),
    ] {
        let pushed = setup.app.push_zipfile_as(release, &zip).await;
        assert_eq!(pushed.catalog()["updated"], true, "{pushed:?}");
    }
    let before = setup.manifest("catalog", "latest");

    let same = setup
        .app
        .with_token(Method::POST, &format!("{CATALOG}?fresh=true"))
        .await;
    let unchanged = setup.manifest("catalog", "latest");
    // A process that keeps no catalog deletes the head.
    let other = setup.settings.replace("catalog = {}", "");
    let other = super::launch(setup.kind, &setup.registry.url(), &other).await;
    other.delete(NAME, "3.0.0").await;
    let path = format!("{CATALOG}?package={NAME}&fresh=true");
    let dropped = setup.app.with_token(Method::POST, &path).await;

    assert_eq!(same.body["added"], json!([]), "{same:?}");
    assert_eq!(same.body["dropped"], json!([]));
    assert_eq!(unchanged, before);
    assert_eq!(
        dropped.body["dropped"],
        json!(["doorbell-operator.v1.2.0"]),
        "{dropped:?}"
    );
}

#[tokio::test]
async fn the_catalogs_repository_is_no_package_and_nobody_has_a_catalog_unasked() {
    let setup = Setup::with(Kind::Quay, "catalog = {repository = 'doorbell-operator'}").await;

    let pushed = setup.app.push_zipfile(&doorbell("1.0.0", "")).await;
    let deleted = setup.app.delete_all(NAME).await;

    for answer in [pushed, deleted] {
        assert_eq!(answer.kind(), (400, "BadRequest"));
        assert_eq!(
            answer.message(),
            "testorg/doorbell-operator has the organization's catalog, and no releases; catalog.repository says so"
        );
    }
    let bare = Setup::quay().await;
    let none = bare.app.with_token(Method::GET, CATALOG).await;
    assert_eq!(none.kind(), (404, "NotFound"));
    let unknown = bare
        .app
        .with_token(Method::POST, &format!("{CATALOG}?package=../x"))
        .await;
    assert_eq!(unknown.kind(), (400, "BadRequest"));
}

#[tokio::test]
async fn who_may_not_write_the_catalog_pushes_and_is_told() {
    let setup = Setup::with(Kind::Quay, "catalog = {}").await;
    setup.app.push_zipfile(&doorbell("1.0.0", "")).await;
    let refusal = || Refusal::coded(403, "DENIED", "requested access to the resource is denied");
    let path = "/v2/testorg/catalog/blobs/uploads";
    setup
        .registry
        .fail_next(20, "POST", path, Fault::Refuse(refusal()));

    let pushed = setup.app.push_zipfile(&successor("1.1.0", "1.0.0")).await;
    setup.registry.forget_faults();

    assert_eq!(pushed.catalog()["updated"], false);
    assert_eq!(
        pushed.catalog()["reason"],
        "the token may not write testorg/catalog: requested access to the resource is denied"
    );
}

#[tokio::test]
async fn a_catalog_is_public_where_its_organization_is() {
    let oauth = omps_tests::quay::accounts::oauth_token(ORGANIZATION);
    let organization = format!("public = true\noauth_token = \"{oauth}\"\ncatalog = {{}}");
    let setup = Setup::with(Kind::Quay, &organization).await;

    let pushed = setup.app.push_zipfile(&doorbell("1.0.0", "")).await;

    assert_eq!(pushed.catalog()["updated"], true);
    assert_eq!(
        setup.registry.is_public(ORGANIZATION, "catalog"),
        Some(true)
    );
}

#[tokio::test]
async fn one_more_push_needs_the_requests_that_the_contract_counts() {
    let setup = setup().await;
    setup.app.push_zipfile(&doorbell("1.0.0", "")).await;
    let before = setup.registry.requests().len();

    setup.app.push_zipfile(&successor("1.1.0", "1.0.0")).await;

    let requests = setup.registry.requests()[before..].to_vec();
    let of_catalog: Vec<String> = requests
        .iter()
        .filter(|request| request.path.starts_with("/v2/testorg/catalog/"))
        .map(|request| {
            let part = request.path.trim_start_matches("/v2/testorg/catalog/");
            format!(
                "{} {}",
                request.method,
                part.split('/').next().unwrap_or_default()
            )
        })
        .collect();
    let wanted = [
        "GET manifests",
        "GET blobs",
        "GET blobs",
        "POST blobs",
        "POST blobs",
        "PUT blobs",
        "PUT blobs",
        "HEAD manifests",
        "PUT manifests",
        "HEAD manifests",
    ];
    assert_eq!(of_catalog, wanted);
}
