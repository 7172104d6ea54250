//! `omps-server --check-config --online`: services and tokens, asked before a start.

use omps::app::App;
use omps::check;
use omps::config::Config;
use omps_tests::oci::{Kind, Registry, Settings};
use omps_tests::quay::accounts::oauth_token;

use crate::helpers::{ORGANIZATION, TestApp, token};

/// What the check says for these lines in the organization's table.
async fn outcome(
    app: &TestApp,
    format: &str,
    organization: &str,
) -> Vec<(String, Result<(), String>)> {
    let settings = format!(
        "[Test]\nquay_url = \"{}\"\nkojihub_url = \"{}\"\nrelease_format = \"{format}\"\n\
         [Test.organizations.{ORGANIZATION}]\n{organization}",
        app.quay.url(),
        app.koji.hub_url(),
    );
    let config = Config::from_toml(&settings, "Test").expect("a valid configuration");
    let checked = check::online(&App::new(config)).await;
    checked
        .into_iter()
        .map(|checked| (checked.what, checked.result))
        .collect()
}

fn ok(what: &str) -> (String, Result<(), String>) {
    (what.to_owned(), Ok(()))
}

#[tokio::test]
async fn services_that_answer_and_tokens_that_are_accepted_are_ok() {
    let app = TestApp::start().await;
    let (oauth, quay) = (oauth_token(ORGANIZATION), token());
    let tokens = format!("public = true\noauth_token = \"{oauth}\"\nquay_token = \"{quay}\"");

    let checked = outcome(&app, "app-registry", &tokens).await;

    let wanted = [
        ok("Koji"),
        ok("the registry"),
        ok("the ledger"),
        ok("quay_token of organization testorg"),
        ok("oauth_token of organization testorg"),
    ];
    assert_eq!(checked, wanted);
}

#[tokio::test]
async fn a_token_that_is_refused_is_named_and_not_shown() {
    let app = TestApp::start().await;
    let tokens = "oauth_token = \"no-such-token\"\nquay_token = \"basic bm8tc3VjaDp0b2tlbg==\"";

    let checked = outcome(&app, "app-registry", tokens).await;

    let [.., (quay, refused), (oauth, unknown)] = &checked[..] else {
        panic!("{checked:?}");
    };
    assert_eq!(quay, "quay_token of organization testorg");
    assert_eq!(*refused, Err("Invalid Username or Password".to_owned()));
    assert_eq!(oauth, "oauth_token of organization testorg");
    assert_eq!(*unknown, Err("Quay refuses it".to_owned()));
    assert!(!format!("{checked:?}").contains("no-such-token"));
}

#[tokio::test]
async fn a_public_organization_without_a_token_is_named() {
    let app = TestApp::start().await;

    let checked = outcome(&app, "app-registry", "public = true").await;

    let wanted = "there is none, and public = true requires one".to_owned();
    let oauth = "oauth_token of organization testorg".to_owned();
    assert_eq!(checked.last(), Some(&(oauth, Err(wanted))));
}

#[tokio::test]
async fn a_robot_is_accepted_or_refused_by_the_registry_for_bundle_images() {
    let registry = Registry::start(Settings::of(Kind::Quay, &[ORGANIZATION])).await;
    let registry = registry.expect("a port");
    let asked = async |quay_token: &str| {
        let settings = format!(
            "[Test]\nquay_url = \"{}\"\nrelease_format = \"bundle-image\"\nkojihub_url = \"http://127.0.0.1:1\"\n\
             [Test.organizations.{ORGANIZATION}]\nquay_token = \"{quay_token}\"",
            registry.url(),
        );
        let config = Config::from_toml(&settings, "Test").expect("a valid configuration");
        let checked = check::online(&App::new(config)).await;
        let last = checked.into_iter().next_back().expect("a check");
        assert_eq!(last.what, "quay_token of organization testorg");
        last.result
    };

    assert_eq!(asked(&token()).await, Ok(()));
    assert!(asked("basic bm8tc3VjaDp0b2tlbg==").await.is_err());
}
