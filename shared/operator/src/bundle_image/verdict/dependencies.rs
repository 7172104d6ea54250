//! `metadata/dependencies.yaml` and `metadata/properties.yaml`, as opm reads them.

use std::sync::Arc;

use super::csv::spot_at;
use super::findings::Findings;
use super::{range, rule};
use crate::bundle_image::document::{self, Exhausted, at, items, text};
use crate::bundle_image::draft::Draft;
use crate::report::{Field, Location};
use crate::yaml::{Budget, Value};

/// Checks a bundle's dependencies and properties; the types of the dependencies that are there.
///
/// # Errors
/// This upload may read no more.
pub(super) fn check(
    draft: &Draft,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Vec<String>, Exhausted> {
    let mut types = Vec::new();
    for (path, key) in [
        ("metadata/dependencies.yaml", "dependencies"),
        ("metadata/properties.yaml", "properties"),
    ] {
        let Some(bytes) = draft.others.get(path) else {
            continue;
        };
        let directory = draft.place.file.strip_suffix("manifests");
        let file: Arc<str> = format!("{}{path}", directory.unwrap_or_default()).into();
        let root = match document::read(bytes, budget) {
            Ok(root) => root,
            Err(error) => {
                let error = Exhausted::at(&file, error)?;
                let message = format!("Unable to decode the {key} file {file}: {error}");
                let location = Location::start_of(file.clone(), error.problem.to_string());
                findings.say(&rule::DEPENDENCIES, location, message);
                continue;
            }
        };
        for item in items(&Field::root(&file, &root), key) {
            if key == "properties" {
                check_property(&item, findings);
                continue;
            }
            check_dependency(&item, findings);
            types.extend(text(&item, "type").map(str::to_owned));
        }
    }
    Ok(types)
}

fn check_property(property: &Field<'_>, findings: &mut Findings) {
    if text(property, "type").unwrap_or("").is_empty() {
        let message = "couldn't parse property: type must be set".to_owned();
        findings.say(
            &rule::DEPENDENCIES,
            document::absent(property, "type"),
            message,
        );
    }
}

fn check_dependency(dependency: &Field<'_>, findings: &mut Findings) {
    let kind = text(dependency, "type").unwrap_or("");
    let required: &[(&str, &str)] = match kind {
        "olm.gvk" => &[
            ("value.group", "API Group is empty"),
            ("value.version", "API Version is empty"),
            ("value.kind", "API Kind is empty"),
        ],
        "olm.package" => &[
            ("value.packageName", "Package name is empty"),
            ("value.version", "Package version is empty"),
        ],
        "olm.label" => &[("value.label", "Label information is missing")],
        "olm.constraint" if is_map(dependency, "value") => &[],
        kind => {
            let message = format!("couldn't parse dependency of type {kind}");
            return findings.say(&rule::DEPENDENCIES, spot_at(dependency, "type"), message);
        }
    };
    for (field, if_empty) in required {
        let value = at(dependency, field);
        let is_text = value.as_ref().is_none_or(|value| {
            matches!(value.value(), Value::Null) || document::text_of(value.value()).is_some()
        });
        let message = match text(dependency, field).unwrap_or("") {
            _ if !is_text => {
                format!("couldn't parse dependency of type {kind}: {field} must be a string")
            }
            "" => (*if_empty).to_owned(),
            version
                if *field == "value.version"
                    && kind == "olm.package"
                    && !range::is_valid(version) =>
            {
                format!("Invalid semver format version: {version}")
            }
            _ => continue,
        };
        findings.say(&rule::DEPENDENCIES, spot_at(dependency, field), message);
    }
}

fn is_map(place: &Field<'_>, key: &str) -> bool {
    place
        .get(key)
        .is_some_and(|value| matches!(value.value(), Value::Mapping(_)))
}
