//! What is read and what is refused, most of it built by [`raw`].

mod raw;

use std::io::{Cursor, Write as _};

use raw::{Archive, Entry, deflate, extra, zip, zip64_extra};

use super::{ArchiveError, Files, Limits, extract};

const MEBIBYTE: u64 = 1 << 20;
const ALL_ONES: u32 = u32::MAX;

type Lie<T> = fn(&mut T);

fn read(zip: &[u8]) -> Result<Files, ArchiveError> {
    extract(zip, &Limits::new(MEBIBYTE))
}

fn files<const N: usize>(expected: [(&str, &[u8]); N]) -> Files {
    expected
        .map(|(name, content)| (name.to_owned(), content.to_vec()))
        .into()
}

#[track_caller]
fn assert_read(case: &str, zip: &[u8], expected: &Files) {
    match read(zip) {
        Ok(files) => assert_eq!(files, *expected, "{case}"),
        Err(error) => panic!("{case}: {error}"),
    }
}

/// Each entry should be read as [`hello`].
#[track_caller]
fn assert_read_beside_others<const N: usize>(cases: [(&str, Entry); N]) {
    for (case, entry) in cases {
        let zip = zip([
            entry,
            Entry::deflated("b/", b""),
            Entry::deflated("b/c", b"bye"),
        ]);
        assert_read(case, &zip, &files([("a", b"hello"), ("b/c", b"bye")]));
    }
}

#[track_caller]
fn assert_refused(case: &str, zip: &[u8], message: &str) {
    match read(zip) {
        Ok(files) => panic!("{case}: wanted `{message}`, read {:?}", files.keys()),
        Err(error) => assert_eq!(error.to_string(), message, "{case}"),
    }
}

/// A file `a` with the content `hello`, stored.
fn hello() -> Entry {
    Entry::stored("a", b"hello")
}

// What is read.

#[test]
fn files_are_read_and_directories_are_not_files() {
    let mut writer = zip::ZipWriter::new(Cursor::new(vec![]));
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let deflated = stored.compression_method(zip::CompressionMethod::Deflated);
    writer.add_directory("1.0.0/", stored).unwrap();
    writer.start_file("package.yaml", stored).unwrap();
    writer.write_all(b"packageName: a\n").unwrap();
    writer.start_file("1.0.0/a.yaml", deflated).unwrap();
    writer.write_all(&[b'a'; 10_000]).unwrap();
    writer.start_file("1.0.0/empty", deflated).unwrap();
    writer
        .start_file("1.0.0/ünïcode", deflated.large_file(true))
        .unwrap();
    let archive = writer.finish().unwrap().into_inner();

    let expected = files([
        ("package.yaml", b"packageName: a\n"),
        ("1.0.0/a.yaml", &[b'a'; 10_000]),
        ("1.0.0/empty", b""),
        ("1.0.0/ünïcode", b""),
    ]);
    assert_eq!(read(&archive).unwrap(), expected);
}

#[test]
fn an_archive_without_entries_has_no_files() {
    assert_eq!(zip([]).len(), 22);
    assert_eq!(read(&zip([])).unwrap(), Files::new());
}

#[test]
fn data_descriptors_are_read() {
    let crc = crc32fast::hash(b"hello").to_le_bytes();
    let narrow = [&crc[..], &[5, 0, 0, 0], &[5, 0, 0, 0]].concat();
    let wide = [&crc[..], &5_u64.to_le_bytes(), &5_u64.to_le_bytes()].concat();
    let signed = |sizes: &[u8]| [b"PK\x07\x08", sizes].concat();
    let zip64_zeros = |entry: &mut Entry| {
        entry.local.compressed = ALL_ONES;
        entry.local.uncompressed = ALL_ONES;
        entry.local.extra = zip64_extra(&[0, 0]);
    };
    let said_twice = |entry: &mut Entry| {
        entry.local = entry.central.clone();
    };
    assert_read_beside_others([
        ("narrow", hello().streamed(&narrow)),
        ("narrow, signed", hello().streamed(&signed(&narrow))),
        ("wide", hello().streamed(&wide)),
        ("wide, signed", hello().streamed(&signed(&wide))),
        (
            "with zip64 zeros in the local header",
            hello().streamed(&wide).with(zip64_zeros),
        ),
        (
            "of what is in the local header as well",
            hello().streamed(&narrow).with(said_twice),
        ),
    ]);
}

