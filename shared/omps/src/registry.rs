//! Where releases go. One registry today; each keeps the releases of repositories, and can make these public.

mod app_registry;
pub mod oci;

use std::fmt;

use omps_operator::courier_bundle::CourierBundle;
use serde_json::Value;

pub use app_registry::{AppRegistry, Blob};

use crate::names::{OrganizationName, ReleaseName, RepositoryName};
use crate::release::ReleaseVersion;
use crate::token::Token;
use crate::upstream::CallError;

/// Where in a registry: `organization/repository`.
#[derive(Debug, Clone)]
pub struct Repository {
    /// The namespace.
    pub organization: OrganizationName,
    /// The name in it.
    pub name: RepositoryName,
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.organization, self.name)
    }
}

/// Quay's words for a release that is there already.
const EXISTS: &str = "package exists already";

/// What a registry answered instead of doing what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// 401 or 403.
    #[error("{}", .0.reason())]
    Refused(Answer),
    /// The release is there already; without an answer, that was looked up.
    #[error("{}", .0.as_ref().map_or(EXISTS, Answer::reason))]
    Exists(Option<Answer>),
    /// 404.
    #[error("{}", .0.reason())]
    NotFound(Answer),
    /// Any other answer.
    #[error("{}", .0.reason())]
    Failed(Answer),
    /// No answer, or one that could not be read.
    #[error("{0}")]
    Unreachable(String),
}

/// An answer that is no success.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, when it is JSON.
    pub body: Value,
}

impl Answer {
    /// Quay's own `error.message`, in the one of its five error shapes that has it.
    pub fn message(&self) -> Option<&str> {
        self.body.get("error")?.get("message")?.as_str()
    }

    fn reason(&self) -> &str {
        self.message().unwrap_or("Unknown error")
    }
}

impl RegistryError {
    /// Whether the same request may succeed later, with nothing done about it.
    pub fn is_transient(&self) -> bool {
        match self {
            RegistryError::Failed(answer) => answer.status >= 500 || answer.status == 429,
            RegistryError::Unreachable(_) => true,
            RegistryError::Refused(_) | RegistryError::Exists(_) | RegistryError::NotFound(_) => {
                false
            }
        }
    }

    /// Quay's own message, where it sent one.
    pub fn message(&self) -> Option<&str> {
        match self {
            RegistryError::Exists(None) => Some(EXISTS),
            RegistryError::Unreachable(problem) => Some(problem),
            _ => self.answer()?.message(),
        }
    }

    /// What Quay sent, for `quay_response`: empty when that was no JSON object.
    pub fn response(&self) -> Value {
        let body = self.answer().map(|answer| answer.body.clone());
        body.filter(Value::is_object)
            .unwrap_or_else(|| Value::Object(serde_json::Map::new()))
    }

    fn answer(&self) -> Option<&Answer> {
        match self {
            RegistryError::Refused(answer)
            | RegistryError::NotFound(answer)
            | RegistryError::Failed(answer) => Some(answer),
            RegistryError::Exists(answer) => answer.as_ref(),
            RegistryError::Unreachable(_) => None,
        }
    }
}

impl From<CallError> for RegistryError {
    fn from(error: CallError) -> Self {
        RegistryError::Unreachable(error.to_string())
    }
}

/// A registry, with the caller's token.
#[derive(Clone)]
pub enum Registry {
    /// Quay's App Registry.
    AppRegistry(AppRegistry),
}

impl Registry {
    /// The releases of a repository, in no order; none when it does not exist.
    ///
    /// # Errors
    /// [`RegistryError`]
    pub async fn releases(&self, repository: &Repository) -> Result<Vec<String>, RegistryError> {
        match self {
            Registry::AppRegistry(registry) => registry.releases(repository).await,
        }
    }

    /// Packs files the way that this registry takes them. Costs CPU, and always gives the same bytes.
    pub fn pack(&self, bundle: &CourierBundle, repository: &RepositoryName) -> Blob {
        match self {
            Registry::AppRegistry(_) => Blob::pack(bundle, repository),
        }
    }

    /// Makes packed files a release. Never replaces one.
    ///
    /// # Errors
    /// [`RegistryError::Exists`] when the repository has that release.
    pub async fn push(
        &self,
        to: &Repository,
        version: &ReleaseVersion,
        blob: &Blob,
    ) -> Result<(), RegistryError> {
        match self {
            Registry::AppRegistry(registry) => registry.push(to, version, blob).await,
        }
    }

    /// Whether a repository holds these very files as that release.
    ///
    /// # Errors
    /// [`RegistryError`]
    pub async fn holds(
        &self,
        repository: &Repository,
        version: &ReleaseVersion,
        blob: &Blob,
    ) -> Result<bool, RegistryError> {
        match self {
            Registry::AppRegistry(registry) => registry.holds(repository, version, blob).await,
        }
    }

    /// Whether a repository is private and holds these very files as that release.
    ///
    /// # Errors
    /// [`RegistryError`]
    pub async fn holds_in_private(
        &self,
        repository: &Repository,
        version: &ReleaseVersion,
        blob: &Blob,
    ) -> Result<bool, RegistryError> {
        match self {
            Registry::AppRegistry(registry) => Ok(registry.is_private(repository).await?
                && registry.holds(repository, version, blob).await?),
        }
    }

    /// Removes a release.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] when the repository has no such release.
    pub async fn delete(
        &self,
        from: &Repository,
        release: &ReleaseName,
    ) -> Result<(), RegistryError> {
        match self {
            Registry::AppRegistry(registry) => registry.delete(from, release).await,
        }
    }

    /// Makes a repository public.
    ///
    /// # Errors
    /// [`RegistryError`]
    pub async fn publish(
        &self,
        repository: &Repository,
        oauth: &Token,
    ) -> Result<(), RegistryError> {
        match self {
            Registry::AppRegistry(registry) => registry.publish(repository, oauth).await,
        }
    }
}
