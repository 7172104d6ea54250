//! The closed list of errors that clients see: id, status, message, and the other keys of the body.

mod of_others;
mod of_registries;

use std::any::Any;

use http::StatusCode;
use omps_operator::report::ValidationInfo;
use serde_json::Value;

use crate::api::{ErrorAnswer, PartlyDone};
use crate::greenwave::GreenwaveError;
use crate::koji::KojiError;
use crate::release::InvalidVersion;

/// How OMPS begins the message of a push that failed.
pub(crate) const PUSH_FAILED: &str = "Failed to push manifest: ";
/// The advice for a client whose zip is too large for one request.
const BY_UPLOAD: &str = "; to push a larger zip, use POST /v2/{organization}/uploads";

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request has no zip where one is expected.
    #[error("{0}")]
    ExpectedFile(String),
    /// The service refuses the zip.
    #[error("{0}")]
    UploadedFile(String),
    /// The manifests are not valid.
    #[error("{message}")]
    PackageValidation {
        /// The message of operator-courier, or of this service.
        message: String,
        /// The findings.
        validation_info: Box<ValidationInfo>,
    },
    /// The version in the path is not valid.
    #[error(transparent)]
    InvalidVersion(#[from] InvalidVersion),
    /// The request requires a token and has none.
    #[error(
        "Request contains no 'Authorization' header; '{0}' requires one, with the token of Quay's login"
    )]
    AuthorizationRequired(String),
    /// Quay refused the token.
    #[error("{message}")]
    QuayAuthorization {
        /// The action, and Quay's own message.
        message: String,
        /// The JSON that Quay sent.
        quay_response: Value,
    },
    /// The package or release to delete does not exist.
    #[error("{0}")]
    QuayPackageNotFound(String),
    /// The push failed.
    #[error("{message}")]
    QuayCourier {
        /// `Failed to push manifest: …`
        message: String,
        /// The JSON that Quay sent.
        quay_response: Value,
        /// Whether the same request may succeed later.
        transient: bool,
    },
    /// Listing, deleting or making public failed.
    #[error("{message}")]
    QuayPackage {
        /// The action, and Quay's own message.
        message: String,
        /// The part of the work that was done before the failure.
        done: Box<PartlyDone>,
        /// Whether the same request may succeed later.
        transient: bool,
    },
    /// The archive could not be fetched from Koji.
    #[error(transparent)]
    Koji(#[from] KojiError),
    /// Greenwave did not approve the build.
    #[error(transparent)]
    Greenwave(#[from] GreenwaveError),
    /// The request is not valid.
    #[error("{0}")]
    BadRequest(String),
    /// No endpoint has this path, or what it is for is not configured. The text says what to do instead.
    #[error("{0}")]
    NotFound(String),
    /// The path does not accept this method.
    #[error("'{path}' does not accept {method}; it accepts {allow}{}", .nearest.as_ref().map(|route| format!(". The nearest route for {method} is {route}")).unwrap_or_default())]
    MethodNotAllowed {
        /// The path.
        path: String,
        /// The method asked for.
        method: String,
        /// The methods that the path accepts, as in the header `Allow`.
        allow: String,
        /// The route with this method that is most like the path, if one is like it.
        nearest: Option<String>,
    },
    /// Another request with the same `Idempotency-Key` is still running.
    #[error(
        "A push with this Idempotency-Key is still running; send the request again later to get its answer"
    )]
    KeyInUse,
    /// An earlier, different request used the same `Idempotency-Key`.
    #[error(
        "This Idempotency-Key was used for another request: the zip or N-V-R, the path or the query differs. Use a new key for a new push"
    )]
    KeyReuse,
    /// The body is larger than the limit.
    #[error("The request body is larger than the {limit} bytes that are allowed{}", if *.upload_is_possible { BY_UPLOAD } else { "" })]
    TooLarge {
        /// The limit in bytes: `max_content_length`, or the limit of an upload.
        limit: usize,
        /// Whether the client can send a larger zip as an upload.
        upload_is_possible: bool,
    },
    /// The request did not arrive in time.
    #[error("{0}")]
    RequestTimeout(String),
    /// The head of the request is not HTTP, or too large.
    #[error("{problem}")]
    Unreadable {
        /// 400, 414 or 431.
        status: StatusCode,
        /// What is wrong with it.
        problem: String,
    },
    /// The body is compressed.
    #[error(
        "The request has the Content-Encoding {0:?}; send the body as it is, without Content-Encoding"
    )]
    UnsupportedMediaType(String),
    /// The service cannot do this now; the same request may succeed later.
    #[error("{0}")]
    ServiceUnavailable(String),
    /// A defect of this service. The log has the cause; the answer does not.
    #[error("Internal error; the log has its cause under this request id")]
    Internal(String),
}