#[test]
fn zip64_entries_are_read() {
    let wide = |header: &mut raw::Header| {
        header.version = 45;
        header.compressed = ALL_ONES;
        header.uncompressed = ALL_ONES;
        header.extra = zip64_extra(&[5, 5]);
    };
    let all_wide = |entry: &mut Entry| {
        let disk = [0; 4];
        let fields = [5_u64, 5, 0].map(u64::to_le_bytes).concat();
        entry.central.extra = extra(1, &[fields, disk.into()].concat());
        entry.offset = Some(ALL_ONES);
        entry.disk = u16::MAX;
    };
    assert_read_beside_others([
        ("local header", hello().with(|entry| wide(&mut entry.local))),
        ("directory", hello().with(|entry| wide(&mut entry.central))),
        ("both", hello().both(wide)),
        (
            "both, with offset and disk",
            hello().both(wide).with(all_wide),
        ),
        (
            "nothing refers to it",
            hello().both(|header| header.extra = zip64_extra(&[5, 5])),
        ),
    ]);
}

#[test]
fn honest_oddities_of_entries_are_read() {
    let fields = [extra(0xcafe, b""), extra(0x5455, b"12345")].concat();
    let name = extra(0x7075, b"\x01crc!a");
    assert_read_beside_others([
        ("nothing odd", hello()),
        (
            "unknown extra fields",
            hello().both(|header| header.extra.clone_from(&fields)),
        ),
        (
            "extra fields in one place",
            hello().with(|entry| entry.local.extra = fields.clone()),
        ),
        (
            "Unicode path that is the name",
            hello().both(|header| header.extra.clone_from(&name)),
        ),
        (
            "gap",
            hello().with(|entry| entry.gap = b"not of any entry".to_vec()),
        ),
        (
            "comment",
            hello().with(|entry| entry.comment = b"PK\x01\x02".to_vec()),
        ),
        (
            "all permissions",
            hello().with(|entry| entry.mode = 0o107_777),
        ),
        ("no mode", hello().with(|entry| entry.mode = 0)),
        (
            "not a Unix mode",
            hello().with(|entry| (entry.system, entry.mode) = (0, 0o120_777)),
        ),
        (
            "options",
            Entry::deflated("a", b"hello").both(|header| header.flags = 0b110),
        ),
        (
            "ASCII marked as UTF-8",
            hello().both(|header| header.flags = 1 << 11),
        ),
        (
            "system in the version",
            hello().both(|header| header.version = 0x032d),
        ),
    ]);
}

#[test]
fn honest_oddities_of_archives_are_read() {
    let archive = || Archive::of([hello(), Entry::deflated("b/c", b"bye")]);
    let stub = |it: &mut Archive| it.stub = b"#!/bin/sh\nexec unzip \"$0\"\n".to_vec();
    let counted_stub = |it: &mut Archive| {
        stub(it);
        it.stub_counts = true;
    };
    let stub_archive = |it: &mut Archive| it.stub = zip([Entry::stored("other", b"")]);
    let zip64 = || archive().with(|it| it.zip64 = true);
    let zip64_said_twice = |it: &mut Archive| {
        it.end = |end| (end.count, end.count_on_disk, end.size, end.offset) = (2, 2, 96, 74);
    };
    let cases = [
        (
            "comment",
            archive().with(|it| it.comment = b"made by hand".to_vec()),
        ),
        (
            "longest comment",
            archive().with(|it| it.comment = vec![b'.'; 65_535]),
        ),
        ("stub", archive().with(stub)),
        ("stub that offsets count", archive().with(counted_stub)),
        ("stub that is an archive", archive().with(stub_archive)),
        ("zip64", zip64()),
        (
            "zip64, of what is in the end record as well",
            zip64().with(zip64_said_twice),
        ),
        ("zip64 with a stub", zip64().with(stub)),
        (
            "zip64 with a stub that offsets count",
            zip64().with(counted_stub),
        ),
    ];
    for (case, archive) in cases {
        assert_read(
            case,
            &archive.bytes(),
            &files([("a", b"hello"), ("b/c", b"bye")]),
        );
    }
}

