//! Names that lead elsewhere, or mean two things.

use super::*;

#[test]
fn a_name_that_leads_elsewhere_is_refused() {
    let cases = [
        ("", r#"entry "" has no name"#),
        (
            "/",
            r#"entry "/" has an absolute name, wanted a relative one"#,
        ),
        (
            "/x",
            r#"entry "/x" has an absolute name, wanted a relative one"#,
        ),
        (
            "C:x",
            r#"entry "C:x" has a drive letter in its name, wanted a relative one"#,
        ),
        (
            "c:/x",
            r#"entry "c:/x" has a drive letter in its name, wanted a relative one"#,
        ),
        (
            "a\\b",
            r#"entry "a\\b" has a backslash in its name, wanted `/` between segments"#,
        ),
        ("..", r#"entry ".." climbs out with a `..` segment"#),
        ("../x", r#"entry "../x" climbs out with a `..` segment"#),
        (
            "a/../../x",
            r#"entry "a/../../x" climbs out with a `..` segment"#,
        ),
        ("a/../", r#"entry "a/../" climbs out with a `..` segment"#),
        (".", r#"entry "." has an empty or `.` segment"#),
        ("./../x", r#"entry "./../x" climbs out with a `..` segment"#),
        (
            ".//x",
            r#"entry ".//x" has an absolute name, wanted a relative one"#,
        ),
        ("a/./x", r#"entry "a/./x" has an empty or `.` segment"#),
        ("a//x", r#"entry "a//x" has an empty or `.` segment"#),
        ("a//", r#"entry "a//" has an empty or `.` segment"#),
        ("a\0", r#"entry "a\0" has a control character in its name"#),
        ("a\n", r#"entry "a\n" has a control character in its name"#),
        (
            "a\x7f",
            r#"entry "a\u{7f}" has a control character in its name"#,
        ),
        (
            "a\u{85}",
            r#"entry "a\u{85}" has a control character in its name"#,
        ),
    ];
    for (name, message) in cases {
        assert_refused(name, &Entry::stored(name, b"").zip(), message);
    }
}

#[test]
fn a_name_that_only_looks_odd_is_read() {
    for name in [
        "...", "..a", "a..", ".a", "x/c:y", "1:x", "ü:x", " ", "a b", "~", "-rf",
    ] {
        assert_eq!(
            read(&Entry::stored(name, b"").zip()).unwrap(),
            files([(name, b"")])
        );
    }
}

#[test]
fn names_may_start_at_the_directory_that_they_are_extracted_to() {
    let zip = zip([
        Entry::stored("./", b""),
        Entry::stored("./a", b"hello"),
        Entry::stored("././b/c", b"bye"),
    ]);
    assert_read("dots", &zip, &files([("a", b"hello"), ("b/c", b"bye")]));

    let zip = raw::zip([Entry::stored("./a", b""), Entry::stored("a", b"")]);
    assert!(read(&zip).is_err(), "one file twice");
}

#[test]
fn a_name_that_is_too_long_is_refused() {
    let segment = "s".repeat(256);
    let path = ["1234567"; 129].join("/");
    let deep = ["d"; 21].join("/");
    let cases = [
        (&segment, "has a segment longer than allowed: 256 B > 255 B"),
        (&path, "has a name longer than allowed: 1031 B > 1024 B"),
        (&deep, "is nested deeper than allowed: 21 levels > 20"),
    ];
    for (name, message) in cases {
        let error = read(&Entry::stored(name, b"").zip())
            .unwrap_err()
            .to_string();
        assert!(error.ends_with(message), "{error}");
    }
}

#[test]
fn a_name_in_an_unknown_encoding_is_refused() {
    assert_refused(
        "not marked",
        &Entry::stored("ü", b"")
            .both(|header| header.flags = 0)
            .zip(),
        "entry \"ü\" has a name that is not ASCII and is not marked as UTF-8",
    );
    assert_refused(
        "not UTF-8",
        &Entry::stored("ü", b"")
            .both(|header| header.name = b"\xfc".to_vec())
            .zip(),
        "entry \"\u{fffd}\" has a name that is marked as UTF-8 and is not",
    );
}

#[test]
fn a_name_said_in_two_ways_is_refused() {
    let unicode = extra(0x7075, b"\x01crc!../b");
    let in_directory = hello().with(|entry| entry.central.extra = unicode.clone());
    let in_header = hello().with(|entry| entry.local.extra = unicode.clone());
    let other = r#"entry "a" has another name in its Unicode path extra field: "../b""#;
    assert_refused("Unicode path in the directory", &in_directory.zip(), other);
    assert_refused("Unicode path in the local header", &in_header.zip(), other);
    assert_refused(
        "local name",
        &hello()
            .with(|entry| entry.local.name = b"../b".to_vec())
            .zip(),
        r#"entry "a" has another name in its local header: "../b""#,
    );
}

#[test]
fn two_entries_that_would_be_one_are_refused() {
    let both = |name: &str| format!("entry {name:?} is both a file and a directory");
    let twice = |name: &str, other: &str| {
        format!(
            "entry {name:?} has the name of another entry, {other:?} \
             (case does not tell two names apart)"
        )
    };
    let cases = [
        ("a", "a", twice("a", "a")),
        ("a/b", "A/B", twice("A/B", "a/b")),
        ("a/", "a/", twice("a/", "a/")),
        ("a/", "A/", twice("A/", "a/")),
        ("Ünï", "üNÏ", twice("üNÏ", "Ünï")),
        ("ΣΑΣ", "σας", twice("σας", "ΣΑΣ")),
        ("a", "a/", both("a")),
        ("a/", "a", both("a/")),
        ("a", "a/b", both("a")),
        ("a/b/c/d", "a/b", both("a/b")),
        ("A", "a/b/c", both("A")),
    ];
    for (first, second, message) in cases {
        // In the order of bytes, these are between `a` and `a/b`.
        let names = [first, "a!", "a b", "a.b", second];
        assert_refused(
            first,
            &zip(names.map(|name| Entry::stored(name, b""))),
            &message,
        );
    }
}

#[test]
fn a_message_shows_a_name_safely() {
    let refusal = |name: &str| {
        read(&Entry::stored(name, b"").zip())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refusal("../\u{1b}[2J\u{202e}\"'"),
        r#"entry "../\u{1b}[2J\u{202e}\"'" has a control character in its name"#
    );
    let name = "n".repeat(254);
    assert_eq!(
        refusal(&"n".repeat(65_535)),
        format!("entry \"{name}… has a name longer than allowed: 65535 B > 1024 B")
    );
}
