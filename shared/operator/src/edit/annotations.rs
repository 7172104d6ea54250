//! Where a ClusterServiceVersion's annotations go.

use super::EditError;
use super::splices::{Splice, anchor, fill, insert, is_shared, line_end, quote, set_scalar};
use crate::yaml::{MapEntry, Mapping, Node, Position, Value};

/// What must change for the annotations.
///
/// # Errors
/// They cannot be written: no place is theirs alone, or something else than a map is there.
pub(super) fn annotate(
    bytes: &[u8],
    root: &Node,
    annotations: &[(&str, String)],
) -> Result<Vec<Splice>, EditError> {
    for (field, node) in [("metadata", metadata(root)), (FIELD, existing(root))] {
        if let Some(node) = node
            && !matches!(node.value, Value::Null | Value::Mapping(_))
        {
            return Err(EditError::NoMap {
                field,
                position: node.position,
                found: node.value.kind(),
            });
        }
    }
    splices(bytes, root, annotations).ok_or_else(|| EditError::Entangled {
        field: FIELD.to_owned(),
        position: place(root),
    })
}

const FIELD: &str = "metadata.annotations";

fn metadata(root: &Node) -> Option<&Node> {
    root.get("metadata")
}

fn existing(root: &Node) -> Option<&Node> {
    metadata(root)?.get("annotations")
}

/// Where the annotations are, or would be.
pub(super) fn place(root: &Node) -> Position {
    let innermost = existing(root).or_else(|| metadata(root));
    innermost.unwrap_or(root).position
}

/// The splices; nothing where the annotations are another field's, and have no anchor to use them by.
fn splices(bytes: &[u8], root: &Node, annotations: &[(&str, String)]) -> Option<Vec<Splice>> {
    let map = format!("{{{}}}", pairs(annotations).join(", "));
    let one = |splice: Splice| Some(vec![splice]);
    let Some(metadata) = root.entry("metadata") else {
        let metadata = format!("\"metadata\": {{\"annotations\": {map}}}");
        return one(insert(bytes, root, &[metadata])?);
    };
    if let Value::Null = metadata.value.value {
        let metadata_map = format!("{{\"annotations\": {map}}}");
        return one(fill(bytes, metadata, &metadata_map));
    }
    let Some(entry) = metadata.value.entry("annotations") else {
        let entry = format!("\"annotations\": {map}");
        return one(insert(bytes, &metadata.value, &[entry])?);
    };
    let existing = match &entry.value.value {
        Value::Null => return one(fill(bytes, entry, &map)),
        Value::Mapping(existing) => existing,
        _ => return None,
    };
    let is_alias = entry.site != entry.value.span;
    if entry.merged || is_alias {
        one(take_over(bytes, &metadata.value, entry, annotations)?)
    } else if is_shared(bytes, &entry.value) {
        Some(add_beside_shared(bytes, entry, existing, annotations))
    } else {
        set_each(bytes, root, &entry.value, annotations)
    }
}

/// Another field owns these annotations: a new map takes them over, and adds to them.
fn take_over(
    bytes: &[u8],
    metadata: &Node,
    entry: &MapEntry,
    annotations: &[(&str, String)],
) -> Option<Splice> {
    let anchor = anchor(bytes, &entry.value)?;
    let map = format!("{{<<: *{anchor}, {}}}", pairs(annotations).join(", "));
    match entry.merged {
        true => insert(bytes, metadata, &[format!("\"annotations\": {map}")]),
        false => Some((entry.site.clone(), map)),
    }
}

/// Other fields use these annotations through an anchor: they stay as they are, merged into a map around them.
fn add_beside_shared(
    bytes: &[u8],
    entry: &MapEntry,
    map: &Mapping,
    annotations: &[(&str, String)],
) -> Vec<Splice> {
    let (start, end) = (entry.site.start, entry.site.end);
    if map.flow {
        let written = pairs(annotations).join(", ");
        return vec![
            (start..start, "{<<: ".to_owned()),
            (end..end, format!(", {written}}}")),
        ];
    }
    // One column deeper than the key, and so less deep than the entries behind the anchor.
    let indent = format!(
        "{}{}",
        line_end(bytes),
        " ".repeat(entry.key.position.column as usize)
    );
    let lines = pairs(annotations).join(&indent);
    vec![(start..start, format!("{indent}{lines}{indent}<<: "))]
}

/// The map is the file's own: each annotation is replaced where it is, or added.
fn set_each(
    bytes: &[u8],
    root: &Node,
    existing: &Node,
    annotations: &[(&str, String)],
) -> Option<Vec<Splice>> {
    let mut splices = Vec::new();
    let mut missing = Vec::new();
    for annotation @ (name, text) in annotations {
        match existing.entry(name).filter(|entry| !entry.merged) {
            Some(entry) => splices.extend(set_scalar(bytes, root, entry, text)),
            None => missing.push(annotation.clone()),
        }
    }
    if !missing.is_empty() {
        splices.push(insert(bytes, existing, &pairs(&missing))?);
    }
    Some(splices)
}

/// Each annotation as an entry of a map, in flow or block style.
fn pairs(annotations: &[(&str, String)]) -> Vec<String> {
    annotations
        .iter()
        .map(|(name, text)| format!("{}: {}", quote(name), quote(text)))
        .collect()
}
