//! Taking bundles out of a package: those go that leave the rest clean, the others stay with a mark.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::check::check;
use super::package::Package;

/// A package after a delete.
#[derive(Debug)]
pub struct Deleted {
    /// The package; empty where it leaves the catalog.
    pub package: Package,
    /// Those that had to stay, marked in `olm.deprecations`, oldest first.
    pub kept: Vec<String>,
}

impl Package {
    /// Takes bundles out, and those that had to stay before and need not now.
    #[must_use]
    pub fn delete(&self, names: &[String]) -> Deleted {
        let mut package = self.clone();
        let marked = package.withdrawn();
        let named = names.iter().filter(|name| self.bundles.contains_key(*name));
        let mut candidates: BTreeSet<String> = named.cloned().chain(marked).collect();
        // Newest first, until none goes.
        while let Some((name, without)) = package.first_that_goes(&candidates) {
            candidates.remove(&name);
            package = without;
        }
        let kept = package.sorted(candidates.iter()).into_iter();
        let kept: Vec<String> = kept.map(str::to_owned).collect();
        package
            .deprecations
            .retain(|mark| !kept.iter().any(|name| is_mark_of(mark, name)));
        package
            .deprecations
            .extend(kept.iter().map(|name| mark(name)));
        Deleted {
            kept: kept
                .into_iter()
                .filter(|name| names.contains(name))
                .collect(),
            package,
        }
    }

    /// The bundles that were withdrawn and had to stay.
    pub fn withdrawn(&self) -> Vec<String> {
        let bundles = self.bundles.keys();
        let is_marked =
            |name: &&String| self.deprecations.iter().any(|item| is_mark_of(item, name));
        bundles.filter(is_marked).cloned().collect()
    }

    fn first_that_goes(&self, candidates: &BTreeSet<String>) -> Option<(String, Package)> {
        let mut newest_first = self.sorted(candidates.iter()).into_iter().rev();
        newest_first.find_map(|name| {
            let without = self.without(name);
            let is_clean = without.is_empty() || check(&without.objects()).is_ok();
            is_clean.then(|| (name.to_owned(), without))
        })
    }

    fn without(&self, name: &str) -> Package {
        let mut package = self.clone();
        package.bundles.remove(name);
        for entries in package.channels.values_mut() {
            entries.remove(name);
        }
        package
            .channels
            .retain(|_, entries: &mut BTreeMap<_, _>| !entries.is_empty());
        package.deprecations.retain(|item| {
            let reference = &item["reference"];
            match reference["schema"].as_str() {
                Some("olm.bundle") => reference["name"] != name,
                Some("olm.channel") => reference["name"]
                    .as_str()
                    .is_some_and(|channel| package.channels.contains_key(channel)),
                _ => true,
            }
        });
        package
    }
}

fn mark(name: &str) -> Json {
    json!({
        "reference": {"schema": "olm.bundle", "name": name},
        "message": format!("{name} was withdrawn; it stays only as a step between other versions"),
    })
}

/// Whether an entry of `olm.deprecations` says that a bundle was withdrawn.
pub(super) fn is_mark_of(item: &Json, name: &str) -> bool {
    *item == mark(name)
}
