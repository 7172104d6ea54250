//! What the errors of other modules become.

use omps_operator::OperatorError;
use omps_operator::courier_bundle::CourierBundleError;

use super::{Error, PUSH_FAILED};
use crate::ledger::claims::LedgerError;
use crate::names::InvalidName;
use crate::objects::ObjectError;
use crate::secrets::SecretsError;
use crate::uploads::UploadError;

impl From<OperatorError> for Error {
    fn from(error: OperatorError) -> Self {
        let message = match &error {
            OperatorError::Archive(error) => return Error::UploadedFile(error.to_string()),
            OperatorError::CourierBundle(defect @ CourierBundleError::Defect { .. }) => {
                return Error::Internal(defect.to_string());
            }
            OperatorError::Pack(defect) => return Error::Internal(defect.to_string()),
            // The findings of operator-courier have its message.
            OperatorError::Layout(_) | OperatorError::Invalid(_) => {
                format!("{PUSH_FAILED}{error}")
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

impl From<UploadError> for Error {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::NotFound(_) | UploadError::TooLarge { .. } => {
                Error::UploadedFile(error.to_string())
            }
            UploadError::SizeMissing { .. } => Error::BadRequest(error.to_string()),
            UploadError::Unavailable(_) => Error::ServiceUnavailable(error.to_string()),
        }
    }
}

impl From<ObjectError> for Error {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::Unreachable { .. } => Error::ServiceUnavailable(error.to_string()),
            ObjectError::NotFound(_)
            | ObjectError::Replaced(_)
            | ObjectError::Refused { .. }
            | ObjectError::TooLarge { .. } => Error::UploadedFile(error.to_string()),
        }
    }
}

impl From<InvalidName> for Error {
    fn from(error: InvalidName) -> Self {
        Error::BadRequest(error.to_string())
    }
}
