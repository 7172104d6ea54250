//! `alm-examples` against the APIs that the CSV provides.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::csv::spot_at;
use super::findings::Findings;
use super::{Subject, rule};
use crate::bundle_image::document::{at, is_empty, items, text};
use crate::report::{Field, Location};

/// Group, version and kind.
type Gvk = (String, String, String);

/// Checks the examples of a CSV.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let csv = subject.csv.place();
    let annotations = at(&csv, "metadata.annotations");
    let Some(annotations) = annotations.filter(|annotations| !is_empty(Some(annotations))) else {
        let location = spot_at(&csv, "metadata.annotations");
        return findings.say(&rule::CSV_WARNING, location, "annotations not found");
    };
    let written = annotations
        .get("alm-examples")
        .or_else(|| annotations.get("olm.examples"));
    let Some(written) = written else {
        let location = spot_at(&csv, "metadata.annotations.alm-examples");
        return findings.say(
            &rule::CSV_EXAMPLE_WARNING,
            location,
            "example annotations not found",
        );
    };
    let Some(examples) = read(&written, findings) else {
        return;
    };
    compare(
        &examples,
        &provided(&csv, findings),
        &written.location(),
        findings,
    );
}

/// The kinds of the examples; nothing when they cannot be read.
fn read(written: &Field<'_>, findings: &mut Findings) -> Option<BTreeSet<Gvk>> {
    let text = written.node().as_str().unwrap_or("");
    if text.trim().is_empty() && !text.is_empty() {
        findings.say(
            &rule::CSV_EXAMPLE,
            written.location(),
            "invalid example: only white space",
        );
        return None;
    }
    let json = match text {
        "" => Json::Null,
        text => match serde_json::from_str(text) {
            Ok(json) => json,
            Err(error) => {
                findings.say(
                    &rule::CSV_EXAMPLE,
                    written.location(),
                    format!("invalid example: {error}"),
                );
                return None;
            }
        },
    };
    let kinds = match &json {
        Json::Null => Some(BTreeSet::new()),
        Json::Array(examples) => examples.iter().map(gvk).collect(),
        _ => None,
    };
    if kinds.is_none() {
        let message = "error decoding example CustomResource: the examples must be a list of objects, each with a kind";
        findings.say(&rule::CSV_EXAMPLE, written.location(), message);
    }
    kinds
}

/// The kind of an example; nothing when it names none.
fn gvk(example: &Json) -> Option<Gvk> {
    let kind = example
        .get("kind")?
        .as_str()
        .filter(|kind| !kind.is_empty())?;
    let api_version = example
        .get("apiVersion")
        .and_then(Json::as_str)
        .unwrap_or("");
    let (group, version) = match api_version.split_once('/') {
        None => ("", api_version),
        Some((_, rest)) if rest.contains('/') => ("", ""),
        Some(parts) => parts,
    };
    Some((group.to_owned(), version.to_owned(), kind.to_owned()))
}

/// The APIs that the CSV owns.
fn provided(csv: &Field<'_>, findings: &mut Findings) -> BTreeSet<Gvk> {
    let field = |item: &Field<'_>, key| text(item, key).unwrap_or("").to_owned();
    let mut provided = BTreeSet::new();
    for owned in items(csv, "spec.customresourcedefinitions.owned") {
        let name = field(&owned, "name");
        match name.split_once('.') {
            Some((_, group)) => {
                provided.insert((
                    group.to_owned(),
                    field(&owned, "version"),
                    field(&owned, "kind"),
                ));
            }
            None => {
                let message = format!("couldn't parse plural.group from crd name: {name}");
                findings.say(&rule::CSV, owned.location(), message);
            }
        }
    }
    for api in items(csv, "spec.apiservicedefinitions.owned") {
        provided.insert((
            field(&api, "group"),
            field(&api, "version"),
            field(&api, "kind"),
        ));
    }
    provided
}

fn compare(
    examples: &BTreeSet<Gvk>,
    provided: &BTreeSet<Gvk>,
    location: &Location,
    findings: &mut Findings,
) {
    for example in examples.difference(provided) {
        let message = format!("example must have a provided API: {}", display(example));
        findings.say(&rule::CSV_EXAMPLE, location.clone(), message);
    }
    for api in provided.difference(examples) {
        let message = format!(
            "provided API should have an example annotation: {}",
            display(api)
        );
        findings.say(&rule::CSV_EXAMPLE_WARNING, location.clone(), message);
    }
}

/// A kind as Go writes it: `g/v, Kind=K`.
pub(super) fn display((group, version, kind): &Gvk) -> String {
    format!("{group}/{version}, Kind={kind}")
}
