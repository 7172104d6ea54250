//! A registry that speaks the OCI distribution specification: quay.io, a Quay of one's own, docker-registry and others.
//! The client knows the protocol and nothing of releases: it takes repositories, tags, blobs and manifests.
//!
//! # Round trips
//!
//! What can go at the same time does, and what must wait for something waits for that alone. A push of one operator with
//! one bundle, whose tag is not the release's, to a Quay (in brackets a registry without tokens, such as docker-registry
//! 2.8.2), one round trip after the other:
//!
//! | step | by | first push | a later release of the same bundle |
//! |---|---|---|---|
//! | challenge, once in a process | [`Endpoint`] | 1 (1) | |
//! | token to look | | 1 (0) | 1 (0) |
//! | tags ∥ blobs that are there | [`OciRegistry::tags`] ∥ [`OciRegistry::missing_blobs`] | 1 (1) | 1 (1) |
//! | token to push | | 1 (0) | 1 (0) |
//! | blobs, all at once | [`OciRegistry::upload_blobs`] | 1 (2) | |
//! | the bundle's manifest | [`OciRegistry::put_manifest`] | 1 (1) | |
//! | the release's manifest, last | [`OciRegistry::put_manifest`] | 1 (1) | 1 (1) |
//! | both read back at once | [`OciRegistry::digest_of`] | 1 (1) | 1 (1) |
//! | **one after the other** | | **8 (7)** | **5 (3)** |
//! | **requests in all** | | **12 (12)** | **8 (6)** |
//!
//! The protocol allows no fewer for what a release needs: a token waits for the challenge, a look for its token; Quay
//! creates the repository when it grants a token to push, so that one is asked for only once it is clear that there will
//! be a push; a manifest waits for its blobs, the release for its bundles, and reading back for the write. A blob is one
//! round trip where the registry takes it together with `POST`, as the specification allows (Quay does; docker-registry
//! answers 202 and takes it with `PUT`). `tests/api/oci/round_trips.rs` counts.
//!
//! # Why not the crate `oci-client`
//!
//! Version 0.18.0 was read. It builds its own HTTP client, and so does without what every call of ours has by
//! [`crate::upstream`]: one deadline, retries with `Retry-After`, answers read up to a limit (it reads tokens, errors and
//! manifests whole), no redirect followed, time measured. It asks whatever realm a challenge names, on any host, and takes
//! user and password where we hand on an `Authorization` as it came. It has no `DELETE`, renews no token after a 401, and
//! restarts no lost upload. It would add 25 crates beside itself. What is left of it for us are six kinds of requests, and
//! those are below; challenges are parsed by `http-auth`, as there. The types of `oci-spec` would add 17 crates for JSON
//! that this client passes on as bytes.

mod auth;
mod blobs;
mod challenge;
mod delete;
mod error;
mod manifests;
mod names;
mod quay;
mod tags;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use reqwest::header::AUTHORIZATION;
use reqwest::{RequestBuilder, StatusCode, Url};
use tokio::sync::Mutex;

pub use blobs::Blob;
pub use error::{ErrorResponse, OciError};
pub use manifests::{Manifest, Reference};
pub use names::{Digest, ImageRepository, InvalidImageName, Tag};

use self::auth::{Access, Auth};
use self::challenge::Challenge;
use crate::token::Token;
use crate::upstream::{Response, Upstream};

/// A registry, as the whole process knows it. It is to be built once, for what it learns.
#[derive(Debug)]
pub struct Endpoint {
    base: Url,
    is_quay: bool,
    challenge: Mutex<Option<Challenge>>,
    /// Whether it has answered that a blob cannot come together with `POST`.
    wants_two_steps: AtomicBool,
}

impl Endpoint {
    /// The registry at this URL, of which only scheme, host and port count. Whether an `http` URL is allowed is for the
    /// configuration to say.
    pub fn new(base: Url) -> Self {
        Endpoint {
            base,
            is_quay: false,
            challenge: Mutex::default(),
            wants_two_steps: AtomicBool::new(false),
        }
    }

    /// A Quay at this URL: it has visibility and policies under `/api/v1`, and nothing is ever deleted by digest there,
    /// since that takes all tags with it.
    pub fn quay(base: Url) -> Self {
        Endpoint {
            is_quay: true,
            ..Endpoint::new(base)
        }
    }

    /// Whether the registry is there: `GET /v2/` answers 200, or 401 with a challenge. What it answered is remembered, so
    /// that a process can ask before its first push.
    ///
    /// # Errors
    /// Why not.
    pub async fn is_there(&self, upstream: &Upstream) -> Result<(), OciError> {
        let challenge = challenge::ask(upstream, &self.base).await?;
        *self.challenge.lock().await = Some(challenge);
        Ok(())
    }

