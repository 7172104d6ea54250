//! The bundle as a whole: its size, its service accounts, its images, its name.

use std::collections::HashSet;

use super::findings::Findings;
use super::{Subject, reference, rule};
use crate::bundle_image::annotations::Annotations;
use crate::bundle_image::document::{absent, at, items, text};
use crate::bundle_image::draft::Draft;
use crate::bundle_image::size::{self, LIMIT};

/// Bytes of a document's JSON above which clusters may refuse the object.
const MAX_OBJECT: usize = 1 << 20;

/// Checks the size of a bundle, by OLM's count, and of its objects.
pub(super) fn check_size(draft: &Draft, findings: &mut Findings) {
    let refused_above = LIMIT + LIMIT / 50;
    let size = size::counted_by_olm(&draft.files(), refused_above);
    let counted = format!("{size} bytes, compressed and in base64");
    let location = crate::report::Location {
        found: counted.clone(),
        ..draft.place.clone()
    };
    if size > refused_above {
        let message = format!("bundle files exceeded {LIMIT} bytes limit ({size})");
        findings.say(&rule::SIZE, location, message);
    } else if size >= LIMIT - LIMIT / 50 {
        let message = format!("the bundle is at OLM's limit of {LIMIT} bytes: {counted}");
        findings.say(&rule::SIZE_AT_LIMIT, location, message);
    } else if size > LIMIT / 100 * 85 {
        let message = format!("the bundle nears OLM's limit of {LIMIT} bytes: {counted}");
        findings.say(&rule::SIZE_AT_LIMIT, location, message);
    }
    for document in &draft.manifests {
        let size = size::as_json(document.place().node());
        if size > MAX_OBJECT {
            let message = format!(
                "{} has {size} bytes as JSON; clusters take no object of 1.5 MiB",
                document.path
            );
            findings.say(&rule::OBJECT_SIZE, document.location(), message);
        }
    }
}

/// Checks a bundle against its CSV.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    check_service_accounts(subject, findings);
    check_related_images(subject, findings);
    check_release_name(subject, findings);
}

fn check_service_accounts(subject: &Subject<'_>, findings: &mut Findings) {
    let deployments = items(&subject.csv.place(), "spec.install.spec.deployments");
    let named: HashSet<&str> = deployments
        .iter()
        .map(|deployment| text(deployment, "spec.template.spec.serviceAccountName").unwrap_or(""))
        .collect();
    let accounts = subject.draft.manifests.iter();
    for account in accounts
        .filter(|account| account.kind() == "ServiceAccount" && account.api_version() == "v1")
    {
        let name = account.object_name();
        if named.contains(name) {
            let message = format!(
                "invalid service account found in bundle. This service account {name} in your bundle is not valid, because a \
                 service account with the same name was already specified in your CSV. If this was unintentional, please \
                 remove the service account manifest from your bundle. If it was intentional to specify a separate service \
                 account, please rename the SA in either the bundle manifest or the CSV."
            );
            findings.say(&rule::SERVICE_ACCOUNT, account.location(), message);
        }
    }
}

fn check_related_images(subject: &Subject<'_>, findings: &mut Findings) {
    for (index, related) in items(&subject.csv.place(), "spec.relatedImages")
        .iter()
        .enumerate()
    {
        let image = text(related, "image").unwrap_or("");
        let location =
            at(related, "image").map_or_else(|| absent(related, "image"), |place| place.location());
        if image.is_empty() {
            let message = format!("relatedImages[{index}] has an empty image field");
            findings.say(&rule::RELATED_IMAGE, location, message);
        } else if let Some(problem) = reference::problem(image) {
            let message = format!(
                "relatedImages[{index}] has an invalid image pullspec {image:?}: {problem}"
            );
            findings.say(&rule::RELATED_IMAGE, location, message);
        }
    }
}

/// With a release, the name says package, version and release.
fn check_release_name(subject: &Subject<'_>, findings: &mut Findings) {
    let csv = subject.csv.place();
    let Some(release) = text(&csv, "spec.release").filter(|release| !release.is_empty()) else {
        return;
    };
    let package = subject
        .draft
        .annotations
        .as_ref()
        .map_or("", Annotations::package);
    let version = text(&csv, "spec.version").unwrap_or("");
    let wanted = format!("{package}-v{version}-{release}");
    if subject.name != wanted {
        let message = format!(
            "bundle name with release versioning {:?} does not match expected name {wanted:?}",
            subject.name
        );
        let location =
            at(&csv, "metadata.name").map_or_else(|| csv.location(), |place| place.location());
        findings.say(&rule::RELEASE_NAME, location, message);
    }
}
