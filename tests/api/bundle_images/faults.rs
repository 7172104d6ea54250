//! A registry that fails in the middle: no release is there before all is, and the same push again finishes it.

use omps_tests::oci::{Fault, Refusal};
use omps_tests::operator::Operator;

use super::{Setup, digests};

const NAME: &str = "larder-operator";

fn crash() -> Fault {
    Fault::Refuse(Refusal::coded(500, "INTERNAL", "a crash"))
}

#[tokio::test]
async fn whatever_cannot_be_written_the_same_push_again_finishes() {
    let path = |rest: &str| format!("/v2/testorg/larder-operator/{rest}");
    for (case, method, path, tags) in [
        ("a blob", "POST", path("blobs/uploads/"), &[][..]),
        ("the older bundle", "PUT", path("manifests/0.4.0"), &[]),
        (
            "the newest bundle",
            "PUT",
            path("manifests/0.5.1"),
            &["0.4.0"],
        ),
        (
            "the release",
            "PUT",
            path("manifests/1.0.0"),
            &["0.4.0", "0.5.1"],
        ),
    ] {
        let setup = Setup::quay().await;
        let zip = Operator::larder().zip();
        setup.registry.fail_next(8, method, &path, crash());

        let failed = setup.app.push_zipfile_as("1.0.0", &zip).await;
        let left = setup.tags(NAME);
        setup.registry.forget_faults();
        let again = setup.app.push_zipfile_as("1.0.0", &zip).await;

        assert_eq!(failed.kind(), (500, "QuayCourierError"), "{case}");
        assert_eq!(failed.message(), "Failed to push manifest: a crash");
        assert_eq!(left, tags, "{case}");
        assert_eq!(again.status, 200, "{case}: {again:?}");
        assert_eq!(setup.tags(NAME), ["0.4.0", "0.5.1", "1.0.0"], "{case}");
        assert_eq!(digests(&again).len(), 2);
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_found_out() {
    for part in ["manifests/0.5.1", "manifests/1.0.0", "blobs/uploads/"] {
        let setup = Setup::quay().await;
        let method = if part.starts_with("blobs") {
            "POST"
        } else {
            "PUT"
        };
        let path = format!("/v2/testorg/larder-operator/{part}");
        setup
            .registry
            .fail_next(1, method, &path, Fault::CloseAfterActing);

        let answer = setup
            .app
            .push_zipfile_as("1.0.0", &Operator::larder().zip())
            .await;

        assert_eq!(answer.status, 200, "{part}: {answer:?}");
        assert_eq!(setup.tags(NAME), ["0.4.0", "0.5.1", "1.0.0"], "{part}");
    }
}
