//! What a registry answered instead of doing what it was asked, in the terms that the rest of omps needs.
//!
//! The code in the body counts before the status: Quay says 403 `DENIED` to a caller without rights and to an
//! organization over its quota, and only the first can be helped by another token.

use std::fmt;

use reqwest::StatusCode;
use serde_json::Value;

use super::names::{InvalidImageName, Tag};
use crate::upstream::{CallError, Response};

/// Why a request to a registry did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    /// A name that no registry takes. Nothing was sent.
    #[error(transparent)]
    Name(#[from] InvalidImageName),
    /// The caller may not do that: 401, or 403 `DENIED`.
    #[error("{0}")]
    Refused(ErrorResponse),
    /// 401 to a token that the registry gave out for this very request. The repository is not there, or this caller may
    /// not see it: Quay does not say which to a robot that may create repositories. A push finds out.
    #[error("{0}")]
    Hidden(ErrorResponse),
    /// The tag is there and cannot be replaced.
    #[error("{0}")]
    Exists(ErrorResponse),
    /// The repository, the tag or the manifest is not there.
    #[error("{0}")]
    NotFound(ErrorResponse),
    /// Any other answer.
    #[error("{0}")]
    Failed(ErrorResponse),
    /// The registry deletes manifests only, and this one has another tag, which would go with it.
    #[error(
        "tag {tag} cannot be deleted: the registry deletes no tags, and the manifest has the tag {other}, too"
    )]
    Shared {
        /// What should have been deleted.
        tag: Tag,
        /// What must stay.
        other: Tag,
    },
    /// An answer that breaks the protocol.
    #[error("the registry's answer breaks the protocol: {0}")]
    Malformed(String),
    /// No answer, or one that is too large.
    #[error(transparent)]
    Unreachable(#[from] CallError),
}

/// An answer that is no success.
#[derive(Debug, Clone)]
pub struct ErrorResponse {
    /// The HTTP status.
    pub status: u16,
    /// The body; `null` when that is not JSON.
    pub body: Value,
}

impl OciError {
    /// Judges an answer that is no success.
    pub(super) fn of(response: &Response) -> Self {
        let error = ErrorResponse::of(response);
        match response.status {
            _ if error.has_code(&["TAG_IMMUTABLE", "TAG_ALREADY_EXISTS"]) => {
                OciError::Exists(error)
            }
            StatusCode::UNAUTHORIZED => OciError::Refused(error),
            StatusCode::FORBIDDEN if error.is_over_quota() => OciError::Failed(error),
            StatusCode::FORBIDDEN if error.has_code(&["DENIED", "UNAUTHORIZED"]) => {
                OciError::Refused(error)
            }
            StatusCode::NOT_FOUND if error.has_code(&ABSENT) => OciError::NotFound(error),
            _ => OciError::Failed(error),
        }
    }

    /// Whether the same request may succeed later, with nothing done about it.
    pub fn is_transient(&self) -> bool {
        match self {
            OciError::Failed(error) => {
                error.status >= 500 || error.status == 429 || error.is_read_only()
            }
            OciError::Unreachable(CallError::Unreachable { .. }) => true,
            OciError::Unreachable(CallError::TooLarge { .. }) | OciError::Malformed(_) => false,
            OciError::Name(_)
            | OciError::Refused(_)
            | OciError::Hidden(_)
            | OciError::Exists(_)
            | OciError::NotFound(_)
            | OciError::Shared { .. } => false,
        }
    }

    /// What the registry sent, where it sent an error.
    pub fn response(&self) -> Option<&ErrorResponse> {
        match self {
            OciError::Refused(error)
            | OciError::Hidden(error)
            | OciError::Exists(error)
            | OciError::NotFound(error)
            | OciError::Failed(error) => Some(error),
            OciError::Name(_)
            | OciError::Shared { .. }
            | OciError::Malformed(_)
            | OciError::Unreachable(_) => None,
        }
    }

    /// Whether the answer has one of these codes.
    pub(super) fn has_code(&self, codes: &[&str]) -> bool {
        self.response().is_some_and(|error| error.has_code(codes))
    }
}

