//! One package of a catalog: read back strictly, and written in one order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::graph::{self, Edges};
use super::order;
use super::read::{ReadError, only_keys, read_strictly};
use crate::limits::CatalogLimits;

/// An entry of a channel: a bundle, and what it leads on from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// The bundle.
    pub name: String,
    /// The bundle that it replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// Bundles that it skips.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skips: Vec<String>,
    /// Versions that it can be reached from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_range: Option<String>,
}

impl Entry {
    pub(super) fn edges(&self) -> Edges<'_> {
        Edges {
            name: &self.name,
            replaces: self.replaces.as_deref().unwrap_or_default(),
            skips: &self.skips,
        }
    }
}

/// A package of a catalog.
#[derive(Debug, Clone, PartialEq)]
pub struct Package {
    pub(super) name: String,
    pub(super) default_channel: String,
    pub(super) icon: Option<Json>,
    pub(super) channels: BTreeMap<String, BTreeMap<String, Entry>>,
    pub(super) bundles: BTreeMap<String, Json>,
    pub(super) deprecations: Vec<Json>,
}

impl Package {
    /// A package without content, as a catalog that does not have it is before the first release.
    #[must_use]
    pub fn empty(name: &str) -> Self {
        Package {
            name: name.to_owned(),
            default_channel: String::new(),
            icon: None,
            channels: BTreeMap::new(),
            bundles: BTreeMap::new(),
            deprecations: Vec::new(),
        }
    }

    /// Reads `catalog.json` back.
    ///
    /// # Errors
    /// [`ReadError`] for what omps does not write: keys that stand twice, unknown keys and schemas, another package.
    pub fn read(name: &str, bytes: &[u8], limits: &CatalogLimits) -> Result<Self, ReadError> {
        Package::of_objects(name, read_strictly(bytes, limits)?)
    }

    /// The package that a list of objects is.
    ///
    /// # Errors
    /// As [`Package::read`].
    pub fn of_objects(name: &str, objects: Vec<Json>) -> Result<Self, ReadError> {
        let mut package = Package::empty(name);
        let (mut packages, mut deprecations) = (0, 0);
        let is_empty = objects.is_empty();
        for mut object in objects {
            let key = match object["schema"].as_str() {
                Some("olm.package") => "name",
                _ => "package",
            };
            if object[key] != name {
                return Err(ReadError(format!(
                    "an object is not of the package {name:?}"
                )));
            }
            match object["schema"].as_str().unwrap_or_default() {
                "olm.package" => {
                    packages += 1;
                    only_keys(&object, &["schema", "name", "defaultChannel", "icon"])?;
                    package.default_channel = text(&object, "defaultChannel")?;
                    package.icon = object.get_mut("icon").map(Json::take);
                }
                "olm.channel" => package.add_channel(object)?,
                "olm.bundle" => {
                    let name = text(&object, "name")?;
                    if package.bundles.insert(name.clone(), object).is_some() {
                        return Err(ReadError(format!("the bundle {name:?} stands twice")));
                    }
                }
                "olm.deprecations" => {
                    deprecations += 1;
                    only_keys(&object, &["schema", "package", "entries"])?;
                    let Json::Array(entries) = object["entries"].take() else {
                        return Err(ReadError("olm.deprecations has no entries".into()));
                    };
                    package.deprecations = entries;
                }
                other => return Err(ReadError(format!("omps does not write {other:?}"))),
            }
        }
        if (packages != 1 && !is_empty) || deprecations > 1 {
            return Err(ReadError(
                "a package has one olm.package and at most one olm.deprecations".into(),
            ));
        }
        Ok(package)
    }

