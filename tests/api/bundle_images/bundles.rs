//! The tags of bundles: each is written once.

use omps_tests::operator::Operator;
use serde_json::Value;

use super::{NAME, Setup, digests, touched_up_doorbell};

const OLDER: &str = "0.4.0/larder-operator.v0.4.0.clusterserviceversion.yaml";

#[tokio::test]
async fn the_newest_bundle_with_another_content_is_a_conflict_before_anything_is_written() {
    let setup = Setup::quay().await;
    let first = setup
        .app
        .push_zipfile_as("3.0.0", &Operator::doorbell().zip())
        .await;
    let (_, digest) = digests(&first)[0];
    let writes = setup.count("PUT") + setup.count("POST");

    for version in [Some("4.0.0"), None] {
        let zip = touched_up_doorbell().zip();
        let answer = match version {
            Some(version) => setup.app.push_zipfile_as(version, &zip).await,
            None => setup.app.push_zipfile(&zip).await,
        };

        assert_eq!(answer.kind(), (500, "QuayCourierError"));
        assert_eq!(
            answer.message(),
            format!(
                "Failed to push manifest: bundle 1.0.0 is there with another content: {digest}"
            )
        );
    }
    assert_eq!(setup.count("PUT") + setup.count("POST"), writes);
    assert_eq!(setup.tags(NAME), ["1.0.0", "3.0.0"]);
}

#[tokio::test]
async fn an_older_bundle_with_another_content_keeps_its_tag_and_is_warned_of() {
    let setup = Setup::quay().await;
    let first = setup.app.push_zipfile(&Operator::larder().zip()).await;
    let file = Operator::larder().file(OLDER).to_owned();
    let touched_up = Operator::larder().with(OLDER, &format!("{file}\n# touched up\n"));

    let path = "/v2/testorg/zipfile?report=full";
    let answer = setup.app.upload(path, &touched_up.zip()).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    let older = &answer.body["bundles"][0];
    assert_eq!(older["tag"], Value::Null);
    assert_eq!(older["image"], Value::Null);
    assert_eq!(older["pushed"], false);
    assert_ne!(older["digest"], first.body["bundles"][0]["digest"]);
    let warnings = answer.body["warnings"].as_array().expect("warnings");
    let warning = warnings[0].as_str().expect("a text");
    let (_, digest) = digests(&first)[0];
    assert!(
        warning.starts_with(&format!(
            "bundle 0.4.0 is there with another content: {digest}"
        )),
        "{warning}"
    );
    assert_eq!(
        setup.tags("larder-operator"),
        ["0.4.0", "0.5.1", "1.0.0", "2.0.0"]
    );
    let findings = answer.body["findings"].as_array().expect("findings");
    let of_tag = |finding: &&Value| finding["rule"] == "tag";
    let finding = findings.iter().find(of_tag).expect("a finding");
    assert_eq!(finding["severity"], "warning");
    assert_eq!(finding["message"], warning);
    assert_eq!(finding["file"], OLDER);
    assert_eq!(finding["bundle"], "larder-operator.v0.4.0");
}

#[tokio::test]
async fn a_release_that_is_a_bundle_too_is_that_bundle_in_later_pushes() {
    let setup = Setup::quay().await;
    let zip = Operator::doorbell().zip();
    let first = setup.app.push_zipfile(&zip).await;

    let second = setup.app.push_zipfile(&zip).await;

    assert_eq!(second.body["version"], "2.0.0", "{second:?}");
    assert_eq!(second.body["bundles"][0]["image"], first.body["image"]);
    assert_eq!(second.body["bundles"][0]["pushed"], false);
    assert_eq!(setup.tags(NAME), ["1.0.0", "2.0.0"]);
}

#[tokio::test]
async fn a_tag_that_is_there_is_a_conflict_whatever_it_is() {
    let setup = Setup::quay().await;
    let zip = Operator::larder().zip();
    setup.app.push_zipfile(&zip).await;

    for version in ["1.0.0", "0.5.1"] {
        let answer = setup.app.push_zipfile_as(version, &zip).await;

        assert_eq!(answer.kind(), (500, "QuayCourierError"), "{version}");
        let message = "Failed to push manifest: package exists already";
        assert!(answer.message().starts_with(message), "{answer:?}");
    }
}

#[tokio::test]
async fn a_version_that_is_an_older_bundles_takes_its_tag_and_says_so() {
    let setup = Setup::quay().await;

    let answer = setup
        .app
        .push_zipfile_as("0.4.0", &Operator::larder().zip())
        .await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["bundles"][0]["tag"], Value::Null);
    assert_eq!(setup.tags("larder-operator"), ["0.4.0", "0.5.1"]);
}

#[tokio::test]
async fn two_contents_of_one_bundle_at_once_do_not_replace_each_other() {
    let setup = Setup::quay().await;
    let (one, two) = (Operator::doorbell().zip(), touched_up_doorbell().zip());

    let (first, second) = tokio::join!(
        setup.app.push_zipfile_as("3.0.0", &one),
        setup.app.push_zipfile_as("4.0.0", &two),
    );

    let released: Vec<_> = [&first, &second]
        .into_iter()
        .filter(|answer| answer.status == 200)
        .collect();
    assert_eq!(released.len(), 1, "{first:?} {second:?}");
    let version = released[0].body["version"].as_str().expect("a version");
    assert_eq!(setup.tags(NAME), ["1.0.0", version]);
    assert_eq!(released[0].body["bundles"][0]["pushed"], true);
}
