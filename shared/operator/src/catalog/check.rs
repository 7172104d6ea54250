//! Checking as opm does: reading, linking, checking; the first of the three that finds something is the last.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::graph::{self, Edges};
use super::objects::{Channel, Deprecation, Objects};
use super::properties::{PackageProperty, Properties};
use super::refusal::Refusal;
use super::{go_semver, pull_spec};

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/// Checks the objects of a catalog, of any number of packages, in any order, as `opm validate` does.
///
/// # Errors
/// What opm says.
pub fn check(objects: &[Json]) -> Result<(), Refusal> {
    let objects = Objects::read(objects)?;
    let index = Index::link(&objects).map_err(Refusal::new)?;
    let packages = index.packages.iter();
    let causes: Vec<Refusal> = packages
        .filter_map(|(name, package)| package.check(name))
        .collect();
    Refusal::over("invalid index".into(), causes).map_or(Ok(()), Err)
}

/// Packages, linked to their channels and bundles.
#[derive(Default)]
struct Index<'a> {
    packages: BTreeMap<&'a str, Package<'a>>,
}

#[derive(Default)]
struct Package<'a> {
    default_channel: &'a str,
    channels: BTreeMap<&'a str, Option<&'a Channel>>,
    /// Those of the last channel that have no bundle.
    without_bundle: BTreeSet<&'a str>,
    bundles: BTreeMap<&'a str, Bundle>,
    /// Schema, name and message.
    deprecated: Vec<(&'a str, &'a str, &'a str)>,
}

struct Bundle {
    has_content: bool,
    property: PackageProperty,
}

impl<'a> Index<'a> {
    fn link(objects: &'a Objects) -> Result<Self, String> {
        let mut index = Index::default();
        index.add_packages(objects)?;
        index.add_channels(objects)?;
        index.add_bundles(objects)?;
        for (number, deprecation) in objects.deprecations.iter().enumerate() {
            index.add_deprecation(number, deprecation)?;
        }
        Ok(index)
    }

    fn add_packages(&mut self, objects: &'a Objects) -> Result<(), String> {
        for package in &objects.packages {
            let name = package.name.as_str();
            if name.is_empty() {
                return Err("config contains package with no name".into());
            }
            if self.packages.contains_key(name) {
                return Err(format!("duplicate package {name:?}"));
            }
            let problems = label_problems(name);
            if !problems.is_empty() {
                return Err(format!(
                    "invalid package name {name:?}: [{}]",
                    problems.join(" ")
                ));
            }
            let linked = Package {
                default_channel: &package.default_channel,
                ..Package::default()
            };
            self.packages.insert(name, linked);
        }
        Ok(())
    }

    fn add_channels(&mut self, objects: &'a Objects) -> Result<(), String> {
        for channel in &objects.channels {
            let (name, of) = (channel.name.as_str(), channel.package.as_str());
            let package = self.packages.get_mut(of);
            let package =
                package.ok_or_else(|| format!("unknown package {of:?} for channel {name:?}"))?;
            if name.is_empty() {
                return Err(format!("package {of:?} contains channel with no name"));
            }
            if package.channels.contains_key(name) {
                return Err(format!("package {of:?} has duplicate channel {name:?}"));
            }
            let mut names = BTreeSet::new();
            for entry in &channel.entries {
                if !names.insert(entry.name.as_str()) {
                    return Err(format!(
                        "invalid package {of:?}, channel {name:?}: duplicate entry {:?}",
                        entry.name
                    ));
                }
            }
            package.without_bundle = names;
            package.channels.insert(name, Some(channel));
        }
        Ok(())
    }

    fn add_bundles(&mut self, objects: &'a Objects) -> Result<(), String> {
        let mut entries: BTreeSet<(&str, &str)> = BTreeSet::new();
        for channel in &objects.channels {
            let names = channel.entries.iter().map(|entry| entry.name.as_str());
            entries.extend(names.map(|name| (channel.package.as_str(), name)));
        }
        for bundle in &objects.bundles {
            let (name, of) = (bundle.name.as_str(), bundle.package.as_str());
            if of.is_empty() {
                return Err(format!("package name must be set for bundle {name:?}"));
            }
            let package = self.packages.get_mut(of);
            let package =
                package.ok_or_else(|| format!("unknown package {of:?} for bundle {name:?}"))?;
            if package.bundles.contains_key(name) {
                return Err(format!("package {of:?} has duplicate bundle {name:?}"));
            }
            let linked = link_bundle(bundle)?;
            package.without_bundle.remove(name);
            package.bundles.insert(name, linked);
            if !entries.contains(&(of, name)) {
                return Err(format!(
                    "package {of:?}, bundle {name:?} not found in any channel entries"
                ));
            }
        }
        for (name, package) in &mut self.packages {
            if !package.without_bundle.is_empty() {
                let entries: Vec<&str> = package.without_bundle.iter().copied().collect();
                return Err(format!(
                    "no olm.bundle blobs found in package {name:?} for olm.channel entries [{}]",
                    entries.join(" ")
                ));
            }
            if !package.default_channel.is_empty() {
                package
                    .channels
                    .entry(package.default_channel)
                    .or_insert(None);
            }
        }
        Ok(())
    }

