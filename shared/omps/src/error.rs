//! The closed list of errors that clients see: id, status, message, and what else the body carries.

use std::any::Any;

use http::StatusCode;
use omps_operator::OperatorError;
use omps_operator::courier_bundle::CourierBundleError;
use omps_operator::report::ValidationInfo;
use serde_json::{Map, Value, json};

use crate::config::Config;
use crate::greenwave::GreenwaveError;
use crate::koji::KojiError;
use crate::ledger::LedgerError;
use crate::names::InvalidName;
use crate::registry::{RegistryError, Repository};
use crate::release::InvalidVersion;
use crate::secrets::SecretsError;

/// What a client can do whose zip is too big.
const BY_UPLOAD: &str = "; a larger zip is pushed by way of POST /v2/{organization}/uploads";

/// Whatever a request can end in but success.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request has no zip where one is expected.
    #[error("{0}")]
    ExpectedFile(String),
    /// The zip is refused.
    #[error("{0}")]
    UploadedFile(String),
    /// The manifests are not valid.
    #[error("{message}")]
    PackageValidation {
        /// operator-courier's message, or ours.
        message: String,
        /// The findings.
        validation_info: Box<ValidationInfo>,
    },
    /// The version in the path.
    #[error(transparent)]
    InvalidVersion(#[from] InvalidVersion),
    /// A request that needs a token has none.
    #[error("Request to '{0}' requires an Authorization header")]
    AuthorizationRequired(String),
    /// Quay refused the token.
    #[error("{message}")]
    QuayAuthorization {
        /// What was tried, and Quay's own message.
        message: String,
        /// What Quay sent.
        quay_response: Value,
    },
    /// What should be deleted is not there.
    #[error("{0}")]
    QuayPackageNotFound(String),
    /// The push failed.
    #[error("{message}")]
    QuayCourier {
        /// `Failed to push manifest: …`
        message: String,
        /// What Quay sent.
        quay_response: Value,
        /// Whether the same may succeed later.
        transient: bool,
    },
    /// Listing, deleting or publishing failed.
    #[error("{message}")]
    QuayPackage {
        /// What was tried, and Quay's own message.
        message: String,
        /// What was done all the same, as further keys of the body.
        done: Map<String, Value>,
        /// Whether the same may succeed later.
        transient: bool,
    },
    /// Koji gave no archive.
    #[error(transparent)]
    Koji(#[from] KojiError),
    /// Greenwave did not let the build pass.
    #[error(transparent)]
    Greenwave(#[from] GreenwaveError),
    /// The request itself.
    #[error("{0}")]
    BadRequest(String),
    /// No such path.
    #[error("No endpoint has the path '{0}'")]
    NotFound(String),
    /// The path has other methods.
    #[error("'{path}' does not take {method}, but {allow}")]
    MethodNotAllowed {
        /// The path.
        path: String,
        /// The method asked for.
        method: String,
        /// The methods that it has, as in the header `Allow`.
        allow: String,
    },
    /// The body is over the limit.
    #[error("The request body is larger than the {limit} bytes that are allowed{}", if *.by_upload { BY_UPLOAD } else { "" })]
    TooLarge {
        /// `max_content_length`, or what an upload may have.
        limit: usize,
        /// Whether a larger zip may come as an upload.
        by_upload: bool,
    },
    /// Not now; later the same request may succeed.
    #[error("{0}")]
    ServiceUnavailable(String),
    /// A defect of ours. The cause is logged, not told.
    #[error("Internal error; the log has its cause under this request id")]
    Internal(String),
}

impl Error {
    /// Status and id.
    pub fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Error::ExpectedFile(_) => (StatusCode::BAD_REQUEST, "OMPSExpectedFileError"),
            Error::UploadedFile(_) => (StatusCode::BAD_REQUEST, "OMPSUploadedFileError"),
            Error::PackageValidation { .. } => (StatusCode::BAD_REQUEST, "PackageValidationError"),
            Error::InvalidVersion(_) => (StatusCode::BAD_REQUEST, "OMPSInvalidVersionFormat"),
            Error::AuthorizationRequired(_) => {
                (StatusCode::FORBIDDEN, "OMPSAuthorizationHeaderRequired")
            }
            Error::QuayAuthorization { .. } => (StatusCode::FORBIDDEN, "QuayAuthorizationError"),
            Error::QuayPackageNotFound(_) => (StatusCode::NOT_FOUND, "QuayPackageNotFound"),
            Error::QuayCourier { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "QuayCourierError"),
            Error::QuayPackage { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "QuayPackageError"),
            Error::Koji(error) => match error {
                KojiError::BuildNotFound(_) => (StatusCode::NOT_FOUND, "KojiNVRBuildNotFound"),
                KojiError::NotAnOperatorImage { .. } => {
                    (StatusCode::BAD_REQUEST, "KojiNotAnOperatorImage")
                }
                KojiError::ArchiveTooLarge { .. } => {
                    (StatusCode::BAD_REQUEST, "OMPSUploadedFileError")
                }
                KojiError::ArchiveNotFound { .. } => (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "KojiManifestsArchiveNotFound",
                ),
                KojiError::Fault { .. }
                | KojiError::Nonsense { .. }
                | KojiError::Status { .. }
                | KojiError::Call(_) => (StatusCode::INTERNAL_SERVER_ERROR, "KojiError"),
            },
            Error::Greenwave(error) => match error {
                GreenwaveError::Unsatisfied { .. } => {
                    (StatusCode::BAD_REQUEST, "GreenwaveUnsatisfiedError")
                }
                GreenwaveError::Undecided { .. } => {
                    (StatusCode::INTERNAL_SERVER_ERROR, "GreenwaveError")
                }
            },
            Error::BadRequest(_) => (StatusCode::BAD_REQUEST, "BadRequest"),
            Error::NotFound(_) => (StatusCode::NOT_FOUND, "NotFound"),
            Error::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
            Error::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge"),
            Error::ServiceUnavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
            Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
        }
    }

    /// Whether the same request may succeed later, with nothing done about it: what a queue should try again.
    pub fn is_transient(&self) -> bool {
        match self {
            Error::ServiceUnavailable(_) | Error::Internal(_) => true,
            Error::QuayCourier { transient, .. } | Error::QuayPackage { transient, .. } => {
                *transient
            }
            Error::Koji(error) => error.is_transient(),
            Error::Greenwave(error) => match error {
                GreenwaveError::Undecided { .. } => true,
                GreenwaveError::Unsatisfied { .. } => false,
            },
            Error::ExpectedFile(_)
            | Error::UploadedFile(_)
            | Error::PackageValidation { .. }
            | Error::InvalidVersion(_)
            | Error::AuthorizationRequired(_)
            | Error::QuayAuthorization { .. }
            | Error::QuayPackageNotFound(_)
            | Error::BadRequest(_)
            | Error::NotFound(_)
            | Error::MethodNotAllowed { .. }
            | Error::TooLarge { .. } => false,
        }
    }

    /// The answer's body.
    pub fn body(&self, request_id: &str) -> Value {
        let (status, id) = self.kind();
        let mut body = json!({
            "status": status.as_u16(),
            "error": id,
            "message": self.to_string(),
            "request_id": request_id,
        });
        match self {
            Error::PackageValidation {
                validation_info, ..
            } => {
                body["validation_info"] = serde_json::to_value(validation_info).unwrap_or_default();
            }
            Error::QuayAuthorization { quay_response, .. }
            | Error::QuayCourier { quay_response, .. } => {
                body["quay_response"] = quay_response.clone();
            }
            Error::Greenwave(error) => body["greenwave_response"] = error.response(),
            Error::QuayPackage { done, .. } => {
                for (key, value) in done {
                    body[key] = value.clone();
                }
            }
            _ => {}
        }
        body
    }

    /// The methods that the path has, for the header `Allow`.
    pub fn allow(&self) -> Option<String> {
        match self {
            Error::MethodNotAllowed { allow, .. } => Some(allow.clone()),
            _ => None,
        }
    }

    /// A defect that was caught.
    pub fn of_panic(panic: &(dyn Any + Send)) -> Self {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or(panic.downcast_ref::<&str>().copied());
        Error::Internal(format!("panic: {}", message.unwrap_or("without a message")))
    }

    /// A request's body is over the limit.
    pub fn request_too_large(config: &Config) -> Self {
        Error::TooLarge {
            limit: config.max_content_length.get(),
            by_upload: config.takes_uploads(),
        }
    }

    /// Manifests that are refused before the verdict, by a rule of ours.
    pub fn invalid_manifests(message: String) -> Self {
        Error::PackageValidation {
            message,
            validation_info: Box::default(),
        }
    }

    /// Listing a repository's releases failed.
    pub fn listing(repository: &Repository, error: &RegistryError) -> Self {
        let reason = error.message().unwrap_or("Unknown error");
        let message = format!("Cannot retrieve information about package {repository}: {reason}");
        let quay_response = error.response();
        match error {
            RegistryError::Refused(_) => Error::QuayAuthorization {
                message,
                quay_response,
            },
            _ => Error::QuayPackage {
                message,
                done: Map::new(),
                transient: error.is_transient(),
            },
        }
    }

    /// Pushing a release failed.
    pub fn pushing(error: &RegistryError) -> Self {
        let reason = error.message().unwrap_or("Failed to get error details.");
        let message = format!("Failed to push manifest: {reason}");
        let quay_response = error.response();
        match error {
            RegistryError::Refused(_) => Error::QuayAuthorization {
                message,
                quay_response,
            },
            _ => Error::QuayCourier {
                message,
                quay_response,
                transient: error.is_transient(),
            },
        }
    }

    /// Deleting a release or publishing a repository failed; `done` tells what was not in vain.
    pub fn changing(error: &RegistryError, done: Map<String, Value>) -> Self {
        let message = error.message().unwrap_or("Unknown error").to_owned();
        let transient = error.is_transient();
        Error::QuayPackage {
            message,
            done,
            transient,
        }
    }
}

impl From<OperatorError> for Error {
    fn from(error: OperatorError) -> Self {
        let message = match &error {
            OperatorError::Archive(error) => return Error::UploadedFile(error.to_string()),
            OperatorError::CourierBundle(defect @ CourierBundleError::Defect { .. }) => {
                return Error::Internal(defect.to_string());
            }
            // What operator-courier found carries its words.
            OperatorError::Layout(_) | OperatorError::Invalid(_) => {
                format!("Failed to push manifest: {error}")
            }
            _ => error.to_string(),
        };
        Error::PackageValidation {
            message,
            validation_info: Box::new(error.validation_info()),
        }
    }
}

impl From<SecretsError> for Error {
    fn from(error: SecretsError) -> Self {
        Error::ServiceUnavailable(error.to_string())
    }
}

impl From<LedgerError> for Error {
    fn from(error: LedgerError) -> Self {
        Error::ServiceUnavailable(error.to_string())
    }
}

impl From<InvalidName> for Error {
    fn from(error: InvalidName) -> Self {
        Error::BadRequest(error.to_string())
    }
}
