//! Keys of a bundle that readers take for different ones.

use super::findings::Findings;
use super::rule;
use crate::bundle_image::annotations::{
    Annotations, CHANNELS, DEFAULT_CHANNEL, MANIFESTS, MEDIATYPE, METADATA, PACKAGE,
};
use crate::bundle_image::draft::Draft;
use crate::manifests::readings;
use crate::report::Location;

/// opm reads the annotations into a structure, so their case is ignored.
const ANNOTATIONS: &[&str] = &[
    MEDIATYPE,
    MANIFESTS,
    METADATA,
    PACKAGE,
    CHANNELS,
    DEFAULT_CHANNEL,
];

/// Checks the manifests of a bundle, and its `annotations.yaml`.
pub(super) fn check(draft: &Draft, findings: &mut Findings) {
    let mut say = |location: Location| {
        let Location {
            file, field, found, ..
        } = &location;
        let message = format!("{file}: {field}: {found}");
        findings.say(&rule::AMBIGUOUS_KEY, location, message);
    };
    for document in &draft.manifests {
        readings::check(&document.place(), &mut say);
    }
    let annotations = draft.annotations.as_ref();
    if let Some(root) = annotations.and_then(Annotations::document) {
        let places: [(&str, &[&str]); 2] = [("", &["annotations"]), ("annotations", ANNOTATIONS)];
        readings::check_places(&root, &places, &mut say);
    }
}
