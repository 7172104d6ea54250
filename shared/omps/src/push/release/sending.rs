//! Sending a release whose number is reserved: upload, push, a look whether the content is there, and publishing.

use std::time::Duration;

use super::{Attempt, Failed, Known, Release, Wishes, another};
use crate::api::PartlyDone;
use crate::error::Error;
use crate::ledger::claims::Held;
use crate::registry::{Content, Contents, Push, Registry, RegistryError};
use crate::release::ReleaseVersion;

/// How long a registry gets to show what it has just taken.
const READ_BACK_PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

impl<R: Registry> Release<'_, R> {
    /// Sends the files, looks whether they are there, and makes them public: as soon as the registry has confirmed that
    /// the caller may push, and not before.
    pub(super) async fn push_and_publish(
        &self,
        version: &ReleaseVersion,
        known: Known,
        held: Option<&mut Held>,
    ) -> Result<Attempt, Failed> {
        let call = self.call.less_reserve();
        let registry = self.registry.within(call.upstream("Quay"), call.deadline);
        let Wishes {
            visibility,
            immutable_tags,
        } = self.wishes;
        let confirm = visibility.is_possible() || immutable_tags.are_possible();
        let uploaded = registry.upload(self.repository, version, self.packed, confirm);
        let mut uploaded = match uploaded.await {
            Ok(uploaded) => uploaded,
            Err(error @ RegistryError::Taken { .. }) => return Ok(Attempt::Taken(error)),
            Err(error) => return Err(Failed::before(Error::pushing(&error))),
        };
        let (mut was_private, mut warnings) = (None, Vec::new());
        if R::CONFIRMS_BY_UPLOAD {
            was_private = Some(self.lacks_publishing().await);
            let (published, replaceable) = tokio::join!(
                self.make_public(PartlyDone::default()),
                immutable_tags.protect(self.call, self.registry, self.repository)
            );
            match published {
                Ok(left_undone) => warnings = [left_undone, replaceable].concat(),
                Err(error) => {
                    registry.give_up(uploaded).await;
                    return Err(Failed::before(error));
                }
            }
        }
        let pushed = registry.push(self.repository, version, self.packed, &mut uploaded);
        let pushed = pushed.await;
        let pushed = pushed.map_err(|error| Failed::before(Error::pushing(&error)))?;
        if let Some(taken) = self.taken(version, known, pushed, was_private).await? {
            return Ok(Attempt::Taken(taken));
        }
        if !R::CONFIRMS_BY_UPLOAD {
            let published = self.publish_pushed(version, held).await;
            warnings = published.map_err(Failed::unclear)?;
        }
        let mut contents: Contents = uploaded.into();
        contents.warnings.extend(warnings);
        Ok(Attempt::Released(contents))
    }

    /// Makes public what is pushed. Who comes after a failure knows that this is all that is left to do.
    async fn publish_pushed(
        &self,
        version: &ReleaseVersion,
        held: Option<&mut Held>,
    ) -> Result<Vec<String>, Error> {
        if let Some(held) = held
            && self.wishes.visibility.is_possible()
        {
            held.pushed().await?;
        }
        let done = PartlyDone {
            pushed: Some(true),
            version: Some(version.to_string()),
            ..PartlyDone::default()
        };
        self.make_public(done).await
    }

    /// Looks whether the files are there after a push; the answer is who has the number instead. The caller's right to
    /// push is confirmed by the registry's own answer, or by files that were not there before: a look alone confirms
    /// nothing.
    async fn taken(
        &self,
        version: &ReleaseVersion,
        known: Known,
        pushed: Push,
        was_private: Option<bool>,
    ) -> Result<Option<RegistryError>, Failed> {
        let unclear = |error: &RegistryError| Failed::unclear(Error::pushing(error));
        let there = self.read_back(version).await;
        match pushed {
            Push::Written => match there.map_err(|error| unclear(&error))? {
                Content::Ours => Ok(None),
                Content::Other => Ok(Some(another())),
                Content::Nothing => Err(unclear(&RegistryError::Unreachable(format!(
                    "Quay took release {version}, and does not have it"
                )))),
            },
            Push::Exists { error, repeated } => {
                let may_be_ours = known.is_ours || repeated;
                let lacked_publishing = async || match was_private {
                    Some(was_private) => was_private,
                    None => self.lacks_publishing().await,
                };
                match there.map_err(|error| unclear(&error))? {
                    Content::Ours if may_be_ours || lacked_publishing().await => Ok(None),
                    Content::Nothing if may_be_ours => {
                        Err(unclear(&RegistryError::Unreachable(format!(
                            "Quay has a release {version}, and whether this push made it could not be found out"
                        ))))
                    }
                    _ => Ok(Some(error)),
                }
            }
            Push::Unclear(error) => match there {
                Ok(Content::Ours) if known.was_absent => Ok(None),
                Ok(Content::Other) => Ok(Some(another())),
                _ => Err(unclear(&error)),
            },
        }
    }

    /// Whether all that a release of this content lacks is being public: then a push of it makes it public.
    pub(super) async fn lacks_publishing(&self) -> bool {
        let Some(oauth) = self.wishes.visibility.oauth() else {
            return false;
        };
        let private = self.registry.is_private(self.repository, oauth).await;
        private.unwrap_or(false)
    }

    async fn make_public(&self, done: PartlyDone) -> Result<Vec<String>, Error> {
        let (registry, repository) = (self.registry, self.repository);
        self.wishes
            .visibility
            .make_public(self.call, registry, repository, done)
            .await
    }

    /// What the registry has under a number that it answered about a moment ago: a replica may need that long to know it.
    async fn read_back(&self, version: &ReleaseVersion) -> Result<Content, RegistryError> {
        for pause in READ_BACK_PAUSES {
            match self.content(version).await {
                Ok(Content::Nothing) => {
                    tokio::time::sleep(pause.min(self.call.deadline.left())).await;
                }
                content => return content,
            }
        }
        self.content(version).await
    }

    /// What the registry has under a number; that it cannot be asked ends the push.
    pub(super) async fn look(&self, version: &ReleaseVersion) -> Result<Content, Error> {
        let content = self.content(version).await;
        content.map_err(|error| Error::listing(self.repository, &error))
    }

    async fn content(&self, version: &ReleaseVersion) -> Result<Content, RegistryError> {
        self.registry
            .content(self.repository, version, self.packed)
            .await
    }
}
