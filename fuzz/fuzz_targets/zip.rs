//! Bytes → [`omps_operator::archive::extract`]: no panic, and what is let in has names that stay below a directory.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omps_operator::Limits;
use omps_operator::archive::extract;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        entries: 8,
        path_segments: 4,
        segment_length: 16,
        path_length: 32,
        ..Limits::new(64 * 1024)
    };
    let files = match extract(bytes, &limits) {
        Ok(files) => files,
        Err(refusal) => {
            let message = refusal.to_string();
            assert!(
                message.len() < 4096 && !message.contains(char::is_control),
                "{message:?}"
            );
            return;
        }
    };

    assert!(files.len() <= limits.entries);
    let size: usize = files.values().map(Vec::len).sum();
    assert!(size as u64 <= limits.uncompressed_size);
    for path in files.keys() {
        let segments: Vec<&str> = path.split('/').collect();
        let is_odd = |segment: &&str| {
            matches!(*segment, "" | "." | "..") || segment.len() > limits.segment_length
        };
        assert!(!segments.iter().any(is_odd), "{path:?}");
        assert!(
            segments.len() <= limits.path_segments && path.len() <= limits.path_length,
            "{path:?}"
        );
        assert!(
            !path.contains('\\') && !path.contains(char::is_control),
            "{path:?}"
        );
        assert!(
            path.as_bytes().get(1) != Some(&b':') || !path.as_bytes()[0].is_ascii_alphabetic(),
            "{path:?}"
        );
        let parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        assert!(
            !parents.into_iter().any(|parent| files.contains_key(parent)),
            "{path:?}"
        );
    }
});
