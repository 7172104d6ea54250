//! A bundle as file-based catalogs have it: the `olm.bundle` blob that
//! `opm render --migrate-level bundle-object-to-csv-metadata` gives for the image.

mod metadata;
mod shape;
mod upgrade;

pub(crate) use shape::to_json;
pub use upgrade::Upgrade;

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::document::{self, Document, items, text};
use super::draft::Draft;
use super::splitting::only_document;
use super::tag::Number;
use crate::report::Field;
use crate::yaml::{Budget, Node, Value};

/// Group, version and kind.
type Gvk = (String, String, String);

/// What a catalog says of a bundle, but for its image.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Each with `type` and `value`; sorted, `olm.csv.metadata` last.
    pub(super) properties: Vec<Json>,
    /// Name and image of those that the CSV names, and of its containers.
    pub(super) related_images: Vec<(String, String)>,
    /// What the channels' entries say of it.
    pub(super) upgrade: Upgrade,
    /// What its package shows while it is the head of the default channel.
    pub(super) icon: Option<Json>,
}

impl Entry {
    /// What a catalog says of a bundle that the verdict does not refuse.
    pub(super) fn of(draft: &Draft, number: &Number, budget: &mut Budget) -> Option<Self> {
        let (csv, annotations) = (draft.csv()?, draft.annotations.as_ref()?);
        let mut properties = properties(draft, csv, budget);
        let is_package = |property: &Json| property["type"] == "olm.package";
        if !properties.iter().any(is_package) {
            let mut package = json!({
                "packageName": annotations.package(),
                "version": number.version.to_string(),
            });
            if let Some(release) = &number.release {
                package["release"] = release.to_string().into();
            }
            properties.push(property("olm.package", package));
        }
        properties.sort_by_cached_key(|property| {
            (property["type"].to_string(), property["value"].to_string())
        });
        properties.dedup();
        let source = only_document(&csv.bytes);
        properties.push(property(
            "olm.csv.metadata",
            metadata::of(&csv.place(), &source),
        ));
        Some(Entry {
            properties,
            related_images: related_images(&csv.place()),
            upgrade: Upgrade::of(csv),
            icon: upgrade::icon(csv),
        })
    }

    /// What `opm render` gives for the bundle `name` of `package` under the name of its image.
    pub(super) fn bundle(&self, name: &str, package: &str, image: &str) -> Json {
        let mut related = self.related_images.clone();
        if !related.iter().any(|(_, known)| known == image) {
            related.push((String::new(), image.to_owned()));
        }
        related.sort();
        let related = related
            .iter()
            .map(|(name, image)| json!({"name": name, "image": image}));
        json!({
            "schema": "olm.bundle",
            "name": name,
            "package": package,
            "image": image,
            "properties": self.properties,
            "relatedImages": related.collect::<Vec<_>>(),
        })
    }
}

fn property(kind: &str, value: impl Into<Json>) -> Json {
    json!({"type": kind, "value": value.into()})
}

fn gvk_property(kind: &str, (group, version, name): Gvk) -> Json {
    property(
        kind,
        json!({"group": group, "kind": name, "version": version}),
    )
}

/// Every property but the package and the CSV's metadata.
fn properties(draft: &Draft, csv: &Document, budget: &mut Budget) -> Vec<Json> {
    let (mut provided, mut required) = (provided(draft, csv), required(csv));
    let mut others = Vec::new();
    for (kind, value) in declared(draft, csv, budget) {
        match kind.as_str() {
            "olm.gvk" => drop(provided.insert(gvk_of(&value))),
            _ => others.push(property(&kind, value)),
        }
    }
    for (kind, value) in listed(draft, "metadata/dependencies.yaml", "dependencies", budget) {
        match kind.as_str() {
            "olm.gvk" => drop(required.insert(gvk_of(&value))),
            "olm.package" => {
                let package =
                    json!({"packageName": value["packageName"], "versionRange": value["version"]});
                others.push(property("olm.package.required", package));
            }
            _ => others.push(property(&kind, value)),
        }
    }
    let provided = provided.into_iter().map(|gvk| gvk_property("olm.gvk", gvk));
    let required = required
        .into_iter()
        .map(|gvk| gvk_property("olm.gvk.required", gvk));
    provided.chain(required).chain(others).collect()
}

/// The properties of `properties.yaml`, and of the CSV's annotation.
fn declared(draft: &Draft, csv: &Document, budget: &mut Budget) -> Vec<(String, Json)> {
    let mut declared = listed(draft, "metadata/properties.yaml", "properties", budget);
    let annotations = csv.at("metadata.annotations");
    let written = annotations.and_then(|map| map.get("olm.properties"));
    let written = written.as_ref().and_then(|place| place.node().as_str());
    if let Some(Ok(Json::Array(properties))) = written.map(serde_json::from_str) {
        let pairs = properties.into_iter().filter_map(|mut property| {
            let kind = property["type"].as_str()?.to_owned();
            Some((kind, property["value"].take()))
        });
        declared.extend(pairs);
    }
    declared
}

