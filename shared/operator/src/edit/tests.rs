//! Edited bytes, byte for byte.

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
            "an alias keeps the entries that it refers to",
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
    for (name, text, expected) in cases {
        assert_eq!(annotated(text), expected, "{name}");
    }
}

#[test]
fn a_file_that_is_not_a_csv_is_left_alone() {
    for text in ["", "- a\n", "kind: Role\n", "a: 1\n---\nb: 2\n"] {
        let annotations = [("a", "b".to_owned())];
        let mut bytes = text.as_bytes().to_vec();
        let edited = set_annotations(&mut bytes, &annotations, &mut Budget::default());
        assert!(matches!(edited, Ok(false)), "{text:?}");
        assert_eq!(bytes, text.as_bytes());
    }
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

#[test]
fn annotations_that_cannot_be_set_are_an_error_with_a_place() {
    for (case, text, line, problem) in [
        (
            "annotations that a map without an anchor brings",
            "kind: ClusterServiceVersion\nmetadata: {name: a, <<: {annotations: {certified: b}}}\n",
            2,
            "metadata.annotations cannot be set without changing other fields",
        ),
        (
            "metadata that is a list",
            "kind: ClusterServiceVersion\nmetadata: [a]\n",
            2,
            "metadata must be a map, found a list",
        ),
        (
            "annotations that are text",
            "kind: ClusterServiceVersion\nmetadata:\n  annotations: a\n",
            3,
            "metadata.annotations must be a map, found a string",
        ),
        (
            "metadata that another field shares",
            "x: &m {name: a}\nkind: ClusterServiceVersion\nmetadata: *m\n",
            1,
            "metadata.annotations cannot be set without",
        ),
        (
            "a merge behind the annotation, which wins in Go",
            "kind: ClusterServiceVersion\nmetadata:\n  annotations: {certified: a, <<: {certified: b}}\n",
            3,
            "metadata.annotations cannot be set without",
        ),
        (
            "shared annotations that have the annotation, and would be merged behind it",
            "kind: ClusterServiceVersion\nmetadata:\n  annotations: &l\n    certified: a\n  labels: *l\n",
            3,
            "metadata.annotations cannot be set without",
        ),
        (
            "a merge behind metadata, which wins in Go",
            "kind: ClusterServiceVersion\nmetadata: {name: a}\n<<: {metadata: {name: b}}\n",
            2,
            "metadata.annotations cannot be set without",
        ),
    ] {
        let annotations = [("certified", "false".to_owned())];
        let mut bytes = text.as_bytes().to_vec();
        let error = set_annotations(&mut bytes, &annotations, &mut Budget::default()).unwrap_err();
        assert!(error.to_string().contains(problem), "{case}: {error}");
        let finding = error.validation_info("a.yaml").findings.remove(0);
        assert_eq!(
            (finding.rule, finding.line),
            ("rule-not-applied", line),
            "{case}"
        );
        assert!(finding.message.starts_with("a.yaml: "), "{case}");
    }
}

#[test]
fn json_with_tabs_is_annotated() {
    let text = "{\n\t\"kind\": \"ClusterServiceVersion\",\n\t\"metadata\": {\"name\": \"a\"}\n}\n";
    let edited = annotated(text);
    let json: serde_json::Value = serde_json::from_str(&edited).unwrap();
    assert_eq!(json["metadata"]["annotations"]["certified"], "false");
    assert_eq!(json["metadata"]["name"], "a");
}

#[test]
fn a_root_text_that_a_merge_overrules_in_go_is_not_set() {
    let mut bytes = b"x: &a {packageName: evil}\npackageName: etcd\n<<: *a\n".to_vec();
    let error = set_root_text(&mut bytes, "packageName", "etcd-x", &mut Budget::default());
    let finding = error
        .unwrap_err()
        .validation_info("p.yaml")
        .findings
        .remove(0);
    assert_eq!((finding.line, &*finding.field), (2, "packageName"));
}
