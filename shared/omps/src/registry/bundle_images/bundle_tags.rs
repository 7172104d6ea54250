//! The tags of a release's bundles: each is written once.
//!
//! A tag that is free is reserved in the ledger, with the bundle's digest, and written. One that has this bundle is left
//! alone. One with another content keeps it: for the newest bundle that is a conflict, for an older one a warning, since
//! rules and people often touch up old versions.

use futures_util::{StreamExt, TryStreamExt, stream};
use omps_operator::report::Finding;

use super::super::oci::{Blob, Digest, ImageRepository, OciError, OciRegistry, Tag};
use super::super::{RegistryError, Repository};
use super::bundle_tag::{BundleTag, State, put, release_itself, state_of};
use super::packed::{PackedBundle, PackedRelease};
use super::{AT_ONCE, BundleImages};
use crate::api::BundleAnswer;
use crate::ledger::{Millis, Trace, now};

/// The bundles of a release, oldest first, and what is known of their tags.
pub(super) struct BundleTags {
    tags: Vec<BundleTag>,
    looked_at: Millis,
}

impl BundleTags {
    /// Asks what each tag points to.
    pub(super) async fn look(
        client: &OciRegistry,
        at: &ImageRepository,
        packed: &PackedRelease,
        release: &Tag,
    ) -> Result<Self, OciError> {
        let looked_at = now();
        let looks: Vec<_> = packed
            .all()
            .iter()
            .map(|bundle| state_of(client, at, bundle, packed, release))
            .collect();
        let states: Vec<State> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        Ok(Self::of(packed, states, looked_at))
    }

    /// The tags in a repository that is not there, or hidden.
    pub(super) fn all_free(packed: &PackedRelease, release: &Tag) -> Self {
        let states = packed.all().iter().map(|bundle| {
            let own = release_itself(bundle, packed, release);
            own.unwrap_or(State::Free(None))
        });
        Self::of(packed, states.collect(), now())
    }

    fn of(packed: &PackedRelease, states: Vec<State>, looked_at: Millis) -> Self {
        let tags = packed.all().iter().zip(states).enumerate();
        let tags = tags.map(|(index, (bundle, state))| BundleTag {
            answer: packed.answer(index, ""),
            digest: bundle.digest(),
            state,
            untagged: packed.tag_taken(index, String::new()),
        });
        BundleTags {
            tags: tags.collect(),
            looked_at,
        }
    }

    /// Refuses a release whose newest bundle is there with another content.
    pub(super) fn check_newest(&self) -> Result<(), RegistryError> {
        match self.tags.last() {
            Some(BundleTag {
                answer,
                state: State::Taken(digest),
                ..
            }) => Err(RegistryError::BundleTaken {
                tag: answer.tag.clone().unwrap_or_default(),
                digest: digest.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Reserves the tags that are free.
    pub(super) async fn reserve(
        &mut self,
        registry: &BundleImages,
        to: &Repository,
        at: &ImageRepository,
        packed: &PackedRelease,
    ) -> Result<(), RegistryError> {
        let newest = self.tags.len() - 1;
        for (index, bundle) in packed.all().iter().enumerate() {
            let tag = &mut self.tags[index];
            if !matches!(tag.state, State::Free(_)) {
                continue;
            }
            match tag
                .reserved(registry, to, (at, bundle), self.looked_at)
                .await
            {
                Ok(State::Taken(_)) if index == newest => {
                    let name = tag.answer.tag.clone().unwrap_or_default();
                    self.give_up().await;
                    return Err(RegistryError::Busy(format!(
                        "bundle {name} was pushed with another content a moment ago"
                    )));
                }
                Ok(state) => tag.state = state,
                Err(error) => {
                    self.give_up().await;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// The blobs of the bundles that are to be written, without the newest: the release needs its blobs in any case.
    pub(super) fn older_blobs<'a>(
        &self,
        packed: &'a PackedRelease,
    ) -> impl Iterator<Item = &'a Blob> {
        let older = packed.all().iter().zip(&self.tags).rev().skip(1);
        let free = older.filter(|(_, tag)| matches!(tag.state, State::Free(_)));
        free.flat_map(|(bundle, _)| &bundle.blobs)
    }

    /// Writes the tags that are free, oldest first, and reads them back.
    pub(super) async fn write(
        &mut self,
        registry: &BundleImages,
        at: &ImageRepository,
        packed: &PackedRelease,
    ) -> Result<(), RegistryError> {
        let free = |(_, tag): &(&PackedBundle, &mut BundleTag)| matches!(tag.state, State::Free(_));
        let bundles = packed.all().iter();
        for (bundle, _) in bundles.clone().zip(&mut self.tags).filter(free) {
            put(registry, at, bundle).await?;
        }
        let written: Vec<_> = bundles.zip(&mut self.tags).filter(free).collect();
        let reads: Vec<_> = written
            .into_iter()
            .map(|(bundle, tag)| tag.read_back(registry, at, bundle))
            .collect();
        let reads = stream::iter(reads).buffered(AT_ONCE);
        reads.try_collect::<()>().await?;
        self.check_newest()
    }

    /// Lets others have the tags that were reserved. They may have been written.
    pub(super) async fn give_up(&mut self) {
        for tag in &mut self.tags {
            if let State::Free(held) = &mut tag.state
                && let Some(held) = held.take()
            {
                held.give_up(Trace::Unclear).await;
            }
        }
    }

    /// What an answer says of the bundles in `place`, and of those that could not have their tags.
    pub(super) fn into_answer(
        self,
        place: &str,
        release: &Digest,
    ) -> (Vec<BundleAnswer>, Vec<String>, Vec<Finding>) {
        let (mut warnings, mut findings) = (Vec::new(), Vec::new());
        let bundles = self.tags.into_iter().map(|tag| {
            let BundleTag {
                mut answer,
                digest,
                state,
                untagged,
            } = tag;
            let (digest, pushed) = match state {
                State::Written => (digest, true),
                State::There(found) => (found, false),
                State::IsRelease => (release.clone(), true),
                State::Free(_) => (digest, false),
                State::Taken(by) => {
                    let tag = answer.tag.take().unwrap_or_default();
                    let message = format!(
                        "bundle {tag} is there with another content: {by}; it was left as it is, and {} of this release has no tag",
                        answer.name
                    );
                    findings.extend(untagged.map(|finding| Finding {
                        message: message.clone(),
                        ..finding
                    }));
                    warnings.push(message);
                    answer.image = None;
                    answer.pushed = Some(false);
                    return answer;
                }
            };
            answer.image = Some(format!("{place}@{digest}"));
            answer.digest = digest.to_string();
            answer.pushed = Some(pushed);
            answer
        });
        (bundles.collect(), warnings, findings)
    }
}
