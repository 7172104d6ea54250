//! Whether files lie where registry+v1 has them, and are what may lie there.

use std::collections::HashMap;

use super::findings::Findings;
use super::rule;
use crate::archive::name_of;
use crate::bundle_image::annotations::ANNOTATIONS_FILE;
use crate::bundle_image::draft::{Draft, Misplaced};
use crate::report::Location;
use crate::yaml::{Node, Value};

/// The kinds that opm lets into a bundle, by exact name and whatever the apiVersion.
const KINDS: [&str; 22] = [
    "ClusterServiceVersion",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleBinding",
    "Service",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "PrometheusRule",
    "ServiceMonitor",
    "PodMonitor",
    "Secret",
    "ConfigMap",
    "PodDisruptionBudget",
    "PriorityClass",
    "VerticalPodAutoscaler",
    "ConsoleYAMLSample",
    "ConsoleQuickStart",
    "ConsoleCLIDownload",
    "ConsoleLink",
    "ConsolePlugin",
    "NetworkPolicy",
];

/// Items of one list: each is looked at by many rules.
const MAX_ITEMS: usize = 5_000;

/// Characters of a ConfigMap's key.
const MAX_KEY: usize = 253;

/// Checks a bundle's files.
pub(super) fn check(draft: &Draft, findings: &mut Findings) {
    for misplaced in &draft.misplaced {
        match misplaced {
            Misplaced::SubFolder(location) => {
                let folder = location.found.split('/').next().unwrap_or_default();
                let message =
                    format!("bundle manifests dir contains directory: manifests/{folder}");
                findings.say(&rule::SUB_FOLDER, location.clone(), message);
            }
            Misplaced::Hidden(location) => {
                let message = format!(
                    "bundle manifests dir has hidden file: manifests/{}",
                    location.found
                );
                findings.say(&rule::HIDDEN_FILE, location.clone(), message);
            }
        }
    }
    for file in &draft.no_manifests {
        findings.say(&rule::KIND, file.location.clone(), &*file.problem);
    }
    for document in draft
        .manifests
        .iter()
        .filter(|document| !KINDS.contains(&document.kind()))
    {
        let (kind, name) = (document.kind(), document.name());
        let location = document
            .at("kind")
            .map_or_else(|| document.location(), |kind| kind.location());
        let message =
            format!("{kind} is not supported type for registryV1 bundle: manifests/{name}");
        findings.say(&rule::KIND, location, message);
    }
    // Behind the files that are no manifests: one of them may be the CSV.
    check_csvs(draft, findings);
    check_keys(draft, findings);
}

/// Whether a document has a list that is longer than any, which is refused before anything looks at its items.
pub(super) fn has_long_list(draft: &Draft, findings: &mut Findings) -> bool {
    let mut found = false;
    for document in &draft.manifests {
        if let Some(length) = long_list(document.place().node()) {
            let message = format!(
                "{} has a list of {length} items; {MAX_ITEMS} are allowed",
                document.path
            );
            findings.say(&rule::LIST_LENGTH, document.location(), message);
            found = true;
        }
    }
    found
}

/// The length of the first list that is too long.
fn long_list(node: &Node) -> Option<usize> {
    match &node.value {
        Value::Sequence(items) if items.len() > MAX_ITEMS => Some(items.len()),
        Value::Sequence(items) => items.iter().find_map(|item| long_list(item)),
        Value::Mapping(map) => map.entries.iter().find_map(|entry| long_list(&entry.value)),
        _ => None,
    }
}

fn check_csvs(draft: &Draft, findings: &mut Findings) {
    let csvs: Vec<_> = draft.csvs().collect();
    match csvs.as_slice() {
        [] => findings.say(&rule::NO_CSV, draft.place.clone(), "no csv in bundle"),
        [_] => {}
        [first, others @ ..] => {
            for other in others {
                let message = format!(
                    "invalid bundle: contains multiple CSVs: {} and {}",
                    first.path, other.path
                );
                findings.say(&rule::SEVERAL_CSVS, other.location(), message);
            }
        }
    }
}

/// OLM v0 keeps the files in a ConfigMap, under names in which other characters are dashes.
fn check_keys(draft: &Draft, findings: &mut Findings) {
    let manifests = draft.manifests.iter().map(|document| document.path.clone());
    let metadata = draft
        .others
        .keys()
        .filter(|path| path.starts_with("metadata/") && *path != ANNOTATIONS_FILE);
    let files = manifests.chain(metadata.map(|path| path.as_str().into()));
    let mut keys = HashMap::new();
    for file in files {
        let key = key(name_of(&file));
        if key.len() > MAX_KEY {
            let message = format!(
                "{file}: a file's name has {MAX_KEY} characters at most, this one {}",
                key.len()
            );
            findings.say(
                &rule::KEY_LENGTH,
                Location::start_of(file.clone(), ""),
                message,
            );
        }
        if let Some(other) = keys.insert(key.clone(), file.clone()) {
            let message = format!("{other} and {file} are one ConfigMap key {key}");
            findings.say(
                &rule::KEY_TWICE,
                Location::start_of(file.clone(), key),
                message,
            );
        }
    }
}

fn key(name: &str) -> String {
    let is_kept =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let letters = name.chars();
    letters
        .map(|letter| if is_kept(letter) { letter } else { '-' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_dashes_for_what_a_config_map_does_not_take() {
        for (name, wanted) in [
            ("a+b.yaml", "a-b.yaml"),
            ("a b.yaml", "a-b.yaml"),
            ("ä_B.yml", "-_B.yml"),
        ] {
            assert_eq!(key(name), wanted);
        }
    }
}