impl Error {
    /// The id of the error, which clients can test for.
    pub fn id(&self) -> &'static str {
        match self {
            Error::ExpectedFile(_) => "OMPSExpectedFileError",
            Error::UploadedFile(_) => "OMPSUploadedFileError",
            Error::PackageValidation { .. } => "PackageValidationError",
            Error::InvalidVersion(_) => "OMPSInvalidVersionFormat",
            Error::AuthorizationRequired(_) => "OMPSAuthorizationHeaderRequired",
            Error::QuayAuthorization { .. } => "QuayAuthorizationError",
            Error::QuayPackageNotFound(_) => "QuayPackageNotFound",
            Error::QuayCourier { .. } => "QuayCourierError",
            Error::QuayPackage { .. } => "QuayPackageError",
            Error::Koji(KojiError::BuildNotFound(_)) => "KojiNVRBuildNotFound",
            Error::Koji(KojiError::NotAnOperatorImage { .. }) => "KojiNotAnOperatorImage",
            Error::Koji(KojiError::ArchiveTooLarge { .. }) => "OMPSUploadedFileError",
            Error::Koji(KojiError::ArchiveNotFound { .. }) => "KojiManifestsArchiveNotFound",
            Error::Koji(_) => "KojiError",
            Error::Greenwave(GreenwaveError::Unsatisfied { .. }) => "GreenwaveUnsatisfiedError",
            Error::Greenwave(GreenwaveError::Undecided { .. }) => "GreenwaveError",
            Error::BadRequest(_) | Error::Unreadable { .. } => "BadRequest",
            Error::NotFound(_) => "NotFound",
            Error::MethodNotAllowed { .. } => "MethodNotAllowed",
            Error::KeyInUse => "IdempotencyKeyInUse",
            Error::KeyReuse => "IdempotencyKeyReuse",
            Error::TooLarge { .. } => "RequestEntityTooLarge",
            Error::RequestTimeout(_) => "RequestTimeout",
            Error::UnsupportedMediaType(_) => "UnsupportedMediaType",
            Error::ServiceUnavailable(_) => "ServiceUnavailable",
            Error::Internal(_) => "InternalServerError",
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Error::ExpectedFile(_)
            | Error::UploadedFile(_)
            | Error::PackageValidation { .. }
            | Error::InvalidVersion(_)
            | Error::Koji(
                KojiError::NotAnOperatorImage { .. } | KojiError::ArchiveTooLarge { .. },
            )
            | Error::Greenwave(GreenwaveError::Unsatisfied { .. })
            | Error::BadRequest(_) => StatusCode::BAD_REQUEST,
            Error::AuthorizationRequired(_) | Error::QuayAuthorization { .. } => {
                StatusCode::FORBIDDEN
            }
            Error::QuayPackageNotFound(_)
            | Error::Koji(KojiError::BuildNotFound(_))
            | Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Error::KeyInUse => StatusCode::CONFLICT,
            Error::KeyReuse => StatusCode::UNPROCESSABLE_ENTITY,
            Error::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Error::RequestTimeout(_) => StatusCode::REQUEST_TIMEOUT,
            Error::Unreadable { status, .. } => *status,
            Error::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Error::ServiceUnavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Error::QuayCourier { .. }
            | Error::QuayPackage { .. }
            | Error::Koji(_)
            | Error::Greenwave(GreenwaveError::Undecided { .. })
            | Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whether the same request may succeed later although nobody changes anything. A queue should deliver it again.
    pub fn is_transient(&self) -> bool {
        match self {
            Error::ServiceUnavailable(_) | Error::Internal(_) | Error::KeyInUse => true,
            Error::QuayCourier { transient, .. } | Error::QuayPackage { transient, .. } => {
                *transient
            }
            Error::Koji(error) => error.is_transient(),
            Error::Greenwave(GreenwaveError::Undecided { .. }) => true,
            _ => false,
        }
    }

    /// Whether a push that failed with this error may have created its release.
    pub fn may_have_pushed(&self) -> bool {
        let has_pushed =
            matches!(self, Error::QuayPackage { done, .. } if done.pushed == Some(true));
        has_pushed || self.is_transient()
    }

    /// Whether the answer has the header `Retry-After`, so that the client sends the request again after a pause.
    pub fn asks_to_retry(&self) -> bool {
        matches!(
            self,
            Error::ServiceUnavailable(_) | Error::KeyInUse | Error::RequestTimeout(_)
        )
    }

    /// The body of the answer.
    pub fn answer(&self, request_id: &str) -> ErrorAnswer {
        let mut answer = ErrorAnswer {
            status: self.status().as_u16(),
            error: self.id(),
            message: self.to_string(),
            request_id: request_id.to_owned(),
            validation_info: None,
            quay_response: None,
            greenwave_response: None,
            done: PartlyDone::default(),
        };
        match self {
            Error::PackageValidation {
                validation_info, ..
            } => answer.validation_info = Some((**validation_info).clone()),
            Error::QuayAuthorization { quay_response, .. }
            | Error::QuayCourier { quay_response, .. } => {
                answer.quay_response = Some(quay_response.clone());
            }
            Error::Greenwave(error) => answer.greenwave_response = Some(error.response()),
            Error::QuayPackage { done, .. } => answer.done = (**done).clone(),
            _ => {}
        }
        answer
    }

    /// The error for a panic that was caught. A panic is a defect.
    pub fn of_panic(panic: &(dyn Any + Send)) -> Self {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or(panic.downcast_ref::<&str>().copied());
        Error::Internal(format!("panic: {}", message.unwrap_or("without a message")))
    }

    /// The error for manifests that the service refuses before the verdict.
    pub fn invalid_manifests(message: String) -> Self {
        Error::PackageValidation {
            message,
            validation_info: Box::default(),
        }
    }

    /// The request is for another Lambda function.
    pub fn elsewhere(path: &str) -> Self {
        Error::NotFound(format!("This function has another endpoint than '{path}'"))
    }
}
