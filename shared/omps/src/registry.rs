//! Where releases go: what every kind of registry can do. Each packs an operator in a form of its own.

mod app_registry;
mod bundle_images;
mod error;
pub mod oci;

use std::fmt;
use std::sync::Arc;

use omps_operator::bundle_image::Validation;
use omps_operator::catalog::{MergeRefused, Upload};
use omps_operator::report::{Finding, ValidationInfo};
use omps_operator::{Operator, OperatorError};
use reqwest::Url;
use serde_json::Value;

pub use app_registry::AppRegistry;
pub use bundle_images::BundleImages;
pub(crate) use bundle_images::{Released, blob_of, manifest_of};
pub use error::{RegistryAnswer, RegistryError};

use crate::api::{BundleAnswer, ReleaseAnswer};
use crate::deadline::Deadline;
use crate::ledger::claims::Ledger;
use crate::names::{OrganizationName, ReleaseName, RepositoryName};
use crate::organization::ReleaseFormat;
use crate::release::ReleaseVersion;
use crate::token::Token;
use crate::upstream::Upstream;

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

/// What came of a push.
#[derive(Debug)]
pub enum Push {
    /// The registry took the release.
    Written,
    /// The registry has a release of that name, and has confirmed that the caller may push.
    Exists {
        /// What it answered, or what it has there.
        error: RegistryError,
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

/// What an answer says of a release beside its name.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// The image that is the release: `registry/organization/repository@sha256:…`.
    pub image: Option<String>,
    /// The digest of its content, where it is no image.
    pub digest: Option<String>,
    /// Its bundles, oldest first.
    pub bundles: Option<Vec<BundleAnswer>>,
    /// What was left undone without being a failure.
    pub warnings: Vec<String>,
    /// The same as findings, where it is about a file of the upload.
    pub findings: Vec<Finding>,
}

/// The releases of a repository, as a registry shows them: without what only the ledger knows.
#[derive(Debug)]
pub struct Listing {
    /// The releases, the highest number first; none when the repository does not exist.
    pub releases: Vec<ReleaseAnswer>,
    /// Whether older ones are left out.
    pub is_cut: bool,
}

/// A registry, as one piece of work reaches it.
pub struct Connection {
    /// Calls to it.
    pub service: Upstream,
    /// Where it is.
    pub url: Url,
    /// What the process has learnt about it, if it is an OCI registry.
    pub endpoint: Arc<oci::Endpoint>,
    /// Where releases are reserved.
    pub ledger: Arc<Ledger>,
    /// When the work must be done.
    pub deadline: Deadline,
}

/// A registry, as one caller uses it. Clones share what they have learnt.
pub trait Registry: Clone + Send + Sync + 'static {
    /// An operator as this registry takes it.
    type Packed: Packed;
    /// What an upload has done for a release that is still to be pushed, and what the answer will say of it.
    type Uploaded: Into<Contents> + Send;

    /// Whether an upload confirms that the caller may push. Else the push does.
    const CONFIRMS_BY_UPLOAD: bool;

    /// Whether it takes a release in place of another, so that the ledger alone keeps one from that.
    const REPLACES: bool;

    /// The form of its releases.
    const FORMAT: ReleaseFormat;

    /// The registry at the end of a connection, for the caller with that token.
    fn connect(connection: Connection, token: &Token) -> Self;

    /// Whether the registry knows the caller, with the cheapest request that says so. It changes nothing there, and does not
    /// say what the caller may do: the push does. If a registry cannot be asked for that, everybody counts as known.
    ///
    /// # Errors
    /// [`RegistryError::Refused`] if it does not know the caller.
    fn try_token(
        &self,
        organization: &OrganizationName,
    ) -> impl Future<Output = Result<(), RegistryError>> + Send;

    /// The same registry and caller, for work with another deadline.
    #[must_use]
    fn within(&self, service: Upstream, deadline: Deadline) -> Self;

    /// Judges an operator and packs it. Costs CPU, and always gives the same bytes.
    ///
    /// # Errors
    /// [`OperatorError`], when the verdict refuses it, or it does not fit into the registry's form.
    fn pack(
        operator: Operator,
        repository: &RepositoryName,
        validation: Validation,
    ) -> Result<Self::Packed, OperatorError>;

    /// The releases of a repository, in no order; none when it does not exist.
    ///
    /// # Errors
    /// [`RegistryError`]
    fn releases(
        &self,
        repository: &Repository,
    ) -> impl Future<Output = Result<Vec<String>, RegistryError>> + Send;

    /// The releases of a repository with all that the registry says of them, the highest number first.
    ///
    /// # Errors
    /// [`RegistryError`]
    fn list(
        &self,
        repository: &Repository,
    ) -> impl Future<Output = Result<Listing, RegistryError>> + Send;

