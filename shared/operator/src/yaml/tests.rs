//! What PyYAML and ruamel.yaml read otherwise than libyaml.

mod limits;

use super::*;

fn read_text(text: &str) -> Result<std::rc::Rc<Node>, ReadError> {
    read(text.as_bytes(), Version::V1_1, &mut Budget::default())
}

fn problem(text: &str) -> String {
    read_text(text).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn pairs_of_escaped_surrogates_are_one_character() {
    let root = read_text(r#"{"a": "\ud83d\ude00", b: '\ud83d', c: "\\ud83d"}"#).unwrap();
    for (key, wanted) in [("a", "😀"), ("b", r"\ud83d"), ("c", r"\ud83d")] {
        assert_eq!(root.get(key).and_then(Node::as_str), Some(wanted));
    }
    assert_eq!(
        problem(r#"a: "\ud83d""#),
        "line 1, column 4: half a surrogate pair"
    );
}

#[test]
fn question_marks_between_brackets_are_for_keys_in_yaml_1_1_alone() {
    let text = "{image: example.com/a?b}";
    assert_eq!(
        problem(text),
        "line 1, column 9: `?` in a plain scalar between brackets; write it in quotes"
    );
    assert!(read(text.as_bytes(), Version::V1_2, &mut Budget::default()).is_ok());
    assert!(read_text("{image: 'example.com/a?b'}").is_ok());
    assert!(read_text("image: example.com/a?b").is_ok());
}

#[test]
fn a_comment_that_touches_a_block_scalar_is_refused() {
    assert_eq!(
        problem("a: |2-#b\n"),
        "line 1, column 4: a comment that touches the indicator of a block scalar"
    );
    assert!(read_text("a: | #b\n  c|#d\n").is_ok());
}

#[test]
fn unknown_directives_are_passed_over_behind_comments_too() {
    for text in ["%A-1 b\n---\na", "# c\n\n%YAML 1.3\n%A\n--- a"] {
        assert_eq!(read_text(text).unwrap().as_str(), Some("a"), "{text}");
    }
    for text in ["%\n---\na", "%A\"\n---\na", "%A\n---a", "%A\na"] {
        assert!(read_text(text).is_err(), "{text}");
    }
}

#[test]
fn base64_is_read_as_python_reads_it() {
    for (text, wanted) in [
        ("aGk=", "hi"),
        ("=a*Gl=", "hi"),
        ("a=Gk=aGk=", "hi"),
        ("aGlp", "hii"),
    ] {
        let root = read_text(&format!("!!binary {text}")).unwrap();
        assert_eq!(root.value, Value::Binary(wanted.into()), "{text}");
    }
    for text in ["a", "aG", "aGk", "aGk==a"] {
        let read = read_text(&format!("!!binary {text}"));
        assert_eq!(read.is_ok(), text == "aGk==a", "{text}");
    }
}

#[test]
fn a_colon_touches_commas_and_brackets() {
    let text = "{a:, b: {c:}, d:[e:], f:{g: h}, i: 'ä:[j]'}";
    let root = read_text(text).unwrap();
    let written = |key: &str| &text[root.get(key).unwrap().span.clone()];
    let null = |node: Option<&Node>| node.is_some_and(|node| node.value == Value::Null);
    assert!(null(root.get("a")) && null(root.get("b").unwrap().get("c")));
    assert_eq!(
        ["b", "d", "f", "i"].map(written),
        ["{c:}", "[e:]", "{g: h}", "'ä:[j]'"]
    );
    assert_eq!(root.get("i").unwrap().position.column, 36);
    assert_eq!(
        problem("{a:, b: {c:}, ]"),
        "line 1, column 15: did not find expected node content while parsing a flow node"
    );
}

#[test]
fn yaml_1_2_wants_a_space_before_a_value_in_brackets() {
    for (text, in_1_2) in [
        ("{a:}", true),
        ("[a:, b]", true),
        ("{a:[b]}", false),
        ("[a:{}]", false),
    ] {
        assert!(read_text(text).is_ok(), "{text}");
        let read = read(text.as_bytes(), Version::V1_2, &mut Budget::default());
        assert_eq!(read.is_ok(), in_1_2, "{text}");
    }
}

#[test]
fn a_block_scalar_may_start_with_a_tab() {
    let root = read_text("a: {b:}\nc: |-\n\n  \tx\n  y\nd: e\n").unwrap();
    assert_eq!(root.get("c").and_then(Node::as_str), Some("\n\tx\ny"));
    assert_eq!(root.get("d").map(|node| node.position.line), Some(6));
    // (text, what PyYAML makes of it)
    for (text, wanted) in [
        ("a: >\n  \tb\n  c\n", "\tb\nc\n"),
        ("a: >\n  \tb", "\tb"),
        ("a: !!str &x >- # d\r\n  \t\r\n  b\r\n", "\t\nb"),
        ("- |\n \ta\n", "\ta\n"),
        ("- a: |+\n   \tb\n", "\tb\n"),
        ("--- >\n  \ta\n", "\ta\n"),
        ("|\n  \ta\n", "\ta\n"),
        ("a: |\r  \tb\rc: d", "\tb\n"),
    ] {
        let root = read_text(text).unwrap();
        let item = match &root.value {
            Value::Sequence(items) => items[0].clone(),
            _ => root,
        };
        let text_of = |node: &Node| node.as_str().map(str::to_owned);
        let found = text_of(&item).or_else(|| item.get("a").and_then(text_of));
        assert_eq!(found.as_deref(), Some(wanted), "{text:?}");
    }
    for text in [
        "a: |\n\tb: c",              // at the key's column
        "a: |\n    b\n  \tc",        // behind the text
        "a: |3\n  \tb",              // before the column that was asked for
        "a:\n  b:\n    |\n     \tc", // how deep, cannot be told
    ] {
        assert!(read_text(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_last_line_of_spaces_is_text_only_where_it_is_deeper_than_its_block() {
    for (text, wanted) in [
        ("|\n  a\n   ", "a\n "),
        ("|\n  a\n  ", "a\n"),
        ("|+\n  a\n  ", "a\n"),
        ("|+\n  a\n   ", "a\n "),
        ("|+\n  ", ""),
        (">\n  a\n  b", "a b"),
    ] {
        let root = read_text(&format!("x: {text}")).unwrap();
        assert_eq!(
            root.get("x").and_then(Node::as_str),
            Some(wanted),
            "{text:?}"
        );
    }
}

#[test]
fn yaml_1_2_wants_no_first_line_of_a_few_spaces() {
    let read = |text: &str| read(text.as_bytes(), Version::V1_2, &mut Budget::default());
    for text in [
        "a: |\n \n   b\n",
        "- >-\r\n \r\n  a\r\n",
        "a: |\n  \n\n   b\n",
    ] {
        assert!(read(text).is_err(), "{text:?}");
        assert!(read_text(text).is_ok(), "{text:?}");
    }
    for text in [
        "a: |\n\n \n   b\n",
        "a: |2\n \n   b\n",
        "a: |\n   \n   b\n",
        "a: |\n   b\n \n",
    ] {
        assert!(read(text).is_ok(), "{text:?}");
    }
}

#[test]
fn lines_are_counted_whatever_ends_them() {
    let place = |before: &str| Position::behind(before.as_bytes());
    assert_eq!(place("a\rb\r\nc\nd"), Position { line: 4, column: 2 });
    assert_eq!(place("a\n"), Position { line: 2, column: 1 });
    assert_eq!(
        problem("a: b\rc:\r\td: e"),
        "line 3, column 1: a tab where YAML wants a space"
    );
    assert_eq!(
        problem("a: {{ .Values.b }}"),
        "line 1, column 5: `{{` of a template that is not filled in"
    );
    assert_eq!(
        problem("a: @b"),
        "line 1, column 4: '@' cannot start a text; write it in quotes"
    );
}

#[test]
fn yaml_1_2_passes_over_tags_of_scalars_on_collections() {
    for (text, in_1_2) in [
        ("!!null {}", false),
        ("!!str [a]", true),
        ("!!python/tuple [a]", true),
        ("!!map [a]", false),
    ] {
        assert!(read_text(text).is_err());
        let read = read(text.as_bytes(), Version::V1_2, &mut Budget::default());
        assert_eq!(read.is_ok(), in_1_2, "{text}");
    }
}

#[test]
fn a_control_character_is_named_with_its_place() {
    assert_eq!(
        problem("a: b\nä: [c:, \u{7}]"),
        "line 2, column 9: control character U+0007"
    );
}

#[test]
fn what_is_not_yaml_is_said_with_its_place_and_where_it_began() {
    assert_eq!(
        problem("a: 'b\n"),
        "line 2, column 1: found unexpected end of stream while scanning a quoted scalar from line 1, column 4 on"
    );
}

#[test]
fn scalars_of_yaml_1_2_are_those_of_ruamel_yaml() {
    let read = |text: &str| read(text.as_bytes(), Version::V1_2, &mut Budget::default());
    for text in ["-_", "0o_", "+0x__", "._", "!!bool t"] {
        assert!(read(text).is_err(), "{text}");
    }
    for text in ["-_1", "0_", "!!bool y", "!!bool N"] {
        let root = read(text).unwrap();
        assert!(
            matches!(root.value, Value::Int(_) | Value::Bool(_)),
            "{text}"
        );
    }
}

#[test]
fn whole_floats_are_the_same_keys_as_whole_numbers() {
    for (text, count) in [
        ("{1: a, 1.0: b, true: c}", 1),
        ("{0: a, -0.0: b, false: c}", 1),
        ("{1.7e+308: a, 1.6e+308: b, 1.7e+308: c}", 2),
        ("{1.5: a, 1: b}", 2),
    ] {
        let root = read_text(text).unwrap();
        assert!(
            matches!(&root.value, Value::Mapping(map) if map.entries.len() == count),
            "{text}"
        );
    }
}

#[test]
fn a_pair_comes_once_in_an_omap_of_yaml_1_2() {
    let read = |text: &str| read(text.as_bytes(), Version::V1_2, &mut Budget::default());
    assert!(read("!!omap [a: 1, b: 2]").is_ok());
    assert_eq!(
        read("!!omap\n- a: 1\n- a: 2\n")
            .map(|_| ())
            .unwrap_err()
            .to_string(),
        "line 1, column 1: duplicate key \"a\""
    );
    assert!(read_text("!!omap [a: 1, a: 2]").is_ok());
}

#[test]
fn nothing_equals_what_is_no_number() {
    assert!(read_text(".nan").unwrap().value != read_text(".NaN").unwrap().value);
}