#[test]
fn entries_may_be_in_another_order_than_their_records() {
    let [first, second] = [hello(), Entry::stored("b", b"bye")];
    let length = 30 + 1 + 5;
    let swapped = zip([
        first.clone().with(|entry| {
            entry.central = second.central.clone();
            entry.offset = Some(length);
        }),
        second.clone().with(|entry| {
            entry.central = first.central.clone();
            entry.offset = Some(0);
        }),
    ]);
    assert_eq!(
        read(&swapped).unwrap(),
        files([("a", b"hello"), ("b", b"bye")])
    );
}

#[test]
fn what_equals_its_limit_passes() {
    let segment = "s".repeat(255);
    let path = [255, 255, 255, 254, 1]
        .map(|length| "p".repeat(length))
        .join("/");
    let deep = ["d"; 20].join("/") + "/";
    assert_eq!(path.len(), 1024);

    let limits = Limits {
        entries: 5,
        ..Limits::new(10)
    };
    let entries = [
        Entry::stored(&segment, b""),
        Entry::stored(&path, b""),
        Entry::stored(&deep, b""),
        Entry::stored("five", b"12345"),
        Entry::deflated("more", b"12345"),
    ];
    assert_eq!(extract(&zip(entries), &limits).unwrap().len(), 4);
}

// What is refused.

#[test]
fn what_is_not_a_zip_is_refused() {
    let whole = zip([hello()]);
    let cut = &whole[..whole.len() - 22];
    for (case, bytes) in [
        ("nothing", &b""[..]),
        ("text", b"hello, world"),
        ("signature", b"PK\x05\x06"),
        ("no end record", cut),
    ] {
        assert_refused(
            case,
            bytes,
            "not a zip file: no end record in its last 65557 bytes",
        );
    }
    let far = Archive::of([hello()])
        .with(|it| it.comment = vec![b'.'; 65_535])
        .bytes();
    assert!(read(&far).is_ok());
    let further = [far, vec![b'.']].concat();
    assert_refused(
        "too far",
        &further,
        "not a zip file: no end record in its last 65557 bytes",
    );
}

#[test]
fn an_archive_that_does_not_end_with_its_end_record_is_refused() {
    let wrong = |declared: usize, found: usize| {
        format!(
            "not a zip file that ends where it says: \
             the comment should be {declared} bytes, {found} bytes follow the end record"
        )
    };
    let garbage = [zip([hello()]), b"garbage".to_vec()].concat();
    assert_refused("trailing garbage", &garbage, &wrong(0, 7));

    let commented = Archive::of([hello()])
        .with(|it| it.comment = b"comment".to_vec())
        .bytes();
    assert_refused(
        "comment cut short",
        &commented[..commented.len() - 1],
        &wrong(7, 6),
    );

    let mut end = zip([]);
    end[20] = 1;
    let in_comment = Archive::of([hello()]).with(|it| it.comment = end).bytes();
    assert_refused(
        "end record in the comment, not at its end",
        &in_comment,
        &wrong(1, 0),
    );
}

#[test]
fn an_archive_with_two_readings_is_refused() {
    let comment_is_an_archive = Archive::of([hello()]).with(|it| it.comment = zip([]));
    assert_refused(
        "two end records",
        &comment_is_an_archive.bytes(),
        "archive can be read in two ways: it has two end records",
    );

    // Without its zip64 end record, the directory would begin in the comment of its first entry.
    let comment = [vec![b'.'; 29], zip([hello()])[36..83].to_vec()].concat();
    let zip64 = Archive::of([hello().with(|entry| entry.comment = comment)]).with(|it| {
        it.zip64 = true;
        it.end = |end| (end.count, end.count_on_disk, end.size, end.offset) = (1, 1, 123, 36);
    });
    assert_refused(
        "zip64 or not",
        &zip64.bytes(),
        "archive can be read in two ways: it has two central directories",
    );

    // Where the directory would be if its offset counted the stub, there is another one.
    let archive = Archive::of([hello()]).with(|it| it.stub = zip([hello()]));
    assert_refused(
        "two directories",
        &archive.bytes(),
        "archive can be read in two ways: it has two central directories",
    );
}

