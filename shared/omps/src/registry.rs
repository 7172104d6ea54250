//! Where releases go: what every kind of registry can do. Each packs an operator in a form of its own.

mod app_registry;
pub mod oci;

use std::fmt;

use omps_operator::report::Report;
use omps_operator::{Judged, OperatorError};
use reqwest::Url;
use serde_json::Value;

pub use app_registry::AppRegistry;

use crate::names::{OrganizationName, ReleaseName, RepositoryName};
use crate::release::ReleaseVersion;
use crate::token::Token;
use crate::upstream::{CallError, Upstream};

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
    Refused(RegistryAnswer),
    /// The release is there already.
    #[error("{}", .0.reason())]
    Exists(RegistryAnswer),
    /// The release is somebody else's, as the ledger or a look into the registry shows.
    #[error("{EXISTS}: {reason}")]
    Taken {
        /// Who has it.
        reason: String,
        /// Whether it may be free again soon.
        transient: bool,
    },
    /// 404.
    #[error("{}", .0.reason())]
    NotFound(RegistryAnswer),
    /// Any other answer.
    #[error("{}", .0.reason())]
    Failed(RegistryAnswer),
    /// Another request works on the release: nothing was asked of the registry.
    #[error("{0}")]
    Busy(String),
    /// No answer, or one that could not be read.
    #[error("{0}")]
    Unreachable(String),
}

/// An answer that is no success.
#[derive(Debug, Clone)]
pub struct RegistryAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body, when it is JSON.
    pub body: Value,
}

impl RegistryAnswer {
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
            RegistryError::Busy(_) | RegistryError::Unreachable(_) => true,
            RegistryError::Taken { transient, .. } => *transient,
            RegistryError::Refused(_) | RegistryError::Exists(_) | RegistryError::NotFound(_) => {
                false
            }
        }
    }

    /// Quay's own message, where it sent one, or ours.
    pub fn message(&self) -> Option<String> {
        match self {
            RegistryError::Taken { .. }
            | RegistryError::Busy(_)
            | RegistryError::Unreachable(_) => Some(self.to_string()),
            _ => self.answer()?.message().map(str::to_owned),
        }
    }

    /// What Quay sent, for `quay_response`: empty when that was no JSON object.
    pub fn response(&self) -> Value {
        let body = self.answer().map(|answer| answer.body.clone());
        body.filter(Value::is_object)
            .unwrap_or_else(|| Value::Object(serde_json::Map::new()))
    }

    fn answer(&self) -> Option<&RegistryAnswer> {
        match self {
            RegistryError::Refused(answer)
            | RegistryError::Exists(answer)
            | RegistryError::NotFound(answer)
            | RegistryError::Failed(answer) => Some(answer),
            RegistryError::Taken { .. }
            | RegistryError::Busy(_)
            | RegistryError::Unreachable(_) => None,
        }
    }
}

impl From<CallError> for RegistryError {
    fn from(error: CallError) -> Self {
        RegistryError::Unreachable(error.to_string())
    }
}

/// What came of a push.
#[derive(Debug)]
pub enum Push {
    /// The registry took the release.
    Written,
    /// The registry has a release of that name, and has confirmed that the caller may push.
    Exists {
        /// What it answered.
        answer: RegistryAnswer,
        /// Whether a try before this answer got none: it may have made the release.
        repeated: bool,
    },
    /// No try got a clear answer: the registry may have taken the release.
    Unclear(RegistryError),
}

/// What a repository has under the name of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Nothing.
    Nothing,
    /// The very content that is pushed.
    Ours,
    /// Another content.
    Other,
}

/// A registry, as one caller uses it.
pub trait Registry: Clone + Send + Sync + 'static {
    /// An operator as this registry takes it.
    type Packed: Packed;

    /// The registry at a URL, for the caller with that token.
    fn connect(service: Upstream, base: Url, token: Token) -> Self;

    /// Packs an operator. Costs CPU, and always gives the same bytes.
    ///
    /// # Errors
    /// [`OperatorError::CourierBundle`] when the operator does not fit into the registry's form.
    fn pack(
        judged: Judged,
        repository: &RepositoryName,
    ) -> Result<(Self::Packed, Report), OperatorError>;

    /// The releases of a repository, in no order; none when it does not exist.
    ///
    /// # Errors
    /// [`RegistryError`]
    fn releases(
        &self,
        repository: &Repository,
    ) -> impl Future<Output = Result<Vec<String>, RegistryError>> + Send;

    /// Whether a repository has a release of that name.
    ///
    /// # Errors
    /// [`RegistryError`]
    fn has(
        &self,
        repository: &Repository,
        version: &ReleaseVersion,
    ) -> impl Future<Output = Result<bool, RegistryError>> + Send;

    /// Makes packed files a release. Never replaces one that was there before the call.
    ///
    /// # Errors
    /// [`RegistryError`], when the registry has not taken the release for sure.
    fn push(
        &self,
        to: &Repository,
        version: &ReleaseVersion,
        packed: &Self::Packed,
    ) -> impl Future<Output = Result<Push, RegistryError>> + Send;

    /// What a repository has as that release, beside the packed files.
    ///
    /// # Errors
    /// [`RegistryError`]
    fn content(
        &self,
        repository: &Repository,
        version: &ReleaseVersion,
        packed: &Self::Packed,
    ) -> impl Future<Output = Result<Content, RegistryError>> + Send;

    /// Removes a release.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] when the repository has no such release.
    fn delete(
        &self,
        from: &Repository,
        release: &ReleaseName,
    ) -> impl Future<Output = Result<(), RegistryError>> + Send;

    /// Whether a repository is private, asked with the organization's OAuth token where the caller's does not say.
    ///
    /// # Errors
    /// [`RegistryError`]
    fn is_private(
        &self,
        repository: &Repository,
        oauth: &Token,
    ) -> impl Future<Output = Result<bool, RegistryError>> + Send;

    /// Makes a repository public with the organization's OAuth token.
    ///
    /// # Errors
    /// [`RegistryError`]
    fn publish(
        &self,
        repository: &Repository,
        oauth: &Token,
    ) -> impl Future<Output = Result<(), RegistryError>> + Send;

    /// Whether the registry at a URL can be used, whoever calls.
    ///
    /// # Errors
    /// Why not, for people.
    fn ping(service: Upstream, base: &Url) -> impl Future<Output = Result<(), String>> + Send;
}

/// An operator in the form of a registry.
pub trait Packed: Send + Sync + 'static {
    /// The digest by which the registry knows the content.
    fn digest(&self) -> &str;
}
