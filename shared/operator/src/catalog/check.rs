//! Checking as opm does: reading, linking, checking; the first of the three that finds something is the last.

mod link;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::go_semver;
use super::graph::{self, Edges};
use super::objects::{Channel, Entry, Objects};
use super::properties::PackageProperty;
use super::refusal::Refusal;

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
    /// The message of each deprecation, by schema and name; nothing where no object lists any.
    deprecated: Option<BTreeMap<(&'a str, &'a str), &'a str>>,
}

struct Bundle {
    has_content: bool,
    property: PackageProperty,
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

    fn check_entry(&self, of: &str, entry: &Entry) -> Option<Refusal> {
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
        let message = self.deprecated.as_ref()?.get(&(schema, name))?;
        let is_empty = message.is_empty();
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