    fn add_channel(&mut self, mut object: Json) -> Result<(), ReadError> {
        only_keys(&object, &["schema", "name", "package", "entries"])?;
        let name = text(&object, "name")?;
        let entries: Vec<Entry> = serde_json::from_value(object["entries"].take())
            .map_err(|error| ReadError(format!("the channel {name:?}: {error}")))?;
        let count = entries.len();
        let entries = entries.into_iter().map(|entry| (entry.name.clone(), entry));
        let entries: BTreeMap<String, Entry> = entries.collect();
        if entries.len() != count || self.channels.insert(name.clone(), entries).is_some() {
            return Err(ReadError(format!(
                "the channel {name:?} or an entry of it stands twice"
            )));
        }
        Ok(())
    }

    /// The package's objects, in the order in which they are written; none of a package without bundles and channels.
    pub fn objects(&self) -> Vec<Json> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut package = json!({
            "schema": "olm.package",
            "name": self.name,
            "defaultChannel": self.default_channel,
        });
        if let Some(icon) = &self.icon {
            package["icon"] = icon.clone();
        }
        let mut objects = vec![package];
        for (name, entries) in &self.channels {
            let sorted = self.sorted(entries.keys()).into_iter();
            let sorted: Vec<&Entry> = sorted.filter_map(|name| entries.get(name)).collect();
            objects.push(json!({
                "schema": "olm.channel",
                "name": name,
                "package": self.name,
                "entries": sorted,
            }));
        }
        let bundles = self.sorted(self.bundles.keys()).into_iter();
        objects.extend(bundles.filter_map(|name| self.bundles.get(name).cloned()));
        if !self.deprecations.is_empty() {
            objects.push(json!({
                "schema": "olm.deprecations",
                "package": self.name,
                "entries": self.deprecations,
            }));
        }
        objects
    }

    /// `catalog.json`: one compact object a line.
    pub fn bytes(&self) -> Vec<u8> {
        let objects = self.objects();
        let lines = objects.iter().map(|object| format!("{object}\n"));
        lines.collect::<String>().into_bytes()
    }

    /// The package's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The channel that a subscription without one gets.
    pub fn default_channel(&self) -> &str {
        &self.default_channel
    }

    /// The entries of each channel, oldest first.
    pub fn channels(&self) -> impl Iterator<Item = (&str, Vec<&Entry>)> {
        self.channels.iter().map(|(name, entries)| {
            let sorted = self.sorted(entries.keys()).into_iter();
            let sorted = sorted.filter_map(|name| entries.get(name));
            (name.as_str(), sorted.collect())
        })
    }

    /// The head of a channel that is clean.
    pub fn head(&self, channel: &str) -> Option<&str> {
        let entries = self.channels.get(channel)?.values();
        let edges: Vec<Edges<'_>> = entries.map(Entry::edges).collect();
        match graph::heads(&edges)[..] {
            [head] => Some(head),
            _ => None,
        }
    }

    /// The names of the bundles, oldest first.
    pub fn bundles(&self) -> Vec<&str> {
        self.sorted(self.bundles.keys())
    }

    /// The names of the bundles whose image has one of these digests.
    pub fn with_images(&self, digests: &[String]) -> Vec<String> {
        let is_among = |bundle: &Json| {
            let image = bundle["image"]
                .as_str()
                .and_then(|image| image.split_once('@'));
            image.is_some_and(|(_, digest)| digests.iter().any(|known| known == digest))
        };
        let bundles = self.bundles.iter().filter(|(_, bundle)| is_among(bundle));
        bundles.map(|(name, _)| name.clone()).collect()
    }

    /// Whether nothing is left that a cluster could install.
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.bundles.is_empty()
    }

    /// Names, by their bundles' versions.
    pub(super) fn sorted<'a>(&self, names: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
        let mut names: Vec<&str> = names.map(String::as_str).collect();
        names.sort_by_cached_key(|name| {
            let (version, release, name) = order::key(name, self.bundles.get(*name));
            (version, release, name.to_owned())
        });
        names
    }
}

fn text(object: &Json, key: &str) -> Result<String, ReadError> {
    let text = object[key].as_str().map(str::to_owned);
    text.ok_or_else(|| ReadError(format!("{key} of an object is no text")))
}
