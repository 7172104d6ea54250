//! Keys that readers take for different ones. omps reads YAML as PyYAML does; a cluster reads it with Go's yaml.v2 and
//! encoding/json. Where a manifest decides what is installed, a key on which they differ is refused:
//!
//! | key | here | in Go |
//! |---|---|---|
//! | `<<` behind a key that it brings, too | the key itself wins | the merged value wins |
//! | `packagename`, `pac\u{212a}ageName` | another key | `packageName`: structures find their fields in any case |
//! | `1`, `yes`, `2020-01-02` | a number, a truth value, a date | text, in a spelling of Go's |
//! | `!!str name` | `name`, though not where ruamel.yaml looks a package up | `name` |

use crate::go_keys::folds_to;
use crate::report::{Field, Location, shortened};
use crate::yaml::{MapEntry, Value};

/// A map that decides: the way to it, where `[]` stands for every item of a list, and the keys that are known in it.
type Place = (&'static str, &'static [&'static str]);

/// What makes a file a manifest.
const MANIFEST: &[&str] = &["packageName", "kind"];

const PACKAGE: &[Place] = &[
    ("", &["packageName", "channels", "defaultChannel", "kind"]),
    ("channels[]", &["name", "currentCSV"]),
];

const OBJECT: &[Place] = &[
    (
        "",
        &["apiVersion", "kind", "metadata", "spec", "packageName"],
    ),
    ("metadata", METADATA),
];

/// A CSV: its name, annotations and version, and where it names images.
const CSV: &[Place] = &[
    (
        "",
        &["apiVersion", "kind", "metadata", "spec", "packageName"],
    ),
    ("metadata", METADATA),
    // A map of texts: Go keeps the case of its keys.
    ("metadata.annotations", &[]),
    (
        "spec",
        &[
            "version",
            "release",
            "replaces",
            "skips",
            "install",
            "relatedImages",
        ],
    ),
    ("spec.relatedImages[]", &["name", "image"]),
    ("spec.install", &["strategy", "spec"]),
    ("spec.install.spec", &["deployments"]),
    ("spec.install.spec.deployments[]", &["name", "spec"]),
    ("spec.install.spec.deployments[].spec", &["template"]),
    ("spec.install.spec.deployments[].spec.template", &["spec"]),
    (
        "spec.install.spec.deployments[].spec.template.spec",
        &["containers", "initContainers"],
    ),
    (
        "spec.install.spec.deployments[].spec.template.spec.containers[]",
        CONTAINER,
    ),
    (
        "spec.install.spec.deployments[].spec.template.spec.initContainers[]",
        CONTAINER,
    ),
    (
        "spec.install.spec.deployments[].spec.template.spec.containers[].env[]",
        &["name", "value"],
    ),
    (
        "spec.install.spec.deployments[].spec.template.spec.initContainers[].env[]",
        &["name", "value"],
    ),
];

/// Characters of a key that a message has: those of a name and more.
const MAX_KEY: usize = 100;

const METADATA: &[&str] = &["name", "namespace", "annotations", "labels"];
const CONTAINER: &[&str] = &["name", "image", "env"];

/// Finds the ambiguous keys of a manifest, and says of each where it is and, as what was found, what is wrong with it.
pub(crate) fn check(root: &Field<'_>, say: &mut dyn FnMut(Location)) {
    let kind = root.get("kind");
    let places = match kind.as_ref().map(Field::value) {
        _ if root.get("packageName").is_some() => PACKAGE,
        Some(Value::String(kind)) if kind == "ClusterServiceVersion" => CSV,
        Some(_) => OBJECT,
        // It may be anything, and is a manifest only if Go finds one of these keys in it.
        None => return check_map(root, MANIFEST, is_of_manifest, say),
    };
    check_places(root, places, say);
}

/// Finds the ambiguous keys of some places below a root.
pub(crate) fn check_places(root: &Field<'_>, places: &[Place], say: &mut dyn FnMut(Location)) {
    for (path, known) in places {
        each(root.clone(), path, &mut |map| {
            check_map(&map, known, |_| true, say);
        });
    }
}

/// Finds the ambiguous keys of a map, among those that count.
fn check_map(
    map: &Field<'_>,
    known: &[&str],
    counts: impl Fn(&MapEntry) -> bool,
    say: &mut dyn FnMut(Location),
) {
    let Value::Mapping(entries) = map.value() else {
        return; // for the rules on types
    };
    for entry in entries.entries.iter().filter(|entry| counts(entry)) {
        if let Some(found) = problem(entry, known) {
            let location = map.location_of(entry);
            say(Location { found, ..location });
        }
    }
}

/// Whether Go may take a key for one that makes a file a manifest.
fn is_of_manifest(entry: &MapEntry) -> bool {
    let key = entry.key.as_str();
    key.is_some_and(|key| MANIFEST.iter().any(|known| folds_to(key, known)))
}

/// Visits every value at a path.
fn each<'a>(place: Field<'a>, path: &str, visit: &mut dyn FnMut(Field<'a>)) {
    let Some((step, rest)) = path
        .split_once('.')
        .or((!path.is_empty()).then_some((path, "")))
    else {
        return visit(place);
    };
    let Some(list) = step.strip_suffix("[]") else {
        return place
            .get(step)
            .into_iter()
            .for_each(|inner| each(inner, rest, visit));
    };
    for item in place.get(list).iter().filter_map(Field::items).flatten() {
        each(item, rest, visit);
    }
}

/// What readers take differently in a key.
fn problem(entry: &MapEntry, known: &[&str]) -> Option<String> {
    let Some(key) = entry.key.as_str() else {
        let kind = entry.key.value.kind();
        return Some(format!("a key that is {kind}, not a text"));
    };
    let short = shortened(key, MAX_KEY);
    if entry.key.tagged {
        return Some(format!("the key {short:?} has a tag"));
    }
    if entry.overruled {
        let problem = format!("{short:?} stands before a `<<` that brings {short:?}, too");
        return Some(format!("{problem}: for Go the merged value wins"));
    }
    let alike = known
        .iter()
        .find(|known| **known != key && folds_to(key, known))?;
    Some(format!(
        "the key {short:?} is {alike:?} to Go, which ignores case"
    ))
}
