//! How big a bundle is, as OLM counts: it keeps every file, compressed, in one ConfigMap.

use std::collections::BTreeMap;
use std::sync::Arc;

use zlib_rs::{DeflateConfig, Strategy, compress_bound, compress_slice};

use super::annotations::ANNOTATIONS_FILE;
use crate::yaml::{Node, Value};

/// What a ConfigMap may hold of a bundle.
pub(crate) const LIMIT: usize = 1 << 20;

/// Headers and checksum of a gzip.
const GZIP: usize = 18;

/// Bytes that OLM counts: the sum of `len(base64(gzip(file)))` over `manifests/` and `metadata/`, but for the annotations.
///
/// Go's gzip differs from ours by up to 2 % on manifests, and by 8 % on random digits. Past `refused_above`, a file
/// counts with the smaller of two ways to compress it.
pub(crate) fn counted_by_olm(files: &BTreeMap<String, Arc<[u8]>>, refused_above: usize) -> usize {
    let counted = |path: &str| {
        (path.starts_with("manifests/") || path.starts_with("metadata/"))
            && path != ANNOTATIONS_FILE
    };
    let counted: Vec<&[u8]> = files
        .iter()
        .filter(|(path, _)| counted(path))
        .map(|(_, bytes)| &**bytes)
        .collect();
    let sum = |size: fn(&[u8]) -> usize| counted.iter().map(|file| base64(size(file))).sum();
    // What is small as it is need not be compressed.
    let plain: usize = sum(<[u8]>::len);
    if plain < LIMIT / 2 {
        return plain;
    }
    match sum(|file| gzip(file, Strategy::Default)) {
        size if size <= refused_above => size,
        _ => sum(|file| gzip(file, Strategy::Default).min(gzip(file, Strategy::HuffmanOnly))),
    }
}

fn base64(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

fn gzip(bytes: &[u8], strategy: Strategy) -> usize {
    let config = DeflateConfig {
        window_bits: -15, // without zlib's own header
        strategy,
        ..DeflateConfig::default()
    };
    let mut room = vec![0; compress_bound(bytes.len())];
    compress_slice(&mut room, bytes, config).0.len() + GZIP
}

/// Bytes of a document as compact JSON.
pub(crate) fn as_json(node: &Node) -> usize {
    match &node.value {
        Value::Null | Value::Other(_) | Value::Recursive => 4,
        Value::Bool(_) => 5,
        Value::Int(digits) => digits.len(),
        Value::Float(_) => 8,
        Value::String(text) | Value::Timestamp(text) => quoted(text),
        Value::Sequence(items) => 2 + items.iter().map(|item| as_json(item) + 1).sum::<usize>(),
        Value::Mapping(map) => {
            let entries = map.entries.iter();
            2 + entries
                .map(|entry| as_json(&entry.key) + as_json(&entry.value) + 2)
                .sum::<usize>()
        }
    }
}

fn quoted(text: &str) -> usize {
    let escaped = text
        .bytes()
        .filter(|byte| matches!(byte, b'"' | b'\\' | b'\n' | b'\t' | b'\r'))
        .count();
    text.len() + escaped + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(files: &[(&str, Vec<u8>)]) -> usize {
        let files = files
            .iter()
            .map(|(path, bytes)| ((*path).to_owned(), bytes.as_slice().into()));
        counted_by_olm(&files.collect(), LIMIT)
    }

    #[test]
    fn annotations_and_tests_do_not_count() {
        let file = vec![b'a'; 300];
        for (path, wanted) in [
            ("manifests/a.yaml", 400),
            ("metadata/dependencies.yaml", 400),
            ("metadata/annotations.yaml", 0),
            ("tests/scorecard/config.yaml", 0),
        ] {
            assert_eq!(counted(&[(path, file.clone())]), wanted, "{path}");
        }
    }

    #[test]
    fn what_compresses_well_counts_little() {
        assert!(counted(&[("manifests/a.yaml", vec![b'a'; 4 << 20])]) < 8_000);
    }

    #[test]
    fn where_it_would_be_refused_the_better_way_to_compress_counts() {
        // Digits of which each byte has 4 bits: matches cost more than they save.
        let mut state = 1_u32;
        let digits = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            b"0123456789abcdef"[(state >> 8) as usize % 16]
        });
        let file: Vec<u8> = digits.take(1_500_000).collect();
        let [default, huffman] =
            [Strategy::Default, Strategy::HuffmanOnly].map(|way| base64(gzip(&file, way)));
        assert!(huffman < LIMIT && LIMIT < default, "{huffman} {default}");
        assert_eq!(counted(&[("manifests/a.yaml", file)]), huffman);
    }
}
