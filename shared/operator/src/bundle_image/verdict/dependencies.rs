//! `metadata/dependencies.yaml` and `metadata/properties.yaml`, as opm reads them.

use std::sync::Arc;

use super::findings::Findings;
use super::{range, rule};
use crate::bundle_image::document::{self, Exhausted, at, items, start_of, text};
use crate::bundle_image::draft::Draft;
use crate::report::Place;
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
                let spot = start_of(&file, error.problem.to_string());
                findings.say(&rule::DEPENDENCIES, spot, message);
                continue;
            }
        };
        for item in items(&Place::root(&file, &root), key) {
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

fn check_property(property: &Place<'_>, findings: &mut Findings) {
    if text(property, "type").unwrap_or("").is_empty() {
        let message = "couldn't parse property: type must be set".to_owned();
        findings.say(
            &rule::DEPENDENCIES,
            document::absent(property, "type"),
            message,
        );
    }
}

fn check_dependency(dependency: &Place<'_>, findings: &mut Findings) {
    let mut say = |field: &str, message: String| {
        let spot = at(dependency, field)
            .map_or_else(|| document::absent(dependency, field), |place| place.spot());
        findings.say(&rule::DEPENDENCIES, spot, message);
    };
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
        "olm.constraint" => {
            if !matches!(
                at(dependency, "value").map(|value| value.value()),
                Some(Value::Mapping(_))
            ) {
                say(
                    "value",
                    "couldn't parse dependency of type olm.constraint: value must be a map"
                        .to_owned(),
                );
            }
            &[]
        }
        kind => return say("type", format!("couldn't parse dependency of type {kind}")),
    };
    for (field, message) in required {
        match at(dependency, field) {
            Some(place)
                if document::text_of(place.value()).is_none()
                    && !matches!(place.value(), Value::Null) =>
            {
                say(
                    field,
                    format!("couldn't parse dependency of type {kind}: {field} must be a string"),
                );
            }
            _ if text(dependency, field).unwrap_or("").is_empty() => {
                say(field, (*message).to_owned());
            }
            _ => {}
        }
    }
    let version = text(dependency, "value.version").unwrap_or("");
    if kind == "olm.package" && !version.is_empty() && !range::is_valid(version) {
        say(
            "value.version",
            format!("Invalid semver format version: {version}"),
        );
    }
}
