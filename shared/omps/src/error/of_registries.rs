//! What a registry's answer becomes, by what was asked of it: the ids and first words are OMPS's.

use super::{Error, PUSH_FAILED};
use crate::api::PartlyDone;
use crate::registry::{RegistryError, Repository};

impl Error {
    /// Listing a repository's releases failed.
    pub fn listing(repository: &Repository, error: &RegistryError) -> Self {
        let reason = error
            .message()
            .unwrap_or_else(|| "Unknown error".to_owned());
        let message = format!("Cannot retrieve information about package {repository}: {reason}");
        match error {
            RegistryError::Name(error) => Error::BadRequest(error.to_string()),
            RegistryError::Refused(_) => Error::QuayAuthorization {
                message,
                quay_response: error.response(),
            },
            _ => Error::QuayPackage {
                message,
                done: Box::default(),
                transient: error.is_transient(),
            },
        }
    }

    /// The registry does not know the caller, or could not be asked, before anything was to be pushed.
    pub fn trying_token(error: &RegistryError) -> Self {
        let reason = error.message();
        let reason = reason.unwrap_or_else(|| "Unknown error".to_owned());
        match error {
            RegistryError::Name(error) => Error::BadRequest(error.to_string()),
            RegistryError::Refused(_) => Error::QuayAuthorization {
                message: format!("The registry does not accept the token: {reason}"),
                quay_response: error.response(),
            },
            _ => Error::QuayPackage {
                message: format!("The registry cannot be asked about the token: {reason}"),
                done: Box::default(),
                transient: error.is_transient(),
            },
        }
    }

    /// Pushing a release failed.
    pub fn pushing(error: &RegistryError) -> Self {
        let reason = error.message();
        let reason = reason.unwrap_or_else(|| "Failed to get error details.".to_owned());
        let message = format!("{PUSH_FAILED}{reason}");
        let quay_response = error.response();
        match error {
            RegistryError::Name(error) => Error::BadRequest(error.to_string()),
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

    /// Deleting a release or making a repository public failed.
    pub fn changing(error: &RegistryError, done: PartlyDone) -> Self {
        if let RegistryError::Name(error) = error {
            return Error::BadRequest(error.to_string());
        }
        let message = error.message();
        Error::QuayPackage {
            message: message.unwrap_or_else(|| "Unknown error".to_owned()),
            done: Box::new(done),
            transient: error.is_transient(),
        }
    }
}
