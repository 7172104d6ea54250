//! The bodies of all answers, as clients read them.

mod catalog;
mod schemas;

use omps_operator::Change;
use omps_operator::report::{Finding, ValidationInfo};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use catalog::{
    CatalogAnswer, CatalogChannel, CatalogListAnswer, CatalogPackage, CatalogRebuildAnswer,
    CatalogWarning, PendingAnswer, SkippedRelease,
};

use crate::names::{Nvr, OrganizationName, RepositoryName};

/// `POST …/zipfile` and `POST …/koji/{nvr}`: a release was pushed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct PushAnswer {
    /// The organization.
    #[schemars(schema_with = "schemas::name")]
    pub organization: OrganizationName,
    /// The repository.
    #[schemars(schema_with = "schemas::name")]
    pub repo: RepositoryName,
    /// The release.
    pub version: String,
    /// The build that made the archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schemas::maybe_name")]
    pub nvr: Option<Nvr>,
    /// Every file of the archive, sorted.
    pub extracted_files: Vec<String>,
    /// With `?dry_run=true`: nothing was pushed, and this is the answer that a push would get.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// The image that is the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// With `?dry_run=true`: the digest of the content that a push would bring to an App Registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Its bundles, oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundles: Option<Vec<BundleAnswer>>,
    /// What became of the organization's catalog, if it has one; with `?catalog=true`, what a catalog says of the bundles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog: Option<Box<CatalogAnswer>>,
    /// What the push left undone; with `?report=full`, what the verdict found without refusing, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<String>>,
    /// With `?report=full`: what the verdict found without refusing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schemas::findings")]
    pub findings: Option<Vec<Finding>>,
    /// With `?dry_run=true`: the files that the organization's rules change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schemas::changes")]
    pub changes: Option<Vec<Change>>,
}

/// `POST …/validate`: the verdict.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ValidateAnswer {
    /// The organization whose rules were applied.
    #[schemars(schema_with = "schemas::name")]
    pub organization: OrganizationName,
    /// The repository that a push would go to; null where no file says what the package is called.
    #[schemars(schema_with = "schemas::maybe_name")]
    pub repo: Option<RepositoryName>,
    /// Every file of the archive, sorted.
    pub extracted_files: Vec<String>,
    /// Whether a push would be taken.
    pub valid: bool,
    /// The verdict in a sentence.
    pub message: String,
    /// What was found.
    #[schemars(schema_with = "schemas::validation_info")]
    pub validation_info: ValidationInfo,
    /// The bundles that a push would make, oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundles: Option<Vec<BundleAnswer>>,
    /// What would become of the organization's catalog, if it has one; with `?catalog=true`, what a catalog says of the
    /// bundles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog: Option<Box<CatalogAnswer>>,
}

/// A bundle image of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BundleAnswer {
    /// `metadata.name` of its CSV.
    pub name: String,
    /// `spec.version`
    pub version: String,
    /// `spec.release`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Its tag; null when another content has it.
    pub tag: Option<String>,
    /// The channels that name it.
    pub channels: Vec<String>,
    /// The image to put into a catalog; null when it was not uploaded.
    pub image: Option<String>,
    /// The digest of its manifest.
    pub digest: String,
    /// Whether this request wrote it; absent where nothing is pushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pushed: Option<bool>,
}

/// `GET …/{repo}/releases`: what a repository has.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ReleasesAnswer {
    /// The organization.
    #[schemars(schema_with = "schemas::name")]
    pub organization: OrganizationName,
    /// The repository.
    #[schemars(schema_with = "schemas::name")]
    pub repo: RepositoryName,
    /// Its releases, the highest number first.
    pub releases: Vec<ReleaseAnswer>,
    /// True where older releases are left out, since there are more tags than omps asks for; absent else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncated: Option<bool>,
}

