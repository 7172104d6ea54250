//! How many requests a release needs, counted at the registry.

use futures_util::future::try_join;
use omps::registry::oci::{Manifest, OciError, OciRegistry};
use omps_tests::oci::Kind;

use super::{Image, NAME, ORGANIZATION, Setup, kind, repository, tag};

/// A push as a release makes it: look, put up what is missing, the bundle, the release, and read both back.
async fn push_release(client: &OciRegistry, image: &Image, version: &str) -> Result<(), OciError> {
    let (repository, bundle) = (repository(), tag("0.1.0"));
    let look = try_join(
        client.tags(&repository),
        client.missing_blobs(&repository, &image.blobs),
    );
    let (tags, missing) = match look.await {
        Err(OciError::Hidden(_)) => (Vec::new(), image.blobs.iter().collect()),
        looked => looked?,
    };
    client.upload_blobs(&repository, missing).await?;
    let put = async |tag, manifest: &Manifest| {
        client
            .put_manifest(&repository, tag, manifest, &image.blobs)
            .await
    };
    if !tags.contains(&bundle) {
        put(&bundle, &image.bundle()).await?;
    }
    let (release, manifest) = (tag(version), image.release(version));
    put(&release, &manifest).await?;
    let (held, held_bundle) = try_join(
        client.digest_of(&repository, &release),
        client.digest_of(&repository, &bundle),
    )
    .await?;
    assert_eq!(held, Some(manifest.digest()));
    assert_eq!(held_bundle, Some(image.bundle().digest()));
    Ok(())
}

#[tokio::test]
async fn a_push_needs_as_few_requests_as_the_module_says() {
    for (kind, first, later) in [
        (
            Kind::Quay,
            vec![
                ("GET /v2/", 1),
                ("GET /v2/auth", 2),
                ("GET /v2/tags/list", 1),
                ("HEAD /v2/blobs/{digest}", 2),
                ("POST /v2/blobs/uploads/", 2),
                ("PUT /v2/manifests/0.1.0", 1),
                ("PUT /v2/manifests/1.0.0", 1),
                ("HEAD /v2/manifests/0.1.0", 1),
                ("HEAD /v2/manifests/1.0.0", 1),
            ],
            vec![
                ("GET /v2/auth", 2),
                ("GET /v2/tags/list", 1),
                ("HEAD /v2/blobs/{digest}", 2),
                ("PUT /v2/manifests/2.0.0", 1),
                ("HEAD /v2/manifests/0.1.0", 1),
                ("HEAD /v2/manifests/2.0.0", 1),
            ],
        ),
        (
            Kind::DockerRegistry,
            vec![
                ("GET /v2/", 1),
                ("GET /v2/tags/list", 1),
                ("HEAD /v2/blobs/{digest}", 2),
                ("POST /v2/blobs/uploads/", 2),
                ("PUT /v2/blobs/uploads/{upload}", 2),
                ("PUT /v2/manifests/0.1.0", 1),
                ("PUT /v2/manifests/1.0.0", 1),
                ("HEAD /v2/manifests/0.1.0", 1),
                ("HEAD /v2/manifests/1.0.0", 1),
            ],
            vec![
                ("GET /v2/tags/list", 1),
                ("HEAD /v2/blobs/{digest}", 2),
                ("PUT /v2/manifests/2.0.0", 1),
                ("HEAD /v2/manifests/0.1.0", 1),
                ("HEAD /v2/manifests/2.0.0", 1),
            ],
        ),
    ] {
        let (setup, image) = (Setup::of(kind).await, Image::new());
        push_release(&setup.owner(), &image, "1.0.0")
            .await
            .expect("a push");
        assert_requests(&setup, 0, &first, kind);
        let before = setup.requests().len();

        push_release(&setup.owner(), &image, "2.0.0")
            .await
            .expect("a push");

        assert_requests(&setup, before, &later, kind);
        let tags = setup
            .registry
            .tags(ORGANIZATION, NAME)
            .expect("a repository");
        assert_eq!(tags, ["0.1.0", "1.0.0", "2.0.0"]);
    }
}

fn assert_requests(setup: &Setup, from: usize, expected: &[(&str, usize)], kind: Kind) {
    let requests = &setup.requests()[from..];
    for (request, times) in expected {
        let found = requests.iter().filter(|found| found == request).count();
        assert_eq!(found, *times, "{kind:?} {request}: {requests:#?}");
    }
    let all: usize = expected.iter().map(|(_, times)| times).sum();
    assert_eq!(requests.len(), all, "{kind:?}: {requests:#?}");
}

#[tokio::test]
async fn a_push_can_be_a_task_of_its_own() {
    let setup = Setup::quay().await;
    let client = setup.owner();
    let pushed = tokio::spawn(async move {
        let image = Image::new();
        push_release(&client, &image, "1.0.0").await?;
        client
            .blob(&repository(), image.blobs[0].digest(), 1000)
            .await?;
        client.delete_tag(&repository(), &tag("1.0.0")).await
    });
    assert_eq!(kind(pushed.await.expect("no panic")).0, "ok");
}
