//! The caller's token is tried before Koji is asked, in the cheapest way that each kind of registry has.

use omps_tests::koji::Build;
use omps_tests::oci::Kind;
use omps_tests::operator::Operator;
use omps_tests::quay::accounts::{basic, robot_name};
use reqwest::Method;
use reqwest::header::AUTHORIZATION;

use super::{NAME, Setup};
use crate::helpers::{Answer, ORGANIZATION};

const NVR: &str = "doorbell-operator-container-v1.0.0-1";

async fn push_as(setup: &Setup, token: &str) -> Answer {
    let path = format!("/v2/{ORGANIZATION}/koji/{NVR}");
    let request = setup.app.request(Method::POST, &path);
    setup.app.send(request.header(AUTHORIZATION, token)).await
}

#[tokio::test]
async fn a_caller_whom_the_registry_does_not_know_makes_nobody_ask_koji() {
    for kind in [Kind::Quay, Kind::DockerRegistryWithPasswords] {
        let setup = Setup::with(kind, "").await;
        let build = Build::of_operator(NVR, Operator::doorbell().zip());
        setup.app.koji.add_build(build);

        for token in ["x", &basic(&robot_name(ORGANIZATION), "wrong")] {
            let answer = push_as(&setup, token).await;

            assert_eq!(answer.kind(), (403, "QuayAuthorizationError"), "{kind:?}");
        }
        assert!(setup.app.koji.requests().is_empty(), "{kind:?}");
        assert_eq!(setup.registry.tags(ORGANIZATION, NAME), None, "{kind:?}");
        let answer = setup.app.push_koji(NVR).await;
        assert_eq!(answer.status, 200, "{kind:?} {answer:?}");
    }
}

#[tokio::test]
async fn a_registry_without_accounts_knows_everybody() {
    let setup = Setup::with(Kind::DockerRegistry, "").await;
    let build = Build::of_operator(NVR, Operator::doorbell().zip());
    setup.app.koji.add_build(build);

    let answer = push_as(&setup, "x").await;

    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn trying_a_token_creates_no_repository() {
    let setup = Setup::quay().await;

    let answer = setup.app.push_koji("no-such-1").await;

    assert_eq!(answer.kind(), (404, "KojiNVRBuildNotFound"));
    assert_eq!(setup.registry.is_public(ORGANIZATION, NAME), None);
    let lines = setup.registry.requests();
    let lines: Vec<_> = lines.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(lines, ["/v2/", "/v2/auth"]);
}
