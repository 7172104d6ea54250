//! What answers say of an organization's catalog.

use std::collections::BTreeMap;

use omps_operator::catalog::Warning;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// What a push or a deletion did to the organization's catalog. Only `bundles`, where there is no catalog.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub(crate) struct CatalogAnswer {
    /// Whether the catalog image says all that the release, or the deletion, means for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<bool>,
    /// The image, by the tag that clusters follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The digest that the tag points to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The package.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// The bundles that are new in the catalog, oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added: Option<Vec<String>>,
    /// The bundles that are not in the catalog any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<Vec<String>>,
    /// Withdrawn bundles that stay as a step between other versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<Vec<String>>,
    /// The head of each channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heads: Option<BTreeMap<String, String>>,
    /// What is otherwise than the upload has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<CatalogWarning>>,
    /// True where somebody else had moved the tag; absent else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_outside: Option<bool>,
    /// Why the catalog was not updated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// True where the next push to the catalog, or `POST …/catalog`, does what was left; absent else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<bool>,
    /// With `?catalog=true`: what a catalog says of the bundles, as `opm render` has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundles: Option<Vec<Value>>,
}

/// What a catalog has otherwise than an upload says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct CatalogWarning {
    /// `bundle-kept`, `bundle-unreachable`, `channel-stays`, `default-changed` or `head-stays`.
    pub rule: &'static str,
    /// Channels and bundles that it is about.
    pub names: Vec<String>,
    /// What happened, for people.
    pub message: String,
}

impl From<Warning> for CatalogWarning {
    fn from(warning: Warning) -> Self {
        CatalogWarning {
            rule: warning.rule,
            names: warning.names,
            message: warning.message,
        }
    }
}

/// `GET …/catalog`: what an organization's catalog has.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CatalogListAnswer {
    /// The image, by the tag that clusters follow.
    pub image: String,
    /// The digest that the tag points to; null where there is no image yet.
    pub digest: Option<String>,
    /// The packages, by name.
    pub packages: Vec<CatalogPackage>,
    /// What is to be done for the catalog.
    pub pending: Vec<PendingAnswer>,
}

/// A package of a catalog.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CatalogPackage {
    /// Its name.
    pub package: String,
    /// The channel that a subscription without one gets.
    pub default_channel: String,
    /// Its channels, by name.
    pub channels: Vec<CatalogChannel>,
    /// Bundles that were deleted, and stay as a step between other versions.
    pub withdrawn: Vec<String>,
}

/// A channel of a package.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CatalogChannel {
    /// Its name.
    pub name: String,
    /// The bundle that no other replaces or skips; null where it is not one.
    pub head: Option<String>,
    /// Its bundles, oldest first.
    pub entries: Vec<String>,
}

/// Something that is to be done for a catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct PendingAnswer {
    /// `release` or `delete`.
    pub action: &'static str,
    /// The repository.
    pub repo: String,
    /// The release.
    pub version: String,
    /// Why the catalog could not take it the last time; absent where it was not tried yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST …/catalog`: what was done.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CatalogRebuildAnswer {
    /// Whether the catalog has all that was asked for.
    pub updated: bool,
    /// The image, by the tag that clusters follow.
    pub image: String,
    /// The digest that the tag points to; null where there is no image.
    pub digest: Option<String>,
    /// The bundles that are new in the catalog.
    pub added: Vec<String>,
    /// The bundles that are not in the catalog any more.
    pub dropped: Vec<String>,
    /// The releases that the catalog could not take.
    pub skipped: Vec<SkippedRelease>,
    /// True where somebody else had moved the tag; absent else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_outside: Option<bool>,
}

/// A release that a catalog could not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct SkippedRelease {
    /// Repository and release: `etcd 1.0.0`.
    pub release: String,
    /// Why, for people.
    pub message: String,
}