    /// The highest `x.y.z` among the releases of a repository.
    ///
    /// # Errors
    /// [`RegistryError`]
    fn highest(
        &self,
        repository: &Repository,
    ) -> impl Future<Output = Result<Option<ReleaseVersion>, RegistryError>> + Send {
        async {
            let releases = self.releases(repository).await?;
            let names = releases.iter().map(String::as_str);
            Ok(ReleaseVersion::highest(names))
        }
    }

    /// Whether a repository has something under the name of a release.
    ///
    /// # Errors
    /// [`RegistryError`]
    fn has(
        &self,
        repository: &Repository,
        version: &ReleaseVersion,
    ) -> impl Future<Output = Result<bool, RegistryError>> + Send;

    /// What an answer would say of a release that is not there, as far as the registry shows. Writes nothing.
    ///
    /// # Errors
    /// [`RegistryError`], as a push would be refused.
    fn foresee(
        &self,
        to: &Repository,
        version: &ReleaseVersion,
        packed: &Self::Packed,
    ) -> impl Future<Output = Result<Contents, RegistryError>> + Send;

    /// Brings what a release needs into the repository, but no release yet. With `confirm` something is always sent that
    /// only a caller who may push can send, where the registry [`CONFIRMS_BY_UPLOAD`](Self::CONFIRMS_BY_UPLOAD).
    ///
    /// # Errors
    /// [`RegistryError::Taken`] when the release is there with another content.
    fn upload(
        &self,
        to: &Repository,
        version: &ReleaseVersion,
        packed: &Self::Packed,
        confirm: bool,
    ) -> impl Future<Output = Result<Self::Uploaded, RegistryError>> + Send;

    /// Makes what was uploaded a release. Never replaces one that was there before the call.
    ///
    /// # Errors
    /// [`RegistryError`], when the registry has not taken the release for sure.
    fn push(
        &self,
        to: &Repository,
        version: &ReleaseVersion,
        packed: &Self::Packed,
        uploaded: &mut Self::Uploaded,
    ) -> impl Future<Output = Result<Push, RegistryError>> + Send;

    /// Lets others have what was reserved for a release that is not going to be pushed.
    fn give_up(&self, uploaded: Self::Uploaded) -> impl Future<Output = ()> + Send;

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

    /// Whether a release that is to be deleted is there, as far as the caller may see it. Where the registry has no cheap way
    /// to tell, the deletion itself does.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] when the repository has no such release, [`RegistryError::Refused`] for a caller whom
    /// the registry does not know.
    fn find(
        &self,
        _from: &Repository,
        _release: &ReleaseName,
    ) -> impl Future<Output = Result<(), RegistryError>> + Send {
        async { Ok(()) }
    }

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

    /// Has the registry refuse to replace the tags of releases and bundles, with the organization's OAuth token. Once done,
    /// it stays. Where nothing can be replaced, there is nothing to do.
    ///
    /// # Errors
    /// [`RegistryError`]
    fn make_tags_immutable(
        &self,
        _repository: &Repository,
        _oauth: &Token,
    ) -> impl Future<Output = Result<(), RegistryError>> + Send {
        async { Ok(()) }
    }

    /// Whether the service's registry can be used, whoever calls.
    ///
    /// # Errors
    /// Why not, for people.
    fn ping(connection: Connection) -> impl Future<Output = Result<(), String>> + Send;
}

/// An operator in the form of a registry.
pub trait Packed: Send + Sync + 'static {
    /// The digest of the content, whatever the release's number.
    fn digest(&self) -> &str;

    /// What the verdict found without refusing.
    fn validation_info(&self) -> ValidationInfo;

    /// Whether the content needs that number for something else than a release: then the next release has another.
    fn needs(&self, _version: &ReleaseVersion) -> bool {
        false
    }

    /// The bundles under the names that they will have in `repository`, where there are any.
    fn bundles(&self, _repository: &str) -> Option<Vec<BundleAnswer>> {
        None
    }

    /// What a catalog says of these bundles, but for those that have no image.
    fn rendered(&self, _bundles: &[BundleAnswer]) -> Option<Vec<Value>> {
        None
    }

    /// What the release brings to a catalog, whose bundles these are.
    fn upload(&self, _bundles: &[BundleAnswer]) -> Option<Upload> {
        None
    }

    /// The verdict where the organization's catalog cannot take the release.
    fn refused_by_catalog(&self, _refused: &MergeRefused) -> ValidationInfo {
        ValidationInfo::default()
    }
}

/// The ledger's key of a release, or of a bundle's tag: one entry for each name in a repository.
pub(crate) fn ledger_key(registry: &Url, repository: &Repository, name: &str) -> String {
    // A registry may not tell upper from lower case.
    let repository = repository.to_string().to_ascii_lowercase();
    format!("release/{registry}{repository}#{name}")
}

/// A repository as clients name it: `registry/organization/repository`.
pub fn image_name(registry: &Url, repository: &Repository) -> String {
    let host = registry.host_str().unwrap_or_default();
    match registry.port() {
        Some(port) => format!("{host}:{port}/{repository}"),
        None => format!("{host}/{repository}"),
    }
}