/// A release of a repository. One in an App Registry has no tag, image and bundles.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReleaseAnswer {
    /// The release.
    pub version: String,
    /// Its tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The digest of its manifest; in an App Registry, of its content, or null where the registry does not say it.
    pub digest: Option<String>,
    /// The image that is the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Its bundles, oldest first; only the newest where the ledger does not know the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundles: Option<Vec<ReleasedBundle>>,
    /// When it was pushed, in UTC; null where the ledger does not know.
    pub pushed_at: Option<String>,
}

/// A bundle of a release. What the registry alone does not show is null.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ReleasedBundle {
    /// `metadata.name` of its CSV.
    pub name: Option<String>,
    /// `spec.version`
    pub version: Option<String>,
    /// `spec.release`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Its tag.
    pub tag: Option<String>,
    /// The digest of its manifest.
    pub digest: String,
}

impl From<&BundleAnswer> for ReleasedBundle {
    fn from(bundle: &BundleAnswer) -> Self {
        ReleasedBundle {
            name: Some(bundle.name.clone()),
            version: Some(bundle.version.clone()),
            release: bundle.release.clone(),
            tag: bundle.tag.clone(),
            digest: bundle.digest.clone(),
        }
    }
}

/// `DELETE …/{repo}[/{version}]`: what was deleted.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DeleteAnswer {
    /// The organization.
    #[schemars(schema_with = "schemas::name")]
    pub organization: OrganizationName,
    /// The repository, which stays.
    #[schemars(schema_with = "schemas::name")]
    pub repo: RepositoryName,
    /// The releases that are gone.
    pub deleted: Vec<String>,
    /// What became of the organization's catalog, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog: Option<Box<CatalogAnswer>>,
}

/// The JSON body of `POST …/zipfile` for a zip that was uploaded before.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PushUpload {
    /// The upload's id.
    pub upload: String,
}

/// The JSON body of `POST …/uploads`, which may be empty.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateUpload {
    /// Bytes of the zip.
    pub size: Option<u64>,
}

/// `PUT …/uploads/{upload}`: the zip has arrived.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PutUploadAnswer {
    /// The upload's id.
    pub upload: String,
}

/// `GET …/health/ping`
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct HealthAnswer {
    /// Whether pushes can succeed.
    pub ok: bool,
    /// The HTTP status.
    pub status: u16,
    /// Each service.
    pub services: ServicesHealth,
}

/// The services that pushes need.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct ServicesHealth {
    /// Where builds come from.
    pub koji: ServiceHealth,
    /// Where releases go.
    pub quay: ServiceHealth,
    /// Who decides on builds; null where none is configured.
    pub greenwave: Option<ServiceHealth>,
}

/// A service.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct ServiceHealth {
    /// Whether it can be used.
    pub ok: bool,
    /// `It works!`, or why not.
    pub details: String,
}

/// `GET …/about`
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AboutAnswer {
    /// The version of omps.
    pub version: &'static str,
    /// The operator-courier release whose verdicts are reproduced.
    pub operatorcourier: &'static str,
}

/// Every answer that is no success.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ErrorAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The error's id.
    pub error: &'static str,
    /// What happened, for people.
    pub message: String,
    /// The request's id, as in `X-Request-Id`.
    pub request_id: String,
    /// `PackageValidationError`: what was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schemas::validation_info")]
    pub validation_info: Option<ValidationInfo>,
    /// `QuayAuthorizationError` and `QuayCourierError`: what Quay sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quay_response: Option<Value>,
    /// `GreenwaveUnsatisfiedError` and `GreenwaveError`: what Greenwave sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub greenwave_response: Option<Value>,
    /// `QuayPackageError`: what was done all the same.
    #[serde(flatten)]
    pub done: PartlyDone,
}

/// What was done before something failed.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct PartlyDone {
    /// The releases that are gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Vec<String>>,
    /// The releases that could not be deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<Vec<String>>,
    /// Whether the release was pushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pushed: Option<bool>,
    /// The release that was pushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}
