//! Whether the annotations say what registry+v1 requires, as opm checks it.

use super::findings::Findings;
use super::rule;
use crate::bundle_image::annotations::ANNOTATIONS_FILE;
use crate::bundle_image::annotations::{
    Annotations, CHANNELS, DEFAULT_CHANNEL, MANIFESTS, MEDIATYPE, METADATA, PACKAGE, commands_quay,
};
use crate::bundle_image::draft::Draft;
use crate::report::Location;

/// Checks a bundle that was uploaded as it is.
pub(super) fn check(draft: &Draft, findings: &mut Findings) {
    check_metadata(draft, findings);
    if draft.manifests.is_empty() && draft.no_manifests.is_empty() && draft.misplaced.is_empty() {
        let message = "Unable to locate manifests directory";
        findings.say(&rule::ANNOTATIONS_FILE, draft.place.clone(), message);
    }
}

/// Checks the annotations of a bundle that was uploaded as it is.
pub(crate) fn check_metadata(draft: &Draft, findings: &mut Findings) {
    if let Some(annotations) = &draft.annotations {
        return check_annotations(annotations, findings);
    }
    if let Some((location, problem)) = &draft.unreadable {
        let message = format!("Could not find annotations file: {problem}");
        return findings.say(&rule::ANNOTATIONS_FILE, location.clone(), message);
    }
    let mut files = draft.others.keys();
    let message = match files.any(|path| path.starts_with("metadata/")) {
        true => "Could not find annotations file",
        false => "Unable to locate metadata directory",
    };
    let found = match draft.others.contains_key(ANNOTATIONS_FILE) {
        true => "metadata/annotations.yaml without a map of annotations",
        false => "nothing",
    };
    let location = Location {
        found: found.to_owned(),
        ..draft.place.clone()
    };
    findings.say(&rule::ANNOTATIONS_FILE, location, message);
}

fn check_annotations(annotations: &Annotations, findings: &mut Findings) {
    for key in [MEDIATYPE, MANIFESTS, METADATA, PACKAGE, CHANNELS] {
        if annotations.get(key).is_none() {
            let message = format!("Missing annotation {key:?}");
            findings.say(&rule::FORMAT, annotations.location(key), message);
        }
    }
    for (key, wanted) in [
        (MEDIATYPE, "registry+v1"),
        (MANIFESTS, "manifests/"),
        (METADATA, "metadata/"),
    ] {
        let found = annotations.get(key).unwrap_or(wanted);
        if found.trim_end_matches('/') != wanted.trim_end_matches('/') {
            let message = format!(
                "Expecting annotation {key:?} to have value {wanted:?} instead of {found:?}"
            );
            findings.say(&rule::FORMAT, annotations.location(key), message);
        }
    }
    for key in [PACKAGE, CHANNELS, DEFAULT_CHANNEL] {
        let value = annotations.get(key);
        let has_gap = key == CHANNELS
            && value.is_some_and(|value| value.split(',').any(|name| name.trim().is_empty()));
        if value.is_some_and(str::is_empty) || has_gap {
            let message = format!("Expecting annotation {key:?} to have non-empty value");
            findings.say(&rule::FORMAT, annotations.location(key), message);
        }
    }
    check_values(annotations, findings);
}

fn check_values(annotations: &Annotations, findings: &mut Findings) {
    let channels = annotations.get(CHANNELS).unwrap_or("");
    if channels.contains(char::is_whitespace) {
        let message = format!(
            "the channels {channels:?} have white space, which opm takes for a part of their names"
        );
        findings.say(
            &rule::CHANNEL_SPACE,
            annotations.location(CHANNELS),
            message,
        );
    }
    for key in annotations.no_texts() {
        let value = annotations.get(key).unwrap_or("");
        let message =
            format!("annotation {key:?} is no text in the file; readers take it for {value:?}");
        findings.say(&rule::ANNOTATION_NUMBER, annotations.location(key), message);
    }
    for (key, _) in annotations.iter().filter(|(key, _)| commands_quay(key)) {
        let message = format!("annotation {key:?} does not become a label of the image");
        findings.say(&rule::QUAY_LABEL, annotations.location(key), message);
    }
}