    fn base(&self) -> &Url {
        &self.base
    }

    async fn challenge(&self, upstream: &Upstream) -> Result<Challenge, OciError> {
        let mut known = self.challenge.lock().await;
        if let Some(challenge) = &*known {
            return Ok(challenge.clone());
        }
        let challenge = challenge::ask(upstream, &self.base).await?;
        Ok(known.insert(challenge).clone())
    }

    /// A URL of the registry. The path's names are checked ones, which mean nothing else in a URL.
    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url.set_query(None);
        url
    }
}

/// A client for one registry and one caller.
#[derive(Clone)]
pub struct OciRegistry {
    upstream: Upstream,
    endpoint: Arc<Endpoint>,
    auth: Arc<Auth>,
}

impl OciRegistry {
    /// A client with the caller's `Authorization`, which goes as it is to where the registry's challenge points.
    pub fn new(upstream: Upstream, endpoint: Arc<Endpoint>, caller: Token) -> Self {
        OciRegistry {
            upstream,
            endpoint,
            auth: Arc::new(Auth::new(caller)),
        }
    }

    /// Whether the registry knows the caller. No repository is named: Quay creates one when it grants a token to push.
    ///
    /// # Errors
    /// [`OciError`], for a caller that it does not know among others.
    pub async fn try_caller(&self) -> Result<(), OciError> {
        let (upstream, endpoint) = (&self.upstream, &self.endpoint);
        match endpoint.challenge(upstream).await? {
            Challenge::Open => Ok(()),
            Challenge::Basic => {
                let url = endpoint.url("/v2/");
                self.auth.try_password(upstream, &url).await
            }
            bearer @ Challenge::Bearer { .. } => {
                let token = self.auth.fetch(upstream, &bearer, None);
                token.await.map(drop)
            }
        }
    }

    /// The same client, with its tokens, for work that has another deadline.
    #[must_use]
    pub fn within(&self, upstream: Upstream) -> Self {
        OciRegistry {
            upstream,
            ..self.clone()
        }
    }

    /// Sends a request that may arrive twice, with the authorization that it needs, which is renewed once.
    async fn send(
        &self,
        to: &ImageRepository,
        access: Access,
        limit: usize,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Response, OciError> {
        let (upstream, endpoint) = (&self.upstream, &self.endpoint);
        let send = async |authorization: Option<&auth::Authorization>| {
            let request = || match authorization {
                Some(authorization) => request().header(AUTHORIZATION, authorization.header()),
                None => request(),
            };
            let response = upstream.send_repeatable(request, limit).await?;
            let accepted = response.status != StatusCode::UNAUTHORIZED;
            if let Some(authorization) = authorization.filter(|_| accepted) {
                authorization.prove();
            }
            Ok::<Response, OciError>(response)
        };
        let first = self
            .auth
            .authorization(upstream, endpoint, to, access)
            .await?;
        let response = send(first.as_ref()).await?;
        if response.status != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let headers = &response.headers;
        let second = self
            .auth
            .renewed(upstream, endpoint, to, access, first.as_ref(), headers);
        match second.await? {
            Some(second) => send(Some(&second)).await,
            None => Ok(response),
        }
    }

    /// Sends a request that looks at something, with a token to push where there is one: Quay gave the other before it
    /// created the repository. See [`OciError::Hidden`] for what a 401 means here.
    async fn look(
        &self,
        at: &ImageRepository,
        limit: usize,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Response, OciError> {
        let access = match self.auth.has(at, Access::Push).await {
            true => Access::Push,
            false => Access::Pull,
        };
        let response = self.send(at, access, limit, request).await?;
        if response.status != StatusCode::UNAUTHORIZED || !self.has_tokens().await {
            return Ok(response);
        }
        // A proxy's 401 says nothing of the repository. An answer to HEAD has no body, whoever sends it.
        let error = ErrorResponse::of(&response);
        match response.body.is_empty() || error.has_code(&["UNAUTHORIZED", "DENIED"]) {
            true => Err(OciError::Hidden(error)),
            false => Ok(response),
        }
    }

    /// Whether the registry gives out tokens: a caller who has got one is known to it.
    async fn has_tokens(&self) -> bool {
        let challenge = self.endpoint.challenge.lock().await;
        matches!(&*challenge, Some(Challenge::Bearer { .. }))
    }
}

fn malformed(problem: &str) -> OciError {
    OciError::Malformed(problem.to_owned())
}
