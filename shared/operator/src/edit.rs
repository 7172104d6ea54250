//! Editing a manifest by splicing bytes: every byte that no rule touches stays, and the result is read again and
//! compared before it leaves.

mod splices;

use std::hash::RandomState;
use std::ops::Range;
use std::rc::Rc;

use crate::yaml::{self, Budget, Entry, Mapping, Node, ReadError, Value, Version};
use splices::{Splice, anchor, fill, insert, is_shared, line_end, quote};

/// Why a file cannot be edited.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The file is not one YAML document.
    #[error("{0}")]
    Unreadable(#[from] ReadError),
    /// An anchor, an alias or a merge ties the field to another, which must not change with it.
    #[error(
        "{0} cannot be set without changing other fields; write it out instead of using an anchor or alias"
    )]
    Entangled(String),
}

/// Sets a key of the root map, which must be there, to a text. YAML 1.2.
///
/// # Errors
/// The file cannot be read, or the key's value is tied to other fields.
pub fn set_root_text(
    bytes: &mut Vec<u8>,
    key: &str,
    text: &str,
    budget: &mut Budget,
) -> Result<(), EditError> {
    let root = yaml::read(bytes, Version::V1_2, budget)?;
    let entangled = || EditError::Entangled(key.to_owned());
    let entry = root.entry(key).ok_or_else(entangled)?;
    let state = RandomState::new();
    let wanted = |root: &Node| with(&root.value, &[key], text).fingerprint(&state);
    let mut views = vec![(Version::V1_2, wanted(&root))];
    // The verdict reads the file as YAML 1.1, to which it may have more lines, and with them more fields.
    if has_more_lines_in_1_1(bytes) {
        match yaml::read(bytes, Version::V1_1, budget) {
            Ok(other) if other.get(key).and_then(Node::as_str) == entry.value.as_str() => {
                views.push((Version::V1_1, wanted(&other)));
            }
            Err(error) if error.ends_all() => return Err(error.into()),
            _ => {}
        }
    }
    let splices = set_scalar(bytes, &root, entry, text, Version::V1_2);
    splices::apply(bytes, splices);
    for (version, wanted) in views {
        if !reads_as(bytes, (wanted, &state), version, budget)? {
            return Err(entangled());
        }
    }
    Ok(())
}

/// Whether the file has characters that end a line in YAML 1.1 alone.
fn has_more_lines_in_1_1(bytes: &[u8]) -> bool {
    ["\u{85}", "\u{2028}", "\u{2029}"]
        .iter()
        .any(|line_end| memchr::memmem::find(bytes, line_end.as_bytes()).is_some())
}

/// Sets annotations of a ClusterServiceVersion, creating `metadata.annotations` where absent or null. A file that is no
/// such document is left alone, and the answer is no.
///
/// # Errors
/// The annotations are tied to other fields, or the push reads too much; the bytes are worth nothing then.
pub fn set_annotations(
    bytes: &mut Vec<u8>,
    annotations: &[(&str, String)],
    budget: &mut Budget,
) -> Result<bool, EditError> {
    if !may_say(bytes, "ClusterServiceVersion") {
        return Ok(false);
    }
    let root = match yaml::read(bytes, Version::V1_1, budget) {
        Ok(root) => root,
        Err(error) if error.ends_all() => return Err(error.into()),
        Err(_) => return Ok(false),
    };
    if root.get("kind").and_then(Node::as_str) != Some("ClusterServiceVersion") {
        return Ok(false);
    }
    let Some(splices) = annotate(bytes, &root, annotations) else {
        return Ok(false);
    };
    splices::apply(bytes, splices);
    let state = RandomState::new();
    let wanted = annotations
        .iter()
        .fold(root.value.clone(), |value, (name, text)| {
            with(&value, &["metadata", "annotations", name], text)
        })
        .fingerprint(&state);
    drop(root); // two trees at a time would cost twice the memory
    match reads_as(bytes, (wanted, &state), Version::V1_1, budget)? {
        true => Ok(true),
        false => Err(EditError::Entangled("metadata.annotations".to_owned())),
    }
}

/// Whether a scalar of the file can be this word; other than by escapes it must be there as it is.
fn may_say(bytes: &[u8], word: &str) -> bool {
    memchr::memmem::find(bytes, word.as_bytes()).is_some() || memchr::memchr(b'\\', bytes).is_some()
}

