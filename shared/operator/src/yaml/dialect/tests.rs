//! A test for each row of the table in `dialect.rs`. What libyaml does is checked as well, since a row that libyaml no
//! longer needs must go.

use std::panic::catch_unwind;
use std::rc::Rc;

use libyaml_safer::{EventData, Parser};

use super::super::{Budget, Node, ReadError, Value, YamlVersion, read};

/// What libyaml alone does with a text.
#[derive(Debug, PartialEq)]
enum Libyaml {
    Takes,
    Refuses,
    Panics,
}

fn libyaml(text: &str) -> Libyaml {
    let parse = || {
        let mut input = text.as_bytes();
        let mut parser = Parser::new();
        parser.set_input(&mut input);
        loop {
            match parser.parse() {
                Ok(event) if event.data == EventData::StreamEnd => return Libyaml::Takes,
                Ok(_) => {}
                Err(_) => return Libyaml::Refuses,
            }
        }
    };
    catch_unwind(parse).unwrap_or(Libyaml::Panics)
}

fn read_1_1(text: &str) -> Result<Rc<Node>, ReadError> {
    read(text.as_bytes(), YamlVersion::V1_1, &mut Budget::default())
}

fn read_1_2(text: &str) -> Result<Rc<Node>, ReadError> {
    read(text.as_bytes(), YamlVersion::V1_2, &mut Budget::default())
}

fn message(read: Result<Rc<Node>, ReadError>) -> String {
    read.map(|_| ()).unwrap_err().to_string()
}

/// Both versions refuse the text with this message.
fn assert_refused(text: &str, expected: &str) {
    for read in [read_1_1(text), read_1_2(text)] {
        assert_eq!(message(read), expected, "{text:?}");
    }
}

/// The text at a key of both versions' reading.
fn assert_text(text: &str, key: &str, expected: &str) {
    for read in [read_1_1(text), read_1_2(text)] {
        let root = read.unwrap();
        let found = root.get(key).and_then(Node::as_str);
        assert_eq!(found, Some(expected), "{text:?}");
    }
}

#[test]
fn the_table_names_every_test() {
    let table = include_str!("../dialect.rs");
    let tests = include_str!("tests.rs");
    let mut named: Vec<&str> = table
        .lines()
        .filter_map(|line| line.strip_suffix("` |")?.rsplit('`').next())
        .collect();
    named.dedup();
    let mut written: Vec<&str> = tests
        .split("#[test]\nfn ")
        .skip(2)
        .filter_map(|test| test.split("()").next())
        .collect();
    named.sort_unstable();
    written.sort_unstable();
    assert_eq!(named, written);
}

#[test]
fn line_ends_of_yaml_1_1_are_refused() {
    for (char, code) in [
        ('\u{85}', "0085"),
        ('\u{2028}', "2028"),
        ('\u{2029}', "2029"),
    ] {
        let text = format!("ä: b\nc: d{char}e: f\n");
        assert_eq!(libyaml(&text), Libyaml::Takes);
        assert_refused(
            &text,
            &format!(
                "line 2, column 5: character U+{code}, which only some YAML readers take for text; \
                 remove it, or write \\u{code} in double quotes"
            ),
        );
        let escaped = format!("c: \"d\\u{code}e\"\n");
        assert_text(&escaped, "c", &format!("d{char}e"));
    }
}

#[test]
fn a_byte_order_mark_inside_the_text_is_refused() {
    for (text, place, alone) in [
        ("a: b\u{feff}\n", "line 1, column 5", Libyaml::Takes),
        ("a: b\n\u{feff}c: d\n", "line 2, column 1", Libyaml::Refuses),
        ("\u{feff}\u{feff}a: b\n", "line 1, column 1", Libyaml::Takes),
    ] {
        assert_eq!(libyaml(text), alone, "{text:?}");
        assert_refused(
            text,
            &format!(
                "{place}: character U+FEFF, which only some YAML readers take for text; \
                 remove it, or write \\uFEFF in double quotes"
            ),
        );
    }
    assert_text("\u{feff}a: \"\\uFEFFb\"\n", "a", "\u{feff}b");
}