/// The codes of a 404 that says that there is nothing. `TAG_EXPIRED` is Quay's for a tag that was deleted.
const ABSENT: [&str; 3] = ["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "TAG_EXPIRED"];

impl ErrorResponse {
    pub(super) fn of(response: &Response) -> Self {
        ErrorResponse {
            status: response.status.as_u16(),
            // What is no JSON, such as a proxy's page, is not the registry's.
            body: serde_json::from_slice(&response.body).unwrap_or(Value::Null),
        }
    }

    /// The registry's own words: the first message of the specification's `errors`, or of Quay's REST API.
    pub fn message(&self) -> Option<&str> {
        let first = self.entries().find_map(|entry| entry.get("message"));
        let rest = ["error_message", "detail", "message", "error"];
        let rest = rest.iter().filter_map(|key| self.body.get(key));
        first.into_iter().chain(rest).find_map(Value::as_str)
    }

    pub(super) fn has_code(&self, codes: &[&str]) -> bool {
        self.entries()
            .filter_map(|entry| entry.get("code")?.as_str())
            .any(|code| codes.contains(&code))
    }

    /// Quay's `Quota has been exceeded on namespace`, which some versions spell `exceed`.
    fn is_over_quota(&self) -> bool {
        self.has_code(&["DENIED"])
            && self
                .message()
                .is_some_and(|message| message.starts_with("Quota has been exceed"))
    }

    /// Quay takes no changes for the time being.
    fn is_read_only(&self) -> bool {
        self.entries()
            .any(|entry| entry.get("is_readonly") == Some(&Value::Bool(true)))
    }

    fn entries(&self) -> impl Iterator<Item = &Value> {
        let errors = self.body.get("errors").and_then(Value::as_array);
        errors.into_iter().flatten()
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message() {
            Some(message) => f.write_str(message),
            None => write!(f, "the registry answered {} without a message", self.status),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, body: &str) -> OciError {
        OciError::of(&Response {
            status: StatusCode::from_u16(status).unwrap(),
            headers: http::HeaderMap::new(),
            body: body.as_bytes().to_vec(),
            repeated: false,
        })
    }

    fn kind(error: &OciError) -> &'static str {
        match error {
            OciError::Refused(_) => "refused",
            OciError::Exists(_) => "exists",
            OciError::NotFound(_) => "not found",
            OciError::Failed(_) if error.is_transient() => "failed, for now",
            OciError::Failed(_) => "failed",
            _ => "another",
        }
    }

    #[test]
    fn the_code_counts_before_the_status() {
        let coded = |code| format!(r#"{{"errors":[{{"code":"{code}","message":"words"}}]}}"#);
        let denied =
            |message| format!(r#"{{"errors":[{{"code":"DENIED","message":"{message}"}}]}}"#);
        let read_only =
            r#"{"errors":[{"code":"DENIED","message":"System is read-only","is_readonly":true}]}"#;
        for (case, status, body, expected) in [
            ("no token", 401, coded("UNAUTHORIZED"), "refused"),
            ("no token, no JSON", 401, String::new(), "refused"),
            ("no right", 403, denied("no"), "refused"),
            ("a firewall's page", 403, "<html>".to_owned(), "failed"),
            (
                "quota",
                403,
                denied("Quota has been exceeded on namespace"),
                "failed",
            ),
            (
                "quota, as older Quays spell it",
                403,
                denied("Quota has been exceed on namespace"),
                "failed",
            ),
            (
                "read-only Quay",
                405,
                read_only.to_owned(),
                "failed, for now",
            ),
            ("disabled namespace", 405, denied("disabled"), "failed"),
            ("immutable tag", 409, coded("TAG_IMMUTABLE"), "exists"),
            (
                "immutable tag, another status",
                400,
                coded("TAG_IMMUTABLE"),
                "exists",
            ),
            ("tag exists", 409, coded("TAG_ALREADY_EXISTS"), "exists"),
            ("another conflict", 409, coded("CONFLICT"), "failed"),
            ("no manifest", 404, coded("MANIFEST_UNKNOWN"), "not found"),
            ("no repository", 404, coded("NAME_UNKNOWN"), "not found"),
            ("deleted tag", 404, coded("TAG_EXPIRED"), "not found"),
            (
                "404 of a router",
                404,
                "404 page not found".to_owned(),
                "failed",
            ),
            (
                "404 with another code",
                404,
                coded("BLOB_UPLOAD_UNKNOWN"),
                "failed",
            ),
            ("too large", 413, "<html>".to_owned(), "failed"),
            ("invalid manifest", 400, coded("MANIFEST_INVALID"), "failed"),
            ("busy", 429, String::new(), "failed, for now"),
            ("crash", 500, String::new(), "failed, for now"),
        ] {
            assert_eq!(kind(&error(status, &body)), expected, "{case}");
        }
    }

    #[test]
    fn an_error_says_the_registrys_own_words_when_it_has_any() {
        for (body, expected) in [
            (
                r#"{"errors":[{"code":"DENIED","message":"words"}]}"#,
                "words",
            ),
            (
                r#"{"error_message":"of the REST API","status":400}"#,
                "of the REST API",
            ),
            (
                r#"{"errors":"nonsense"}"#,
                "the registry answered 400 without a message",
            ),
            ("<html>", "the registry answered 400 without a message"),
        ] {
            assert_eq!(error(400, body).to_string(), expected, "{body}");
        }
    }
}
