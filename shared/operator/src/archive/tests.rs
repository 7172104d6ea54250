//! What is read and what is refused, most of it built by [`raw`].

mod accepted;
mod end_record;
mod entries;
mod limits;
mod names;
mod raw;

use std::io::{Cursor, Write as _};

use raw::{Archive, Entry, deflate, extra, zip, zip64_extra};

use super::{ArchiveError, Files, extract};
use crate::limits::Limits;

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