    fn add_deprecation(&mut self, number: usize, item: &'a Deprecation) -> Result<(), String> {
        let of = item.package.as_str();
        if of.is_empty() {
            return Err(format!(
                "package name must be set for deprecation item {number}"
            ));
        }
        let package = self
            .packages
            .get_mut(of)
            .ok_or_else(|| format!("cannot apply deprecations to an unknown package {of:?}"))?;
        if item_is_second(package) {
            return Err(format!(
                "expected a maximum of one deprecation per package: {of:?}"
            ));
        }
        package.deprecated.push(("", "", "-"));
        let mut known = BTreeSet::new();
        for (index, entry) in item.entries.iter().enumerate() {
            let (schema, name) = (entry.schema.as_str(), entry.name.as_str());
            let reference =
                format!("declcfg.PackageScopedReference{{Schema:{schema:?}, Name:{name:?}}}");
            if schema.is_empty() {
                return Err(format!(
                    "schema must be set for deprecation entry [{index}] for package {of:?}"
                ));
            }
            if !known.insert((schema, name)) {
                return Err(format!(
                    "duplicate deprecation entry {reference} for package {of:?}"
                ));
            }
            let problem = match schema {
                "olm.bundle" if !package.bundles.contains_key(name) => {
                    format!("cannot deprecate bundle {name:?} for package {of:?}: bundle not found")
                }
                "olm.channel" if !package.channels.contains_key(name) => format!(
                    "cannot deprecate channel {name:?} for package {of:?}: channel not found"
                ),
                "olm.package" if !name.is_empty() => format!(
                    "package name must be empty for deprecated package {of:?} (specified {name:?})"
                ),
                "olm.bundle" | "olm.channel" | "olm.package" => {
                    package.deprecated.push((schema, name, &entry.message));
                    continue;
                }
                _ => format!(
                    "cannot deprecate object {reference} referenced by entry {index} for package {of:?}: object schema unknown"
                ),
            };
            return Err(problem);
        }
        Ok(())
    }
}

/// Whether a package has an `olm.deprecations` already.
fn item_is_second(package: &Package<'_>) -> bool {
    !package.deprecated.is_empty()
}

fn link_bundle(bundle: &super::objects::Bundle) -> Result<Bundle, String> {
    let (name, of) = (bundle.name.as_str(), bundle.package.as_str());
    let properties = Properties::parse(bundle)
        .map_err(|error| format!("parse properties for bundle {name:?}: {error}"))?;
    let [property] = properties.packages.as_slice() else {
        return Err(format!(
            "package {of:?} bundle {name:?} must have exactly 1 \"olm.package\" property, found {}",
            properties.packages.len()
        ));
    };
    if property.package != of {
        return Err(format!(
            "package {of:?} does not match \"olm.package\" property {:?}",
            property.package
        ));
    }
    let related = bundle.related_images.iter().enumerate();
    let related = related.map(|(index, image)| (format!("relatedImages[{index}].image"), image));
    let images = std::iter::once(("image".to_owned(), &bundle.image)).chain(related);
    for (field, image) in images.filter(|(_, image)| !image.is_empty()) {
        if let Some(problem) = pull_spec::problem(image) {
            return Err(format!(
                "package {of:?} bundle {name:?} {field}: invalid image pull spec {image:?}: {problem}"
            ));
        }
    }
    let (version, release) = (&property.version, &property.release);
    if let Some(problem) = go_semver::version_problem(version) {
        return Err(format!(
            "error parsing bundle {name:?} version {version:?}: {problem}"
        ));
    }
    if let Some(problem) = go_semver::release_problem(release).filter(|_| !release.is_empty()) {
        return Err(format!(
            "error parsing bundle {name:?} release version {release:?}: {problem}"
        ));
    }
    Ok(Bundle {
        has_content: !bundle.image.is_empty() || properties.has_objects,
        property: property.clone(),
    })
}

