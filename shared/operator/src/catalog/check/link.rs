//! Linking as opm does: packages to their channels, bundles and deprecations. The first error is the only one.

use std::collections::{BTreeMap, BTreeSet};

use super::super::objects::{self, Deprecation, Objects};
use super::super::properties::Properties;
use super::super::{go_semver, pull_spec};
use super::{Bundle, Index, Package};

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

impl<'a> Index<'a> {
    /// Step 2 of opm: the first error is the only one.
    pub(super) fn link(objects: &'a Objects) -> Result<Self, String> {
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
        self.refuse_entries_without_bundle()?;
        self.add_default_channels();
        Ok(())
    }

    fn refuse_entries_without_bundle(&self) -> Result<(), String> {
        for (name, package) in &self.packages {
            if !package.without_bundle.is_empty() {
                let entries: Vec<&str> = package.without_bundle.iter().copied().collect();
                return Err(format!(
                    "no olm.bundle blobs found in package {name:?} for olm.channel entries [{}]",
                    entries.join(" ")
                ));
            }
        }
        Ok(())
    }

    /// A default channel that no object describes is a channel without entries.
    fn add_default_channels(&mut self) {
        for package in self.packages.values_mut() {
            let default = package.default_channel;
            if !default.is_empty() {
                package.channels.entry(default).or_insert(None);
            }
        }
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
        if package.deprecated.is_some() {
            return Err(format!(
                "expected a maximum of one deprecation per package: {of:?}"
            ));
        }
        let mut messages = BTreeMap::new();
        for (index, entry) in item.entries.iter().enumerate() {
            let reference = (entry.schema.as_str(), entry.name.as_str());
            if entry.schema.is_empty() {
                return Err(format!(
                    "schema must be set for deprecation entry [{index}] for package {of:?}"
                ));
            }
            if messages.insert(reference, entry.message.as_str()).is_some() {
                return Err(format!(
                    "duplicate deprecation entry {} for package {of:?}",
                    go_reference(reference)
                ));
            }
            package.find_deprecated(of, index, reference)?;
        }
        package.deprecated = Some(messages);
        Ok(())
    }
}

impl Package<'_> {
    /// Looks for what a deprecation refers to.
    fn find_deprecated(
        &self,
        of: &str,
        index: usize,
        reference: (&str, &str),
    ) -> Result<(), String> {
        let (schema, name) = reference;
        match schema {
            "olm.bundle" if !self.bundles.contains_key(name) => Err(format!(
                "cannot deprecate bundle {name:?} for package {of:?}: bundle not found"
            )),
            "olm.channel" if !self.channels.contains_key(name) => Err(format!(
                "cannot deprecate channel {name:?} for package {of:?}: channel not found"
            )),
            "olm.package" if !name.is_empty() => Err(format!(
                "package name must be empty for deprecated package {of:?} (specified {name:?})"
            )),
            "olm.bundle" | "olm.channel" | "olm.package" => Ok(()),
            _ => Err(format!(
                "cannot deprecate object {} referenced by entry {index} for package {of:?}: object schema unknown",
                go_reference(reference)
            )),
        }
    }
}

/// A reference as Go prints it.
fn go_reference((schema, name): (&str, &str)) -> String {
    format!("declcfg.PackageScopedReference{{Schema:{schema:?}, Name:{name:?}}}")
}

fn link_bundle(bundle: &objects::Bundle) -> Result<Bundle, String> {
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
    check_images(bundle)?;
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

/// Checks the pull specifications of a bundle; an absent one passes here.
fn check_images(bundle: &objects::Bundle) -> Result<(), String> {
    let (name, of) = (&bundle.name, &bundle.package);
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
    Ok(())
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