/// Type and value of what a file of `metadata/` lists.
fn listed(draft: &Draft, path: &str, key: &str, budget: &mut Budget) -> Vec<(String, Json)> {
    let Some(bytes) = draft.others.get(path) else {
        return Vec::new();
    };
    let Ok(root) = document::read(bytes, budget) else {
        // The verdict refuses what cannot be read, and reads more.
        return Vec::new();
    };
    let (file, source) = (path.into(), only_document(bytes));
    let listed = items(&Field::root(&file, &root), key)
        .into_iter()
        .filter_map(|item| {
            let kind = text(&item, "type")?.to_owned();
            let value = item
                .get("value")
                .map_or(Json::Null, |value| to_json(value.node(), &source));
            Some((kind, value))
        });
    listed.collect()
}

fn gvk_of(value: &Json) -> Gvk {
    let field = |key| value[key].as_str().unwrap_or_default().to_owned();
    (field("group"), field("version"), field("kind"))
}

/// The kinds of the bundle's CRDs, in all versions, and those of the API services that the CSV owns.
fn provided(draft: &Draft, csv: &Document) -> BTreeSet<Gvk> {
    let mut provided = BTreeSet::new();
    for crd in draft.crds() {
        let place = crd.place();
        let field = |path| text(&place, path).unwrap_or_default().to_owned();
        let versions = items(&place, "spec.versions");
        let names = versions
            .iter()
            .map(|version| text(version, "name").unwrap_or_default());
        let single = Some(field("spec.version")).filter(|version| !version.is_empty());
        let single = single.filter(|_| crd.api_version().ends_with("/v1beta1"));
        let names: Vec<String> = names.map(str::to_owned).chain(single).collect();
        let gvks = names
            .into_iter()
            .map(|version| (field("spec.group"), version, field("spec.names.kind")));
        provided.extend(gvks);
    }
    provided.extend(
        items(&csv.place(), "spec.apiservicedefinitions.owned")
            .iter()
            .map(api_service),
    );
    provided
}

/// The kinds that the CSV requires.
fn required(csv: &Document) -> BTreeSet<Gvk> {
    let place = csv.place();
    let crds = items(&place, "spec.customresourcedefinitions.required");
    let crds = crds.iter().filter_map(|crd| {
        let field = |key| text(crd, key).unwrap_or_default().to_owned();
        let (_, group) = text(crd, "name")?.split_once('.')?;
        Some((group.to_owned(), field("version"), field("kind")))
    });
    let services = items(&place, "spec.apiservicedefinitions.required");
    crds.chain(services.iter().map(api_service)).collect()
}

fn api_service(service: &Field<'_>) -> Gvk {
    let field = |key| text(service, key).unwrap_or_default().to_owned();
    (field("group"), field("version"), field("kind"))
}

/// The CSV's related images, and its containers' under an empty name where they are not among them.
fn related_images(csv: &Field<'_>) -> Vec<(String, String)> {
    let field = |item: &Field<'_>, key| text(item, key).unwrap_or_default().to_owned();
    let related = items(csv, "spec.relatedImages");
    let mut images: Vec<(String, String)> = related
        .iter()
        .map(|item| (field(item, "name"), field(item, "image")))
        .collect();
    // opm knows no other strategy.
    let is_deployment = text(csv, "spec.install.strategy") == Some("deployment");
    let deployments = items(csv, "spec.install.spec.deployments").into_iter();
    for deployment in deployments.filter(|_| is_deployment) {
        for list in ["initContainers", "containers"] {
            for container in items(&deployment, &format!("spec.template.spec.{list}")) {
                let image = field(&container, "image");
                if !images.iter().any(|(_, known)| *known == image) {
                    images.push((String::new(), image));
                }
            }
        }
    }
    images
}

/// A date as the file writes it: to Go it is a text.
fn written<'a>(node: &Node, source: &'a [u8]) -> Option<&'a str> {
    let Value::Timestamp(_) = node.value else {
        return None;
    };
    let text = std::str::from_utf8(source.get(node.span.clone())?).ok()?;
    let is_mark = |word: &str| word.starts_with(['&', '!']);
    let mut rest = text.trim();
    while let Some((word, behind)) = rest.split_once(char::is_whitespace) {
        if !is_mark(word) {
            break;
        }
        rest = behind.trim_start();
    }
    Some(rest)
}
