//! Images that are not named by their digest, or that mirrors would not know of.

use std::collections::HashSet;

use super::findings::Findings;
use super::{Subject, reference, rule};
use crate::bundle_image::document::{at, items, text, text_of};
use crate::report::{Field, Location};

/// Checks where a CSV names images.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let csv = subject.csv.place();
    let related: Vec<(String, Location)> = items(&csv, "spec.relatedImages")
        .iter()
        .filter_map(|item| with_location(&at(item, "image")?))
        .collect();
    let known: HashSet<&str> = related.iter().map(|(image, _)| image.as_str()).collect();
    let used: Vec<_> = used(&csv).iter().filter_map(with_location).collect();
    let mut seen = HashSet::new();
    for (image, location) in used.iter().chain(&related) {
        if !seen.insert(image) {
            continue;
        }
        if !reference::is_by_digest(image) {
            let message = format!("image {image} is named by a tag, not by its digest");
            findings.say(&rule::IMAGE_TAG, location.clone(), message);
        }
        if !known.is_empty() && !known.contains(image.as_str()) {
            let message = format!("image {image} is not in spec.relatedImages");
            findings.say(&rule::IMAGE_UNRELATED, location.clone(), message);
        }
    }
}

/// Every field of a CSV that names an image.
pub(crate) fn fields<'a>(csv: &Field<'a>) -> Vec<Field<'a>> {
    let related = items(csv, "spec.relatedImages");
    let related = related.iter().filter_map(|item| at(item, "image"));
    used(csv).into_iter().chain(related).collect()
}

/// The images of containers, those in `RELATED_IMAGE_*`, and `containerImage`.
fn used<'a>(csv: &Field<'a>) -> Vec<Field<'a>> {
    let mut images = Vec::new();
    for deployment in items(csv, "spec.install.spec.deployments") {
        for list in ["containers", "initContainers"] {
            for container in items(&deployment, &format!("spec.template.spec.{list}")) {
                images.extend(at(&container, "image"));
                let variables = items(&container, "env").into_iter();
                let related = variables.filter(|variable| {
                    text(variable, "name").is_some_and(|name| name.starts_with("RELATED_IMAGE_"))
                });
                images.extend(related.filter_map(|variable| at(&variable, "value")));
            }
        }
    }
    images.extend(at(csv, "metadata.annotations.containerImage"));
    images
}

fn with_location(field: &Field<'_>) -> Option<(String, Location)> {
    let image = text_of(field.value()).filter(|image| !image.is_empty())?;
    Some((image.to_owned(), field.location()))
}
