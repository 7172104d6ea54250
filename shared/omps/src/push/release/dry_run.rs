//! What a push at this moment would become: the same questions to the ledger and the registry, and no answer is acted on.

use super::{Release, Reserved, another, under_way};
use crate::error::Error;
use crate::ledger::{Before, Millis};
use crate::push::numbering::Numbering;
use crate::registry::{Content, Contents, Packed as _, Registry, RegistryError};
use crate::release::ReleaseVersion;
use crate::telemetry;

impl<R: Registry> Release<'_, R> {
    /// The release that a push would make. Nothing is reserved: the next push may take its number.
    ///
    /// # Errors
    /// Those of a push, as far as nothing but a push finds them out.
    pub(in crate::push) async fn foresee(
        &self,
        numbering: Numbering,
    ) -> Result<(ReleaseVersion, Contents), Error> {
        let version = match numbering {
            Numbering::Asked { version, .. } => {
                self.check(&version).await?;
                version
            }
            Numbering::Next { first, listed_at } => self.next_free(first, listed_at).await?,
        };
        telemetry::note("version", version.as_str());
        let foreseen = self
            .registry
            .foresee(self.repository, &version, self.packed);
        let mut contents = foreseen.await.map_err(|error| Error::pushing(&error))?;
        let (name, wishes) = (&self.repository.organization, self.wishes);
        contents
            .warnings
            .extend(wishes.visibility.left_undone(name));
        let left_undone = wishes.immutable_tags.left_undone(name);
        contents.warnings.extend(left_undone);
        Ok((version, contents))
    }

    /// Refuses a version that a push would be refused.
    async fn check(&self, version: &ReleaseVersion) -> Result<(), Error> {
        let reserved = self.foresee_reservation(version).await?;
        if let Reserved::Busy = reserved {
            return Err(Error::pushing(&under_way()));
        }
        // A push finishes what one before it has left.
        let may_finish = matches!(reserved, Reserved::Ours(Before::Unclear | Before::Pushed));
        let error = match self.look(version).await? {
            Content::Nothing => return Ok(()),
            Content::Ours if may_finish => return Ok(()),
            Content::Ours => RegistryError::Taken {
                reason: "with this content".to_owned(),
                transient: false,
            },
            Content::Other => another(),
        };
        Err(Error::pushing(&error))
    }

    /// The next number that nobody holds and that the registry has nothing under.
    async fn next_free(
        &self,
        first: ReleaseVersion,
        listed_at: Millis,
    ) -> Result<ReleaseVersion, Error> {
        let mut next = first;
        while !self.call.deadline.left().is_zero() {
            if !self.packed.needs(&next) && self.is_free(&next, listed_at).await? {
                return Ok(next);
            }
            next = next.next_major();
        }
        Err(super::no_number())
    }

    async fn is_free(&self, version: &ReleaseVersion, listed_at: Millis) -> Result<bool, Error> {
        match self.foresee_reservation(version).await? {
            Reserved::Busy | Reserved::Ours(Before::Pushed) => Ok(false),
            Reserved::Done { changed_at, .. } if changed_at >= listed_at => Ok(false),
            Reserved::Ours(_) | Reserved::Done { .. } => {
                Ok(self.look(version).await? == Content::Nothing)
            }
        }
    }

    async fn foresee_reservation(
        &self,
        version: &ReleaseVersion,
    ) -> Result<Reserved<Before>, Error> {
        let (ledger, wish) = (&self.call.app.ledger, self.wish(version));
        let granted = ledger.foresee(wish, self.call.deadline).await;
        Reserved::of(granted.map(|granted| granted.before))
    }
}
