//! The end of an archive: what is none, and what lies.

use super::*;

#[test]
fn what_is_not_a_zip_is_refused_by_what_it_is() {
    let whole = zip([hello()]);
    let cut = &whole[..whole.len() - 22];
    let tar = [&[b'a'; 257][..], b"ustar\x0000"].concat();
    let other = |what| {
        format!("it is {what}; make a zip of the files themselves, for example with `zip -r`")
    };
    let unknown = || "no end record in its last 65557 bytes".to_owned();
    for (case, bytes, found) in [
        ("nothing", &b""[..], "it is empty".to_owned()),
        ("gzip", b"\x1f\x8b\x08", other("a gzip file, as a .tar.gz is")),
        ("tar", &tar, other("a tar archive")),
        ("form", b"--b\r\nContent-Disposition: ", other("a multipart form, or text")),
        ("HTML", b"<!doctype html>", other("HTML or XML")),
        ("text", b"hello, world", unknown()),
        ("signature", b"PK\x05\x06", unknown()),
        (
            "no end record",
            cut,
            "it begins like one, but its last 65557 bytes have no end record: the end of the file is missing"
                .to_owned(),
        ),
    ] {
        assert_refused(case, bytes, &format!("not a zip file: {found}"));
    }
    let far = Archive::of([hello()])
        .with(|it| it.comment = vec![b'.'; 65_535])
        .bytes();
    assert!(read(&far).is_ok());
    let further = [far, vec![b'.']].concat();
    assert_refused(
        "too far",
        &further,
        "not a zip file: it begins like one, but its last 65557 bytes have no end record: the end of the file is missing",
    );
}

#[test]
fn an_archive_that_does_not_end_with_its_end_record_is_refused() {
    let wrong = |declared: usize, found: usize| {
        format!(
            "not a zip file that ends where it says: \
             the comment should be {declared} bytes, {found} bytes follow the end record. Send the file as \
             the archiver wrote it: nothing may be added to its end or cut off"
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
