//! Builds zips: the same files always give the same bytes. Also changes zips so that their headers are false.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

const LOCAL_HEADER: &[u8] = b"PK\x03\x04";
const CENTRAL_HEADER: &[u8] = b"PK\x01\x02";

/// A deflated zip.
pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    write(files, CompressionMethod::Deflated)
}

/// A zip whose files are not compressed.
pub fn stored_zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    write(files, CompressionMethod::Stored)
}

/// Marks every entry as encrypted.
pub fn mark_encrypted(mut zip: Vec<u8>) -> Vec<u8> {
    for (header, flags) in [(LOCAL_HEADER, 6), (CENTRAL_HEADER, 8)] {
        for start in positions(&zip, header) {
            zip[start + flags] |= 1;
        }
    }
    zip
}

/// Changes the checksum of every entry.
pub fn break_checksums(mut zip: Vec<u8>) -> Vec<u8> {
    for (header, checksum) in [(LOCAL_HEADER, 14), (CENTRAL_HEADER, 16)] {
        for start in positions(&zip, header) {
            zip[start + checksum] ^= 0xff;
        }
    }
    zip
}

fn write(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let options = SimpleFileOptions::default()
        .compression_method(method)
        .last_modified_time(DateTime::default());
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in files {
        writer.start_file(*path, options).expect("a new entry");
        writer.write_all(content).expect("memory takes it");
    }
    writer.finish().expect("memory takes it").into_inner()
}

fn positions(zip: &[u8], header: &[u8]) -> Vec<usize> {
    zip.windows(header.len())
        .enumerate()
        .filter_map(|(start, window)| (window == header).then_some(start))
        .collect()
}