#[test]
fn an_end_record_that_lies_is_refused() {
    let disks = "archive spans several disks, wanted one file";
    let elsewhere = |size: u32, offset: u32| {
        format!(
            "central directory is not where the end record says: \
             {size} bytes from byte {offset}, but it must end at byte 83"
        )
    };
    let count = |declared: u16| {
        format!("end record counts {declared} entries, the central directory holds 1")
    };
    let broken = "central directory is broken at its entry number 1";
    let cases: [(&str, Lie<raw::End>, String); 9] = [
        ("disk", |end| end.disk = 1, disks.into()),
        (
            "disk of the directory",
            |end| end.directory_disk = 1,
            disks.into(),
        ),
        (
            "entries on this disk",
            |end| end.count_on_disk = 0,
            disks.into(),
        ),
        (
            "fewer entries",
            |end| (end.count, end.count_on_disk) = (0, 0),
            count(0),
        ),
        (
            "more entries",
            |end| (end.count, end.count_on_disk) = (2, 2),
            count(2),
        ),
        (
            "directory too long",
            |end| end.size += 37,
            elsewhere(84, 36),
        ),
        (
            "directory too far",
            |end| end.offset += 1,
            elsewhere(47, 37),
        ),
        ("directory too short", |end| end.size -= 1, broken.into()),
        (
            "all ones without zip64",
            |end| end.offset = ALL_ONES,
            elsewhere(47, ALL_ONES),
        ),
    ];
    for (case, end, message) in cases {
        let archive = Archive::of([hello()]).with(|it| it.end = end);
        assert_refused(case, &archive.bytes(), &message);
    }
}

#[test]
fn a_zip64_end_record_that_lies_is_refused() {
    let broken = "zip64 end record is broken, misplaced or disagrees with the end record";
    let cases: [(&str, Lie<raw::Zip64End>, &str); 10] = [
        ("length", |end| end.length = 45, broken),
        ("extensible data", |end| end.extensible = vec![0; 8], broken),
        ("disk", |end| end.disk = 1, broken),
        ("disk of the record", |end| end.locator_disk = 1, broken),
        ("disks", |end| end.disks = 2, broken),
        (
            "offset of the record",
            |end| end.locator_offset += 1,
            broken,
        ),
        ("size of the directory", |end| end.size -= 1, broken),
        (
            "offset past all numbers",
            |end| end.offset = u64::MAX,
            broken,
        ),
        (
            "count",
            |end| end.count = 1 << 40,
            "end record counts 1099511627776 entries, the central directory holds 1",
        ),
        (
            "offset of both",
            |end| (end.offset, end.locator_offset) = (1 << 40, (1 << 40) + 47),
            "central directory is not where the end record says: \
             47 bytes from byte 1099511627776, but it must end at byte 83",
        ),
    ];
    for (case, end, message) in cases {
        let archive = Archive::of([hello()]).with(|it| it.zip64 = true);
        assert_refused(
            case,
            &archive.with(|it| it.zip64_end = end).bytes(),
            message,
        );
    }

    let locator = Archive::of([]).with(|it| it.stub = [&b"PK\x06\x07"[..], &[0; 16]].concat());
    assert_refused("no record before the locator", &locator.bytes(), broken);
}

