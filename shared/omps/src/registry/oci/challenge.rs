//! How a registry authenticates, as it says in `WWW-Authenticate`.

use http::HeaderMap;
use http_auth::{ChallengeParser, ChallengeRef};
use reqwest::header::WWW_AUTHENTICATE;
use reqwest::{StatusCode, Url};

use super::error::OciError;
use super::malformed;
use crate::upstream::{Response, Upstream};

/// Bytes of the answer to `GET /v2/` that are read.
const VERSION_LIMIT: usize = 64 << 10;

/// How a registry authenticates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// Not at all.
    Open,
    /// By the caller's credentials with every request.
    Basic,
    /// By a token from `realm`.
    Bearer { realm: Url, service: Option<String> },
}

/// Asks the registry how it authenticates.
///
/// # Errors
/// Any answer but 200 and a 401 with a challenge that is understood.
pub(super) async fn ask(upstream: &Upstream, base: &Url) -> Result<Challenge, OciError> {
    let mut url = base.clone();
    url.set_path("/v2/");
    let request = || upstream.client().get(url.clone());
    let response = upstream.send_repeatable(request, VERSION_LIMIT).await?;
    match response.status {
        StatusCode::OK if is_page(&response) => Err(malformed("GET /v2/ got a page in HTML")),
        StatusCode::OK => Ok(Challenge::Open),
        StatusCode::UNAUTHORIZED => read(&response.headers, base)?
            .ok_or_else(|| malformed("401 without a challenge that omps can meet")),
        _ => Err(OciError::of(&response)),
    }
}

/// Whether this is a web page. Quay answers `true` as text/html, so that the content type says nothing.
fn is_page(response: &Response) -> bool {
    response.body.trim_ascii_start().starts_with(b"<")
}

/// The first challenge that can be met: `Bearer` before `Basic`, as a token shows the caller's credentials less often.
pub(super) fn read(headers: &HeaderMap, base: &Url) -> Result<Option<Challenge>, OciError> {
    let mut basic = None;
    for value in headers.get_all(WWW_AUTHENTICATE) {
        let value = value
            .to_str()
            .map_err(|_| malformed("a challenge that is not ASCII"))?;
        for parsed in ChallengeParser::new(value) {
            let parsed = parsed.map_err(|error| malformed(&format!("a challenge: {error}")))?;
            if parsed.scheme.eq_ignore_ascii_case("bearer") {
                return bearer(&parsed, base).map(Some);
            }
            if parsed.scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Challenge::Basic);
            }
        }
    }
    Ok(basic)
}

fn bearer(parsed: &ChallengeRef<'_>, base: &Url) -> Result<Challenge, OciError> {
    let parameter = |name: &str| {
        let found = parsed
            .params
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(found.1.to_unescaped())
    };
    let realm = parameter("realm").ok_or_else(|| malformed("a challenge without a realm"))?;
    let realm = base
        .join(&realm)
        .map_err(|_| malformed("a challenge whose realm is no URL"))?;
    check_realm(&realm, base)?;
    Ok(Challenge::Bearer {
        realm,
        service: parameter("service"),
    })
}

/// The caller's credentials go to the registry's host, by a way that is no less safe, or nowhere.
fn check_realm(realm: &Url, base: &Url) -> Result<(), OciError> {
    let same_host = realm.host_str() == base.host_str();
    let safe = realm.scheme() == "https" || realm.scheme() == base.scheme();
    match same_host && safe {
        true => Ok(()),
        false => Err(malformed(&format!(
            "tokens come from {}://{}, and credentials go to no host but the registry's",
            realm.scheme(),
            realm.host_str().unwrap_or_default()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn base() -> Url {
        Url::parse("https://quay.io").unwrap()
    }

    fn of(values: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(value));
        }
        match read(&headers, &base()) {
            Ok(Some(Challenge::Bearer { realm, service })) => {
                format!("{realm} {}", service.unwrap_or_default())
            }
            Ok(other) => format!("{other:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_challenge_is_read_as_rfc_9110_says() {
        for (case, values, expected) in [
            (
                "Quay's",
                &[
                    r#"Bearer realm="https://quay.io/v2/auth",service="quay.io",scope="repository:a/b:pull""#,
                ][..],
                "https://quay.io/v2/auth quay.io",
            ),
            (
                "no service",
                &[r#"bearer realm="https://quay.io/token""#],
                "https://quay.io/token ",
            ),
            (
                "a relative realm",
                &[r#"Bearer realm="/token",service=s"#],
                "https://quay.io/token s",
            ),
            ("Basic", &[r#"Basic realm="a registry""#], "Some(Basic)"),
            (
                "both, in two headers",
                &[r#"Basic realm="x""#, r#"Bearer realm="https://quay.io/t""#],
                "https://quay.io/t ",
            ),
            ("another scheme", &[r#"Negotiate realm="x""#], "None"),
            ("none", &[], "None"),
            (
                "no realm",
                &["Bearer service=\"quay.io\""],
                "the registry's answer breaks the protocol: a challenge without a realm",
            ),
        ] {
            assert_eq!(of(values), expected, "{case}");
        }
        assert!(of(&["Bearer realm=\"unclosed"]).contains("a challenge: "));
    }

    #[test]
    fn credentials_go_to_the_registrys_host_and_never_from_https_to_http() {
        let loopback = "http://127.0.0.1:5000";
        for (realm, base, expected) in [
            ("https://quay.io/v2/auth", "https://quay.io", true),
            ("https://quay.io:8443/auth", "https://quay.io", true),
            ("http://127.0.0.1:5001/auth", loopback, true),
            ("https://127.0.0.1/auth", loopback, true),
            ("http://quay.io/v2/auth", "https://quay.io", false),
            ("https://auth.quay.io/v2/auth", "https://quay.io", false),
            ("https://quay.io.evil.example/", "https://quay.io", false),
            ("https://quay.io@evil.example/", "https://quay.io", false),
        ] {
            let (realm, base) = (Url::parse(realm).unwrap(), Url::parse(base).unwrap());
            assert_eq!(check_realm(&realm, &base).is_ok(), expected, "{realm}");
        }
    }
}
