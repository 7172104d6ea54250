//! Bundles that somebody has made: taken byte by byte, but for the organization's rules and the splitting of documents.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::annotations::ANNOTATIONS_FILE;
use super::annotations::{Annotations, PACKAGE, go_text, quoted};
use super::document::{self, Document, Exhausted};
use super::draft::{Draft, Misplaced};
use crate::archive::Files;
use crate::edit::EditError;
use crate::report::Location;
use crate::yaml::{Budget, MapEntry, Node, Value};

/// What one bundle may take of the files that lie in its directory.
const OTHERS: [&str; 2] = ["metadata/", "tests/"];

/// Reads the bundle of a directory.
///
/// # Errors
/// This upload may read no more.
pub(super) fn read(
    files: &Files,
    directory: &str,
    budget: &mut Budget,
) -> Result<Draft, Exhausted> {
    let mut draft = read_frame(files, directory, budget)?;
    for (path, bytes) in inside(files, directory) {
        if let Some(name) = path[directory.len()..].strip_prefix("manifests/") {
            read_manifest(&mut draft, &path.as_str().into(), name, bytes, budget)?;
        }
    }
    Ok(draft)
}

fn inside<'a>(
    files: &'a Files,
    directory: &'a str,
) -> impl Iterator<Item = (&'a String, &'a Vec<u8>)> {
    let behind = files.range(directory.to_owned()..);
    behind.take_while(move |(path, _)| path.starts_with(directory))
}

/// Reads all of a bundle but its manifests.
///
/// # Errors
/// This upload may read no more.
pub(super) fn read_frame(
    files: &Files,
    directory: &str,
    budget: &mut Budget,
) -> Result<Draft, Exhausted> {
    let mut draft = Draft {
        annotations: None,
        unreadable: None,
        is_ready_made: true,
        manifests: Vec::new(),
        no_manifests: Vec::new(),
        misplaced: Vec::new(),
        release_config: None,
        others: BTreeMap::new(),
        place: Location::start_of(format!("{directory}manifests"), ""),
    };
    for (path, bytes) in inside(files, directory) {
        let inner = &path[directory.len()..];
        if OTHERS.iter().any(|folder| inner.starts_with(folder)) {
            draft
                .others
                .insert(inner.to_owned(), bytes.as_slice().into());
        }
        if inner == "release-config.yaml" {
            draft.release_config = Some(bytes.as_slice().into());
        }
        if inner == ANNOTATIONS_FILE {
            read_annotations(&mut draft, &path.as_str().into(), bytes, budget)?;
        }
    }
    Ok(draft)
}

fn read_annotations(
    draft: &mut Draft,
    file: &Arc<str>,
    bytes: &[u8],
    budget: &mut Budget,
) -> Result<(), Exhausted> {
    match Annotations::read(file, bytes, budget) {
        Ok(annotations) => draft.annotations = annotations,
        Err(error) => {
            let error = Exhausted::at(file, error)?;
            let location = Location {
                position: error.position,
                ..Location::start_of(file.clone(), error.problem.to_string())
            };
            draft.unreadable = Some((location, format!("{file}: {error}")));
        }
    }
    Ok(())
}

fn read_manifest(
    draft: &mut Draft,
    path: &Arc<str>,
    name: &str,
    bytes: &[u8],
    budget: &mut Budget,
) -> Result<(), Exhausted> {
    if name.contains('/') {
        draft
            .misplaced
            .push(Misplaced::SubFolder(Location::start_of(path.clone(), name)));
    } else if name.starts_with('.') {
        draft
            .misplaced
            .push(Misplaced::Hidden(Location::start_of(path.clone(), name)));
    } else {
        match Document::read(path, &bytes.into(), budget)? {
            Ok(document) => draft.manifests.push(Rc::new(document)),
            Err(other) => draft.no_manifests.push(other),
        }
    }
    Ok(())
}

