//! The client for OCI registries, in front of a stand-in for Quay and for docker-registry.

mod answers;
mod auth;
mod delete;
mod exchanges;
mod look;
mod push;
mod quay;
mod real;
mod round_trips;

use std::sync::Arc;
use std::time::Duration;

use omps::deadline::Deadline;
use omps::registry::oci::{
    Blob, Digest, Endpoint, ImageRepository, Manifest, OciError, OciRegistry, Tag,
};
use omps::token::Token;
use omps::upstream::Upstream;
use omps_tests::oci::{Kind, Registry, Settings};
use omps_tests::quay::accounts::{OWNER, OWNER_PASSWORD, basic, robot_name, robot_password};
use reqwest::Url;
use serde_json::json;

const ORGANIZATION: &str = "testorg";
const NAME: &str = "doorbell-operator";
const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

/// A registry, and what a process knows of it.
struct Setup {
    registry: Registry,
    endpoint: Arc<Endpoint>,
}

impl Setup {
    async fn quay() -> Self {
        Self::of(Kind::Quay).await
    }

    async fn docker_registry() -> Self {
        Self::of(Kind::DockerRegistry).await
    }

    async fn of(kind: Kind) -> Self {
        let settings = Settings::of(kind, &[ORGANIZATION, "other"]);
        let registry = Registry::start(settings).await.expect("a port");
        let base = Url::parse(&registry.url()).expect("a URL");
        let endpoint = Arc::new(match kind {
            Kind::Quay => Endpoint::quay(base),
            _ => Endpoint::new(base),
        });
        Self { registry, endpoint }
    }

    /// A client for the organization's robot.
    fn robot(&self) -> OciRegistry {
        self.client(&basic(
            &robot_name(ORGANIZATION),
            &robot_password(ORGANIZATION),
        ))
    }

    /// A client for the organization's owner.
    fn owner(&self) -> OciRegistry {
        self.client(&basic(OWNER, OWNER_PASSWORD))
    }

    /// A client for whom this `Authorization` stands for.
    fn client(&self, authorization: &str) -> OciRegistry {
        let token = Token::new(authorization.parse().expect("a header's value"));
        OciRegistry::new(upstream(), self.endpoint.clone(), token)
    }

    /// `METHOD path` of every request so far, with `{digest}`, `{upload}` and no query.
    fn requests(&self) -> Vec<String> {
        let requests = self.registry.requests();
        let shortened = requests.iter().map(|request| {
            let parts = request.path.split('/').map(|part| match part {
                part if part.starts_with("sha256:") => "{digest}",
                part if part.starts_with("upload-") => "{upload}",
                part => part,
            });
            let path = parts.collect::<Vec<_>>().join("/");
            let path = path.replace(&format!("/{ORGANIZATION}/{NAME}"), "");
            format!("{} {path}", request.method)
        });
        shortened.collect()
    }

    /// How many requests there were with this method and a path like this one.
    fn count(&self, request: &str) -> usize {
        self.requests()
            .iter()
            .filter(|found| *found == request)
            .count()
    }

    /// How many tokens were asked for.
    fn token_requests(&self) -> usize {
        self.count("GET /v2/auth")
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.registry.surprises(), Vec::<String>::new());
        }
    }
}

/// The service as the client calls it.
fn upstream() -> Upstream {
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client");
    let time = Duration::from_secs(60);
    Upstream::new(client, "the registry", time, Deadline::after(time))
}

fn repository() -> ImageRepository {
    ImageRepository::parse(ORGANIZATION, NAME).expect("a valid name")
}

fn tag(tag: &str) -> Tag {
    Tag::parse(tag).expect("a valid tag")
}

/// A bundle image: a config, a layer, and their manifest.
struct Image {
    blobs: Vec<Blob>,
    config: &'static [u8],
    layer: &'static [u8],
}

impl Image {
    fn new() -> Self {
        let (config, layer) = (
            &b"{\"architecture\":\"amd64\"}"[..],
            &b"not really a tar.gz"[..],
        );
        let blobs = vec![Blob::new(config.into()), Blob::new(layer.into())];
        Self {
            blobs,
            config,
            layer,
        }
    }

    /// The bundle's manifest.
    fn bundle(&self) -> Manifest {
        self.manifest(&json!(null))
    }

    /// A release's manifest.
    fn release(&self, version: &str) -> Manifest {
        self.manifest(&json!({"org.opencontainers.image.version": version}))
    }

    fn manifest(&self, annotations: &serde_json::Value) -> Manifest {
        let part = |media_type: &str, bytes: &[u8]| json!({"mediaType": media_type, "digest": Digest::of(bytes).as_str(), "size": bytes.len()});
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": part("application/vnd.oci.image.config.v1+json", self.config),
            "layers": [part("application/vnd.oci.image.layer.v1.tar+gzip", self.layer)],
        });
        if !annotations.is_null() {
            manifest["annotations"] = annotations.clone();
        }
        Manifest {
            media_type: MANIFEST_TYPE.to_owned(),
            bytes: manifest.to_string().into(),
        }
    }

    /// Puts up the blobs and the bundle's manifest.
    async fn push(&self, client: &OciRegistry, as_tag: &str) -> Result<(), OciError> {
        let repository = repository();
        client.upload_blobs(&repository, &self.blobs).await?;
        client
            .put_manifest(&repository, &tag(as_tag), &self.bundle(), &self.blobs)
            .await
    }
}

/// Which error it is, and what it says.
fn kind<T: std::fmt::Debug>(result: Result<T, OciError>) -> (&'static str, String) {
    let error = match result {
        Ok(value) => return ("ok", format!("{value:?}")),
        Err(error) => error,
    };
    let kind = match error {
        OciError::Name(_) => "name",
        OciError::Refused(_) => "refused",
        OciError::Hidden(_) => "hidden",
        OciError::Exists(_) => "exists",
        OciError::NotFound(_) => "not found",
        OciError::Failed(_) => "failed",
        OciError::Shared { .. } => "shared",
        OciError::Malformed(_) => "malformed",
        OciError::Unreachable(_) => "unreachable",
    };
    (kind, error.to_string())
}
