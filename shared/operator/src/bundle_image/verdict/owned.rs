//! The CRDs that the CSV owns against those that the bundle has.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::csv::spot_at;
use super::examples::display;
use super::findings::Findings;
use super::{Subject, rule};
use crate::bundle_image::document::{Document, items, text};
use crate::report::Field;

/// Group, version and kind.
type Gvk = (String, String, String);

/// Checks what a CSV owns.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let mut present: BTreeMap<Gvk, (&Document, &str)> = BTreeMap::new();
    let mut names = HashSet::new();
    for crd in subject.draft.crds() {
        let keys = keys(crd);
        let mut twice = keys.iter().find(|key| present.contains_key(*key));
        if !names.insert(crd.object_name()) && !crd.object_name().is_empty() {
            twice = twice.or(keys.first());
        }
        if let Some(key) = twice {
            let message = format!(
                "duplicate CRD {:?} in bundle {:?}",
                display(key),
                subject.name
            );
            findings.say(&rule::CRD_TWICE, crd.location(), message);
        }
        let place = crd.place();
        let plural = text(&place, "spec.names.plural").unwrap_or("");
        present.extend(keys.into_iter().map(|key| (key, (&**crd, plural))));
    }
    let owned = check_owned(subject, &present, findings);
    let kinds: BTreeSet<(&str, &str)> = owned
        .iter()
        .map(|(group, _, kind)| (&**group, &**kind))
        .collect();
    for (key, (crd, _)) in &present {
        // Beside an owned version, other versions of its kind may be there.
        if !kinds.contains(&(&*key.0, &*key.2)) {
            let message = format!(
                "CRD {:?} is present in bundle {:?} but not defined in CSV",
                display(key),
                subject.name
            );
            findings.say(
                &rule::CRD_NOT_OWNED,
                spot_at(&crd.place(), "spec.names.kind"),
                message,
            );
        }
    }
}

/// Says which owned CRDs are not there; the keys of those that are.
fn check_owned(
    subject: &Subject<'_>,
    present: &BTreeMap<Gvk, (&Document, &str)>,
    findings: &mut Findings,
) -> Vec<Gvk> {
    let csv = subject.csv.place();
    let mut owned = Vec::new();
    for item in items(&csv, "spec.customresourcedefinitions.owned") {
        let (plural, key) = owned_key(&item);
        let Some((crd, theirs)) = present.get(&key) else {
            let message = format!(
                "owned CRD {:?} not found in bundle {:?}",
                display(&key),
                subject.name
            );
            findings.say(&rule::OWNED_MISSING, item.location(), message);
            continue;
        };
        if *theirs != plural {
            let (group, version, kind) = &key;
            let message = format!(
                "couldn't find {group}/{version}/{kind} ({plural}) in bundle: the plural in {} is {theirs:?}",
                crd.path
            );
            findings.say(&rule::OWNED_MISSING, item.location(), message);
        }
        owned.push(key);
    }
    owned
}

/// The plural and the key of an owned CRD, whose name is `<plural>.<group>`.
fn owned_key<'a>(item: &Field<'a>) -> (&'a str, Gvk) {
    let field = |key| text(item, key).unwrap_or("");
    let name = field("name");
    let (plural, group) = name.split_once('.').unwrap_or(("", name));
    (
        plural,
        (
            group.to_owned(),
            field("version").to_owned(),
            field("kind").to_owned(),
        ),
    )
}

/// Every version of a CRD.
fn keys(crd: &Document) -> Vec<Gvk> {
    let place = crd.place();
    let field = |path| text(&place, path).unwrap_or("").to_owned();
    let key = |version: &str| {
        (
            field("spec.group"),
            version.to_owned(),
            field("spec.names.kind"),
        )
    };
    let versions = items(&place, "spec.versions");
    match crd.api_version() {
        "apiextensions.k8s.io/v1beta1" if versions.is_empty() => vec![key(&field("spec.version"))],
        "apiextensions.k8s.io/v1" | "apiextensions.k8s.io/v1beta1" => versions
            .iter()
            .map(|version| key(text(version, "name").unwrap_or("")))
            .collect(),
        _ => Vec::new(),
    }
}