#[test]
fn a_narrow_end_record_that_disagrees_with_the_zip64_one_is_refused() {
    let cases: [(&str, Lie<raw::End>); 6] = [
        ("disk", |end| end.disk = 1),
        ("disk of the directory", |end| end.directory_disk = 1),
        ("count on this disk", |end| end.count_on_disk = 2),
        ("count", |end| end.count = 2),
        ("size", |end| end.size = 46),
        ("offset", |end| end.offset = 0),
    ];
    for (case, end) in cases {
        let archive = Archive::of([hello()]).with(|it| (it.zip64, it.end) = (true, end));
        assert_refused(
            case,
            &archive.bytes(),
            "zip64 end record is broken, misplaced or disagrees with the end record",
        );
    }
}

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
        ("./x", r#"entry "./x" has an empty or `.` segment"#),
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
fn what_is_neither_file_nor_directory_is_refused() {
    for mode in [
        0o120_777, 0o060_644, 0o020_644, 0o010_644, 0o140_644, 0o160_000,
    ] {
        for system in [3, 19] {
            let entry = hello().with(|entry| (entry.mode, entry.system) = (mode, system));
            let message = format!(
                "entry \"a\" is a link, a device or the like (mode {mode:o}), \
                 wanted a file or a directory"
            );
            assert_refused("special", &entry.zip(), &message);
        }
    }
    assert_refused(
        "directory by mode",
        &hello().with(|entry| entry.mode = 0o040_755).zip(),
        r#"entry "a" is a directory by name or by mode (40755), but not by both"#,
    );
    assert_refused(
        "directory by name",
        &Entry::stored("a/", b"")
            .with(|entry| entry.mode = 0o100_644)
            .zip(),
        r#"entry "a/" is a directory by name or by mode (100644), but not by both"#,
    );
    assert_refused(
        "directory with data",
        &Entry::stored("a/", b"hello").zip(),
        r#"entry "a/" is a directory and has data: 5 bytes"#,
    );
}

#[test]
fn what_is_encrypted_is_refused() {
    let field = |id: u16| extra(id, b"\x02\0AE\x03\0\0");
    let cases = [
        ("flag 0", hello().both(|header| header.flags = 1)),
        ("flag 6", hello().both(|header| header.flags = 1 << 6)),
        ("flag 13", hello().both(|header| header.flags = 1 << 13)),
        (
            "flag in the local header",
            hello().with(|entry| entry.local.flags = 1),
        ),
        (
            "AES",
            hello().both(|header| (header.method, header.version) = (99, 51)),
        ),
        (
            "AES field",
            hello().both(|header| header.extra = field(0x9901)),
        ),
        (
            "AES field in the local header",
            hello().with(|entry| entry.local.extra = field(0x9901)),
        ),
        (
            "strong encryption field",
            hello().both(|header| header.extra = field(0x0017)),
        ),
    ];
    for (case, entry) in cases {
        assert_refused(case, &entry.zip(), r#"entry "a" is encrypted"#);
    }
}

#[test]
fn what_is_not_supported_is_refused() {
    for bit in [4, 5, 7, 8, 9, 10, 12, 14, 15] {
        let flags = 1_u16 << bit;
        let message = format!("entry \"a\" has flags set that are not supported: {flags:#06x}");
        assert_refused(
            "flag",
            &hello().both(|header| header.flags = flags).zip(),
            &message,
        );
    }
    for method in [1, 9, 12, 14, 93, 95] {
        let message = format!(
            "entry \"a\" is compressed with method {method}, wanted 0 (stored) or 8 (deflated)"
        );
        assert_refused(
            "method",
            &hello().both(|header| header.method = method).zip(),
            &message,
        );
    }
    let version = r#"entry "a" needs version 4.6 of the format, at most 4.5 is supported"#;
    assert_refused(
        "version",
        &hello().with(|entry| entry.central.version = 46).zip(),
        version,
    );
    assert_refused(
        "local version",
        &hello().with(|entry| entry.local.version = 46).zip(),
        version,
    );
    assert_refused(
        "disk",
        &hello().with(|entry| entry.disk = 1).zip(),
        r#"entry "a" is on disk 1, wanted one file"#,
    );
}

#[test]
fn broken_extra_fields_are_refused() {
    let field = |extra: &[u8]| hello().with(|entry| entry.central.extra = extra.into());
    let wide = |sizes: &[u64]| {
        field(&zip64_extra(sizes)).with(|entry| {
            entry.central.compressed = ALL_ONES;
            entry.central.uncompressed = ALL_ONES;
            entry.offset = Some(ALL_ONES);
        })
    };
    let cases = [
        ("no length", field(&[1, 2, 3])),
        ("length past the end", field(&[9, 9, 1, 0])),
        (
            "in the local header",
            hello().with(|entry| entry.local.extra = vec![0]),
        ),
        ("zip64 twice", field(&zip64_extra(&[]).repeat(2))),
        ("zip64 without sizes", wide(&[])),
        ("zip64 with one size", wide(&[5])),
        ("zip64 without offset", wide(&[5, 5])),
        (
            "zip64 without disk",
            wide(&[5, 5, 0]).with(|entry| entry.disk = u16::MAX),
        ),
        (
            "Unicode path without name",
            field(&extra(0x7075, b"\x01crc")),
        ),
    ];
    for (case, entry) in cases {
        assert_refused(case, &entry.zip(), r#"entry "a" has broken extra fields"#);
    }
}

#[test]
fn a_local_header_that_disagrees_is_refused() {
    let crc = u64::from(crc32fast::hash(b"hello"));
    let streamed = || hello().streamed(b"");
    let cases: [(Entry, Lie<raw::Header>, &str, u64, u64); 14] = [
        (hello(), |local| local.flags = 8, "flags", 8, 0),
        (hello(), |local| local.method = 8, "method", 8, 0),
        (hello(), |local| local.crc = 0, "CRC", 0, crc),
        (hello(), |local| local.crc ^= 1, "CRC", crc ^ 1, crc),
        (
            hello(),
            |local| local.compressed = 0,
            "compressed size",
            0,
            5,
        ),
        (
            hello(),
            |local| local.compressed = 4,
            "compressed size",
            4,
            5,
        ),
        (
            hello(),
            |local| local.uncompressed = 0,
            "uncompressed size",
            0,
            5,
        ),
        (
            hello(),
            |local| local.uncompressed = 6,
            "uncompressed size",
            6,
            5,
        ),
        (streamed(), |local| local.flags = 0, "flags", 0, 8),
        (streamed(), |local| local.method = 8, "method", 8, 0),
        (streamed(), |local| local.crc = 1, "CRC", 1, crc),
        (
            streamed(),
            |local| local.compressed = 4,
            "compressed size",
            4,
            5,
        ),
        (
            streamed(),
            |local| local.uncompressed = 6,
            "uncompressed size",
            6,
            5,
        ),
        (
            Entry::deflated("a", b"").streamed(b""),
            |local| local.method = 0,
            "method",
            0,
            8,
        ),
    ];
    for (entry, lie, field, local, directory) in cases {
        let message = format!(
            "entry \"a\" has {field} {local} in its local header, \
             {directory} in the central directory"
        );
        assert_refused(
            field,
            &entry.with(|entry| lie(&mut entry.local)).zip(),
            &message,
        );
    }
}

#[test]
fn a_data_descriptor_that_disagrees_is_refused() {
    let descriptor = |signature: &[u8], crc_of: &[u8], compressed: u8, uncompressed: u8| {
        let crc = crc32fast::hash(crc_of).to_le_bytes();
        [
            signature,
            &crc,
            &[compressed, 0, 0, 0, uncompressed, 0, 0, 0],
        ]
        .concat()
    };
    let cases = [
        ("none", vec![]),
        ("cut", descriptor(b"", b"hello", 5, 5)[..11].to_vec()),
        ("zeros", vec![0; 16]),
        ("CRC", descriptor(b"PK\x07\x08", b"jello", 5, 5)),
        ("compressed size", descriptor(b"PK\x07\x08", b"hello", 4, 5)),
        ("uncompressed size", descriptor(b"", b"hello", 5, 6)),
        ("signature", descriptor(b"PK\x07\x09", b"hello", 5, 5)),
    ];
    for (case, descriptor) in cases {
        assert_refused(
            case,
            &hello().streamed(&descriptor).zip(),
            r#"entry "a" has a data descriptor that differs from the central directory"#,
        );
    }
}

#[test]
fn a_size_that_lies_is_refused() {
    let uncompressed = |found: usize, declared: usize| {
        format!(
            "entry \"a\" has {found} bytes of uncompressed data, \
             the central directory says {declared}"
        )
    };
    let too_soon = || r#"entry "a" is broken: its data ends too soon"#.to_owned();
    let long = || Entry::deflated("a", &[b'a'; 10_000]);
    let length = long().data.len();
    let trailing = format!(
        "entry \"a\" has {length} bytes of compressed data, \
         the central directory says {}",
        length + 1
    );
    let cases = [
        (
            "stored, less",
            hello().both(|header| header.uncompressed = 6),
            uncompressed(5, 6),
        ),
        (
            "stored, more",
            hello().both(|header| header.uncompressed = 4),
            uncompressed(5, 4),
        ),
        (
            "less",
            long().both(|header| header.uncompressed += 1),
            uncompressed(10_000, 10_001),
        ),
        (
            "more",
            long().both(|header| header.uncompressed -= 1),
            uncompressed(10_000, 9_999),
        ),
        (
            "not empty",
            long().both(|header| header.uncompressed = 0),
            uncompressed(10_000, 0),
        ),
        (
            "data after the stream",
            long().both(|header| header.compressed += 1),
            trailing,
        ),
        (
            "stream after the data",
            long().both(|header| header.compressed -= 1),
            too_soon(),
        ),
        (
            "no stream",
            long().both(|header| header.compressed = 0),
            too_soon(),
        ),
    ];
    for (case, entry, message) in cases {
        let rest = Entry::stored("b", b"").with(|entry| entry.gap = vec![0; 9]);
        assert_refused(case, &zip([entry, rest]), &message);
    }
    assert_refused(
        "directory that hides data",
        &Entry::deflated("a/", b"hello")
            .both(|header| header.uncompressed = 0)
            .zip(),
        r#"entry "a/" has 5 bytes of uncompressed data, the central directory says 0"#,
    );
}

#[test]
fn content_that_is_broken_is_refused() {
    for entry in [hello(), Entry::deflated("a", b"hello")] {
        assert_refused(
            "CRC",
            &entry.both(|header| header.crc = 0x0bad_c0de).zip(),
            r#"entry "a" has CRC 3610a686, the central directory says 0badc0de"#,
        );
    }
    let broken = Entry::deflated("a", b"hello").with(|entry| entry.data[0] = 0xff);
    assert_refused(
        "stream",
        &broken.zip(),
        r#"entry "a" is broken: deflate decompression error: invalid block type"#,
    );
}

#[test]
fn entries_that_share_bytes_are_refused() {
    let bye = |offset| Entry::stored("b", b"bye").with(|entry| entry.offset = Some(offset));
    let header = 30 + 1;

    // As in a zip bomb by Fifield, where the data of many entries hold the headers of others.
    let inner = &bye(0).zip()[..header + 3];
    let outer = Entry::stored("a", inner);
    let streamed = Entry::stored("a", b"").streamed(&[0; 12]);
    let cases = [
        (
            "one in the data of the other",
            zip([outer, bye(u32::try_from(header).unwrap())]),
        ),
        (
            "one in the descriptor of the other",
            zip([streamed, bye(30 + 1 + 11)]),
        ),
    ];
    for (case, zip) in cases {
        assert_refused(case, &zip, r#"entry "b" overlaps the entry before it"#);
    }
}

#[test]
fn an_entry_that_is_not_before_the_directory_is_refused() {
    let no_header = r#"entry "a" has no local header where the central directory says"#;
    let past_end = r#"entry "a" runs into the central directory"#;
    let at = |offset| hello().with(|entry| entry.offset = Some(offset));
    let longer =
        |length| hello().both(|header| (header.compressed, header.uncompressed) = (length, length));
    let cases = [
        ("offset within the entry", at(1), no_header),
        ("offset of the directory", at(36), no_header),
        ("offset past the end", at(1 << 30), no_header),
        (
            "offset past all numbers",
            at(ALL_ONES).with(|entry| entry.central.extra = zip64_extra(&[u64::MAX])),
            no_header,
        ),
        ("data by a byte", longer(6), past_end),
        ("data by far", longer(1 << 20), past_end),
    ];
    for (case, entry, message) in cases {
        let archive = Archive::of([entry]).with(|it| it.stub = b"stub".to_vec());
        assert_refused(case, &archive.bytes(), message);
    }

    let mut cut = hello().zip();
    cut.drain(30..36);
    let end = cut.len() - 6;
    cut[end] = 30;
    assert_refused("header cut short", &cut, past_end);
}

#[test]
fn an_archive_with_too_many_entries_is_refused() {
    let limits = Limits {
        entries: 2,
        ..Limits::new(MEBIBYTE)
    };
    let archive = zip(["a/", "b/", "c/"].map(|name| Entry::stored(name, b"")));
    let error = extract(&archive, &limits).unwrap_err();
    assert_eq!(error.to_string(), "archive has more than 2 entries");
}

#[test]
fn an_archive_that_declares_too_much_is_refused() {
    let halves = ["a", "b"].map(|name| Entry::deflated(name, &vec![0; 1 << 19]));
    assert!(read(&zip(halves.clone())).is_ok());

    let and_a_byte = [&halves[..], &[Entry::stored("c", b"1")]].concat();
    assert_refused(
        "a byte more",
        &zip(and_a_byte),
        "uncompressed archive is larger than allowed: 1048577 B > 1048576 B",
    );

    let past_all_numbers = ["a", "b"].map(|name| {
        Entry::deflated(name, b"hello").both(|header| {
            header.uncompressed = ALL_ONES;
            header.extra = zip64_extra(&[1 << 63]);
        })
    });
    assert_refused(
        "a total past all numbers",
        &zip(past_all_numbers),
        "uncompressed archive is larger than allowed: 18446744073709551615 B > 1048576 B",
    );
}

#[test]
fn a_bomb_that_declares_little_is_stopped_at_the_limit() {
    let fuse = Entry::stored("a", &vec![1; 1 << 19]);
    let bomb = Entry::deflated("b", &vec![0; 1 << 22]).both(|header| header.uncompressed = 1);
    assert_refused(
        "bomb",
        &zip([fuse, bomb]),
        "uncompressed archive is larger than allowed: 1048577 B > 1048576 B",
    );
}

#[test]
fn a_declared_size_is_not_allocated_on_trust() {
    let boast = Entry::deflated("a", b"hello").both(|header| {
        header.uncompressed = ALL_ONES;
        header.extra = zip64_extra(&[1 << 62]);
    });
    let error = extract(&boast.zip(), &Limits::new(u64::MAX)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "entry \"a\" has 5 bytes of uncompressed data, \
         the central directory says 4611686018427387904"
    );
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

/// Whatever a broken archive is taken for, its content is content of the whole one.
#[test]
fn a_mutated_archive_is_read_right_or_refused() {
    const ROUNDS: usize = 6000;
    let text = b"spec: {}\n".repeat(50);
    let sizes = [deflate(&text).len(), text.len()];
    let sizes = sizes
        .map(|size| u32::try_from(size).unwrap().to_le_bytes())
        .concat();
    let descriptor = [&crc32fast::hash(&text).to_le_bytes()[..], &sizes].concat();
    let plain = Archive::of([
        Entry::stored("dir/", b""),
        Entry::deflated("dir/text", &text),
        Entry::stored("plain", b"hello").both(|header| header.extra = zip64_extra(&[5, 5])),
        Entry::deflated("streamed", &text).streamed(&descriptor),
    ]);
    let archives = [
        plain.bytes(),
        plain
            .with(|it| it.zip64 = true)
            .with(|it| it.stub = b"stub".to_vec())
            .bytes(),
    ];

    let mut random = Xorshift(0x9e37_79b9_7f4a_7c15);
    let mut accepted = 0;
    for round in 0..ROUNDS {
        let mut zip = archives[round % archives.len()].clone();
        for _ in 0..=random.below(3) {
            let at = random.below(zip.len());
            match random.below(8) {
                0 => zip.truncate(at.max(1)),
                1 => drop(zip.remove(at)),
                2 => zip.insert(at, 0),
                3 => zip[at] = [0, 0xff][random.below(2)],
                _ => zip[at] ^= 1 << random.below(8),
            }
        }
        let Ok(files) = read(&zip) else { continue };
        accepted += 1;
        for content in files.values() {
            assert!(
                [&b""[..], b"hello", &text].contains(&content.as_slice()),
                "round {round}"
            );
        }
    }
    assert!(
        (ROUNDS / 100..ROUNDS / 2).contains(&accepted),
        "{accepted} accepted"
    );
}

struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}
