//! `metadata/dependencies.yaml`, as opm reads it.

use std::sync::Arc;

use super::findings::Findings;
use super::{range, rule};
use crate::bundle_image::document::{self, Exhausted, at, items, start_of, text};
use crate::bundle_image::draft::Draft;
use crate::report::Place;
use crate::yaml::{Budget, Value};

const FILE: &str = "metadata/dependencies.yaml";

/// Checks a bundle's dependencies; the types of those that are there.
///
/// # Errors
/// This upload may read no more.
pub(super) fn check(
    draft: &Draft,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Vec<String>, Exhausted> {
    let Some(bytes) = draft.others.get(FILE) else {
        return Ok(Vec::new());
    };
    let directory = draft
        .place
        .file
        .strip_suffix("manifests")
        .unwrap_or_default();
    let file: Arc<str> = format!("{directory}{FILE}").into();
    let root = match document::read(bytes, budget) {
        Ok(root) => root,
        Err(error) => {
            let error = Exhausted::at(&file, error)?;
            let message = format!("Unable to decode the dependencies file {file}: {error}");
            findings.say(
                &rule::DEPENDENCIES,
                start_of(&file, error.problem.to_string()),
                message,
            );
            return Ok(Vec::new());
        }
    };
    let place = Place::root(&file, &root);
    let mut types = Vec::new();
    for dependency in items(&place, "dependencies") {
        check_dependency(&dependency, findings);
        types.extend(text(&dependency, "type").map(str::to_owned));
    }
    Ok(types)
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
