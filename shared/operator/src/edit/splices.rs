//! Places in a file's bytes, and what is written there.

use std::ops::Range;
use std::rc::Rc;

use crate::yaml::{MapEntry, Node, Position, Value};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Bytes to replace, and the text that replaces them.
pub(super) type Splice = (Range<usize>, String);

/// Replaces bytes, from the last place to the first. No copy is made: the file may be large, and the places are few.
pub(super) fn apply(bytes: &mut Vec<u8>, mut splices: Vec<Splice>) {
    splices.sort_by_key(|(range, _)| range.start);
    bytes.reserve_exact(splices.iter().map(|(_, text)| text.len()).sum());
    for (range, text) in splices.into_iter().rev() {
        // Places that overlap give a wrong result, which the comparison afterwards finds.
        if range.end <= bytes.len() {
            bytes.splice(range, text.into_bytes());
        }
    }
}

/// Replaces a value by text. An empty value has a place but no bytes; the line end behind a block scalar stays.
pub(super) fn fill(bytes: &[u8], entry: &MapEntry, text: &str) -> Splice {
    let (site, key) = (entry.site.clone(), entry.key.span.clone());
    let gap = bytes.get(key.end..site.start).unwrap_or_default();
    let lacks_colon = site.is_empty() && !entry.merged && !gap.contains(&b':');
    if lacks_colon && let Some(mark) = question_mark(bytes, key.start) {
        let indent = " ".repeat(column(bytes, mark) as usize - 1);
        let line_end = line_end(bytes);
        return (key.end..key.end, format!("{line_end}{indent}: {text}"));
    }
    let space = match site.is_empty() {
        true if lacks_colon => ": ", // a key alone, in flow style
        true => " ",
        // A block scalar may start in its key's column, but text in quotes may not.
        false if column(bytes, site.start) <= entry.key.position.column => " ",
        false => "",
    };
    // The line end behind a block scalar stays; a tab before it is part of the text.
    let old = bytes.get(site.clone()).unwrap_or_default();
    let old = str::from_utf8(old).unwrap_or_default();
    let end = site.start + old.trim_end_matches([' ', '\r', '\n']).len();
    (site.start..end, format!("{space}{text}"))
}

/// Replaces a scalar. When other fields alias it, the first of them takes over its anchor and its text.
pub(super) fn set_scalar(bytes: &[u8], root: &Node, entry: &MapEntry, text: &str) -> Vec<Splice> {
    let mut splices = vec![fill(bytes, entry, &quote(text))];
    if entry.site == entry.value.span && is_shared(bytes, &entry.value) {
        let original = bytes.get(entry.site.clone()).unwrap_or_default();
        if let Some(site) = first_alias(root, &entry.value) {
            splices.push((site, String::from_utf8_lossy(original).into_owned()));
        }
    }
    splices
}

/// The first place in the document that is an alias of a value.
fn first_alias(within: &Node, node: &Rc<Node>) -> Option<Range<usize>> {
    let mut sites = Vec::new();
    collect_aliases(within, node, &mut sites);
    sites.into_iter().min_by_key(|site| site.start)
}

fn collect_aliases(within: &Node, node: &Rc<Node>, sites: &mut Vec<Range<usize>>) {
    let Value::Mapping(map) = &within.value else {
        if let Value::Sequence(items) = &within.value {
            items
                .iter()
                .for_each(|item| collect_aliases(item, node, sites));
        }
        return;
    };
    for entry in &map.entries {
        if Rc::ptr_eq(&entry.value, node) && entry.site != node.span && !entry.merged {
            sites.push(entry.site.clone());
        }
        collect_aliases(&entry.value, node, sites);
    }
}

/// Inserts entries before the first of a map.
pub(super) fn insert(bytes: &[u8], node: &Node, entries: &[String]) -> Option<Splice> {
    let Value::Mapping(map) = &node.value else {
        return None;
    };
    if map.flow {
        let brace = node.span.start + memchr::memchr(b'{', bytes.get(node.span.clone())?)? + 1;
        let comma = if map.entries.is_empty() { "" } else { ", " };
        return Some((brace..brace, format!("{}{comma}", entries.join(", "))));
    }
    let first = map
        .entries
        .iter()
        .filter(|entry| !entry.merged)
        .map(|entry| entry.key.span.start)
        .min();
    let mut at = first.unwrap_or(node.span.start);
    let mut indent = first.map_or(node.position.column, |first| column(bytes, first)) as usize - 1;
    if let Some(mark) = question_mark(bytes, at) {
        at = mark;
        indent = column(bytes, at) as usize - 1;
    }
    let next = format!("{}{}", line_end(bytes), " ".repeat(indent));
    Some((
        at..at,
        entries
            .iter()
            .map(|entry| format!("{entry}{next}"))
            .collect(),
    ))
}

/// The place of the question mark that makes a key explicit.
fn question_mark(bytes: &[u8], key: usize) -> Option<usize> {
    let before = bytes.get(..key)?.trim_ascii_end();
    let gap = bytes.get(before.len()..key)?;
    let is_marked = before.last() == Some(&b'?') && !gap.is_empty() && !gap.contains(&b'\n');
    is_marked.then(|| before.len() - 1)
}

/// The column of a byte, from 1, in characters.
fn column(bytes: &[u8], at: usize) -> u32 {
    let before = bytes.get(..at).unwrap_or_default();
    let body = before.strip_prefix(BYTE_ORDER_MARK).unwrap_or(before);
    Position::after(body).column
}

/// The line end that the file uses.
pub(super) fn line_end(bytes: &[u8]) -> &'static str {
    match memchr::memchr(b'\n', bytes) {
        Some(at) if at > 0 && bytes[at - 1] == b'\r' => "\r\n",
        _ => "\n",
    }
}

/// The anchor before a value.
pub(super) fn anchor<'a>(bytes: &'a [u8], node: &Node) -> Option<&'a str> {
    let written = bytes.get(node.span.clone()).filter(|_| node.anchored)?;
    let from = memchr::memchr(b'&', written)? + 1;
    let to = written[from..]
        .iter()
        .position(|byte| b" \t\r\n,[]{}".contains(byte))
        .unwrap_or(written.len() - from);
    std::str::from_utf8(&written[from..from + to]).ok()
}

/// Whether the file may use a value elsewhere by its anchor.
pub(super) fn is_shared(bytes: &[u8], node: &Node) -> bool {
    anchor(bytes, node).is_some_and(|anchor| {
        memchr::memmem::find(bytes, format!("*{anchor}").as_bytes()).is_some()
    })
}

/// A text in double quotes, which YAML 1.1 and 1.2 always read as a string.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        match char {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            // What YAML calls unprintable, or takes for a line end.
            '\0'..='\x1f'
            | '\x7f'..='\u{a0}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                quoted.push_str(&format!("\\u{:04X}", char as u32));
            }
            _ => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}
