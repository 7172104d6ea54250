//! The releases of a repository as its registry alone shows them: which there are, and the newest bundle of each.
//!
//! A release's manifest names the digest of its newest bundle and the heads of its channels. Which tag the bundle has shows
//! the manifest that the tag points to; that it is another manifest of the same image is as good.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::Value;

use super::super::oci::{ImageRepository, Manifest, OciError, Tag};
use super::super::{Listing, RegistryError, Repository, image_name};
use super::release_tag::is_release;
use super::{AT_ONCE, BundleImages, image_repository};
use crate::api::{ReleaseAnswer, ReleasedBundle};
use crate::release::ReleaseVersion;

/// Requests for one list, beside those for a token: pages of tags, and manifests.
const REQUESTS: usize = 98;
/// Tags on a page.
const PAGE: usize = 100;

/// The annotation `omps.package`, as far as it tells of bundles.
#[derive(Deserialize)]
struct Package {
    package: String,
    channels: BTreeMap<String, Vec<String>>,
    bundles: Vec<String>,
}

/// What tags point to.
type Found = BTreeMap<Tag, Manifest>;

/// A bundle's name in the parts that a tag is made of.
struct Candidate<'a> {
    name: &'a str,
    version: &'a str,
    release: Option<&'a str>,
}

impl BundleImages {
    /// The releases of a repository, the highest number first, as far as [`REQUESTS`] go.
    pub(super) async fn listing(&self, of: &Repository) -> Result<Listing, RegistryError> {
        let at = image_repository(of)?;
        let tags: BTreeSet<Tag> = match self.client.tags(&at).await {
            Err(OciError::Hidden(_)) => BTreeSet::new(),
            tags => tags?.into_iter().collect(),
        };
        let mut numbers: Vec<(ReleaseVersion, Tag)> = tags
            .iter()
            .filter_map(|tag| Some((ReleaseVersion::parse(tag.as_str()).ok()?, tag.clone())))
            .collect();
        numbers.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
        // Whoever has so many tags that their list alone takes all requests gets a few releases nevertheless.
        let most = REQUESTS.saturating_sub(tags.len() / PAGE + 1).max(AT_ONCE);
        let is_cut = numbers.len() > most;
        numbers.truncate(most);
        let mut found = self
            .look_at_tags(&at, numbers.iter().map(|(_, tag)| tag))
            .await?;
        // Bundles whose version is no `x.y.z` have tags that were not among the numbers.
        let others: Vec<Tag> = numbers
            .iter()
            .filter_map(|(_, tag)| package_of(tag, found.get(tag)?))
            .flat_map(|package| tags_of(&package))
            .filter(|tag| tags.contains(tag) && !found.contains_key(tag))
            .collect::<BTreeSet<Tag>>()
            .into_iter()
            .take(most - numbers.len())
            .collect();
        found.append(&mut self.look_at_tags(&at, &others).await?);
        let place = image_name(&self.registry, of);
        let releases = numbers.iter().filter_map(|(_, tag)| {
            let manifest = found.get(tag)?;
            let package = package_of(tag, manifest)?;
            Some(release(&place, tag, manifest, &package, &found))
        });
        Ok(Listing {
            releases: releases.collect(),
            is_cut,
        })
    }

    async fn look_at_tags<'a>(
        &self,
        at: &ImageRepository,
        tags: impl IntoIterator<Item = &'a Tag>,
    ) -> Result<Found, RegistryError> {
        let looks: Vec<_> = tags
            .into_iter()
            .map(async |tag| {
                let found = self.look(at, tag).await?;
                Ok::<_, RegistryError>(found.map(|found| (tag.clone(), found)))
            })
            .collect();
        let found: Vec<_> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }
}

/// What a release's manifest says of its package; nothing of what is no release.
fn package_of(tag: &Tag, manifest: &Manifest) -> Option<Package> {
    if !is_release(tag, manifest) {
        return None;
    }
    let manifest = json(manifest);
    let annotation = manifest.get("annotations")?.get("omps.package")?.as_str()?;
    serde_json::from_str(annotation).ok()
}