#[test]
fn unknown_directives_are_refused() {
    for (text, line) in [
        ("%FOO bar\n---\na: b\n", 1),
        ("# c\n\n%YAML 1.3\n---\na: b\n", 3),
    ] {
        assert_eq!(libyaml(text), Libyaml::Refuses, "{text}");
        assert_refused(
            text,
            &format!(
                "line {line}, column 1: a directive that only some YAML readers know; remove it"
            ),
        );
    }
    assert_text("%YAML 1.1\n%TAG !e! tag:e\n---\na: b\n", "a", "b");
}

#[test]
fn a_colon_that_touches_a_bracket_is_refused() {
    for (text, column) in [
        ("{a:}", 3),
        ("[a:, b]", 3),
        ("{ä:[b]}", 3),
        ("[b, a:{}]", 6),
    ] {
        assert_eq!(libyaml(text), Libyaml::Refuses, "{text}");
        assert_refused(
            text,
            &format!(
                "line 1, column {column}: `:` without a space after it; write the space, or write \
                 the text between brackets in quotes"
            ),
        );
    }
    for text in ["{a: }", "[a: , b]", "{a: [b]}", "{'a:': b}", "{\"a\":[b]}"] {
        assert!(read_1_1(text).is_ok() && read_1_2(text).is_ok(), "{text}");
    }
}

#[test]
fn a_block_scalar_that_starts_with_a_tab_is_refused() {
    for (text, place) in [
        ("a: |\n  \tb\n  c\n", "line 2, column 3"),
        ("a: >-\n\n  \tb\n", "line 3, column 3"),
        ("a: |\n\tb: c", "line 2, column 1"),
    ] {
        assert_eq!(libyaml(text), Libyaml::Refuses, "{text:?}");
        assert_refused(
            text,
            &format!(
                "{place}: a tab at the start of a block scalar; write how deep its text is \
                 indented, as in `|2`, or use spaces"
            ),
        );
    }
    assert_text("a: |2\n  \tb\n", "a", "\tb\n");
    assert_text("a: |\n  b\n  \tc\n", "a", "b\n\tc\n");
}

#[test]
fn a_tab_between_values_is_refused() {
    for (text, place) in [
        ("a:\tb", "line 1, column 3"),
        ("a: b\t# c\n", "line 1, column 5"),
        ("a: b\rc:\r\td: e", "line 3, column 1"),
        ("a: &x\tb", "line 1, column 6"),
    ] {
        assert_refused(text, &format!("{place}: a tab where YAML requires a space"));
    }
    assert_eq!(libyaml("a:\tb"), Libyaml::Takes);
    assert_text("a: \"b\tc\" # \t\n", "a", "b\tc");
    let in_flow = "{a:\tb}";
    assert_eq!(libyaml(in_flow), Libyaml::Takes);
    assert!(read_1_1(in_flow).is_err());
    assert!(read_1_2(in_flow).is_ok());
}

#[test]
fn a_question_mark_between_brackets_is_refused_in_yaml_1_1() {
    let text = "{image: example.com/a?b}";
    assert_eq!(libyaml(text), Libyaml::Takes);
    assert_eq!(
        message(read_1_1(text)),
        "line 1, column 9: `?` in a plain scalar between brackets; write it in quotes"
    );
    assert!(read_1_2(text).is_ok());
    assert_text("{image: 'example.com/a?b'}", "image", "example.com/a?b");
    assert_text("image: example.com/a?b", "image", "example.com/a?b");
}

#[test]
fn a_template_is_refused_in_yaml_1_1() {
    let text = "a: {{ .Values.b }}";
    assert_eq!(libyaml(text), Libyaml::Takes);
    assert_eq!(
        message(read_1_1(text)),
        "line 1, column 5: `{{` of a template that is not filled in"
    );
    assert!(read_1_2(text).is_ok());
}

#[test]
fn a_comment_that_touches_a_block_scalar_is_refused() {
    for text in ["a: |2-#b\n", "a: |2-#b\n  c\n"] {
        assert_eq!(libyaml(text), Libyaml::Takes);
        assert_refused(
            text,
            "line 1, column 4: a comment that touches the indicator of a block scalar; write a \
             space before it",
        );
    }
    assert_text("a: | #b\n  c|#d\n", "a", "c|#d\n");
}

