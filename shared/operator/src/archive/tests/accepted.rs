//! What is read, however odd.

use super::*;

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
            "options in the directory only",
            Entry::deflated("a", b"hello").with(|entry| entry.central.flags = 0b10),
        ),
        ("version 6.3", hello().both(|header| header.version = 63)),
        (
            "zero padding",
            hello().with(|entry| entry.local.extra = vec![0; 3]),
        ),
        (
            "zero padding behind fields",
            hello().both(|header| header.extra = [&fields[..], &[0; 9]].concat()),
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
