//! What a list or map means once its end has come: merges, duplicate keys and tags.

use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};

use super::error::short;
use super::node::identity;
use super::scalar::{self, YAML_TAG};
use super::{MapEntry, Mapping, Node, Problem, ReadError, Value, YamlVersion};

/// Lets the last of duplicate keys win (YAML 1.1), or refuses them (YAML 1.2).
pub(super) fn resolve_duplicates(
    entries: Vec<MapEntry>,
    version: YamlVersion,
) -> Result<Vec<MapEntry>, ReadError> {
    let mut indexes = HashMap::with_capacity(entries.len());
    let mut order: Vec<usize> = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let Some(identity) = identity(&entry.key.value) else {
            order.push(index); // a collection, which only ruamel.yaml takes for a key
            continue;
        };
        match indexes.entry(identity) {
            Vacant(first) => {
                first.insert(order.len());
                order.push(index);
            }
            Occupied(first) => {
                let earlier = std::mem::replace(&mut order[*first.get()], index);
                if version == YamlVersion::V1_2 && !entries[earlier].merged && !entry.merged {
                    let problem = duplicate(&entry.key.value);
                    return Err(ReadError {
                        position: entry.key.position,
                        problem,
                    });
                }
            }
        }
    }
    if order.len() == entries.len() {
        return Ok(entries);
    }
    Ok(order
        .into_iter()
        .map(|index| entries[index].clone())
        .collect())
}

/// Marks own entries whose key a `<<` behind them brings, too. `merges` has the lengths of both lists at each `<<`.
pub(super) fn mark_overruled(merged: &[MapEntry], own: &mut [MapEntry], merges: &[(usize, usize)]) {
    let Some(own) = merges.last().and_then(|(_, before)| own.get_mut(..*before)) else {
        return;
    };
    let mut last_merge = HashMap::with_capacity(merged.len());
    let mut from = 0;
    for (to, before) in merges {
        for entry in merged.get(from..*to).unwrap_or_default() {
            last_merge.insert(identity(&entry.key.value), *before);
        }
        from = *to;
    }
    for (index, entry) in own.iter_mut().enumerate() {
        let before = last_merge.get(&identity(&entry.key.value));
        entry.overruled = before.is_some_and(|before| index < *before);
    }
}

/// Appends the entries that `<<` merges: those of a map, or those of several maps, of which the first wins.
pub(super) fn merge_into(entries: &mut Vec<MapEntry>, from: &Node) -> Result<(), Problem> {
    let taken = |mapping: &Mapping| {
        mapping.entries.clone().into_iter().map(|entry| MapEntry {
            merged: true,
            ..entry
        })
    };
    match &from.value {
        Value::Mapping(mapping) => entries.extend(taken(mapping)),
        Value::Sequence(items) => {
            for item in items.iter().rev() {
                let Value::Mapping(mapping) = &item.value else {
                    return Err(Problem::BadMerge(item.value.kind()));
                };
                entries.extend(taken(mapping));
            }
        }
        Value::Recursive => {} // a map merged into itself brings nothing
        other => return Err(Problem::BadMerge(other.kind())),
    }
    Ok(())
}

/// Whether ruamel.yaml ignores this tag on a collection.
pub(super) fn is_ignored_in_1_2(tag: &str) -> bool {
    let has_meaning = [
        "null",
        "bool",
        "int",
        "float",
        "binary",
        "timestamp",
        "seq",
        "map",
        "set",
        "omap",
        "pairs",
    ];
    let name = tag.strip_prefix(YAML_TAG);
    name.is_none_or(|name| !has_meaning.contains(&name))
}

fn duplicate(key: &Value) -> Problem {
    let key = key.to_python().unwrap_or_default();
    Problem::DuplicateKey(format!("{:?}", short(&key)))
}

/// A collection with a tag.
pub(super) fn retag(value: Value, tag: &str) -> Result<Value, Problem> {
    match (tag.strip_prefix(YAML_TAG), value) {
        (Some("seq"), value @ Value::Sequence(_)) | (Some("map"), value @ Value::Mapping(_)) => {
            Ok(value)
        }
        (Some("seq" | "map" | "str" | "int" | "float" | "bool" | "null"), value) => {
            Err(Problem::WrongTag(value.kind(), format!("{tag:?}")))
        }
        _ => Err(Problem::Scalar(scalar::unknown_tag(tag))),
    }
}
