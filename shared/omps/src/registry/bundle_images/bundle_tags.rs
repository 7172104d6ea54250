//! The tags of a release's bundles: each is written once.
//!
//! A tag that is free is reserved in the ledger, with the bundle's digest, and written. One that has this bundle is left
//! alone. One with another content keeps it: for the newest bundle that is a conflict, for an older one a warning, since
//! rules and people often touch up old versions.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};

use omps_operator::report::Finding;

use super::super::oci::{Blob, Digest, ImageRepository, OciError, OciRegistry, Reference, Tag};
use super::super::{RegistryError, Repository, ledger_key};
use super::packed::{PackedBundle, PackedRelease};
use super::{AT_ONCE, BundleImages, visible};
use crate::api::BundleAnswer;
use crate::ledger::claims::{Held, LedgerError, Wish};
use crate::ledger::{Before, Millis, Refusal, Subject, Trace, now};

/// How long a registry gets to show what it has just taken.
const READ_BACK_PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// The bundles of a release, oldest first, and what is known of their tags.
pub(super) struct BundleTags {
    tags: Vec<BundleTag>,
    looked_at: Millis,
}

/// A bundle, and what is known of its tag.
struct BundleTag {
    answer: BundleAnswer,
    digest: Digest,
    state: State,
    /// What is said if it cannot have its tag, but for the message.
    untagged: Option<Finding>,
}

/// What a tag points to.
enum State {
    /// Nothing: it is to be written. Who does not hold it shares it with another push of the same bundle.
    Free(Option<Box<Held>>),
    /// This bundle, written by this push.
    Written,
    /// This bundle, as a manifest with this digest.
    There(Digest),
    /// It is the release's own tag, and one manifest is enough.
    IsRelease,
    /// Another content.
    Taken(String),
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

impl BundleTag {
    /// What becomes of a free tag that is to be reserved.
    async fn reserved(
        &self,
        registry: &BundleImages,
        to: &Repository,
        (at, bundle): (&ImageRepository, &PackedBundle),
        looked_at: Millis,
    ) -> Result<State, RegistryError> {
        let claim = async |refuted| {
            // The tag may be a release's as well: whoever is to write it holds the same entry.
            let key = ledger_key(&registry.registry, to, &bundle.tag);
            let wish = Wish {
                refuted,
                ..Wish::new(key, Subject::Bundle, self.digest.to_string())
            };
            registry.ledger.claim(wish, registry.deadline).await
        };
        let claimed = match claim(None).await {
            // The tag was free after that entry was written: the bundle has been deleted since.
            Err(LedgerError::Refused(Refusal::Conflict {
                revision,
                changed_at,
                ..
            })) if changed_at < looked_at => claim(Some(revision)).await,
            claimed => claimed,
        };
        let held = match claimed {
            Ok(held) => Box::new(held),
            Err(LedgerError::Refused(Refusal::Replay(_))) => return Ok(State::Free(None)),
            Err(LedgerError::Refused(Refusal::Conflict { .. })) => {
                return Ok(State::Taken("that of another push".to_owned()));
            }
            // How that ends is not known yet.
            Err(LedgerError::Refused(_)) => {
                return Err(RegistryError::Busy(format!(
                    "bundle {} is being pushed with another content, or deleted, by another request",
                    bundle.tag
                )));
            }
            Err(error) => return Err(RegistryError::Unreachable(error.to_string())),
        };
        if held.granted.before != Before::Unclear {
            return Ok(State::Free(Some(held)));
        }
        // Who held it before may have written it since the first look.
        match found(&registry.client, at, bundle).await {
            Ok(State::Free(_)) => Ok(State::Free(Some(held))),
            found => {
                held.give_up(Trace::Unclear).await;
                Ok(found?)
            }
        }
    }

    /// Looks whether the registry has what was written.
    async fn read_back(
        &mut self,
        registry: &BundleImages,
        at: &ImageRepository,
        bundle: &PackedBundle,
    ) -> Result<(), RegistryError> {
        let found = read_back(registry, at, bundle).await?;
        self.settle(found).await;
        Ok(())
    }

    /// Notes what a tag was read back as.
    async fn settle(&mut self, found: Option<Digest>) {
        let before = std::mem::replace(&mut self.state, State::Written);
        let State::Free(held) = before else { return };
        match (found, held) {
            (Some(found), held) if found == self.digest => {
                if let Some(held) = held {
                    held.done(None).await;
                }
            }
            (found, held) => {
                // Somebody from outside was faster, or slower, and has it.
                if let Some(held) = held {
                    held.give_up(Trace::Unclear).await;
                }
                let found = found.map_or_else(|| "nothing".to_owned(), |found| found.to_string());
                self.state = State::Taken(found);
            }
        }
    }
}

/// What a bundle's tag points to, where it is not the release's own.
async fn state_of(
    client: &OciRegistry,
    at: &ImageRepository,
    bundle: &PackedBundle,
    packed: &PackedRelease,
    release: &Tag,
) -> Result<State, OciError> {
    match release_itself(bundle, packed, release) {
        Some(state) => Ok(state),
        None => found(client, at, bundle).await,
    }
}

/// What a bundle's tag will point to if it is the release's own.
fn release_itself(bundle: &PackedBundle, packed: &PackedRelease, release: &Tag) -> Option<State> {
    match bundle.tag == release.as_str() {
        false => None,
        true if bundle.tag == packed.newest().tag => Some(State::IsRelease),
        true => Some(State::Taken(format!("release {release}"))),
    }
}

async fn found(
    client: &OciRegistry,
    at: &ImageRepository,
    bundle: &PackedBundle,
) -> Result<State, OciError> {
    let tag = bundle.tag()?;
    let found = client.manifest(at, Reference::Tag(&tag)).await?;
    Ok(match found {
        None => State::Free(None),
        // A release's tag may be a bundle's, too: then that manifest is the bundle's image.
        Some(found) if bundle.is_in(&found) => State::There(found.digest()),
        Some(found) => State::Taken(found.digest().to_string()),
    })
}

/// Writes a bundle's tag. One that the registry protects is judged by reading it back.
async fn put(
    registry: &BundleImages,
    at: &ImageRepository,
    bundle: &PackedBundle,
) -> Result<(), RegistryError> {
    let (tag, manifest) = (bundle.tag()?, &bundle.manifest);
    let put = registry
        .client
        .put_manifest(at, &tag, manifest, &bundle.blobs);
    match put.await {
        Ok(()) | Err(OciError::Exists(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn read_back(
    registry: &BundleImages,
    at: &ImageRepository,
    bundle: &PackedBundle,
) -> Result<Option<Digest>, RegistryError> {
    let tag = bundle.tag()?;
    for pause in READ_BACK_PAUSES {
        let found = visible(registry.client.digest_of(at, &tag).await)?;
        if found.is_some() {
            return Ok(found);
        }
        tokio::time::sleep(pause.min(registry.deadline.left())).await;
    }
    visible(registry.client.digest_of(at, &tag).await)
}
