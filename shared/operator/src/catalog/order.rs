//! The order of bundles: by semver of version, then release, then name.

use semver::{BuildMetadata, Prerelease, Version};
use serde_json::Value as Json;

/// What bundles are sorted by; one without a version is before the others.
pub(super) type Key<'a> = (Option<Version>, Option<Prerelease>, &'a str);

/// The place of a bundle among others.
pub(super) fn key<'a>(name: &'a str, bundle: Option<&Json>) -> Key<'a> {
    let properties = bundle.and_then(|bundle| bundle["properties"].as_array());
    let mut properties = properties.into_iter().flatten();
    let package = properties.find(|property| property["type"] == "olm.package");
    let text = |key| package.and_then(|package| package["value"][key].as_str());
    let version = text("version").and_then(|text| Version::parse(text).ok());
    let version = version.map(|version| Version {
        build: BuildMetadata::EMPTY,
        ..version
    });
    let release = text("release").filter(|text| !text.is_empty());
    (
        version,
        release.and_then(|text| Prerelease::new(text).ok()),
        name,
    )
}
