//! Why a catalog could not be read or written.

use crate::api::PartlyDone;
use crate::error::Error;
use crate::ledger::claims::LedgerError;
use crate::registry::RegistryError;

/// Why a catalog could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CatalogError {
    /// The registry does not do what it is asked.
    #[error("{}", .0.words())]
    Registry(#[from] RegistryError),
    /// The image is none that omps wrote, or cannot be read back. It is not touched.
    #[error("{0}; it was left as it is")]
    Foreign(String),
    /// Another process is at work on the catalog.
    #[error("other pushes kept the catalog busy until the time for it was up")]
    Busy,
    /// Somebody else moves the tag, again and again.
    #[error("the tag was moved by somebody else at the same time; it belongs to omps alone")]
    Moved,
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(LedgerError),
}

impl CatalogError {
    /// As the answer to a request for the catalog itself.
    pub(crate) fn into_error(self, organization: &str) -> Error {
        match self {
            CatalogError::Registry(RegistryError::Refused(answer)) => Error::QuayAuthorization {
                message: format!("The catalog of {organization} is not for this token"),
                quay_response: answer.body,
            },
            CatalogError::Registry(error) => Error::changing(&error, PartlyDone::default()),
            CatalogError::Ledger(error) => error.into(),
            CatalogError::Busy => Error::ServiceUnavailable(self.to_string()),
            CatalogError::Foreign(_) | CatalogError::Moved => Error::QuayPackage {
                message: self.to_string(),
                done: Box::default(),
                transient: false,
            },
        }
    }
}

impl From<LedgerError> for CatalogError {
    fn from(error: LedgerError) -> Self {
        CatalogError::Ledger(error)
    }
}
