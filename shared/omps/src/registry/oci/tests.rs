//! Answers that no honest registry gives, from a service that plays a script.

use std::time::Duration;

use http::HeaderValue;

use super::*;
use crate::upstream::scripted::{Scripted, Step, say};

const MANIFEST: &[u8] = br#"{"schemaVersion":2}"#;
const MANIFEST_TYPE: &str = "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n";

fn ok(headers: &str, body: &[u8]) -> Step {
    say("200 OK", headers, body)
}

fn challenge(realm: &str) -> Step {
    let header = format!("WWW-Authenticate: Bearer realm=\"{realm}\",service=\"here\"\r\n");
    say("401 Unauthorized", &header, b"")
}

fn client(service: &Scripted) -> OciRegistry {
    let token = Token::new(HeaderValue::from_static("basic b3JnK3JvYm90OnNlY3JldA=="));
    let endpoint = Arc::new(Endpoint::new(service.url.clone()));
    OciRegistry::new(Scripted::upstream(Duration::from_secs(5)), endpoint, token)
}

fn repository() -> ImageRepository {
    ImageRepository::parse("org", "name").unwrap()
}

fn tag() -> Tag {
    Tag::parse("1.0.0").unwrap()
}

/// What the client makes of a manifest in this answer, to `GET`.
async fn manifest(answer: Step) -> String {
    let service = Scripted::play(vec![ok("", b"{}"), answer]);
    let found = client(&service)
        .manifest(&repository(), Reference::Tag(&tag()))
        .await;
    match found {
        Ok(found) => format!(
            "{:?}",
            found.map(|manifest| manifest.digest() == Digest::of(MANIFEST))
        ),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_manifest_is_what_it_says() {
    let right = format!(
        "{MANIFEST_TYPE}Docker-Content-Digest: {}\r\n",
        Digest::of(MANIFEST)
    );
    let wrong = format!(
        "{MANIFEST_TYPE}Docker-Content-Digest: {}\r\n",
        Digest::of(b"other")
    );
    let nonsense = format!("{MANIFEST_TYPE}Docker-Content-Digest: sha256:../../x\r\n");
    let with_charset = MANIFEST_TYPE.replace("+json", "+json; charset=utf-8");
    for (case, headers, expected) in [
        ("right", right.as_str(), "Some(true)"),
        ("no digest", MANIFEST_TYPE, "Some(true)"),
        ("with a charset", &with_charset, "Some(true)"),
        ("another digest", &wrong, "it says that sha256:"),
        (
            "a digest that is none",
            &nonsense,
            "digest \"sha256:../../x\" is not valid",
        ),
        (
            "a page",
            "Content-Type: text/html\r\n",
            "a manifest of the type \"text/html\"",
        ),
        (
            "an old format",
            "Content-Type: application/vnd.docker.distribution.manifest.v1+prettyjws\r\n",
            "which was not asked for",
        ),
        ("no type", "", "a manifest of the type \"\""),
    ] {
        let found = manifest(ok(headers, MANIFEST)).await;
        assert!(found.contains(expected), "{case}: {found}");
    }
}

#[tokio::test]
async fn another_manifest_than_the_one_asked_for_is_refused() {
    let service = Scripted::play(vec![ok("", b"{}"), ok(MANIFEST_TYPE, MANIFEST)]);
    let asked = Digest::of(b"other");
    let found = client(&service)
        .manifest(&repository(), Reference::Digest(&asked))
        .await;
    let error = found.unwrap_err().to_string();
    assert!(error.contains("asked for the manifest sha256:"), "{error}");
}

#[tokio::test]
async fn a_manifest_without_end_is_not_read_to_the_end() {
    let endless = Step::Flood("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
    let found = manifest(endless).await;
    assert!(
        found.ends_with("'s answer is larger than 4194304 bytes"),
        "{found}"
    );
}

#[tokio::test]
async fn credentials_are_shown_to_no_other_host() {
    for realm in [
        "http://auth.example.com/token",
        "ftp://127.0.0.1/token",
        "http://[::1]/token",
    ] {
        let service = Scripted::play(vec![challenge(realm)]);
        let error = client(&service).tags(&repository()).await.unwrap_err();
        assert!(
            error
                .to_string()
                .contains("credentials go to no host but the registry's"),
            "{error}"
        );
        assert_eq!(service.requests().len(), 1, "{realm}");
    }
}

#[tokio::test]
async fn a_realm_named_later_is_held_to_the_same_rule() {
    let service = Scripted::play(vec![
        ok("", b"{}"),
        challenge("http://auth.example.com/token"),
    ]);
    let error = client(&service).tags(&repository()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("credentials go to no host but the registry's"),
        "{error}"
    );
    let requests = service.requests().join("\n").to_ascii_lowercase();
    assert!(!requests.contains("authorization"), "{requests}");
}

#[tokio::test]
async fn a_registry_that_asks_for_nothing_is_shown_nothing() {
    let service = Scripted::play(vec![ok("", b"{}"), ok("", br#"{"tags":["1.0.0"]}"#)]);
    assert_eq!(client(&service).tags(&repository()).await.unwrap(), [tag()]);
    let requests = service.requests().join("\n").to_ascii_lowercase();
    assert!(!requests.contains("authorization"), "{requests}");
}

#[tokio::test]
async fn a_list_that_has_no_end_ends() {
    let next = "Link: </v2/org/name/tags/list?n=100>; rel=\"next\"\r\n";
    let service = Scripted::play(vec![ok("", b"{}"), ok(next, br#"{"tags":["1.0.0"]}"#)]);
    let error = client(&service)
        .tags(&repository())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("a Link that leads to no next page"),
        "{error}"
    );

    let next = "Link: </v2/org/name/tags/list?last=z>; rel=\"next\"\r\n";
    let service = Scripted::play(vec![ok("", b"{}"), ok(next, br#"{"tags":[]}"#)]);
    assert_eq!(client(&service).tags(&repository()).await.unwrap(), []);
}

#[tokio::test]
async fn an_upload_goes_on_only_where_it_can() {
    for (location, expected) in [
        ("", "202 Accepted without a Location"),
        ("Location: http://[\r\n", "a Location that is no URL"),
        ("Location: file:///etc/passwd\r\n", "a Location at file://"),
    ] {
        let service = Scripted::play(vec![ok("", b"{}"), say("202 Accepted", location, b"")]);
        let blob = Blob::new(b"hello".as_slice().into());
        let error = client(&service)
            .upload_blobs(&repository(), [&blob])
            .await
            .unwrap_err();
        assert!(error.to_string().contains(expected), "{location}: {error}");
    }
}

#[tokio::test]
async fn a_blob_that_was_taken_for_another_is_not_taken() {
    let other = format!("Docker-Content-Digest: {}\r\n", Digest::of(b"other"));
    let service = Scripted::play(vec![ok("", b"{}"), say("201 Created", &other, b"")]);
    let blob = Blob::new(b"hello".as_slice().into());
    let error = client(&service)
        .upload_blobs(&repository(), [&blob])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("has the digest"), "{error}");
}

#[tokio::test]
async fn what_is_no_registry_is_not_there() {
    for (case, answer, expected) in [
        (
            "a page",
            ok("Content-Type: text/html\r\n", b"<html>"),
            "a page in HTML",
        ),
        (
            "no registry",
            say("404 Not Found", "", b"no"),
            "answered 404 without a message",
        ),
        (
            "a challenge in no scheme of ours",
            say("401 Unauthorized", "WWW-Authenticate: Negotiate\r\n", b""),
            "401 without",
        ),
        (
            "no challenge",
            say("401 Unauthorized", "", b""),
            "401 without a challenge",
        ),
    ] {
        let service = Scripted::play(vec![answer]);
        let endpoint = Endpoint::new(service.url.clone());
        let upstream = Scripted::upstream(Duration::from_secs(5));
        let error = endpoint.is_there(&upstream).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{case}: {error}");
    }
}

#[tokio::test]
async fn the_registrys_token_is_kept_out_of_what_is_written() {
    let token = "a-token-of-the-registry";
    let service = Scripted::play(vec![
        challenge("/token"),
        ok("", format!(r#"{{"token":"{token}"}}"#).as_bytes()),
        ok("", br#"{"tags":[]}"#),
    ]);
    let client = client(&service);
    client.tags(&repository()).await.unwrap();
    assert_eq!(
        crate::telemetry::scrub::scrub(&format!("{token} is wrong")),
        "[secret] is wrong"
    );
    drop(client);
    assert_eq!(crate::telemetry::scrub::scrub(token), token);
}
