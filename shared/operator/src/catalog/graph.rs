//! The upgrade graph of a channel: its head, and whether every entry leads to it.

use std::collections::{BTreeMap, BTreeSet};

use super::objects;

/// An entry of a channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edges<'a> {
    pub(super) name: &'a str,
    /// Empty where it replaces nothing.
    pub(super) replaces: &'a str,
    pub(super) skips: &'a [String],
}

impl<'a> Edges<'a> {
    pub(super) fn of(entry: &'a objects::Entry) -> Self {
        Edges {
            name: &entry.name,
            replaces: &entry.replaces,
            skips: &entry.skips,
        }
    }
}

/// The entries that no entry replaces or skips, sorted.
pub(super) fn heads<'a>(entries: &[Edges<'a>]) -> Vec<&'a str> {
    let replaced = entries.iter().map(|entry| entry.replaces);
    let skipped = entries.iter().flat_map(|entry| entry.skips);
    let skipped = skipped.map(String::as_str);
    let replaced = replaced.filter(|name| !name.is_empty());
    let led_from: BTreeSet<&str> = replaced.chain(skipped).collect();
    let names = entries.iter().map(|entry| entry.name);
    let mut heads: Vec<&str> = names.filter(|name| !led_from.contains(name)).collect();
    heads.sort_unstable();
    heads
}

/// What opm says of a channel that has entries.
pub(super) fn problem(entries: &[Edges<'_>]) -> Option<String> {
    let heads = heads(entries);
    let head = match heads.as_slice() {
        [] => return Some("no channel head found in graph".into()),
        [head] => *head,
        _ => {
            let heads = heads.join(", ");
            return Some(format!("multiple channel heads found in graph: {heads}"));
        }
    };
    let by_name: BTreeMap<&str, &Edges<'_>> =
        entries.iter().map(|entry| (entry.name, entry)).collect();
    let skipped = entries.iter().flat_map(|entry| entry.skips);
    let skipped: BTreeSet<&str> = skipped.map(String::as_str).collect();
    let (mut chain, mut reached) = (vec![head], BTreeSet::from([head]));
    let mut next = by_name.get(head);
    while let Some(entry) = next.filter(|entry| !skipped.contains(entry.replaces)) {
        if !reached.insert(entry.replaces) {
            let start = chain.iter().position(|name| *name == entry.replaces);
            chain.push(entry.replaces);
            let cycle = chain[start.unwrap_or(0)..].join(" -> ");
            return Some(format!(
                "detected cycle in replaces chain of upgrade graph: {cycle}"
            ));
        }
        chain.push(entry.replaces);
        next = by_name.get(entry.replaces);
    }
    let names: BTreeSet<&str> = by_name.keys().copied().collect();
    let stranded = names.iter().copied();
    let stranded: Vec<&str> = stranded
        .filter(|name| !reached.contains(name) && !skipped.contains(name))
        .collect();
    (!stranded.is_empty()).then(|| {
        let stranded = stranded.join(", ");
        format!("channel contains one or more stranded bundles: {stranded}")
    })
}
