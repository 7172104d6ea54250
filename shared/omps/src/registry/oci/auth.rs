//! Who the registry takes us for: its challenge, and the tokens that it gives out for the caller's credentials.
//!
//! A registry says once how it authenticates (`GET /v2/`); that is kept for the whole process. A token is for one
//! repository and one [`Access`], and is kept for one request of ours: Quay limits its token endpoint.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{HeaderMap, HeaderValue};
use http_auth::{ChallengeParser, ChallengeRef};
use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::error::OciError;
use super::names::ImageRepository;
use super::{Endpoint, malformed};
use crate::token::Token;
use crate::upstream::{Response, Upstream};

/// Bytes of a token endpoint's answer that are read.
const TOKEN_LIMIT: usize = 256 << 10;
/// Bytes of the answer to `GET /v2/` that are read.
const VERSION_LIMIT: usize = 64 << 10;

/// What a token is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Access {
    /// To look.
    Pull,
    /// To push or delete. Quay creates the repository, private, when it grants this.
    Push,
}

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

/// The caller, and the tokens that the registry gave them.
pub(super) struct Auth {
    caller: Token,
    tokens: Mutex<HashMap<(ImageRepository, Access), Authorization>>,
}

/// What a request carries.
#[derive(Clone)]
pub(super) struct Authorization {
    header: HeaderValue,
    /// Whether the registry has accepted it before.
    proven: Arc<AtomicBool>,
}

impl Authorization {
    fn new(mut header: HeaderValue) -> Self {
        header.set_sensitive(true);
        let proven = Arc::default();
        Authorization { header, proven }
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// Notes that the registry accepted it.
    pub(super) fn prove(&self) {
        self.proven.store(true, Ordering::Relaxed);
    }

    fn is_proven(&self) -> bool {
        self.proven.load(Ordering::Relaxed)
    }
}

impl Auth {
    pub(super) fn new(caller: Token) -> Self {
        let tokens = Mutex::default();
        Auth { caller, tokens }
    }

    /// What a request for this repository should carry; nothing where the registry does not ask for it.
    pub(super) async fn authorization(
        &self,
        upstream: &Upstream,
        endpoint: &Endpoint,
        to: &ImageRepository,
        access: Access,
    ) -> Result<Option<Authorization>, OciError> {
        match endpoint.challenge(upstream).await? {
            Challenge::Open => Ok(None),
            Challenge::Basic => Ok(Some(Authorization::new(self.caller.header()))),
            bearer @ Challenge::Bearer { .. } => {
                let mut tokens = self.tokens.lock().await;
                if let Some(token) = tokens.get(&(to.clone(), access)) {
                    return Ok(Some(token.clone()));
                }
                let token = self.fetch(upstream, endpoint, &bearer, to, access).await?;
                tokens.insert((to.clone(), access), token.clone());
                Ok(Some(token))
            }
        }
    }

    /// What to try after a 401: nothing, when another token would be worth no more than the refused one.
    ///
    /// A token that was never accepted is renewed for a push only: whoever looks for a repository that is not there gets
    /// 401 from Quay, whatever the token.
    pub(super) async fn renewed(
        &self,
        upstream: &Upstream,
        endpoint: &Endpoint,
        to: &ImageRepository,
        access: Access,
        refused: Option<&Authorization>,
        headers: &HeaderMap,
    ) -> Result<Option<Authorization>, OciError> {
        let worth_it = refused.is_none_or(|refused| refused.is_proven() || access == Access::Push);
        let Some(challenge) = challenge(headers, endpoint.base())?.filter(|_| worth_it) else {
            return Ok(None);
        };
        if challenge == Challenge::Basic {
            let header = self.caller.header();
            return Ok(refused.is_none().then(|| Authorization::new(header)));
        }
        let mut tokens = self.tokens.lock().await;
        let known = tokens.get(&(to.clone(), access));
        if let Some(newer) =
            known.filter(|known| refused.is_none_or(|refused| refused.header != known.header))
        {
            return Ok(Some(newer.clone()));
        }
        let token = self
            .fetch(upstream, endpoint, &challenge, to, access)
            .await?;
        tokens.insert((to.clone(), access), token.clone());
        Ok(Some(token))
    }

    /// Asks the realm for a token, with the caller's own `Authorization`.
    async fn fetch(
        &self,
        upstream: &Upstream,
        endpoint: &Endpoint,
        challenge: &Challenge,
        to: &ImageRepository,
        access: Access,
    ) -> Result<Authorization, OciError> {
        let Challenge::Bearer { realm, service } = challenge else {
            return Err(malformed("a challenge without a realm"));
        };
        check_realm(realm, endpoint.base())?;
        let mut url = realm.clone();
        let actions = match access {
            Access::Pull => "pull",
            Access::Push => "pull,push",
        };
        if let Some(service) = service {
            url.query_pairs_mut().append_pair("service", service);
        }
        url.query_pairs_mut()
            .append_pair("scope", &format!("repository:{to}:{actions}"));
        let request = || {
            let request = upstream.client().get(url.clone());
            request.header(AUTHORIZATION, self.caller.header())
        };
        let response = upstream.send_repeatable(request, TOKEN_LIMIT).await?;
        match response.status {
            StatusCode::OK => token(&response),
            _ => Err(OciError::of(&response)),
        }
    }
}

/// Asks the registry how it authenticates.
///
/// # Errors
/// Any answer but 200 and a 401 with a challenge that is understood.
pub(super) async fn ask_for_challenge(
    upstream: &Upstream,
    base: &Url,
) -> Result<Challenge, OciError> {
    let mut url = base.clone();
    url.set_path("/v2/");
    let request = || upstream.client().get(url.clone());
    let response = upstream.send_repeatable(request, VERSION_LIMIT).await?;
    match response.status {
        StatusCode::OK if is_page(&response) => Err(malformed("GET /v2/ got a page in HTML")),
        StatusCode::OK => Ok(Challenge::Open),
        StatusCode::UNAUTHORIZED => challenge(&response.headers, base)?
            .ok_or_else(|| malformed("401 without a challenge that omps can meet")),
        _ => Err(OciError::of(&response)),
    }
}

/// Whether this is a web page. Quay answers `true` as text/html, so that the content type says nothing.
fn is_page(response: &Response) -> bool {
    response.body.trim_ascii_start().starts_with(b"<")
}

/// The first challenge that can be met: `Bearer` before `Basic`, as a token shows the caller's credentials less often.
fn challenge(headers: &HeaderMap, base: &Url) -> Result<Option<Challenge>, OciError> {
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

/// The token in the answer, under either of the names that it goes by.
fn token(response: &Response) -> Result<Authorization, OciError> {
    #[derive(Deserialize)]
    struct Body {
        token: Option<String>,
        access_token: Option<String>,
    }
    // No error of serde's own, which may quote the token.
    let body: Body = serde_json::from_slice(&response.body)
        .map_err(|_| malformed("the token endpoint's answer is not the JSON that it should be"))?;
    let token = body.token.or(body.access_token);
    let token = token
        .filter(|token| !token.is_empty())
        .ok_or_else(|| malformed("the token endpoint's answer has no token"))?;
    let header = HeaderValue::try_from(format!("Bearer {token}"))
        .map_err(|_| malformed("the token endpoint's token fits in no header"))?;
    Ok(Authorization::new(header))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("https://quay.io").unwrap()
    }

    fn of(values: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(value));
        }
        match challenge(&headers, &base()) {
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
