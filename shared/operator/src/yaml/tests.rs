//! What PyYAML and ruamel.yaml make of libyaml's events.

mod limits;

use super::*;

fn read_text(text: &str) -> Result<std::rc::Rc<Node>, ReadError> {
    read(text.as_bytes(), YamlVersion::V1_1, &mut Budget::default())
}

fn problem(text: &str) -> String {
    read_text(text).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn lines_are_counted_whatever_ends_them() {
    let place = |before: &str| Position::after(before.as_bytes());
    assert_eq!(place("a\rb\r\nc\nd"), Position { line: 4, column: 2 });
    assert_eq!(place("a\n"), Position { line: 2, column: 1 });
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
        let read = read(text.as_bytes(), YamlVersion::V1_2, &mut Budget::default());
        assert_eq!(read.is_ok(), in_1_2, "{text}");
    }
}

#[test]
fn a_control_character_is_named_with_its_place() {
    assert_eq!(
        problem("a: b\nä: [c:d, \u{7}]"),
        "line 2, column 10: control character U+0007"
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
    let read = |text: &str| read(text.as_bytes(), YamlVersion::V1_2, &mut Budget::default());
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
fn nothing_equals_what_is_no_number() {
    assert!(read_text(".nan").unwrap().value != read_text(".NaN").unwrap().value);
}
