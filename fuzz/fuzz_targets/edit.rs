//! Edits a file and reads it again: only the intended value differs. Input: the file, then names and values after NULs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omps_operator::edit::{EditError, set_annotations, set_root_text};
use omps_operator::yaml::{Node, Value, YamlVersion, read};
use omps_fuzz::{as_csv, budget, let_the_parser_panic, same_but};

fuzz_target!(init: let_the_parser_panic(), |input: &[u8]| {
    let mut parts = input.split(|byte| *byte == 0);
    let bytes = parts.next().unwrap_or_default();
    let texts: Vec<String> = parts
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .collect();
    let mut annotations: Vec<(&str, String)> = Vec::new();
    for pair in texts.chunks_exact(2) {
        // A key has at most 1,024 characters, and a configuration has each name once.
        let is_odd = pair[0].len() > 100 || annotations.iter().any(|(name, _)| *name == pair[0]);
        if !is_odd {
            annotations.push((&pair[0], pair[1].clone()));
        }
    }
    if annotations.is_empty() {
        annotations = vec![
            ("a", "false".to_owned()),
            ("x/y: #", "- {\"é\"}\n".to_owned()),
        ];
    }
    root_text(bytes, &annotations[0].1);
    csv_annotations(&as_csv(bytes), &annotations);
});

fn root_text(bytes: &[u8], text: &str) {
    let Ok(before) = read(bytes, YamlVersion::V1_2, &mut budget()) else {
        return;
    };
    let Value::Mapping(map) = &before.value else {
        return;
    };
    let texts = map
        .entries
        .iter()
        .filter(|entry| entry.value.as_str().is_some());
    let Some(key) = texts.filter_map(|entry| entry.key.as_str()).next() else {
        return;
    };
    let mut edited = bytes.to_vec();
    if let Err(error) = set_root_text(&mut edited, key, text, &mut budget()) {
        return excuse(&error, bytes);
    }
    let wanted = [(key, text.to_owned())];
    let old = before.get(key).and_then(Node::as_str).map(str::to_owned);
    for version in [YamlVersion::V1_2, YamlVersion::V1_1] {
        let Ok(before) = read(bytes, version, &mut budget()) else {
            continue;
        };
        if before.get(key).and_then(Node::as_str) != old.as_deref() {
            continue; // not this text to the other version, as `yes` is not
        }
        let after = read(&edited, version, &mut budget());
        let after =
            after.unwrap_or_else(|error| panic!("{version:?} {error} in {:?}", shown(&edited)));
        assert!(
            same_but(&before.value, &after.value, &[], &wanted),
            "{version:?} {:?}",
            shown(&edited)
        );
    }
}

fn csv_annotations(bytes: &[u8], annotations: &[(&str, String)]) {
    let mut edited = bytes.to_vec();
    match set_annotations(&mut edited, annotations, &mut budget()) {
        Ok(true) => {}
        Ok(false) => return assert_eq!(edited, bytes),
        Err(error) => return excuse(&error, bytes),
    }
    let path = ["metadata", "annotations"];
    let before = read(bytes, YamlVersion::V1_1, &mut budget()).expect("what was edited could be read");
    let after = read(&edited, YamlVersion::V1_1, &mut budget()).expect("what was written can be read");
    assert!(
        same_but(&before.value, &after.value, &path, annotations),
        "{:?}",
        shown(&edited)
    );
    let old = before
        .get("metadata")
        .and_then(|metadata| metadata.get("annotations"));
    if old.is_none_or(|old| {
        annotations.iter().all(|(name, _)| old.get(name).is_none()) && is_map(old)
    }) {
        let metadata_is_null = before
            .get("metadata")
            .is_some_and(|metadata| !is_map(metadata));
        let may_lose = metadata_is_null || bytes.contains(&b'*');
        assert!(
            may_lose || is_within(bytes, &edited),
            "lost bytes: {:?}",
            shown(&edited)
        );
    }
    let mut again = edited.clone();
    match set_annotations(&mut again, annotations, &mut budget()) {
        Ok(true) => {
            let again = read(&again, YamlVersion::V1_1, &mut budget()).expect("what was written can be read");
            assert!(
                same_but(&after.value, &again.value, &path, annotations),
                "a second time"
            );
        }
        Ok(false) => panic!("no CSV a second time: {:?}", shown(&edited)),
        Err(error) => excuse(&error, &edited),
    }
}

/// Only fields that are tied to others cannot be edited, some explicit keys (`? a`) without a value, and what is no map where one
/// must be.
fn excuse(error: &EditError, bytes: &[u8]) {
    if error.to_string().contains("must be a map, found") {
        return;
    }
    let ties =
        bytes.iter().any(|byte| b"&*?".contains(byte)) || bytes.windows(2).any(|two| two == b"<<");
    // A limit may be reached by what is added.
    let is_full = read(bytes, YamlVersion::V1_1, &mut budget()).is_ok_and(|root| root.span.len() > 1_000);
    assert!(ties || is_full, "{error}: {:?}", shown(bytes));
}

fn is_map(node: &Node) -> bool {
    matches!(node.value, Value::Mapping(_))
}

fn is_within(part: &[u8], whole: &[u8]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|byte| whole.any(|other| other == byte))
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