/// Whether the bytes are a document of this fingerprint; an error only where no file of the push can be read any more.
fn reads_as(
    bytes: &[u8],
    (wanted, state): (u64, &RandomState),
    version: Version,
    budget: &mut Budget,
) -> Result<bool, ReadError> {
    match yaml::read(bytes, version, budget) {
        Ok(root) => Ok(root.value.fingerprint(state) == wanted),
        Err(error) if error.ends_all() => Err(error),
        Err(_) => Ok(false),
    }
}

/// What must change for the annotations; nothing where a value has a type that the verdict refuses anyway.
fn annotate(bytes: &[u8], root: &Node, annotations: &[(&str, String)]) -> Option<Vec<Splice>> {
    let written = pairs(annotations).join(", ");
    let Some(metadata) = root.entry("metadata") else {
        return Some(vec![insert(
            bytes,
            root,
            &[format!("\"metadata\": {{\"annotations\": {{{written}}}}}")],
        )?]);
    };
    if let Value::Null = metadata.value.value {
        return Some(vec![fill(
            bytes,
            metadata,
            &format!("{{\"annotations\": {{{written}}}}}"),
            Version::V1_1,
        )]);
    }
    let new_map = || format!("\"annotations\": {{{written}}}");
    let Some(entry) = metadata.value.entry("annotations") else {
        return Some(vec![insert(bytes, &metadata.value, &[new_map()])?]);
    };
    let map = match &entry.value.value {
        Value::Null => {
            let map = format!("{{{written}}}");
            return Some(vec![fill(bytes, entry, &map, Version::V1_1)]);
        }
        Value::Mapping(map) => map,
        _ => return None,
    };
    let is_alias = entry.site != entry.value.span;
    if entry.merged || is_alias {
        // Another field owns these annotations: take them over, and add.
        let anchor = anchor(bytes, &entry.value)?;
        let merged = format!("{{<<: *{anchor}, {written}}}");
        return Some(vec![match entry.merged {
            true => insert(
                bytes,
                &metadata.value,
                &[format!("\"annotations\": {merged}")],
            )?,
            false => (entry.site.clone(), merged),
        }]);
    }
    if is_shared(bytes, &entry.value) {
        return Some(add_beside_shared(bytes, entry, map, annotations));
    }
    let own = |name: &str| entry.value.entry(name).filter(|entry| !entry.merged);
    let mut splices = Vec::new();
    for (name, text) in annotations {
        splices.extend(
            own(name)
                .into_iter()
                .flat_map(|entry| set_scalar(bytes, root, entry, text, Version::V1_1)),
        );
    }
    let missing: Vec<_> = annotations
        .iter()
        .filter(|(name, _)| own(name).is_none())
        .cloned()
        .collect();
    if !missing.is_empty() {
        splices.push(insert(bytes, &entry.value, &pairs(&missing))?);
    }
    Some(splices)
}

/// Annotations that other fields use through an anchor stay as they are, merged into a map around them.
fn add_beside_shared(
    bytes: &[u8],
    entry: &Entry,
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
    // One column deeper than the key, and so less deep than the entries that hang below the anchor.
    let indent = format!(
        "{}{}",
        line_end(bytes),
        " ".repeat(entry.key.position.column as usize)
    );
    let lines = pairs(annotations).join(&indent);
    vec![(start..start, format!("{indent}{lines}{indent}<<: "))]
}

/// Replaces a scalar. When other fields alias it, the first of them takes over its anchor and its text.
fn set_scalar(
    bytes: &[u8],
    root: &Node,
    entry: &Entry,
    text: &str,
    version: Version,
) -> Vec<Splice> {
    let mut splices = vec![fill(bytes, entry, &quote(text), version)];
    if entry.site == entry.value.span && is_shared(bytes, &entry.value) {
        let original = bytes.get(entry.site.clone()).unwrap_or_default();
        if let Some(site) = first_alias(root, &entry.value) {
            splices.push((site, String::from_utf8_lossy(original).into_owned()));
        }
    }
    splices
}

/// The first place in the document where a value stands by alias.
fn first_alias(within: &Node, node: &Rc<Node>) -> Option<Range<usize>> {
    let mut sites = Vec::new();
    collect_aliases(within, node, &mut sites);
    sites.into_iter().min_by_key(|site| site.start)
}

