//! Merging an upload into a package: what is there stays, and no edge is invented.

use std::collections::{BTreeMap, BTreeSet};

use super::check::check;
use super::delete::marked;
use super::graph;
use super::order;
use super::package::{Entry, Package};
use super::refusal::Refusal;
use super::upload::{Upload, Uploaded};

/// A package after a merge.
#[derive(Debug)]
pub struct Merged {
    /// The package, which opm takes.
    pub package: Package,
    /// The bundles that are new, oldest first.
    pub added: Vec<String>,
    /// What is not as the upload has it.
    pub warnings: Vec<Warning>,
}

/// What a merge did otherwise than the upload says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// `bundle-kept`, `bundle-unreachable`, `channel-stays`, `default-changed` or `head-stays`.
    pub rule: &'static str,
    /// Channels and bundles that it is about.
    pub names: Vec<String>,
    /// What happened, for people.
    pub message: String,
}

/// A merge that opm would refuse.
#[derive(Debug, thiserror::Error)]
#[error("{refusal}")]
pub struct MergeRefused {
    /// What opm says.
    pub refusal: Refusal,
    /// What to write instead.
    pub advice: Vec<Advice>,
}

/// What to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The bundle whose CSV needs it.
    pub bundle: String,
    /// A sentence that names the fields.
    pub message: String,
}

impl Package {
    /// Takes an upload in.
    ///
    /// # Errors
    /// [`MergeRefused`] where opm would refuse the result.
    pub fn merge(&self, upload: &Upload) -> Result<Merged, Box<MergeRefused>> {
        let uploaded: BTreeMap<&str, &Uploaded> = upload
            .bundles
            .iter()
            .map(|bundle| (bundle.entry.name.as_str(), bundle))
            .collect();
        let mut merged = self.clone();
        let (known, mut reached) = (self.entries(), BTreeMap::new());
        for (channel, roots) in &upload.channels {
            let path = path(roots, &known, &uploaded);
            let entries = merged.channels.entry(channel.clone()).or_default();
            for entry in path.values() {
                let known = entries.entry(entry.name.clone());
                known.or_insert_with(|| (*entry).clone());
            }
            let names = path.keys().copied().map(str::to_owned);
            reached.insert(channel.as_str(), names.collect::<BTreeSet<String>>());
        }
        merged.add_bundles(&uploaded);
        merged.set_default(upload);
        merged.take_mark_off(&uploaded);
        merged.set_icon(self, &uploaded);
        if let Err(refusal) = check(&merged.objects()) {
            let advice = self.advice(&merged);
            return Err(Box::new(MergeRefused { refusal, advice }));
        }
        let names = merged.bundles().into_iter();
        let added = names.filter(|name| !self.bundles.contains_key(*name));
        Ok(Merged {
            added: added.map(str::to_owned).collect(),
            warnings: self.warnings(&merged, upload, &uploaded, &reached),
            package: merged,
        })
    }

    /// The entries of all channels, by bundle.
    fn entries(&self) -> BTreeMap<&str, &Entry> {
        let entries = self.channels.values().flat_map(BTreeMap::values);
        entries.map(|entry| (entry.name.as_str(), entry)).collect()
    }

    fn add_bundles(&mut self, uploaded: &BTreeMap<&str, &Uploaded>) {
        let entries = self.channels.values().flat_map(BTreeMap::keys);
        for name in entries {
            if let Some(new) = uploaded.get(name.as_str()) {
                let known = self.bundles.entry(name.clone());
                known.or_insert_with(|| new.bundle.clone());
            }
        }
    }

    fn set_default(&mut self, upload: &Upload) {
        if let Some(default) = upload
            .default_channel
            .as_deref()
            .filter(|name| !name.is_empty())
        {
            default.clone_into(&mut self.default_channel);
        } else if self.default_channel.is_empty() && self.channels.len() == 1 {
            let only = self.channels.keys().next();
            self.default_channel = only.cloned().unwrap_or_default();
        }
    }

    /// A release of a bundle that was withdrawn takes the mark off: the release is its newest bundle.
    fn take_mark_off(&mut self, uploaded: &BTreeMap<&str, &Uploaded>) {
        let newest = uploaded
            .iter()
            .max_by_key(|(name, bundle)| order::key(name, Some(&bundle.bundle)));
        if let Some((name, _)) = newest {
            self.deprecations.retain(|item| marked(item) != Some(name));
        }
    }

