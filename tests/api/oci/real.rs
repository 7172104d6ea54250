//! The same client in front of a real registry, and a real client in front of the stand-in: `tests/tools/oci_real.sh`
//! starts both.

use std::process::Command;
use std::sync::Arc;

use omps::registry::oci::{Endpoint, OciRegistry, Reference};
use omps::token::Token;
use omps_tests::oci::Kind;
use omps_tests::quay::accounts::{basic, robot_name, robot_password};
use reqwest::Url;

use super::{Image, NAME, ORGANIZATION, Setup, kind, repository, tag, upstream};

/// `OCI_REGISTRY_URL` names an empty docker-registry that may delete; `OCI_REGISTRY_LOGIN` is `user:password`, if any.
#[tokio::test]
#[ignore = "needs a docker-registry: tests/tools/oci_real.sh"]
async fn a_real_docker_registry_does_what_the_stand_in_does() {
    let base = std::env::var("OCI_REGISTRY_URL").expect("OCI_REGISTRY_URL");
    let login = std::env::var("OCI_REGISTRY_LOGIN").unwrap_or_else(|_| "nobody:nothing".to_owned());
    let (user, password) = login.split_once(':').expect("user:password");
    let client = |authorization: &str| {
        let base = Url::parse(&base).expect("a URL");
        let token = Token::new(authorization.parse().expect("a header's value"));
        OciRegistry::new(upstream(), Arc::new(Endpoint::new(base)), token)
    };
    let client = client(&basic(user, password));
    let (repository, image) = (repository(), Image::new());
    let (bundle, release) = (tag("0.1.0"), tag("1.0.0"));

    assert_eq!(
        kind(client.tags(&repository).await),
        ("ok", "[]".to_owned())
    );
    let free = client.manifest(&repository, Reference::Tag(&release)).await;
    assert_eq!(free.expect("an answer"), None);
    let missing = client.missing_blobs(&repository, &image.blobs).await;
    assert_eq!(missing.expect("an answer").len(), 2);

    let too_early = client
        .put_manifest(&repository, &bundle, &image.bundle(), &[])
        .await;
    assert_eq!(kind(too_early).0, "failed", "its blobs are not there");
    client
        .upload_blobs(&repository, &image.blobs)
        .await
        .expect("an upload");
    let missing = client.missing_blobs(&repository, &image.blobs).await;
    assert_eq!(missing.expect("an answer").len(), 0);
    for (tag, manifest) in [
        (&bundle, image.bundle()),
        (&release, image.release("1.0.0")),
    ] {
        let put = client
            .put_manifest(&repository, tag, &manifest, &image.blobs)
            .await;
        put.expect("a manifest");
        let digest = client.digest_of(&repository, tag).await.expect("an answer");
        assert_eq!(digest, Some(manifest.digest()));
        let read = client
            .manifest(&repository, Reference::Tag(tag))
            .await
            .expect("an answer");
        assert_eq!(read, Some(manifest));
    }
    let mut tags = client.tags(&repository).await.expect("tags");
    tags.sort();
    assert_eq!(tags, [bundle.clone(), release.clone()]);

    let copy = tag("copy");
    let put = client
        .put_manifest(&repository, &copy, &image.release("1.0.0"), &image.blobs)
        .await;
    put.expect("a manifest");
    assert_eq!(
        kind(client.delete_tag(&repository, &copy).await).0,
        "shared"
    );
    let other = image.release("2.0.0");
    let put = client
        .put_manifest(&repository, &copy, &other, &image.blobs)
        .await;
    put.expect("a manifest: docker-registry overwrites tags");
    assert_eq!(kind(client.delete_tag(&repository, &copy).await).0, "ok");
    assert_eq!(
        kind(client.delete_tag(&repository, &copy).await).0,
        "not found"
    );
    assert_eq!(client.tags(&repository).await.expect("tags").len(), 2);
}

/// `OCI_LAYOUT` is `directory:tag` of an image.
#[tokio::test]
#[ignore = "needs skopeo: tests/tools/oci_real.sh"]
async fn skopeo_pushes_to_the_stand_in_and_reads_it_back() {
    let layout = std::env::var("OCI_LAYOUT").expect("OCI_LAYOUT");
    let login = format!(
        "{}:{}",
        robot_name(ORGANIZATION),
        robot_password(ORGANIZATION)
    );
    for registry in [
        Kind::Quay,
        Kind::DockerRegistry,
        Kind::DockerRegistryWithPasswords,
    ] {
        let setup = Setup::of(registry).await;
        let image = format!(
            "docker://{}/{ORGANIZATION}/{NAME}:1.0.0",
            setup.registry.address()
        );
        let copied = tempfile::tempdir().expect("a folder");
        let copy = format!("oci:{}:first", copied.path().display());
        let from = format!("oci:{layout}");
        for arguments in [
            [
                "copy",
                "--dest-tls-verify=false",
                "--dest-creds",
                &login,
                &from,
                &image,
            ],
            [
                "copy",
                "--src-tls-verify=false",
                "--src-creds",
                &login,
                &image,
                &copy,
            ],
        ] {
            let mut skopeo = Command::new("skopeo");
            skopeo.args(arguments);
            let done = tokio::task::spawn_blocking(move || skopeo.output());
            let done = done.await.expect("no panic").expect("skopeo");
            let problem = String::from_utf8_lossy(&done.stderr).into_owned();
            assert!(done.status.success(), "{registry:?}: {problem}");
        }
        println!("{registry:?}: {:#?}", setup.requests());
        let tags = setup
            .registry
            .tags(ORGANIZATION, NAME)
            .expect("a repository");
        assert_eq!(tags, ["1.0.0"]);
    }
}
