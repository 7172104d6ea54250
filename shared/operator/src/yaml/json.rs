//! JSON as YAML: tabs.

use std::borrow::Cow;

/// A JSON document with spaces in place of its tabs, which YAML does not allow; every other text as it is. Each value
/// keeps its place, and none changes: in JSON a tab is never part of a value.
pub(crate) fn without_json_tabs(bytes: &[u8]) -> Cow<'_, [u8]> {
    let is_json = bytes.trim_ascii_start().starts_with(b"{")
        && memchr::memchr(b'\t', bytes).is_some()
        && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
    if !is_json {
        return Cow::Borrowed(bytes);
    }
    let spaced = bytes
        .iter()
        .map(|byte| if *byte == b'\t' { b' ' } else { *byte });
    Cow::Owned(spaced.collect())
}
