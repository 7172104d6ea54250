//! Reserving a number in the ledger, so that no other push uses it.

use super::Release;
use crate::error::Error;
use crate::ledger::claims::{Held, LedgerError, Wish};
use crate::ledger::{Millis, Refusal, Subject};
use crate::push::once::Claim;
use crate::registry::{Content, Packed as _, Registry};
use crate::release::ReleaseVersion;

/// A number that this push holds, or why it does not.
pub(super) enum Reserved<T> {
    Ours(T),
    /// Another push works on it.
    Busy,
    /// It was released before, as an entry of the ledger says.
    Done {
        /// The entry's revision.
        revision: u64,
        /// When it was changed last.
        changed_at: Millis,
    },
}

impl<R: Registry> Release<'_, R> {
    /// Reserves a number: nobody else pushes it until this push ends. What the ledger has known since before `listed_at`
    /// is compared with the registry, where the release may have been deleted.
    pub(super) async fn reserve(
        &self,
        version: &ReleaseVersion,
        claim: &Claim,
        listed_at: Millis,
    ) -> Result<Reserved<Held>, Error> {
        match self.try_to_reserve(version, claim, None).await? {
            Reserved::Done {
                revision,
                changed_at,
            } if changed_at < listed_at && self.look(version).await? == Content::Nothing => {
                self.try_to_reserve(version, claim, Some(revision)).await
            }
            reserved => Ok(reserved),
        }
    }

    async fn try_to_reserve(
        &self,
        version: &ReleaseVersion,
        claim: &Claim,
        refuted: Option<u64>,
    ) -> Result<Reserved<Held>, Error> {
        let wish = Wish {
            owner: claim.owner(),
            refuted,
            ..self.wish(version)
        };
        Reserved::of(self.call.app.ledger.claim(wish, self.call.deadline).await)
    }

    pub(super) fn wish(&self, version: &ReleaseVersion) -> Wish {
        let key = self
            .call
            .release_key::<R>(self.repository, version.as_str());
        Wish::new(key, Subject::Release, self.packed.digest().to_owned())
    }
}

impl<T> Reserved<T> {
    /// What the ledger's answer says.
    pub(super) fn of(claimed: Result<T, LedgerError>) -> Result<Self, Error> {
        match claimed {
            Ok(ours) => Ok(Reserved::Ours(ours)),
            Err(LedgerError::Refused(Refusal::Busy { .. })) => Ok(Reserved::Busy),
            Err(LedgerError::Refused(Refusal::Conflict {
                revision,
                changed_at,
                ..
            })) => Ok(Reserved::Done {
                revision,
                changed_at,
            }),
            Err(error) => Err(error.into()),
        }
    }
}
