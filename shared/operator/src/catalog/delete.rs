//! Taking bundles out of a package: those go that leave the rest clean, the others stay with a mark.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::check::check;
use super::graph::{self, Edges};
use super::package::{Entry, Package};

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
        let mut is_clean = check(&self.objects()).is_ok();
        let withdrawn = package.withdrawn();
        let named = names.iter().filter(|name| self.bundles.contains_key(*name));
        let candidates: BTreeSet<String> = named.cloned().chain(withdrawn).collect();
        let candidates = self.sorted(candidates.iter()).into_iter();
        let mut newest_first: Vec<&str> = candidates.rev().collect();
        while let Some(index) = package.first_that_goes(&newest_first, is_clean) {
            package.take_out(newest_first.remove(index));
            is_clean = true;
        }
        let kept = newest_first.into_iter().rev();
        let kept: Vec<String> = kept.map(str::to_owned).collect();
        package.deprecations.retain(|item| marked(item).is_none());
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
        let marked = self.deprecations.iter().filter_map(marked);
        let marked: BTreeSet<&str> = marked.collect();
        let bundles = self.bundles.keys();
        let bundles = bundles.filter(|name| marked.contains(name.as_str()));
        bundles.cloned().collect()
    }

    /// The first of some bundles without which the package is clean.
    fn first_that_goes(&self, names: &[&str], is_clean: bool) -> Option<usize> {
        if is_clean {
            let blocked = self.blocked();
            let goes = |name: &&str| !blocked.contains(*name) && self.stays_clean_without(name);
            return names.iter().position(goes);
        }
        // Somebody else made it so: every rule counts.
        names.iter().position(|name| {
            let mut without = self.clone();
            without.take_out(name);
            without.is_empty() || check(&without.objects()).is_ok()
        })
    }

    /// The bundles of a clean package without which a channel would have a second head.
    fn blocked(&self) -> BTreeSet<&str> {
        let mut blocked = BTreeSet::new();
        for entries in self.channels.values() {
            let mut leaders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for entry in entries.values() {
                let from = entry.replaces.iter().chain(&entry.skips);
                for name in from.filter(|name| entries.contains_key(*name)) {
                    leaders.entry(name).or_default().insert(&entry.name);
                }
            }
            let only = leaders.iter().filter_map(|(name, leaders)| {
                let leader = leaders.first().filter(|_| leaders.len() == 1)?;
                (leader != name).then_some(*leader)
            });
            // A head has no leader: without it another is the only head.
            blocked.extend(only.filter(|leader| leaders.contains_key(leader)));
        }
        blocked
    }

    /// Whether a clean package is clean without a bundle: its channels are all that can change.
    fn stays_clean_without(&self, name: &str) -> bool {
        let (mut is_default_left, mut is_any_left) = (false, false);
        for (channel, entries) in &self.channels {
            let rest = entries.values().filter(|entry| entry.name != name);
            let rest: Vec<Edges<'_>> = rest.map(Entry::edges).collect();
            if rest.is_empty() {
                continue;
            }
            is_any_left = true;
            is_default_left |= *channel == self.default_channel;
            if rest.len() < entries.len() && graph::problem(&rest).is_some() {
                return false;
            }
        }
        is_default_left || !is_any_left
    }

    /// Takes a bundle out, with its entries and what is said of it; channels that are empty then go, too.
    fn take_out(&mut self, name: &str) {
        self.bundles.remove(name);
        for entries in self.channels.values_mut() {
            entries.remove(name);
        }
        let channels = &mut self.channels;
        channels.retain(|_, entries| !entries.is_empty());
        self.deprecations.retain(|item| {
            let reference = &item["reference"];
            match reference["schema"].as_str() {
                Some("olm.bundle") => reference["name"] != name,
                Some("olm.channel") => reference["name"]
                    .as_str()
                    .is_some_and(|channel| channels.contains_key(channel)),
                _ => true,
            }
        });
    }
}

fn mark(name: &str) -> Json {
    json!({
        "reference": {"schema": "olm.bundle", "name": name},
        "message": format!("{name} was withdrawn; it stays only as a step between other versions"),
    })
}

/// The bundle of which an entry of `olm.deprecations` says that it was withdrawn.
pub(super) fn marked(item: &Json) -> Option<&str> {
    let name = item["reference"]["name"].as_str()?;
    (*item == mark(name)).then_some(name)
}
