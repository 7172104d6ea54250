//! One bundle's tag on its way to a registry: what it points to, reserving it, writing it and reading it back.

use std::time::Duration;

use omps_operator::report::Finding;

use super::super::oci::{Digest, ImageRepository, OciError, OciRegistry, Reference, Tag};
use super::super::{RegistryError, Repository, ledger_key};
use super::packed::{PackedBundle, PackedRelease};
use super::{BundleImages, visible};
use crate::api::BundleAnswer;
use crate::ledger::claims::{Held, LedgerError, Wish};
use crate::ledger::{Before, Millis, Refusal, Subject, Trace};

/// How long a registry gets to show what it has just taken.
const READ_BACK_PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// A bundle, and what is known of its tag.
pub(super) struct BundleTag {
    pub(super) answer: BundleAnswer,
    pub(super) digest: Digest,
    pub(super) state: State,
    /// What is said if it cannot have its tag, but for the message.
    pub(super) untagged: Option<Finding>,
}

/// What a tag points to.
pub(super) enum State {
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

impl BundleTag {
    /// What becomes of a free tag that is to be reserved.
    pub(super) async fn reserved(
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
    pub(super) async fn read_back(
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
pub(super) async fn state_of(
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
pub(super) fn release_itself(
    bundle: &PackedBundle,
    packed: &PackedRelease,
    release: &Tag,
) -> Option<State> {
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
pub(super) async fn put(
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