#[test]
fn a_short_first_line_is_refused_in_yaml_1_2() {
    for text in [
        "a: |\n \n   b\n",
        "- >-\r\n \r\n  a\r\n",
        "a: |\n  \n\n   b\n",
    ] {
        assert_eq!(libyaml(text), Libyaml::Takes, "{text:?}");
        assert!(message(read_1_2(text)).ends_with("fewer spaces than its text; remove the spaces"));
        assert!(read_1_1(text).is_ok(), "{text:?}");
    }
    for text in [
        "a: |\n\n \n   b\n",
        "a: |2\n \n   b\n",
        "a: |\n   \n   b\n",
        "a: |\n   b\n \n",
    ] {
        assert!(read_1_2(text).is_ok(), "{text:?}");
    }
}

#[test]
fn a_last_line_needs_no_line_end() {
    for (scalar, expected) in [
        ("|\n  b", "b"),
        ("|-\n  b", "b"),
        ("|+\n  b", "b"),
        (">\n  a\n  b", "a b"),
        ("|\n  a\n  b ", "a\nb "),
    ] {
        let text = format!("a: {scalar}");
        assert_eq!(libyaml(&text), Libyaml::Panics, "{text:?}");
        assert_text(&text, "a", expected);
    }
    for (text, expected) in [
        ("a: b", "b"),
        ("a: 'b'", "b"),
        ("a: |\n  b\n  ", "b\n"),
        ("a: |+\n  b\n  ", "b\n"),
        ("a: |+\n  ", ""),
    ] {
        assert_eq!(libyaml(text), Libyaml::Takes, "{text:?}");
        assert_text(text, "a", expected);
    }
}

#[test]
fn an_open_last_line_of_spaces_is_refused() {
    for text in ["a: |\n  b\n   ", "a: >+\n  b\n   "] {
        assert_eq!(libyaml(text), Libyaml::Panics, "{text:?}");
        assert_refused(
            text,
            "line 3, column 1: a last line of spaces without a line end; add a line end, or remove \
             the spaces",
        );
    }
    assert_text("a: |\n  b\n   \n", "a", "b\n \n");
}

#[test]
fn a_panic_of_the_parser_is_a_refusal() {
    for (text, place) in [
        ("[!,", "line 1, column 1"),
        ("a: [!, b]", "line 1, column 5"),
        ("!!str {!a,b: c}", "line 1, column 1"),
    ] {
        assert_eq!(libyaml(text), Libyaml::Panics, "{text}");
        assert_refused(
            text,
            &format!(
                "{place}: somewhere behind this place is what the YAML parser cannot read; often it \
                 is a tag without a space behind it"
            ),
        );
    }
}

#[test]
fn an_escaped_surrogate_pair_is_one_character() {
    let text = r#"{"a": "\ud83d\ude00", b: '\ud83d', c: "\\ud83d"}"#;
    assert_eq!(libyaml(text), Libyaml::Refuses);
    for (key, expected) in [("a", "😀"), ("b", r"\ud83d"), ("c", r"\ud83d")] {
        assert_text(text, key, expected);
    }
}

#[test]
fn half_a_surrogate_pair_is_refused() {
    let text = r#"a: "\ud83d""#;
    assert_eq!(libyaml(text), Libyaml::Refuses);
    assert_refused(text, "line 1, column 4: half a surrogate pair");
    assert_eq!(
        read_1_1(r#"a: "\\ud83d""#)
            .unwrap()
            .get("a")
            .map(|node| node.value.clone()),
        Some(Value::String(r"\ud83d".to_owned()))
    );
}

#[test]
fn tags_without_a_value_in_json_are_refused() {
    for (tag, value) in [
        ("binary", "aGk="),
        ("binary", "[a]"),
        ("set", "{a, b}"),
        ("omap", "[a: 1]"),
        ("pairs", "[a: 1, a: 2]"),
    ] {
        let text = format!("a: !!{tag} {value}");
        assert_eq!(libyaml(&text), Libyaml::Takes, "{text}");
        assert_refused(
            &text,
            &format!(
                "line 1, column 4: `!!{tag}`, for which JSON has no value; write a list, a map or a \
                 text without this tag"
            ),
        );
    }
    assert_text("a: !!str 5", "a", "5");
}
