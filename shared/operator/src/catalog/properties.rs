//! The properties of a bundle, as far as opm reads them.

use serde_json::{Map, Value as Json};

use super::base64;
use super::objects::{Bundle, get, kind};

/// The value of an `olm.package` property.
#[derive(Debug, Default, Clone)]
pub(super) struct PackageProperty {
    pub(super) package: String,
    pub(super) version: String,
    pub(super) release: String,
}

/// What opm takes out of a bundle's properties.
#[derive(Debug, Default)]
pub(super) struct Properties {
    pub(super) packages: Vec<PackageProperty>,
    /// Whether it has an `olm.bundle.object`, which makes up for an image.
    pub(super) has_objects: bool,
}

impl Properties {
    pub(super) fn parse(bundle: &Bundle) -> Result<Self, String> {
        let mut parsed = Properties::default();
        for (index, (kind, value)) in bundle.properties.iter().enumerate() {
            let added = match value {
                Some(value) => parsed.add(kind, value),
                None => Err("unexpected end of JSON input".to_owned()),
            };
            added.map_err(|error| format!("parse property[{index}] of type {kind:?}: {error}"))?;
        }
        Ok(parsed)
    }

    fn add(&mut self, kind: &str, value: &Json) -> Result<(), String> {
        match kind {
            "olm.package" => {
                let text = |key| text(value, "Package", key);
                self.packages.push(PackageProperty {
                    package: text("packageName")?,
                    version: text("version")?,
                    release: text("release")?,
                });
            }
            "olm.package.required" => {
                text(value, "PackageRequired", "packageName")?;
                text(value, "PackageRequired", "versionRange")?;
            }
            "olm.gvk" | "olm.gvk.required" => {
                let go = if kind == "olm.gvk" {
                    "GVK"
                } else {
                    "GVKRequired"
                };
                for key in ["group", "kind", "version"] {
                    text(value, go, key)?;
                }
            }
            "olm.bundle.object" => {
                base64::check(&text(value, "BundleObject", "data")?)?;
                self.has_objects = true;
            }
            "olm.csv.metadata" => csv_metadata(value)?,
            _ => {}
        }
        Ok(())
    }
}

fn object<'a>(value: &'a Json, go: &str) -> Result<Option<&'a Map<String, Json>>, String> {
    match value {
        Json::Null => Ok(None),
        Json::Object(map) => Ok(Some(map)),
        other => Err(format!(
            "json: cannot unmarshal {} into Go value of type property.{go}",
            kind(other)
        )),
    }
}

fn text(value: &Json, go: &str, key: &str) -> Result<String, String> {
    match object(value, go)?.and_then(|map| get(map, key)) {
        None | Some(Json::Null) => Ok(String::new()),
        Some(Json::String(text)) => Ok(text.clone()),
        Some(other) => Err(wrong(other, go, key, "string")),
    }
}

fn wrong(found: &Json, go: &str, key: &str, wanted: &str) -> String {
    format!(
        "json: cannot unmarshal {} into Go struct field {go}.{key} of type {wanted}",
        kind(found)
    )
}

/// The types of a CSV's fields, one level deep.
fn csv_metadata(value: &Json) -> Result<(), String> {
    const GO: &str = "CSVMetadata";
    let Some(map) = object(value, GO)? else {
        return Ok(());
    };
    for key in ["description", "displayName", "maturity", "minKubeVersion"] {
        text(value, GO, key)?;
    }
    let field = |key| get(map, key).filter(|value| !value.is_null());
    for (key, item) in [
        ("keywords", "string"),
        ("nativeAPIs", "v1.GroupVersionKind"),
        ("installModes", "v1alpha1.InstallMode"),
        ("links", "v1alpha1.AppLink"),
        ("maintainers", "v1alpha1.Maintainer"),
    ] {
        match field(key) {
            None => {}
            Some(Json::Array(items)) => {
                let fits = |found: &&Json| match item {
                    "string" => found.is_string() || found.is_null(),
                    _ => found.is_object() || found.is_null(),
                };
                if let Some(found) = items.iter().find(|found| !fits(found)) {
                    return Err(wrong(found, GO, key, item));
                }
            }
            Some(other) => return Err(wrong(other, GO, key, &format!("[]{item}"))),
        }
    }
    for key in ["annotations", "labels"] {
        match field(key) {
            None => {}
            Some(Json::Object(map)) => {
                let is_text = |found: &&Json| found.is_string() || found.is_null();
                if let Some(found) = map.values().find(|found| !is_text(found)) {
                    return Err(wrong(found, GO, key, "string"));
                }
            }
            Some(other) => return Err(wrong(other, GO, key, "map[string]string")),
        }
    }
    for key in ["apiServiceDefinitions", "crdDescriptions", "provider"] {
        if let Some(other) = field(key).filter(|value| !value.is_object()) {
            return Err(wrong(other, GO, key, "struct"));
        }
    }
    Ok(())
}