fn collect_aliases(within: &Node, node: &Rc<Node>, sites: &mut Vec<Range<usize>>) {
    let Value::Mapping(map) = &within.value else {
        if let Value::Sequence(items) = &within.value {
            items
                .iter()
                .for_each(|item| collect_aliases(item, node, sites));
        }
        return;
    };
    for entry in &map.entries {
        if Rc::ptr_eq(&entry.value, node) && entry.site != node.span && !entry.merged {
            sites.push(entry.site.clone());
        }
        collect_aliases(&entry.value, node, sites);
    }
}

fn pairs(annotations: &[(&str, String)]) -> Vec<String> {
    annotations
        .iter()
        .map(|(name, text)| format!("{}: {}", quote(name), quote(text)))
        .collect()
}

/// The value with the text at `path`, as the edited file must read.
fn with(value: &Value, path: &[&str], text: &str) -> Value {
    let Some((key, rest)) = path.split_first() else {
        return Value::String(text.to_owned());
    };
    let mut entries = match value {
        Value::Mapping(map) => map.entries.clone(),
        _ => Vec::new(),
    };
    let new = |value| {
        let position = yaml::Position { line: 0, column: 0 };
        Rc::new(Node::made(value, position))
    };
    match entries
        .iter_mut()
        .find(|entry| entry.key.as_str() == Some(key))
    {
        Some(entry) => entry.value = new(with(&entry.value.value, rest, text)),
        None => entries.push(Entry {
            key: new(Value::String((*key).to_owned())),
            value: new(with(&Value::Null, rest, text)),
            site: 0..0,
            merged: false,
        }),
    }
    Value::Mapping(Mapping {
        entries,
        flow: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotated(text: &str) -> String {
        let annotations = [("certified", "false".to_owned()), ("x/y", "yes".to_owned())];
        let mut bytes = text.as_bytes().to_vec();
        let edited = set_annotations(&mut bytes, &annotations, &mut Budget::default());
        assert!(matches!(edited, Ok(true)), "{text:?}");
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn annotations_are_set_and_every_other_byte_stays() {
        let cases = [
            (
                "replace and insert, comments kept",
                "kind: ClusterServiceVersion # c\nmetadata:\n  annotations:\n    # why\n    certified: no  # soon\n    a: b\n",
                "kind: ClusterServiceVersion # c\nmetadata:\n  annotations:\n    # why\n    \"x/y\": \"yes\"\n    certified: \"false\"  # soon\n    a: b\n",
            ),
            (
                "no annotations, CRLF",
                "kind: ClusterServiceVersion\r\nmetadata:\r\n  name: a\r\n",
                "kind: ClusterServiceVersion\r\nmetadata:\r\n  \"annotations\": {\"certified\": \"false\", \"x/y\": \"yes\"}\r\n  name: a\r\n",
            ),
            (
                "no metadata, byte order mark",
                "\u{feff}kind: ClusterServiceVersion\n",
                "\u{feff}\"metadata\": {\"annotations\": {\"certified\": \"false\", \"x/y\": \"yes\"}}\nkind: ClusterServiceVersion\n",
            ),
            (
                "a block scalar before a line end that is YAML's alone; found by fuzzing",
                "kind: ClusterServiceVersion\nmetadata:\n annotations:\n  certified: >\u{85}V:",
                "kind: ClusterServiceVersion\nmetadata:\n annotations:\n  \"x/y\": \"yes\"\n  certified: \"false\"\u{85}V:",
            ),
            (
                "a line end that is YAML's alone; found by fuzzing",
                "\u{85}kind: ClusterServiceVersion\n",
                "\u{85}\"metadata\": {\"annotations\": {\"certified\": \"false\", \"x/y\": \"yes\"}}\nkind: ClusterServiceVersion\n",
            ),
            (
                "null annotations",
                "kind: ClusterServiceVersion\nmetadata:\n  annotations: # none\n  name: a\n",
                "kind: ClusterServiceVersion\nmetadata:\n  annotations: {\"certified\": \"false\", \"x/y\": \"yes\"} # none\n  name: a\n",
            ),
            (
                "flow",
                "{kind: ClusterServiceVersion, metadata: {annotations: {}}}",
                "{kind: ClusterServiceVersion, metadata: {annotations: {\"certified\": \"false\", \"x/y\": \"yes\"}}}",
            ),
            (
                "a flow key alone",
                "{kind: ClusterServiceVersion, metadata: {annotations}}",
                "{kind: ClusterServiceVersion, metadata: {annotations: {\"certified\": \"false\", \"x/y\": \"yes\"}}}",
            ),
            (
                "an explicit key alone",
                "kind: ClusterServiceVersion\nmetadata:\n  ? annotations # none\n  ? name\n",
                "kind: ClusterServiceVersion\nmetadata:\n  ? annotations\n  : {\"certified\": \"false\", \"x/y\": \"yes\"} # none\n  ? name\n",
            ),
            (
                "an alias keeps what it stands for",
                "labels: &l {a: b}\nkind: ClusterServiceVersion\nmetadata:\n  annotations: *l\n",
                "labels: &l {a: b}\nkind: ClusterServiceVersion\nmetadata:\n  annotations: {<<: *l, \"certified\": \"false\", \"x/y\": \"yes\"}\n",
            ),
            (
                "an anchored map does not leak",
                "kind: ClusterServiceVersion\nmetadata:\n  annotations: &l\n    a: b\n  labels: *l\n",
                "kind: ClusterServiceVersion\nmetadata:\n  annotations: \n   \"certified\": \"false\"\n   \"x/y\": \"yes\"\n   <<: &l\n    a: b\n  labels: *l\n",
            ),
            (
                "an aliased scalar keeps its value elsewhere",
                "kind: ClusterServiceVersion\nmetadata:\n  annotations:\n    certified: &c \"no\"\n    x/y: z\n    b: *c\n    d: *c\n",
                "kind: ClusterServiceVersion\nmetadata:\n  annotations:\n    certified: \"false\"\n    x/y: \"yes\"\n    b: &c \"no\"\n    d: *c\n",
            ),
            (
                "block scalar",
                "kind: ClusterServiceVersion\nmetadata:\n  annotations:\n    certified: |\n      long\n      text\n    x/y: z\n",
                "kind: ClusterServiceVersion\nmetadata:\n  annotations:\n    certified: \"false\"\n    x/y: \"yes\"\n",
            ),
        ];
        for (name, text, wanted) in cases {
            assert_eq!(annotated(text), wanted, "{name}");
        }
    }

    #[test]
    fn what_is_no_csv_is_left_alone() {
        for text in [
            "",
            "- a\n",
            "kind: Role\n",
            "a: 1\n---\nb: 2\n",
            "kind: ClusterServiceVersion\nmetadata: [a]\n",
        ] {
            let annotations = [("a", "b".to_owned())];
            let mut bytes = text.as_bytes().to_vec();
            let edited = set_annotations(&mut bytes, &annotations, &mut Budget::default());
            assert!(matches!(edited, Ok(false)), "{text:?}");
            assert_eq!(bytes, text.as_bytes());
        }
    }

    #[test]
    fn a_name_is_not_set_where_yaml_1_1_would_lose_a_field() {
        let mut bytes = "a: | # c\u{85}b: c\n".to_owned().into_bytes();
        let edited = set_root_text(&mut bytes, "a", "x", &mut Budget::default());
        assert!(matches!(edited, Err(EditError::Entangled(_))));
    }

    #[test]
    fn a_plain_name_ends_with_what_is_text_to_yaml_1_2() {
        let mut bytes = "packageName: a\u{2029}".to_owned().into_bytes();
        set_root_text(&mut bytes, "packageName", "b", &mut Budget::default()).unwrap();
        assert_eq!(bytes, b"packageName: \"b\"");
    }

    #[test]
    fn a_root_text_is_replaced_in_place() {
        let set = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            let edited = set_root_text(&mut bytes, "packageName", "etcd-x", &mut Budget::default());
            edited.map(|()| String::from_utf8(bytes).unwrap())
        };
        assert_eq!(
            set("# p\npackageName: etcd # n\nchannels: []\n").unwrap(),
            "# p\npackageName: \"etcd-x\" # n\nchannels: []\n"
        );
        assert_eq!(
            set("{\"packageName\": \"etcd\"}").unwrap(),
            "{\"packageName\": \"etcd-x\"}"
        );
        // Found by fuzzing.
        assert_eq!(
            set("packageName:\n|-\n etcd\n").unwrap(),
            "packageName:\n \"etcd-x\"\n"
        );
        assert_eq!(
            set("packageName: |-\n etcd\t\n").unwrap(),
            "packageName: \"etcd-x\"\n"
        );
        assert_eq!(
            set("packageName: &p etcd\nname: *p\n").unwrap(),
            "packageName: \"etcd-x\"\nname: &p etcd\n"
        );
        assert_eq!(
            set("name: &p etcd\npackageName: *p\n").unwrap(),
            "name: &p etcd\npackageName: \"etcd-x\"\n"
        );
    }
}
