//! Who may do what: the challenge, the token endpoint, and the check of every request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use super::refusal::Refusal;
use super::store::RepositoryName;
use super::{Kind, Shared, authorization, own_url};
use crate::quay::accounts::Caller;
use crate::stand_in::{lock, unexpected};

/// What a request needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Pull,
    Push,
}

/// A token that was given out.
struct Grant {
    caller: Caller,
    to: Option<RepositoryName>,
    pull: bool,
    push: bool,
    uses: usize,
}

/// All tokens that were given out.
#[derive(Default)]
pub(super) struct Tokens(Mutex<HashMap<String, Grant>>);

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v2/", get(version))
        .route("/v2/auth", get(give))
}

async fn version(State(registry): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let known = match registry.kind {
        Kind::Quay => bearer(&headers).is_some(),
        Kind::DockerRegistry => true,
        Kind::DockerRegistryWithPasswords => {
            registry.accounts.basic_caller(authorization(&headers)) != Caller::Anonymous
        }
    };
    let challenge = [(WWW_AUTHENTICATE, registry.challenge(&headers, None))];
    match (known, registry.kind) {
        (true, _) => Json(json!({})).into_response(),
        (false, Kind::Quay) => (StatusCode::UNAUTHORIZED, challenge, Html("true")).into_response(),
        (false, _) => Refusal::unauthorized(registry.challenge(&headers, None)).into_response(),
    }
}

/// `GET /v2/auth?service=…&scope=repository:org/name:pull,push`
async fn give(
    State(registry): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if registry.kind != Kind::Quay {
        return unexpected(StatusCode::NOT_FOUND);
    }
    let query: HashMap<String, String> = query.as_deref().map(parameters).unwrap_or_default();
    let host = own_url(&headers).replace("http://", "");
    if query.get("service") != Some(&host) {
        return unexpected(Refusal::coded(400, "INVALID_REQUEST", "another service"));
    }
    let caller = registry.accounts.basic_caller(authorization(&headers));
    if authorization(&headers).is_some() && caller == Caller::Anonymous {
        return Refusal::coded(
            401,
            "UNAUTHORIZED",
            "Could not find robot with specified username",
        )
        .into_response();
    }
    let given = lock(&registry.tokens.0).len();
    if registry
        .manners()
        .token_limit
        .is_some_and(|limit| given >= limit)
    {
        return Refusal::TooManyRequests.into_response();
    }
    let scope = query.get("scope").map(String::as_str).unwrap_or_default();
    let grant = match scope {
        "" => Grant {
            caller,
            to: None,
            pull: false,
            push: false,
            uses: 0,
        },
        scope => match registry.grant(scope, caller) {
            Some(grant) => grant,
            None => return unexpected(Refusal::coded(400, "INVALID_REQUEST", "Unable to decode")),
        },
    };
    let token = format!("token-{}", given + 1);
    lock(&registry.tokens.0).insert(token.clone(), grant);
    Json(json!({"token": token})).into_response()
}

impl Shared {
    /// What a caller is granted of a scope. Creates the repository, private, when that is to push.
    fn grant(&self, scope: &str, caller: Caller) -> Option<Grant> {
        let (name, actions) = scope.strip_prefix("repository:")?.rsplit_once(':')?;
        let name = RepositoryName::parse(name)?;
        let actions: Vec<&str> = actions.split(',').collect();
        let mut store = self.store();
        let push = actions.contains(&"push") && store.may_write(&name, &caller, &self.accounts);
        if let (true, Caller::Known(creator)) = (push, &caller) {
            store.create(&name, creator);
        }
        let pull = actions.contains(&"pull") && store.may_read(&name, &caller, &self.accounts);
        Some(Grant {
            caller,
            to: Some(name),
            pull,
            push,
            uses: 0,
        })
    }

    /// Lets a request to a repository pass, or says what it lacks. Returns who sent it.
    pub(super) fn check(
        &self,
        headers: &HeaderMap,
        name: &RepositoryName,
        need: Need,
    ) -> Result<Caller, Refusal> {
        match self.kind {
            Kind::DockerRegistry => Ok(Caller::Anonymous),
            Kind::DockerRegistryWithPasswords => {
                match self.accounts.basic_caller(authorization(headers)) {
                    Caller::Anonymous => Err(self.unauthorized(headers, name, need)),
                    known => Ok(known),
                }
            }
            Kind::Quay => self.check_token(headers, name, need),
        }
    }

    fn check_token(
        &self,
        headers: &HeaderMap,
        name: &RepositoryName,
        need: Need,
    ) -> Result<Caller, Refusal> {
        let is_public = self
            .store()
            .find(name)
            .is_some_and(|repository| repository.public);
        let Some(token) = bearer(headers) else {
            return match authorization(headers) {
                None if is_public && need == Need::Pull => Ok(Caller::Anonymous),
                None => Err(self.unauthorized(headers, name, need)),
                // The caller's credentials are for the token endpoint alone.
                Some(_) => Err(self.unauthorized(headers, name, need).surprise()),
            };
        };
        let mut tokens = lock(&self.tokens.0);
        let limit = self.manners().token_uses;
        let grant = tokens
            .get_mut(token)
            .filter(|grant| limit.is_none_or(|limit| grant.uses < limit));
        let Some(grant) = grant else {
            return Err(self.unauthorized(headers, name, need));
        };
        grant.uses += 1;
        let granted = grant.to.as_ref() == Some(name)
            && match need {
                Need::Pull => grant.pull || is_public,
                Need::Push => grant.push,
            };
        match granted {
            true => Ok(grant.caller.clone()),
            false => Err(self.unauthorized(headers, name, need)),
        }
    }

    fn unauthorized(&self, headers: &HeaderMap, name: &RepositoryName, need: Need) -> Refusal {
        Refusal::unauthorized(self.challenge(headers, Some((name, need))))
    }

    fn challenge(&self, headers: &HeaderMap, scope: Option<(&RepositoryName, Need)>) -> String {
        if self.kind == Kind::DockerRegistryWithPasswords {
            return "Basic realm=\"registry\"".to_owned();
        }
        let url = own_url(headers);
        let host = url.replace("http://", "");
        let challenge = format!("Bearer realm=\"{url}/v2/auth\",service=\"{host}\"");
        match scope {
            None => challenge,
            Some((name, Need::Pull)) => format!("{challenge},scope=\"repository:{name}:pull\""),
            Some((name, Need::Push)) => {
                format!("{challenge},scope=\"repository:{name}:pull,push\"")
            }
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    authorization(headers)?.strip_prefix("Bearer ")
}

/// The parameters of a query, decoded as far as clients encode these.
pub(super) fn parameters(query: &str) -> HashMap<String, String> {
    let decoded = |text: &str| {
        text.replace("%3A", ":")
            .replace("%2F", "/")
            .replace("%2C", ",")
            .replace("%3D", "=")
    };
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (decoded(key), decoded(value)))
        .collect()
}
