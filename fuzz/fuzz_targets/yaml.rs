//! Bytes → events → value: no panic, limits kept, every value in its place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omps_operator::yaml::{Node, Value, YamlVersion, read};
use omps_fuzz::{LIMITS, budget, let_the_parser_panic};

fuzz_target!(init: let_the_parser_panic(), |bytes: &[u8]| {
    for version in [YamlVersion::V1_1, YamlVersion::V1_2] {
        let lines = 1 + bytes.len() as u32;
        match read(bytes, version, &mut budget()) {
            Ok(root) => {
                let count = check(&root, bytes, LIMITS.depth + 1);
                assert!(count <= LIMITS.expanded, "{count} values");
            }
            Err(error) => {
                assert!((1..=lines).contains(&error.position.line), "{error}");
                assert!(error.position.column >= 1, "{error}");
                assert!(!error.to_string().is_empty());
            }
        }
    }
});

/// Counts values, aliases expanded.
fn check(node: &Node, bytes: &[u8], depth: usize) -> u32 {
    let text = std::str::from_utf8(bytes).expect("what was read is UTF-8");
    assert!(depth > 0, "nested deeper than allowed");
    assert!(
        text.get(node.span.clone()).is_some(),
        "{:?} cuts a character or is none",
        node.span
    );
    match &node.value {
        Value::Sequence(items) => {
            1 + items
                .iter()
                .map(|item| check(item, bytes, depth - 1))
                .sum::<u32>()
        }
        Value::Mapping(map) => {
            let sizes = map.entries.iter().map(|entry| {
                assert!(text.get(entry.site.clone()).is_some(), "{:?}", entry.site);
                check(&entry.key, bytes, depth - 1) + check(&entry.value, bytes, depth - 1)
            });
            1 + sizes.sum::<u32>()
        }
        _ => 1,
    }
}
