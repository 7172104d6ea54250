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
            r#"entry "a\\b" has a backslash in its name, wanted `/` between segments: make the zip with PowerShell 7, `zip -r` or `jar`"#,
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

/// An entry with a name as archivers write it that do not mark it as UTF-8.
fn unmarked(name: &[u8]) -> Entry {
    Entry::stored("a", b"hello").both(|header| header.name = name.to_vec())
}

/// A Unicode path field: its version, the CRC of the plain name, and the name.
fn unicode_path(plain: &[u8], name: &str) -> Vec<u8> {
    let crc = crc32fast::hash(plain).to_le_bytes();
    extra(0x7075, &[&[1], &crc[..], name.as_bytes()].concat())
}

#[test]
fn a_name_that_is_not_marked_as_utf8_is_read_as_its_archiver_wrote_it() {
    let with_field = |plain: &[u8], name: &str| {
        let field = unicode_path(plain, name);
        unmarked(plain).both(|header| header.extra.clone_from(&field))
    };
    let cases = [
        ("UTF-8", unmarked("Überblick.md".as_bytes()), "Überblick.md"),
        (
            "code page 437",
            unmarked(b"\x9aberblick.md"),
            "Überblick.md",
        ),
        (
            "code page 437, all of a kind",
            unmarked(b"\xff\x80\xe1"),
            "\u{a0}Çß",
        ),
        (
            "field",
            with_field(b"\x9aberblick.md", "Überblick.md"),
            "Überblick.md",
        ),
        (
            "field, in another case",
            with_field(b"\x9aa/\x81", "Üa/ü"),
            "Üa/ü",
        ),
        (
            "field, where DOS has no such letters",
            with_field(b"__.md", "日本.md"),
            "日本.md",
        ),
        (
            "field that says the same",
            with_field("ü".as_bytes(), "ü"),
            "ü",
        ),
        (
            "field of another name, which the format says to ignore",
            with_field(b"\x81", "ü").both(|header| header.name = b"\x84".to_vec()),
            "ä",
        ),
        (
            "field in the directory only",
            with_field(b"\x81", "ü").with(|entry| entry.local.extra.clear()),
            "ü",
        ),
    ];
    for (case, entry, name) in cases {
        assert_read(case, &entry.zip(), &files([(name, b"hello")]));
    }
}

#[test]
fn the_rules_for_names_apply_to_what_was_read() {
    let with_field = |plain: &[u8], name: &str| {
        let field = unicode_path(plain, name);
        unmarked(plain).both(|header| header.extra.clone_from(&field))
    };
    let cases = [
        (unmarked(b"../\x81"), "climbs out with a `..` segment"),
        (
            unmarked("/ü".as_bytes()),
            "has an absolute name, wanted a relative one",
        ),
        (
            with_field(b"../\x81", "../ü"),
            "climbs out with a `..` segment",
        ),
        (
            with_field(b"\x81\x01", "ü\u{1}"),
            "has a control character in its name",
        ),
    ];
    for (entry, message) in cases {
        let error = read(&entry.zip()).unwrap_err().to_string();
        assert!(error.ends_with(message), "{error}");
    }
    let twice = zip([unmarked(b"\x81"), Entry::stored("ü", b"")]);
    assert_refused(
        "one name",
        &twice,
        r#"entry "ü" has the name of another entry, "ü""#,
    );
}

#[test]
fn a_name_that_is_marked_as_utf8_and_is_not_is_refused() {
    assert_refused(
        "not UTF-8",
        &Entry::stored("ü", b"")
            .both(|header| header.name = b"\xfc".to_vec())
            .zip(),
        "entry \"\u{fffd}\" has a name that is marked as UTF-8 and is not",
    );
}

#[test]
fn a_unicode_path_that_is_no_spelling_of_the_name_is_refused() {
    for (plain, name) in [
        (&b"a"[..], "b"),
        (b"a", "../ü"),
        (b"\x81.yaml", "csv.yaml"),
        (b"\x81.txt", "ü.yaml"),
        (b"a_b", "a/ü"),
        (b"a/_", "aü"),
    ] {
        let field = unicode_path(plain, name);
        let entry = || unmarked(plain);
        let in_both = entry().both(|header| header.extra.clone_from(&field));
        let in_header = entry().with(|entry| entry.local.extra = field.clone());
        for entry in [in_both, in_header] {
            let error = read(&entry.zip()).unwrap_err().to_string();
            let wanted = format!("has another name in its Unicode path extra field: {name:?}");
            assert!(error.ends_with(&wanted), "{error}");
        }
    }
    let marked =
        Entry::stored("ü", b"").both(|header| header.extra = unicode_path("ü".as_bytes(), "ä"));
    assert!(read(&marked.zip()).is_err());
    let only_local = unmarked(b"\x81").with(|entry| entry.local.extra = unicode_path(b"\x81", "ä"));
    assert!(read(&only_local.zip()).is_err());
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
        format!("entry {name:?} has the name of another entry, {other:?}")
    };
    let cases = [
        ("a", "a", twice("a", "a")),
        ("a", "./a", twice("a", "a")),
        ("Ünï/b", "Ünï/b", twice("Ünï/b", "Ünï/b")),
        ("a", "a/", both("a")),
        ("a/", "a", both("a/")),
        ("a", "a/b", both("a")),
        ("a/b/c/d", "a/b", both("a/b")),
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

#[test]
fn names_may_differ_in_case_alone() {
    let zip = zip(["a", "A", "ß", "ẞ", "b/", "B"].map(|name| Entry::stored(name, b"")));
    assert_read(
        "case",
        &zip,
        &files(["a", "A", "ß", "ẞ", "B"].map(|name| (name, &b""[..]))),
    );
}

#[test]
fn a_directory_may_be_there_twice() {
    let zip = zip([
        Entry::stored("b/", b""),
        Entry::stored("b/c", b"bye"),
        Entry::stored("./b/", b""),
        Entry::stored("b/", b""),
    ]);
    assert_read("twice", &zip, &files([("b/c", b"bye")]));
}
