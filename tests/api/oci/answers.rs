//! Answers that are no success, or no answer: what each call makes of them.

use omps::registry::oci::{OciError, OciRegistry, Reference};
use omps_tests::oci::{Fault, Refusal, Registry, Settings};

use super::{Image, NAME, ORGANIZATION, Setup, kind, repository, tag};

/// A call of the client, and the request that it is about.
#[derive(Clone, Copy, Debug)]
enum Call {
    Tags,
    Manifest,
    DigestOf,
    MissingBlobs,
    UploadBlobs,
    PutManifest,
    DeleteTag,
}

impl Call {
    const ALL: [Call; 7] = [
        Call::Tags,
        Call::Manifest,
        Call::DigestOf,
        Call::MissingBlobs,
        Call::UploadBlobs,
        Call::PutManifest,
        Call::DeleteTag,
    ];

    fn method(self) -> &'static str {
        match self {
            Call::Tags | Call::Manifest => "GET",
            Call::DigestOf | Call::MissingBlobs => "HEAD",
            Call::UploadBlobs => "POST",
            Call::PutManifest => "PUT",
            Call::DeleteTag => "DELETE",
        }
    }

    async fn make(self, client: &OciRegistry) -> Result<(), OciError> {
        let (repository, tag, image) = (repository(), tag("1.0.0"), Image::new());
        match self {
            Call::Tags => client.tags(&repository).await.map(drop),
            Call::Manifest => client
                .manifest(&repository, Reference::Tag(&tag))
                .await
                .map(drop),
            Call::DigestOf => client.digest_of(&repository, &tag).await.map(drop),
            Call::MissingBlobs => client
                .missing_blobs(&repository, &image.blobs[..1])
                .await
                .map(drop),
            Call::UploadBlobs => client.upload_blobs(&repository, &image.blobs[..1]).await,
            Call::PutManifest => {
                let manifest = image.bundle();
                client
                    .put_manifest(&repository, &tag, &manifest, &image.blobs)
                    .await
            }
            Call::DeleteTag => client.delete_tag(&repository, &tag).await,
        }
    }

    /// Makes the call while the next requests that it is about meet a fault.
    async fn meet(self, fault: Fault, times: usize) -> (&'static str, String, usize) {
        let setup = Setup::quay().await;
        Image::new()
            .push(&setup.robot(), "1.0.0")
            .await
            .expect("a push");
        let before = setup.registry.requests().len();
        let path = format!("/v2/{ORGANIZATION}/{NAME}/");
        setup.registry.fail_next(times, self.method(), path, fault);
        let (kind, message) = kind(self.make(&setup.robot()).await);
        let sent = setup.registry.requests();
        let sent = sent[before..]
            .iter()
            .filter(|request| request.method == self.method());
        let sent = sent.filter(|request| request.path != "/v2/auth").count();
        setup.registry.forget_faults();
        (kind, message, sent)
    }
}

#[tokio::test]
async fn every_call_passes_over_what_passes() {
    for call in Call::ALL {
        for fault in [
            Fault::CloseBeforeActing,
            Fault::Busy { retry_after: 0 },
            Fault::Refuse(Refusal::TooManyRequests),
            page(503),
        ] {
            let (kind, message, sent) = call.meet(fault.clone(), 1).await;
            assert_eq!((kind, sent), ("ok", 2), "{call:?} {fault:?}: {message}");
        }
    }
}

#[tokio::test]
async fn a_push_gets_through_a_front_that_refuses_every_third_request() {
    for setup in [Setup::quay().await, Setup::docker_registry().await] {
        setup
            .registry
            .change(|manners| manners.busy_every = Some(3));
        let (client, image, repository) = (setup.owner(), Image::new(), repository());
        client.tags(&repository).await.expect("tags");
        for blob in &image.blobs {
            client
                .upload_blobs(&repository, [blob])
                .await
                .expect("an upload");
        }
        for version in ["1.0.0", "2.0.0"] {
            let manifest = image.release(version);
            let put = client
                .put_manifest(&repository, &tag(version), &manifest, &image.blobs)
                .await;
            put.expect("a manifest");
        }
        client
            .delete_tag(&repository, &tag("1.0.0"))
            .await
            .expect("a deletion");
        assert_eq!(
            setup
                .registry
                .tags(ORGANIZATION, NAME)
                .expect("a repository"),
            ["2.0.0"]
        );
    }
}

