//! What an OCI registry's errors are to the rest of omps.

use crate::registry::oci::{ErrorResponse, OciError};
use crate::registry::{RegistryAnswer, RegistryError};

impl From<OciError> for RegistryError {
    fn from(error: OciError) -> Self {
        match error {
            OciError::Name(error) => RegistryError::Name(error),
            OciError::Refused(answer) | OciError::Hidden(answer) => {
                RegistryError::Refused(answer.into())
            }
            OciError::Exists(answer) => RegistryError::Exists(answer.into()),
            OciError::NotFound(answer) => RegistryError::NotFound(answer.into()),
            OciError::Failed(answer) => RegistryError::Failed(answer.into()),
            OciError::Shared { .. } => RegistryError::Impossible(error.to_string()),
            OciError::Malformed(_) | OciError::Unreachable(_) => {
                RegistryError::Unreachable(error.to_string())
            }
        }
    }
}

impl From<ErrorResponse> for RegistryAnswer {
    fn from(answer: ErrorResponse) -> Self {
        RegistryAnswer {
            status: answer.status,
            body: answer.body,
        }
    }
}
