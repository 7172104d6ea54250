//! A release out of a registry: what its manifest says of its package, and a bundle read back from its layer. A catalog can
//! be made anew from these alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::fbc::{Entry, Upgrade};
use super::judged::fresh_budget;
use super::tag::Number;
use super::{layer, ready_made};
use crate::limits::{CatalogLimits, Limits};

/// The annotation of a release's manifest that has a [`ReleasedPackage`].
pub(super) const PACKAGE: &str = "omps.package";
/// The annotation that has the release's version.
pub(super) const VERSION: &str = "org.opencontainers.image.version";

/// What the manifest of a release says of its package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleasedPackage {
    /// The package's name.
    pub package: String,
    /// The channel that a subscription without one gets.
    pub default: Option<String>,
    /// The roots of each channel.
    pub channels: BTreeMap<String, Vec<String>>,
    /// What was uploaded.
    pub form: Form,
    /// The digests of the bundles' own manifests, oldest first. One whose tag was taken by another content is not in the
    /// registry.
    pub bundles: Vec<String>,
}

/// What was uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Package manifests.
    Package,
    /// Ready-made bundles.
    Bundle,
}

/// A bundle out of a registry.
#[derive(Debug)]
pub struct ReleasedBundle {
    name: String,
    package: String,
    entry: Entry,
}

/// Why a layer is no bundle that omps has pushed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the layer is no bundle that omps pushed: {0}")]
pub struct NotReleased(String);

impl ReleasedPackage {
    /// Reads the manifest under the tag `version`; nothing where it is not that of a release.
    pub fn of_manifest(manifest: &[u8], version: &str) -> Option<Self> {
        let manifest: Json = serde_json::from_slice(manifest).ok()?;
        let annotation = |name: &str| manifest.get("annotations")?.get(name)?.as_str();
        let package = annotation(PACKAGE).filter(|_| annotation(VERSION) == Some(version))?;
        serde_json::from_str(package).ok()
    }
}

impl ReleasedBundle {
    /// Reads a bundle's layer.
    ///
    /// # Errors
    /// [`NotReleased`]
    pub fn of_layer(bytes: &[u8], limits: &CatalogLimits) -> Result<Self, NotReleased> {
        let not = |problem: &dyn std::fmt::Display| NotReleased(problem.to_string());
        let files = layer::files(bytes, limits.bundle_size).map_err(|error| not(&error))?;
        let size: usize = files.values().map(Vec::len).sum();
        let mut budget = fresh_budget(
            Limits::new(limits.bundle_size).values_of(bytes.len() as u64, size as u64),
        );
        let draft = ready_made::read(&files, "", &mut budget).map_err(|error| not(&error.error))?;
        let number = draft.csv().and_then(|csv| Number::of(csv));
        let number = number.ok_or_else(|| not(&"it has no CSV with a version"))?;
        let entry = Entry::of(&draft, &number, &mut budget);
        let (entry, annotations) = entry
            .zip(draft.annotations.as_ref())
            .ok_or_else(|| not(&"it has no annotations"))?;
        Ok(ReleasedBundle {
            name: draft.name().to_owned(),
            package: annotations.package().to_owned(),
            entry,
        })
    }

    /// `metadata.name` of its CSV.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it leads on from.
    pub fn upgrade(&self) -> &Upgrade {
        &self.entry.upgrade
    }

    /// `base64data` and `mediatype` of its CSV's first icon.
    pub fn icon(&self) -> Option<&Json> {
        self.entry.icon.as_ref()
    }

    /// What `opm render` gives for it under the name of its image.
    pub fn fbc(&self, image: &str) -> Json {
        self.entry.bundle(&self.name, &self.package, image)
    }
}