fn label_problems(name: &str) -> Vec<&'static str> {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_label = name.bytes().all(|byte| is_inner(byte) || byte == b'-')
        && name.bytes().next().is_some_and(is_inner)
        && name.bytes().next_back().is_some_and(is_inner);
    let long = (name.len() > 63).then_some("must be no more than 63 characters");
    let odd = (!is_label).then_some(LABEL);
    long.into_iter().chain(odd).collect()
}

impl Package<'_> {
    fn check(&self, name: &str) -> Option<Refusal> {
        let mut causes = Vec::new();
        if self.default_channel.is_empty() {
            causes.push(Refusal::new("default channel must be set"));
        }
        if self.channels.is_empty() {
            causes.push(Refusal::new("package must contain at least one channel"));
        }
        for (channel, content) in &self.channels {
            causes.extend(self.check_channel(name, channel, *content));
        }
        causes.extend(self.check_versions());
        causes.extend(self.check_deprecation("olm.package", ""));
        Refusal::over(format!("invalid package {name:?}"), causes)
    }

    fn check_channel(&self, of: &str, name: &str, channel: Option<&Channel>) -> Option<Refusal> {
        let entries = channel.map_or(&[][..], |channel| &channel.entries);
        let edges: Vec<Edges<'_>> = entries.iter().map(Edges::of).collect();
        let mut causes = Vec::new();
        match edges.is_empty() {
            true => causes.push(Refusal::new("channel must contain at least one bundle")),
            false => causes.extend(graph::problem(&edges).map(Refusal::new)),
        }
        for entry in entries {
            causes.extend(self.check_entry(of, entry));
        }
        causes.extend(self.check_deprecation("olm.channel", name));
        Refusal::over(format!("invalid channel {name:?}"), causes)
    }

    fn check_entry(&self, of: &str, entry: &super::objects::Entry) -> Option<Refusal> {
        let (name, bundle) = (&entry.name, self.bundles.get(entry.name.as_str()));
        let mut causes = Vec::new();
        if name.is_empty() {
            causes.push("name must be set".to_owned());
        }
        if let Some(PackageProperty {
            version, release, ..
        }) = bundle.map(|bundle| &bundle.property)
            && !release.is_empty()
        {
            let normalized = format!("{of}-v{version}-{release}");
            if *name != normalized {
                causes.push(format!(
                    "name {name:?} does not match normalized name {normalized:?}"
                ));
            }
            if version.contains('+') {
                causes.push("cannot use build metadata in version with a release version".into());
            }
        }
        let skips = entry.skips.iter().enumerate();
        let empty = skips.filter(|(_, skip)| skip.is_empty());
        causes.extend(empty.map(|(index, _)| format!("skip[{index}] is empty")));
        let range = entry.skip_range.as_str();
        if let Some(problem) = go_semver::range_problem(range).filter(|_| !range.is_empty()) {
            causes.push(format!("invalid skipRange {range:?}: {problem}"));
        }
        if bundle.is_none() {
            causes.push("must be exactly one property with type \"olm.package\"".to_owned());
        }
        if !bundle.is_some_and(|bundle| bundle.has_content) {
            causes.push("bundle image must be set".to_owned());
        }
        let mut causes: Vec<Refusal> = causes.into_iter().map(Refusal::new).collect();
        causes.extend(self.check_deprecation("olm.bundle", name));
        Refusal::over(format!("invalid bundle {name:?}"), causes)
    }

    fn check_deprecation(&self, schema: &str, name: &str) -> Option<Refusal> {
        let is_empty = self.deprecated.contains(&(schema, name, ""));
        is_empty.then(|| Refusal::new("invalid deprecation: message must be set"))
    }

    fn check_versions(&self) -> Option<Refusal> {
        let mut versions: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        let channels = self.channels.values().flatten();
        for entry in channels.flat_map(|channel| &channel.entries) {
            let bundle = self.bundles.get(entry.name.as_str());
            let version = match bundle.map(|bundle| &bundle.property) {
                None => "0.0.0".to_owned(),
                Some(property) if property.release.is_empty() => property.version.clone(),
                Some(property) => format!("{}-{}", property.version, property.release),
            };
            versions.entry(version).or_default().insert(&entry.name);
        }
        let doubled = versions.iter().filter(|(_, names)| names.len() > 1);
        let doubled = doubled.map(|(version, names)| {
            let names: Vec<&str> = names.iter().copied().collect();
            format!("{{{version}: [{}]}}", names.join(", "))
        });
        let doubled: Vec<String> = doubled.collect();
        (!doubled.is_empty()).then(|| {
            Refusal::new(format!(
                "duplicate versions found in bundles: [{}]",
                doubled.join(" ")
            ))
        })
    }
}
