//! Public organizations: their own token acts once the registry has confirmed the caller's right, and no release is there
//! before it can be seen.

use omps_tests::oci::{Fault, Kind, Refusal};
use omps_tests::operator::Operator;
use omps_tests::quay::accounts::{basic, oauth_token};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};

use super::{NAME, READER, READER_PASSWORD, Setup, touched_up_doorbell};
use crate::helpers::ORGANIZATION;

async fn public() -> Setup {
    let oauth = oauth_token(ORGANIZATION);
    let organization = format!("public = true\noauth_token = \"{oauth}\"");
    Setup::with(Kind::Quay, &organization).await
}

#[tokio::test]
async fn a_repository_is_public_before_the_release_is_there() {
    let setup = public().await;

    let answer = setup.app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(setup.registry.is_public(ORGANIZATION, NAME), Some(true));
    let requests = setup.registry.requests();
    let at = |method: &str, part: &str| {
        let found = |method: &str, part: &str| {
            requests
                .iter()
                .position(|request| request.method == method && request.path.contains(part))
        };
        found(method, part).unwrap_or_else(|| panic!("no {method} {part}"))
    };
    assert!(at("POST", "blobs/uploads") < at("POST", "changevisibility"));
    assert!(at("POST", "changevisibility") < at("PUT", "manifests"));
}

#[tokio::test]
async fn a_private_organization_stays_private() {
    let setup = Setup::quay().await;

    setup.app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(setup.registry.is_public(ORGANIZATION, NAME), Some(false));
}

#[tokio::test]
async fn a_failure_leaves_no_release_and_the_next_push_repairs_it() {
    let setup = public().await;
    let zip = Operator::doorbell().zip();
    let path = "/api/v1/repository/testorg/doorbell-operator/changevisibility";
    let refusal = Refusal::coded(500, "INTERNAL", "a crash");
    setup
        .registry
        .fail_next(3, "POST", path, Fault::Refuse(refusal));

    let failed = setup.app.push_zipfile_as("3.0.0", &zip).await;
    let tags = setup.tags(NAME);
    // Neither the number nor the bundle's tag is kept from another content.
    let other = touched_up_doorbell().zip();
    let again = setup.app.push_zipfile_as("3.0.0", &other).await;

    assert_eq!(failed.kind(), (500, "QuayPackageError"), "{failed:?}");
    assert_eq!(failed.body.get("pushed"), None);
    assert_eq!(tags, Vec::<String>::new());
    assert_eq!(again.status, 200, "{again:?}");
    assert_eq!(setup.registry.is_public(ORGANIZATION, NAME), Some(true));
}

#[tokio::test]
async fn a_release_that_is_private_is_made_public_by_the_same_push_alone() {
    let setup = public().await;
    let zip = Operator::doorbell().zip();
    setup.app.push_zipfile_as("1.0.0", &zip).await;
    setup.make_private(NAME).await;

    let other = touched_up_doorbell().zip();
    let other = setup.app.push_zipfile_as("1.0.0", &other).await;
    let still = setup.registry.is_public(ORGANIZATION, NAME);
    let same = setup.app.push_zipfile_as("1.0.0", &zip).await;
    let and_again = setup.app.push_zipfile_as("1.0.0", &zip).await;

    assert_eq!(other.kind(), (500, "QuayCourierError"));
    assert_eq!(still, Some(false));
    assert_eq!(same.status, 200, "{same:?}");
    assert_eq!(setup.registry.is_public(ORGANIZATION, NAME), Some(true));
    assert_eq!(and_again.kind(), (500, "QuayCourierError"));
}

#[tokio::test]
async fn a_caller_without_rights_publishes_nothing() {
    let setup = public().await;
    setup.registry.add_tags(ORGANIZATION, NAME, ["latest"]);
    let form = omps_tests::multipart::form("file", Some("a.zip"), &Operator::doorbell().zip());
    let request = setup
        .app
        .request(reqwest::Method::POST, "/v2/testorg/zipfile/1.0.0")
        .header(AUTHORIZATION, "basic d3Jvbmc6d3Jvbmc=")
        .header(CONTENT_TYPE, omps_tests::multipart::content_type())
        .body(form);

    let answer = setup.app.send(request).await;

    assert_eq!(answer.kind(), (403, "QuayAuthorizationError"));
    assert_eq!(setup.registry.is_public(ORGANIZATION, NAME), Some(false));
    assert_eq!(setup.count("POST /api"), 0);
}

#[tokio::test]
async fn a_caller_who_sees_all_and_may_not_push_makes_the_organizations_token_do_nothing() {
    let setup = public().await;
    let zip = Operator::larder().zip();
    setup.app.push_zipfile_as("1.0.0", &zip).await;
    let asked = setup.count("POST /api") + setup.count("GET /api");
    let tags = setup.tags("larder-operator");

    // Every blob is there already, and so is the first release.
    for version in ["1.0.0", "2.0.0"] {
        let form = omps_tests::multipart::form("file", Some("a.zip"), &zip);
        let path = format!("/v2/testorg/zipfile/{version}");
        let request = setup.app.request(reqwest::Method::POST, &path);
        let request = request
            .header(AUTHORIZATION, basic(READER, READER_PASSWORD))
            .header(CONTENT_TYPE, omps_tests::multipart::content_type());
        let answer = setup.app.send(request.body(form)).await;

        assert_eq!(answer.kind(), (403, "QuayAuthorizationError"), "{version}");
    }
    assert_eq!(setup.count("POST /api") + setup.count("GET /api"), asked);
    assert_eq!(setup.tags("larder-operator"), tags);
}

#[tokio::test]
async fn a_public_organization_without_an_oauth_token_is_warned() {
    let setup = Setup::with(Kind::Quay, "public = true").await;

    let answer = setup.app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    let warning = answer.body["warnings"][0].as_str().expect("a warning");
    assert!(warning.contains("OAuth token"), "{warning}");
}

impl Setup {
    /// Makes a repository private, as its owner can.
    async fn make_private(&self, name: &str) {
        let registry = self.registry.url();
        let url = format!("{registry}/api/v1/repository/{ORGANIZATION}/{name}/changevisibility");
        let token = format!("Bearer {}", oauth_token(ORGANIZATION));
        let request = reqwest::Client::new()
            .post(url)
            .header(AUTHORIZATION, token);
        let request = request.json(&serde_json::json!({"visibility": "private"}));
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
    }
}
