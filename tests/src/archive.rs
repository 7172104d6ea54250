//! Reads a pushed archive: a gzipped tar with one top directory.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use tar::Archive;

/// The files of a pushed archive, by their paths below its top directory.
///
/// # Panics
/// The archive is not a gzipped tar, or does not have exactly one top directory.
pub fn unpack(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut top_directory = None;
    let mut archive = Archive::new(GzDecoder::new(archive));
    for entry in archive.entries().expect("a gzipped tar") {
        let mut entry = entry.expect("a whole entry");
        let path = entry.path().expect("a path").to_string_lossy().into_owned();
        let (top, path) = path.split_once('/').expect("a path with a directory");
        assert_eq!(
            top_directory.get_or_insert_with(|| top.to_owned()),
            top,
            "a second top directory"
        );
        if entry.header().entry_type().is_file() {
            let mut content = Vec::new();
            entry.read_to_end(&mut content).expect("a whole file");
            let known = files.insert(path.to_owned(), content);
            assert!(known.is_none(), "{path} is there twice");
        }
    }
    files
}