#[tokio::test]
async fn every_call_gives_up_in_the_end() {
    for call in Call::ALL {
        let (closed, _, sent) = call.meet(Fault::CloseBeforeActing, 3).await;
        assert_eq!((closed, sent), ("unreachable", 3), "{call:?}");
        let (busy, _, sent) = call.meet(Fault::Busy { retry_after: 0 }, 3).await;
        assert_eq!((busy, sent), ("failed", 3), "{call:?}");
    }
}

#[tokio::test]
async fn a_page_is_no_success_where_an_answer_has_a_body() {
    for call in Call::ALL {
        let (kind, message, _) = call.meet(page(200), 1).await;
        let expected = match call {
            // To a HEAD nothing but the status is said; a digest that is not said is asked for by GET.
            Call::MissingBlobs | Call::DigestOf => "ok",
            Call::Tags | Call::Manifest => "malformed",
            Call::UploadBlobs | Call::PutManifest | Call::DeleteTag => "failed",
        };
        assert_eq!(kind, expected, "{call:?}: {message}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_the_end() {
    for call in [
        Call::Tags,
        Call::Manifest,
        Call::UploadBlobs,
        Call::PutManifest,
    ] {
        let (kind, message, sent) = call.meet(Fault::Endless, 1).await;
        assert_eq!((kind, sent), ("unreachable", 1), "{call:?}");
        assert!(message.contains("is larger than"), "{call:?}: {message}");
    }
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let elsewhere = Registry::start(Settings::quay(&[])).await.expect("a port");
    for call in Call::ALL {
        let redirect = Fault::Redirect {
            base_url: elsewhere.url(),
        };
        let (kind, message, _) = call.meet(redirect, 1).await;
        let expected = match call {
            // Some registries send the blobs that they have from elsewhere.
            Call::MissingBlobs => "ok",
            _ => "failed",
        };
        assert_eq!(kind, expected, "{call:?}: {message}");
    }
    assert_eq!(elsewhere.requests().len(), 0);
}

#[tokio::test]
async fn a_quay_that_takes_nothing_says_why() {
    for (case, change, expected) in [
        (
            "quota",
            true,
            ("failed", "Quota has been exceeded on namespace"),
        ),
        (
            "read-only",
            false,
            (
                "failed",
                "System is currently read-only. Pulls will succeed but all write operations are currently suspended.",
            ),
        ),
    ] {
        let (setup, image) = (Setup::quay().await, Image::new());
        setup.registry.change(|manners| {
            manners.is_over_quota = change;
            manners.is_read_only = !change;
        });

        let pushed = image.push(&setup.robot(), "1.0.0").await;

        let pushed = kind(pushed);
        assert_eq!((pushed.0, pushed.1.as_str()), expected, "{case}");
        assert_eq!(
            setup.token_requests(),
            1,
            "{case}: a new token helps nobody"
        );
    }
}

#[tokio::test]
async fn the_token_endpoint_may_be_busy_or_broken() {
    for (case, fault, times, expected) in [
        ("busy once", Fault::Busy { retry_after: 0 }, 1, "ok"),
        ("busy", Fault::Busy { retry_after: 0 }, 3, "failed"),
        ("a page", page(200), 1, "malformed"),
        ("no token", json(r#"{"expires_in":300}"#), 1, "malformed"),
        ("an empty token", json(r#"{"token":""}"#), 1, "malformed"),
        (
            "a token with a line end",
            json(r#"{"token":"a\nb"}"#),
            1,
            "malformed",
        ),
        ("endless", Fault::Endless, 1, "unreachable"),
        (
            "disabled",
            Fault::Refuse(Refusal::coded(405, "DENIED", "disabled")),
            1,
            "failed",
        ),
    ] {
        let setup = Setup::quay().await;
        setup.registry.fail_next(times, "GET", "/v2/auth", fault);
        let tags = setup.owner().tags(&repository()).await;
        assert_eq!(kind(tags).0, expected, "{case}");
    }
}

fn page(status: u16) -> Fault {
    Fault::Reply {
        status,
        content_type: "text/html",
        body: "<html>Welcome</html>".to_owned(),
    }
}

fn json(body: &str) -> Fault {
    Fault::Reply {
        status: 200,
        content_type: "application/json",
        body: body.to_owned(),
    }
}
