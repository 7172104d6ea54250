//! The stand-in answers as docker-registry 2.8.2 was seen to answer. `tests/tools/oci_real.sh` asks the real one the same.

use omps::registry::oci::Digest;
use omps_tests::oci::{Kind, Registry, Settings};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{MANIFEST_TYPE, Setup};

const BLOB: &str = "hello";
const NO_DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// One request, and status and code of the answer.
struct Exchange {
    title: &'static str,
    method: Method,
    /// Below `/v2/a/b/`; `{location}` is where the last upload goes on.
    path: String,
    accepts: bool,
    body: String,
    answer: (u16, &'static str),
}

/// A session from an empty repository to an empty one.
fn session() -> Vec<Exchange> {
    let (digest, manifest, unknown) = (
        Digest::of(BLOB.as_bytes()),
        manifest(None),
        manifest(Some(NO_DIGEST)),
    );
    let name = Digest::of(manifest.as_bytes());
    let blob = format!("blobs/{digest}");
    let finish = format!("{{location}}&digest={digest}");
    let mut session = Vec::new();
    let mut ask = |title, method: &str, path: &str, accepts, body: &str, answer| {
        session.push(Exchange {
            title,
            method: method.parse().expect("a method"),
            path: path.to_owned(),
            accepts,
            body: body.to_owned(),
            answer,
        });
    };
    ask(
        "no repository",
        "GET",
        "tags/list",
        false,
        "",
        (404, "NAME_UNKNOWN"),
    );
    ask(
        "no manifest",
        "GET",
        "manifests/1.0.0",
        true,
        "",
        (404, "MANIFEST_UNKNOWN"),
    );
    ask("no blob", "GET", &blob, false, "", (404, "BLOB_UNKNOWN"));
    ask(
        "one step",
        "POST",
        &format!("blobs/uploads/?digest={digest}"),
        false,
        BLOB,
        (202, ""),
    );
    ask("no blob yet", "HEAD", &blob, false, "", (404, ""));
    ask(
        "another's digest",
        "PUT",
        &finish,
        false,
        "other",
        (400, "DIGEST_INVALID"),
    );
    ask("an upload", "POST", "blobs/uploads/", false, "", (202, ""));
    ask("in two steps", "PUT", &finish, false, BLOB, (201, ""));
    ask(
        "the same again",
        "PUT",
        &finish,
        false,
        BLOB,
        (404, "BLOB_UPLOAD_UNKNOWN"),
    );
    ask("the blob", "HEAD", &blob, false, "", (200, ""));
    ask(
        "mounted",
        "POST",
        &format!("blobs/uploads/?mount={digest}&from=a/b"),
        false,
        "",
        (201, ""),
    );
    let nothing = format!("blobs/uploads/?mount={NO_DIGEST}&from=a/b");
    ask("nothing to mount", "POST", &nothing, false, "", (202, ""));
    ask(
        "no manifest yet",
        "GET",
        "tags/list",
        false,
        "",
        (404, "NAME_UNKNOWN"),
    );
    ask(
        "no JSON",
        "PUT",
        "manifests/1.0.0",
        false,
        "nonsense",
        (400, "MANIFEST_INVALID"),
    );
    ask(
        "no layer",
        "PUT",
        "manifests/1.0.0",
        false,
        &unknown,
        (400, "MANIFEST_BLOB_UNKNOWN"),
    );
    ask(
        "a manifest",
        "PUT",
        "manifests/1.0.0",
        false,
        &manifest,
        (201, ""),
    );
    ask(
        "the same under another tag",
        "PUT",
        "manifests/2.0.0",
        false,
        &manifest,
        (201, ""),
    );
    ask("read", "GET", "manifests/1.0.0", true, "", (200, ""));
    ask(
        "no tag of that name",
        "GET",
        "manifests/9.0.0",
        true,
        "",
        (404, "MANIFEST_UNKNOWN"),
    );
    ask(
        "tags",
        "GET",
        "tags/list?n=1",
        false,
        "",
        (200, "[\"1.0.0\",\"2.0.0\"]"),
    );
    ask(
        "tags cannot be deleted",
        "DELETE",
        "manifests/1.0.0",
        false,
        "",
        (400, "DIGEST_INVALID"),
    );
    ask(
        "manifests can",
        "DELETE",
        &format!("manifests/{name}"),
        false,
        "",
        (202, ""),
    );
    ask(
        "once",
        "DELETE",
        &format!("manifests/{name}"),
        false,
        "",
        (404, "MANIFEST_UNKNOWN"),
    );
    ask(
        "with all tags",
        "GET",
        "tags/list",
        false,
        "",
        (200, "null"),
    );
    session
}

/// A manifest whose config is the blob, and that has another layer if one is named.
fn manifest(layer: Option<&str>) -> String {
    let part = |kind: &str, digest: &str| {
        let media_type = format!("application/vnd.oci.image.{kind}");
        json!({"mediaType": media_type, "digest": digest, "size": BLOB.len()})
    };
    let layers: Vec<Value> = layer
        .iter()
        .map(|layer| part("layer.v1.tar+gzip", layer))
        .collect();
    let config = part("config.v1+json", Digest::of(BLOB.as_bytes()).as_str());
    json!({"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": layers})
        .to_string()
}

/// What a registry answers to a session, where that is not what is expected.
async fn differences(url: &str) -> Vec<String> {
    let (client, mut location) = (reqwest::Client::new(), String::new());
    let mut differences = Vec::new();
    for exchange in session() {
        let path = exchange.path.replace("{location}", &location);
        let path = match path.starts_with("http") {
            true => path,
            false => format!("{url}/v2/a/b/{path}"),
        };
        let content_type = match exchange.path.starts_with("manifests") {
            true => MANIFEST_TYPE,
            false => "application/octet-stream",
        };
        let mut request = client
            .request(exchange.method.clone(), path)
            .body(exchange.body);
        if matches!(exchange.method, Method::PUT | Method::POST) {
            request = request.header("content-type", content_type);
        }
        if exchange.accepts {
            request = request.header("accept", MANIFEST_TYPE);
        }
        let response = request.send().await.expect("an answer");
        if response.status() == StatusCode::ACCEPTED
            && let Some(value) = response.headers().get("location")
        {
            value
                .to_str()
                .expect("a location")
                .clone_into(&mut location);
        }
        let status = response.status().as_u16();
        let body: Value = response.json().await.unwrap_or_default();
        let said = code_or_tags(&body);
        if (status, said.as_str()) != exchange.answer {
            differences.push(format!("{}: {status} {said}", exchange.title));
        }
    }
    differences
}

fn code_or_tags(body: &Value) -> String {
    if let Some(code) = body["errors"][0]["code"].as_str() {
        return code.to_owned();
    }
    match body.get("tags") {
        Some(Value::Array(tags)) => {
            let mut tags = tags.clone();
            tags.sort_by_key(Value::to_string);
            Value::Array(tags).to_string()
        }
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

#[tokio::test]
async fn the_stand_in_answers_like_docker_registry() {
    let setup = Setup::docker_registry().await;
    assert_eq!(
        differences(&setup.registry.url()).await,
        Vec::<String>::new()
    );
}

#[tokio::test]
#[ignore = "needs a docker-registry: tests/tools/oci_real.sh"]
async fn docker_registry_answers_so() {
    let url = std::env::var("OCI_REGISTRY_URL").expect("OCI_REGISTRY_URL");
    assert_eq!(differences(&url).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_no_client_should_ask_is_a_surprise() {
    for (case, kind, path, header, status) in [
        (
            "no Accept",
            Kind::DockerRegistry,
            "manifests/1.0.0",
            None,
            404,
        ),
        (
            "credentials that are not for this",
            Kind::Quay,
            "tags/list",
            Some("basic b3JnK3JvYm90OnNlY3JldA=="),
            401,
        ),
        ("no such path", Kind::Quay, "nonsense", None, 404),
    ] {
        let registry = Registry::start(Settings::of(kind, &["a"]))
            .await
            .expect("a port");
        registry.add_tags("a", "b", ["1.0.0"]);
        let request = reqwest::Client::new().get(format!("{}/v2/a/b/{path}", registry.url()));
        let request = match header {
            Some(value) => request.header("authorization", value),
            None => request,
        };
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), status, "{case}");
        assert_eq!(registry.surprises().len(), 1, "{case}");
    }
}