/// Sets the package that annotations name, and changes nothing else. Annotations of another package than `old` stay.
///
/// # Errors
/// The file cannot be read, or an anchor, an alias or a block text stands where the name does.
pub(crate) fn set_package(
    bytes: &mut Vec<u8>,
    old: &str,
    name: &str,
    budget: &mut Budget,
) -> Result<(), EditError> {
    let root = document::read(bytes, budget)?;
    let map = root.get("annotations");
    let entry = map.and_then(|map| map.entry(PACKAGE));
    // What has no package, or another, is refused by the verdict.
    let is_old = |entry: &&MapEntry| go_text(&entry.value.value).as_deref() == Some(old);
    let Some(entry) = entry.filter(is_old) else {
        return Ok(());
    };
    let entangled = || EditError::Entangled {
        field: format!("annotations.{PACKAGE}"),
        position: entry.key.position,
    };
    let written = bytes.get(entry.site.clone()).unwrap_or_default();
    let is_plain = entry.site == entry.value.span
        && !entry.merged
        && !entry.value.anchored
        && written
            .first()
            .is_some_and(|first| !b"|>*&!".contains(first));
    if !is_plain {
        return Err(entangled());
    }
    let mut edited = bytes.clone();
    edited.splice(entry.site.clone(), quoted(name).into_bytes());
    let reads = document::read(&edited, budget).map_err(|_| entangled())?;
    if !differs_by_package(&root, &reads, name) {
        return Err(entangled());
    }
    *bytes = edited;
    Ok(())
}

/// Whether two documents are the same but for the package, which the second has.
fn differs_by_package(before: &Node, after: &Node, name: &str) -> bool {
    let (Some(old), Some(new)) = (before.get("annotations"), after.get("annotations")) else {
        return false;
    };
    same_but(before, after, "annotations")
        && same_but(old, new, PACKAGE)
        && new.get(PACKAGE).and_then(Node::as_str) == Some(name)
}

/// Whether two maps have the same keys, and all values but one are equal.
fn same_but(before: &Node, after: &Node, key: &str) -> bool {
    let (Value::Mapping(before), Value::Mapping(after)) = (&before.value, &after.value) else {
        return false;
    };
    before.entries.len() == after.entries.len()
        && before.entries.iter().zip(&after.entries).all(|(a, b)| {
            a.key.value == b.key.value
                && (a.key.as_str() == Some(key) || a.value.value == b.value.value)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suffixed(text: &str) -> Option<String> {
        let mut bytes = text.as_bytes().to_vec();
        set_package(&mut bytes, "etcd", "etcd-x", &mut Budget::default()).ok()?;
        Some(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn the_package_is_set_and_every_other_byte_stays() {
        let key = PACKAGE;
        for (case, before, after) in [
            (
                "plain",
                format!("annotations: # c\n  {key}: etcd # d\n  a: b\n"),
                format!("annotations: # c\n  {key}: \"etcd-x\" # d\n  a: b\n"),
            ),
            (
                "quoted",
                format!("annotations:\r\n  {key}: 'etcd'\r\n"),
                format!("annotations:\r\n  {key}: \"etcd-x\"\r\n"),
            ),
            (
                "flow",
                format!("{{annotations: {{{key}: etcd}}}}"),
                format!("{{annotations: {{{key}: \"etcd-x\"}}}}"),
            ),
        ] {
            assert_eq!(suffixed(&before), Some(after), "{case}");
        }
    }

    #[test]
    fn a_package_that_is_a_number_gets_its_suffix() {
        let mut bytes = format!("annotations: {{{PACKAGE}: 7}}\n").into_bytes();
        set_package(&mut bytes, "7", "7-x", &mut Budget::default()).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text, format!("annotations: {{{PACKAGE}: \"7-x\"}}\n"));
    }

    #[test]
    fn another_package_stays() {
        for text in [
            "annotations: {}\n".to_owned(),
            format!("annotations: {{{PACKAGE}: other}}\n"),
        ] {
            assert_eq!(suffixed(&text), Some(text));
        }
    }

    #[test]
    fn a_package_that_is_tied_to_other_fields_is_not_set() {
        let key = PACKAGE;
        for text in [
            format!("a: &n etcd\nannotations: {{{key}: *n}}\n"),
            format!("annotations:\n  {key}: |-\n    etcd\n"),
            format!("annotations:\n  {key}: &n etcd\n  a: *n\n"),
        ] {
            assert_eq!(suffixed(&text), None, "{text}");
        }
    }
}
