//! What is too much, and what chance makes of an archive.

use super::*;

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