    /// The icon of the default channel's head, when the head is of this upload and has one.
    fn set_icon(&mut self, before: &Package, uploaded: &BTreeMap<&str, &Uploaded>) {
        let head = self.head(&self.default_channel);
        let new = head.and_then(|head| uploaded.get(head));
        let is_kept = |new: &&&Uploaded| {
            let known = before.bundles.get(new.entry.name.as_str());
            known.is_none_or(|known| known["image"] == new.bundle["image"])
        };
        if let Some(icon) = new.filter(is_kept).and_then(|new| new.icon.clone()) {
            self.icon = Some(icon);
        }
    }

    fn warnings(
        &self,
        merged: &Package,
        upload: &Upload,
        uploaded: &BTreeMap<&str, &Uploaded>,
        reached: &BTreeMap<&str, BTreeSet<String>>,
    ) -> Vec<Warning> {
        let bundles = uploaded.iter();
        let mut warnings: Vec<Warning> = bundles
            .filter_map(|(name, new)| merged.bundle_warning(name, new))
            .collect();
        let (old, new) = (&self.default_channel, &merged.default_channel);
        if !old.is_empty() && old != new {
            let message = format!("the default channel was {old} and is {new}");
            warnings.push(warning("default-changed", &[old, new], message));
        }
        for channel in self.channels.keys() {
            if upload.lists_all_channels && !upload.channels.contains_key(channel) {
                let message = format!(
                    "the upload has no channel {channel}: it stays, since subscriptions may name it"
                );
                warnings.push(warning("channel-stays", &[channel], message));
            }
            if let Some(names) = reached.get(channel.as_str()) {
                warnings.extend(self.head_warning(merged, channel, names));
            }
        }
        warnings
    }

    /// What became of an uploaded bundle otherwise than the upload has it.
    fn bundle_warning(&self, name: &str, new: &Uploaded) -> Option<Warning> {
        let Some(known) = self.bundles.get(name) else {
            let message = format!("{name} is on no path from a channel's head: it is left out");
            return Some(warning("bundle-unreachable", &[name], message));
        };
        (known["image"] != new.bundle["image"]).then(|| {
            let message = format!("the catalog has {name} with other content, and keeps it");
            warning("bundle-kept", &[name], message)
        })
    }

    /// Whether a channel's head stays that no path of the upload reaches.
    fn head_warning(
        &self,
        merged: &Package,
        channel: &str,
        reached: &BTreeSet<String>,
    ) -> Option<Warning> {
        let head = self.head(channel)?;
        let stays = merged.head(channel) == Some(head) && !reached.contains(head);
        stays.then(|| {
            let message =
                format!("{head} stays the head of {channel}: the upload has older versions alone");
            warning("head-stays", &[channel, head], message)
        })
    }

    /// What to write where a channel has two heads.
    fn advice(&self, merged: &Package) -> Vec<Advice> {
        let mut advice = Vec::new();
        for (channel, entries) in &merged.channels {
            let Some(head) = self.head(channel) else {
                continue;
            };
            let edges: Vec<_> = entries.values().map(Entry::edges).collect();
            let heads = graph::heads(&edges);
            if heads.len() < 2 || !heads.contains(&head) {
                continue;
            }
            for new in heads
                .iter()
                .filter(|name| !self.channels[channel].contains_key(**name))
            {
                let mut message = format!(
                    "{new} does not lead on from {head}, the head of {channel} in the catalog: give it replaces: {head}, or skips: [{head}], or another channel"
                );
                let replaces = entries[*new].replaces.as_ref();
                if let Some(absent) = replaces.filter(|name| !entries.contains_key(*name)) {
                    message.push_str(&format!(", or push {absent} first"));
                }
                let bundle = (*new).to_owned();
                advice.push(Advice { bundle, message });
            }
        }
        advice
    }
}

/// The entries from roots along `replaces`, with those that they skip: as the package knows them, else as the upload does.
fn path<'a>(
    roots: &[String],
    known: &BTreeMap<&str, &'a Entry>,
    uploaded: &BTreeMap<&str, &'a Uploaded>,
) -> BTreeMap<&'a str, &'a Entry> {
    let find = |name: &str| {
        let of_upload = || uploaded.get(name).map(|bundle| &bundle.entry);
        known.get(name).copied().or_else(of_upload)
    };
    let (mut path, mut walked) = (BTreeMap::new(), BTreeSet::new());
    for root in roots {
        let mut next = find(root);
        while let Some(entry) = next.filter(|entry| walked.insert(entry.name.as_str())) {
            path.insert(entry.name.as_str(), entry);
            let skipped = entry.skips.iter().filter_map(|name| find(name));
            path.extend(skipped.map(|skipped| (skipped.name.as_str(), skipped)));
            next = entry.replaces.as_deref().and_then(find);
        }
    }
    path
}

fn warning(rule: &'static str, names: &[&str], message: String) -> Warning {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Warning {
        rule,
        names,
        message,
    }
}
