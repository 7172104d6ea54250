//! A release as a registry takes it: its bundles, packed, and a manifest of its own.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use super::draft::Draft;
use super::fbc::{Entry, Upgrade};
use super::image::{Blob, Image};
use super::judged::{JudgedBundles, fresh_budget};
use super::released::{Form, PACKAGE, ReleasedPackage, VERSION};
use super::tag::Number;
use super::verdict::findings::Findings;
use super::verdict::{Verdict, rule};
use crate::report::{Finding, Location};
use crate::yaml::Budget;

/// A release that can be pushed.
#[derive(Debug)]
pub struct Release {
    /// The package's name.
    pub package: String,
    /// The channel that a subscription without one gets.
    pub default_channel: Option<String>,
    /// The roots of each channel: `currentCSV` of package manifests; every ready-made bundle that names the channel.
    pub channels: BTreeMap<String, Vec<String>>,
    /// The bundles, oldest first; there is at least one.
    pub bundles: Vec<Bundle>,
    /// What was found without being refused.
    pub verdict: Verdict,
    pub(super) form: Form,
}

/// A bundle, packed.
#[derive(Debug)]
pub struct Bundle {
    /// `metadata.name` of its CSV.
    pub name: String,
    /// `spec.version`
    pub version: String,
    /// `spec.release`
    pub release: Option<String>,
    /// The tag under which it is pushed.
    pub tag: String,
    /// The channels that its annotations name, in their order.
    pub channels: Vec<String>,
    /// The default channel that its annotations name.
    pub default_channel: Option<String>,
    /// The files of its layer, by path, without directories.
    pub files: BTreeMap<String, Arc<[u8]>>,
    /// `release-config.yaml` beside a ready-made bundle, which says into which catalogs it goes; not shipped.
    pub release_config: Option<Arc<[u8]>>,
    /// The labels of its config.
    pub labels: BTreeMap<String, String>,
    /// Layer and config, which the release's manifest shares.
    pub image: Image,
    /// Its manifest, which depends on its content alone.
    pub manifest: Blob,
    package: String,
    entry: Entry,
    /// Its CSV, in the upload.
    location: Option<Location>,
}

/// A release that cannot be packed. That it was judged makes this a defect of ours.
#[derive(Debug, thiserror::Error)]
#[error("the bundle {bundle} could not be packed")]
pub struct PackError {
    bundle: String,
    #[source]
    error: io::Error,
}

impl JudgedBundles {
    /// Packs the bundles into images.
    ///
    /// # Errors
    /// [`PackError`], which is a defect.
    pub fn into_release(self) -> Result<Release, PackError> {
        let verdict = self.verdict().clone();
        let mut budget = fresh_budget(self.values);
        let bundles = self.bundles.iter().map(|(number, draft)| {
            Bundle::pack(number, draft, &mut budget).map_err(|error| PackError {
                bundle: draft.name().to_owned(),
                error,
            })
        });
        let bundles = bundles.collect::<Result<_, _>>()?;
        Ok(Release {
            bundles,
            package: self.package,
            default_channel: self.default_channel,
            channels: self.channels,
            verdict,
            form: self.form,
        })
    }
}

impl Bundle {
    fn pack(number: &Number, draft: &Draft, budget: &mut Budget) -> io::Result<Self> {
        // The verdict refuses a bundle without annotations.
        let annotations = draft.annotations.as_ref();
        let annotations = annotations.ok_or(io::ErrorKind::InvalidData)?;
        let entry = Entry::of(draft, number, budget).ok_or(io::ErrorKind::InvalidData)?;
        let (files, labels) = (draft.files(), annotations.labels());
        let image = Image::pack(&files, &labels)?;
        Ok(Bundle {
            name: draft.name().to_owned(),
            version: number.version.to_string(),
            release: number.release.as_ref().map(ToString::to_string),
            tag: number.tag(),
            channels: annotations.channels(),
            default_channel: annotations.default_channel().map(str::to_owned),
            files,
            release_config: draft.release_config.clone(),
            labels,
            manifest: image.manifest(None)?,
            image,
            package: annotations.package().to_owned(),
            entry,
            location: draft.csv().map(|csv| csv.location()),
        })
    }

    /// What to say of a bundle that cannot have its tag: it is there with another content. A registry shows that, after the
    /// verdict.
    pub fn tag_taken(&self, message: String) -> Option<Finding> {
        let mut findings = Findings::default();
        findings.of_bundle(Some(&self.name));
        findings.say(&rule::TAG_TAKEN, self.location.clone()?, message);
        findings.into_list().pop()
    }

    /// Its CSV, in the upload.
    pub(crate) fn location(&self) -> Option<&Location> {
        self.location.as_ref()
    }

    /// What it leads on from.
    pub fn upgrade(&self) -> &Upgrade {
        &self.entry.upgrade
    }

    /// `base64data` and `mediatype` of its CSV's first icon.
    pub fn icon(&self) -> Option<&serde_json::Value> {
        self.entry.icon.as_ref()
    }

    /// What `opm render` gives for the bundle under the name of its image, `registry/org/repo@sha256:…`.
    ///
    /// Properties are sorted by type, then value, `olm.csv.metadata` last; related images are a set, the image itself
    /// among them.
    pub fn fbc(&self, image: &str) -> serde_json::Value {
        self.entry.bundle(&self.name, &self.package, image)
    }
}

impl Release {
    /// The bundle that is the release: the newest.
    pub fn newest(&self) -> Option<&Bundle> {
        self.bundles.last()
    }

    /// Whether `channels` are all that the package has: package manifests say so, ready-made bundles cannot.
    pub fn lists_all_channels(&self) -> bool {
        self.form == Form::Package
    }

    /// The release's manifest under a version: the newest bundle's config and layer, with annotations.
    ///
    /// # Errors
    /// [`PackError`], which is a defect.
    pub fn manifest(&self, version: &str) -> Result<Blob, PackError> {
        let failed = |error| PackError {
            bundle: self.package.clone(),
            error,
        };
        let newest = self
            .newest()
            .ok_or_else(|| failed(io::ErrorKind::InvalidData.into()))?;
        let digests = self.bundles.iter();
        let package = ReleasedPackage {
            package: self.package.clone(),
            default: self.default_channel.clone(),
            channels: self.channels.clone(),
            form: self.form,
            bundles: digests
                .map(|bundle| bundle.manifest.digest.clone())
                .collect(),
        };
        let package = serde_json::to_string(&package).map_err(|error| failed(error.into()))?;
        let annotations = BTreeMap::from([(PACKAGE, package), (VERSION, version.to_owned())]);
        newest.image.manifest(Some(&annotations)).map_err(failed)
    }
}