fn release(
    place: &str,
    tag: &Tag,
    manifest: &Manifest,
    package: &Package,
    found: &Found,
) -> ReleaseAnswer {
    let digest = manifest.digest();
    ReleaseAnswer {
        version: tag.to_string(),
        tag: Some(tag.to_string()),
        digest: Some(digest.to_string()),
        image: Some(format!("{place}@{digest}")),
        bundles: Some(newest(manifest, package, found).into_iter().collect()),
        pushed_at: None,
    }
}

/// The bundle that is the release: the last that its manifest names.
fn newest(manifest: &Manifest, package: &Package, found: &Found) -> Option<ReleasedBundle> {
    let digest = package.bundles.last()?;
    let candidates = candidates(package);
    let image = image_of(manifest);
    let named = candidates.iter().find_map(|candidate| {
        let tag = candidate.tag()?;
        let is_it = |there: &&Manifest| image_of(there) == image;
        let there = found.get(&tag).filter(is_it)?;
        Some((candidate, tag, there))
    });
    if let Some((candidate, tag, there)) = named {
        return Some(ReleasedBundle {
            name: Some(candidate.name.to_owned()),
            version: Some(candidate.version.to_owned()),
            release: candidate.release.map(str::to_owned),
            tag: Some(tag.to_string()),
            digest: there.digest().to_string(),
        });
    }
    // Its name says nothing of its tag. Where the package has one head, that is its name.
    let tag = found
        .iter()
        .find(|(_, there)| there.digest().as_str() == digest)
        .map(|(tag, _)| tag.to_string());
    let name = match candidates.as_slice() {
        [only] => Some(only.name.to_owned()),
        _ => None,
    };
    Some(ReleasedBundle {
        name,
        version: tag.as_ref().map(|tag| tag.replace('_', "+")),
        release: None,
        tag,
        digest: digest.clone(),
    })
}

/// The heads of a package's channels, each once.
fn candidates(package: &Package) -> Vec<Candidate<'_>> {
    let names: BTreeSet<&str> = package
        .channels
        .values()
        .flatten()
        .map(String::as_str)
        .collect();
    names
        .into_iter()
        .map(|name| Candidate::new(name, &package.package))
        .collect()
}

fn tags_of(package: &Package) -> Vec<Tag> {
    let candidates = candidates(package);
    candidates.iter().filter_map(Candidate::tag).collect()
}

impl<'a> Candidate<'a> {
    /// `<anything>.v<version>`, or `<package>-v<version>-<release>` where a CSV has a release.
    fn new(name: &'a str, package: &str) -> Self {
        let of_release = name
            .strip_prefix(package)
            .and_then(|rest| rest.strip_prefix("-v"))
            .and_then(|rest| rest.rsplit_once('-'));
        let (version, release) = match (of_release, name.split_once(".v")) {
            (Some((version, release)), _) => (version, Some(release)),
            (None, Some((_, version))) => (version, None),
            (None, None) => ("", None),
        };
        Candidate {
            name,
            version,
            release,
        }
    }

    /// The tag that a bundle of this version has.
    fn tag(&self) -> Option<Tag> {
        let version = self.version.replace('+', "_");
        let tag = match self.release {
            None => version,
            Some(release) => format!("{version}-{release}"),
        };
        Tag::parse(&tag).ok()
    }
}

/// Config and layers of a manifest: what makes an image, whatever its annotations.
fn image_of(manifest: &Manifest) -> [Value; 2] {
    let manifest = json(manifest);
    ["config", "layers"].map(|part| manifest.get(part).cloned().unwrap_or_default())
}

fn json(manifest: &Manifest) -> Value {
    serde_json::from_slice(&manifest.bytes).unwrap_or(Value::Null)
}
