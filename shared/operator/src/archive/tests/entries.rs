//! Entries that are no files, lie, or are broken.

use super::*;

#[test]
fn what_is_neither_file_nor_directory_is_refused() {
    let stored = "`zip -r` without `-y` stores the file that it leads to";
    let left_out = "leave it out of the zip";
    for (mode, what, advice) in [
        (0o120_777, "a symbolic link", stored),
        (0o060_644, "a device", left_out),
        (0o020_644, "a device", left_out),
        (0o010_644, "a FIFO", left_out),
        (0o140_644, "a socket", left_out),
        (0o160_000, "of an unknown type", left_out),
    ] {
        for system in [3, 19] {
            let entry = hello().with(|entry| (entry.mode, entry.system) = (mode, system));
            let message = format!(
                "entry \"a\" is {what} (mode {mode:o}), wanted a file or a directory: {advice}"
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
    for (method, name) in [
        (1, ""),
        (9, " (Deflate64)"),
        (12, " (bzip2)"),
        (14, " (LZMA)"),
        (93, " (zstd)"),
        (95, " (xz)"),
    ] {
        let message = format!(
            "entry \"a\" is compressed with method {method}{name}, wanted 0 (stored) or 8 (deflated): \
             make the zip with `zip -r`, or with `7z a -tzip -mm=Deflate`"
        );
        assert_refused(
            "method",
            &hello().both(|header| header.method = method).zip(),
            &message,
        );
    }
    let version = r#"entry "a" needs version 6.4 of the format, at most 6.3 is supported"#;
    assert_refused(
        "version",
        &hello().with(|entry| entry.central.version = 64).zip(),
        version,
    );
    assert_refused(
        "local version",
        &hello().with(|entry| entry.local.version = 64).zip(),
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
            hello().with(|entry| entry.local.extra = vec![0, 0, 1]),
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
