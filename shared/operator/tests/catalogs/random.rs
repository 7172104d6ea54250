//! Some thousand small packages and uploads, drawn from seeds: what merging and deleting promise holds for each.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use omps_operator::CatalogLimits;
use omps_operator::catalog::{Entry, Merged, Package, Upload, Uploaded, check};
use serde_json::{Value, json};

use super::support::*;

/// Versions that a package can have.
const VERSIONS: u64 = 6;

fn one_in(count: u64, random: &mut Rng) -> bool {
    random.u64(0..count) == 0
}

fn name_of(number: u64) -> String {
    format!("p.v1.{number}.0")
}

/// A bundle that leads on from the version before, or from another one, or from nothing, and may skip others.
fn bundle(number: u64, random: &mut Rng) -> Uploaded {
    let replaces = match random.u64(0..8) {
        0 => None,
        1 => Some(random.u64(0..VERSIONS)),
        _ => number.checked_sub(1),
    };
    let mut bundle = uploaded(&format!("1.{number}.0"), replaces.map(name_of).as_deref());
    if one_in(5, random) {
        let skipped = random.u64(0..VERSIONS);
        bundle.entry.skips = vec![name_of(skipped)];
    }
    bundle
}

/// The versions up to one, or a few of them, in one or two channels.
fn upload(random: &mut Rng) -> Upload {
    let newest = random.u64(0..VERSIONS);
    let leaves_out = one_in(3, random);
    let versions: Vec<u64> = (0..=newest)
        .filter(|number| *number == newest || !leaves_out || one_in(2, random))
        .collect();
    let mut channels = BTreeMap::from([("stable".to_owned(), vec![name_of(newest)])]);
    if one_in(3, random) {
        let other = random.usize(0..versions.len());
        let root = name_of(versions[other]);
        channels.insert("fast".to_owned(), vec![root]);
    }
    if one_in(6, random) {
        channels.remove("stable");
    }
    let default = channels.keys().next_back().cloned();
    Upload {
        default_channel: default.filter(|_| !one_in(3, random)),
        lists_all_channels: !one_in(3, random),
        channels,
        bundles: versions
            .into_iter()
            .map(|number| bundle(number, random))
            .collect(),
    }
}

fn entries(package: &Package) -> BTreeMap<String, BTreeMap<String, Entry>> {
    let channels = package.channels().map(|(channel, entries)| {
        let entries = entries.into_iter();
        let entries = entries.map(|entry| (entry.name.clone(), entry.clone()));
        (channel.to_owned(), entries.collect())
    });
    channels.collect()
}

fn bundles(package: &Package) -> BTreeSet<String> {
    let objects = package.objects().into_iter();
    let bundles = objects.filter(|object| object["schema"] == "olm.bundle");
    bundles.map(|bundle| bundle.to_string()).collect()
}

/// The objects of a package but for a bundle, its entries and all deprecations.
fn without(package: &Package, name: &str) -> Vec<Value> {
    let mut objects = package.objects();
    objects.retain(|object| object["schema"] != "olm.deprecations" && object["name"] != name);
    for object in &mut objects {
        if let Some(entries) = object.get_mut("entries").and_then(Value::as_array_mut) {
            entries.retain(|entry| entry["name"] != name);
        }
    }
    objects.retain(|object| object["entries"] != json!([]));
    objects
}

/// What every merge promises that is not refused.
fn expect_merged(case: &str, before: &Package, upload: &Upload, merged: &Merged) {
    let after = &merged.package;
    assert_eq!(check(&after.objects()), Ok(()), "{case}: clean");
    assert!(
        bundles(before).is_subset(&bundles(after)),
        "{case}: bundles stay"
    );
    let (old, new) = (entries(before), entries(after));
    for (channel, entries) in &old {
        for (name, entry) in entries {
            assert_eq!(new[channel].get(name), Some(entry), "{case}: entries stay");
        }
    }
    let again = after.merge(upload).unwrap();
    assert_eq!(
        (&again.package, again.added.len()),
        (after, 0),
        "{case}: again"
    );
    let back = Package::read("p", &after.bytes(), &CatalogLimits::default());
    assert_eq!(back.unwrap(), *after, "{case}: read back");
}

/// What every delete promises of bundles that a merge added. How many had to stay.
fn expect_deleted(case: &str, names: &[String], upload: &Upload, merged: &Merged) -> usize {
    let after = &merged.package;
    let deleted = after.delete(names);
    let left = deleted.package;
    assert!(
        left.is_empty() || check(&left.objects()) == Ok(()),
        "{case}: clean"
    );
    let mut wanted: BTreeSet<&str> = after.bundles().into_iter().collect();
    wanted.retain(|name| !names.iter().any(|gone| gone == name));
    wanted.extend(deleted.kept.iter().map(String::as_str));
    let found: BTreeSet<&str> = left.bundles().into_iter().collect();
    assert_eq!(found, wanted, "{case}: the named ones go, or are kept");
    assert_eq!(left.withdrawn(), deleted.kept, "{case}: marks");
    for name in &deleted.kept {
        let without = check(&without(&left, name));
        assert!(without.is_err(), "{case}: {name} need not stay");
    }
    let back = left.merge(upload).unwrap().package;
    assert_eq!(bundles(&back), bundles(after), "{case}: bundles come back");
    assert_eq!(entries(&back), entries(after), "{case}: entries come back");
    deleted.kept.len()
}

#[test]
fn merging_keeps_what_was_there_and_deleting_can_be_undone() {
    let (mut clean, mut refused, mut grown, mut kept) = (0, 0, 0, 0);
    for seed in 0..1000 {
        let mut random = Rng::with_seed(seed);
        let mut package = Package::empty("p");
        for step in 0..=random.u64(0..4) {
            let case = format!("seed {seed}, upload {step}");
            let upload = upload(&mut random);
            match package.merge(&upload) {
                Err(reason) => {
                    assert!(!reason.refusal.leaves().is_empty(), "{case}");
                    refused += 1;
                }
                Ok(merged) => {
                    expect_merged(&case, &package, &upload, &merged);
                    let mut names = merged.added.clone();
                    names.retain(|_| !one_in(3, &mut random));
                    kept += expect_deleted(&case, &names, &upload, &merged);
                    clean += 1;
                    grown += usize::from(!package.is_empty() && !merged.added.is_empty());
                    package = merged.package;
                }
            }
        }
    }
    // The seeds draw enough of each kind.
    let drawn = [clean, refused, grown, kept];
    assert!(drawn.iter().all(|count| *count > 50), "{drawn:?}");
}
