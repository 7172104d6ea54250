//! What only a Quay has, under `/api/v1` and with the organization's OAuth token: visibility, and immutable tags.
//!
//! Quay creates a repository, private, when it grants a token to push. omps does not create it public before that with the
//! organization's own token, although it could: then everybody who reaches omps could, before Quay has said that they may push.

use reqwest::header::AUTHORIZATION;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::error::{ErrorResponse, OciError};
use super::names::ImageRepository;
use super::{OciRegistry, malformed};
use crate::token::Token;
use crate::upstream::{ANSWER_LIMIT, Response};

/// The tags that no push may replace: those that start like a version.
const RELEASES: &str = "^[0-9]+\\.";

impl OciRegistry {
    /// Makes a repository public.
    ///
    /// # Errors
    /// [`OciError::Refused`] when the token may not.
    pub async fn make_public(
        &self,
        repository: &ImageRepository,
        oauth: &Token,
    ) -> Result<(), OciError> {
        let path = format!("/api/v1/repository/{repository}/changevisibility");
        let body = json!({"visibility": "public"});
        let response = self
            .ask_quay(Method::POST, &path, oauth, Some(&body))
            .await?;
        let value: Value = understood(&response)?;
        match value.get("success") == Some(&Value::Bool(true)) {
            true => Ok(()),
            // Quay answers `null` when there is no such repository.
            false => Err(malformed("making a repository public is no success")),
        }
    }

    /// Whether a repository is public; `None` when there is none.
    ///
    /// # Errors
    /// [`OciError::Refused`] when the token may not see it.
    pub async fn is_public(
        &self,
        repository: &ImageRepository,
        oauth: &Token,
    ) -> Result<Option<bool>, OciError> {
        let path = format!("/api/v1/repository/{repository}");
        let response = self.ask_quay(Method::GET, &path, oauth, None).await?;
        // A proxy's 404 has no message of Quay's.
        if response.status == StatusCode::NOT_FOUND && says(&response, "") {
            return Ok(None);
        }
        let value: Value = understood(&response)?;
        match value.get("is_public").and_then(Value::as_bool) {
            Some(public) => Ok(Some(public)),
            None => Err(malformed("a repository without is_public")),
        }
    }

    /// Makes the tags of releases immutable, in a Quay that has this switched on. Once set, it stays.
    ///
    /// # Errors
    /// [`OciError::Failed`] with status 404 where Quay does not have it.
    pub async fn make_tags_immutable(
        &self,
        repository: &ImageRepository,
        oauth: &Token,
    ) -> Result<(), OciError> {
        let path = format!("/api/v1/repository/{repository}/immutabilitypolicy/");
        let body = json!({"tagPattern": RELEASES, "tagPatternMatches": true});
        let response = self
            .ask_quay(Method::POST, &path, oauth, Some(&body))
            .await?;
        match response.status {
            StatusCode::CREATED => Ok(()),
            StatusCode::BAD_REQUEST if says(&response, "already exists") => Ok(()),
            _ => Err(refusal(&response)),
        }
    }

    /// Asks the REST API. All of its requests that we send may arrive twice.
    async fn ask_quay(
        &self,
        method: Method,
        path: &str,
        oauth: &Token,
        body: Option<&Value>,
    ) -> Result<Response, OciError> {
        let url = self.endpoint.url(path);
        let request = || {
            let request = self.upstream.client().request(method.clone(), url.clone());
            let request = request.header(AUTHORIZATION, oauth.header());
            match body {
                Some(body) => request.json(body),
                None => request,
            }
        };
        Ok(self
            .upstream
            .send_persistently(request, ANSWER_LIMIT)
            .await?)
    }
}

/// What a success says.
fn understood(response: &Response) -> Result<Value, OciError> {
    match response.status {
        StatusCode::OK => serde_json::from_slice(&response.body)
            .map_err(|error| malformed(&format!("Quay's JSON: {error}"))),
        _ => Err(refusal(response)),
    }
}

/// Judges an answer that is no success: the REST API has no codes, and says 403 for a token that is wrong or expired.
fn refusal(response: &Response) -> OciError {
    match response.status {
        StatusCode::FORBIDDEN => OciError::Refused(ErrorResponse::of(response)),
        _ => OciError::of(response),
    }
}

/// Whether Quay's message has these words.
fn says(response: &Response, words: &str) -> bool {
    let error = ErrorResponse::of(response);
    error
        .message()
        .is_some_and(|message| message.contains(words))
}
