//! The tokens that a registry gives out for the caller's credentials.
//!
//! A token is for one repository and one [`Access`], and is kept as long as the client: Quay limits its token endpoint.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{HeaderMap, HeaderValue};
use reqwest::header::AUTHORIZATION;
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::challenge::{self, Challenge};
use super::error::OciError;
use super::names::ImageRepository;
use super::{Endpoint, malformed};
use crate::token::Token;
use crate::upstream::{Response, Upstream};

/// Bytes of a token endpoint's answer that are read.
const TOKEN_LIMIT: usize = 256 << 10;

/// What a token is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Access {
    /// To look.
    Pull,
    /// To push or delete. Quay creates the repository, private, when it grants this.
    Push,
}

/// The caller, and the tokens that the registry gave them.
pub(super) struct Auth {
    caller: Token,
    tokens: Mutex<HashMap<(ImageRepository, Access), Authorization>>,
}

/// What a request carries.
#[derive(Clone)]
pub(super) struct Authorization {
    token: Token,
    /// Whether the registry has accepted it before.
    proven: Arc<AtomicBool>,
}

impl Authorization {
    fn new(token: Token) -> Self {
        let proven = Arc::default();
        Authorization { token, proven }
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.token.header()
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

    /// Whether there is a token for that.
    pub(super) async fn has(&self, to: &ImageRepository, access: Access) -> bool {
        let tokens = self.tokens.lock().await;
        tokens.contains_key(&(to.clone(), access))
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
            Challenge::Basic => Ok(Some(Authorization::new(self.caller.clone()))),
            bearer @ Challenge::Bearer { .. } => {
                let mut tokens = self.tokens.lock().await;
                if let Some(token) = tokens.get(&(to.clone(), access)) {
                    return Ok(Some(token.clone()));
                }
                let token = self.fetch(upstream, &bearer, Some((to, access))).await?;
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
        let Some(challenge) = challenge::read(headers, endpoint.base())?.filter(|_| worth_it)
        else {
            return Ok(None);
        };
        if challenge == Challenge::Basic {
            let caller = || Authorization::new(self.caller.clone());
            return Ok(refused.is_none().then(caller));
        }
        let mut tokens = self.tokens.lock().await;
        let known = tokens.get(&(to.clone(), access));
        if let Some(newer) =
            known.filter(|known| refused.is_none_or(|refused| refused.header() != known.header()))
        {
            return Ok(Some(newer.clone()));
        }
        let token = self.fetch(upstream, &challenge, Some((to, access))).await?;
        tokens.insert((to.clone(), access), token.clone());
        Ok(Some(token))
    }

    /// Sends the caller's own `Authorization` to a registry that asks for a password.
    pub(super) async fn try_password(
        &self,
        upstream: &Upstream,
        url: &Url,
    ) -> Result<(), OciError> {
        let request = || {
            let request = upstream.client().get(url.clone());
            request.header(AUTHORIZATION, self.caller.header())
        };
        let response = upstream.send_repeatable(request, TOKEN_LIMIT).await?;
        match response.status.is_success() {
            true => Ok(()),
            false => Err(OciError::of(&response)),
        }
    }

    /// Asks the realm for a token, with the caller's own `Authorization`: for a repository, or for nothing but to be known.
    pub(super) async fn fetch(
        &self,
        upstream: &Upstream,
        challenge: &Challenge,
        scope: Option<(&ImageRepository, Access)>,
    ) -> Result<Authorization, OciError> {
        let Challenge::Bearer { realm, service } = challenge else {
            return Err(malformed("a challenge without a realm"));
        };
        let mut url = realm.clone();
        if let Some(service) = service {
            url.query_pairs_mut().append_pair("service", service);
        }
        if let Some((to, access)) = scope {
            let actions = match access {
                Access::Pull => "pull",
                Access::Push => "pull,push",
            };
            url.query_pairs_mut()
                .append_pair("scope", &format!("repository:{to}:{actions}"));
        }
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
    let token = Token::new(header);
    // Kept out of all that is written while it lives, even where the registry echoes it.
    drop(token.secret().guarded());
    Ok(Authorization::new(token))
}
