//! Making packed files a release, once: its number is reserved before anything is sent, its content is looked at before
//! anybody hears of success, and what an interrupted push has left is finished.

use std::time::Duration;

use crate::api::PartlyDone;
use crate::call::Call;
use crate::error::Error;
use crate::ledger::claims::{Held, LedgerError, Wish};
use crate::ledger::{Before, Millis, Refusal, Subject, Trace, now};
use crate::registry::{Content, Contents, Packed as _, Push, Registry, RegistryError, Repository};
use crate::release::ReleaseVersion;
use crate::telemetry;

use super::numbering::Numbering;
use super::once::Claim;
use super::visibility::Visibility;

/// How long a registry gets to show what it has just taken.
const READ_BACK_PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// Packed files on their way to a repository.
pub struct Release<'a, R: Registry> {
    call: Call<'a>,
    registry: &'a R,
    repository: &'a Repository,
    packed: &'a R::Packed,
    visibility: &'a Visibility,
}

/// How a number was chosen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The caller asked for it.
    Asked {
        /// Whether the registry did not have it.
        was_absent: bool,
    },
    /// It is the next one: the registry listed its releases, and this was not among them.
    Next,
}

/// A number that this push holds, or why it does not.
enum Reserved {
    Ours(Held),
    /// Another push works on it.
    Busy,
    /// It was released before.
    Done,
}

/// What became of a number.
enum Attempt {
    /// It is the release, with this in it.
    Released(Contents),
    /// It is somebody else's release.
    Taken(RegistryError),
}

/// A push that did not end well.
struct Failed {
    error: Error,
    /// What it may have left in the registry.
    trace: Trace,
}

/// What is known of a number before its files are sent.
#[derive(Clone, Copy)]
struct Known {
    /// The registry has these files there, and they are this release.
    is_ours: bool,
    /// The registry had nothing there.
    was_absent: bool,
}

impl<'a, R: Registry> Release<'a, R> {
    /// Packed files on their way to a repository.
    pub fn new(
        call: Call<'a>,
        registry: &'a R,
        repository: &'a Repository,
        packed: &'a R::Packed,
        visibility: &'a Visibility,
    ) -> Self {
        Release {
            call,
            registry,
            repository,
            packed,
            visibility,
        }
    }

    /// Publishes the files under the number that was asked for, or under the next one that is free.
    ///
    /// # Errors
    /// Those of pushing and of making public.
    pub async fn publish(
        &self,
        numbering: Numbering,
        claim: &mut Claim,
    ) -> Result<(ReleaseVersion, Contents), Error> {
        match numbering {
            Numbering::Asked {
                version,
                was_absent,
            } => self.publish_as(version, was_absent, claim).await,
            Numbering::Next { first, listed_at } => {
                self.publish_next(first, listed_at, claim).await
            }
        }
    }

    async fn publish_as(
        &self,
        version: ReleaseVersion,
        was_absent: bool,
        claim: &mut Claim,
    ) -> Result<(ReleaseVersion, Contents), Error> {
        telemetry::note("version", version.as_str());
        let mut reserved = self.reserve(&version, claim, None).await?;
        if matches!(reserved, Reserved::Done) {
            // The registry may have lost since then what the ledger knows.
            let absent_at = now();
            if self.look(&version).await? == Content::Nothing {
                reserved = self.reserve(&version, claim, Some(absent_at)).await?;
                if matches!(reserved, Reserved::Done) && R::REPLACES {
                    return Err(Error::pushing(&RegistryError::Taken {
                        reason: "it was released a moment ago".to_owned(),
                        transient: true,
                    }));
                }
            }
        }
        let attempt = match reserved {
            Reserved::Ours(held) => {
                let mode = Mode::Asked { was_absent };
                self.attempt(&version, held, claim, mode).await?
            }
            Reserved::Busy => Attempt::Taken(RegistryError::Taken {
                reason: "another push of this release is under way".to_owned(),
                transient: true,
            }),
            // The registry refuses in its own words; or the release lacks being public, and this push repairs that.
            Reserved::Done => {
                let known = Known {
                    is_ours: false,
                    was_absent: false,
                };
                let attempt = self.push_and_publish(&version, known, None).await;
                attempt.map_err(|failed| failed.error)?
            }
        };
        match attempt {
            Attempt::Released(contents) => Ok((version, contents)),
            Attempt::Taken(error) => Err(Error::pushing(&error)),
        }
    }

    async fn publish_next(
        &self,
        first: ReleaseVersion,
        listed_at: Millis,
        claim: &mut Claim,
    ) -> Result<(ReleaseVersion, Contents), Error> {
        // What an interrupted try of this request has begun comes before every other number.
        let begun = claim.begun().filter(|begun| *begun != first);
        let mut candidates = begun.into_iter();
        let mut next = first;
        while !self.call.deadline.left().is_zero() {
            let (version, resumes) = match candidates.next() {
                Some(begun) => (begun, true),
                None => {
                    let after = next.next_major();
                    (std::mem::replace(&mut next, after), false)
                }
            };
            if self.packed.needs(&version) {
                continue;
            }
            telemetry::note("version", version.as_str());
            let absent_at = (!resumes).then_some(listed_at);
            let reserved = self.reserve(&version, claim, absent_at).await?;
            let Reserved::Ours(held) = reserved else {
                continue;
            };
            if let Attempt::Released(contents) =
                self.attempt(&version, held, claim, Mode::Next).await?
            {
                return Ok((version, contents));
            }
        }
        Err(Error::ServiceUnavailable(
            "No release number was free before the time of the request was up".to_owned(),
        ))
    }

    /// Reserves a number: nobody else pushes it until this push ends.
    async fn reserve(
        &self,
        version: &ReleaseVersion,
        claim: &Claim,
        absent_at: Option<Millis>,
    ) -> Result<Reserved, Error> {
        let key = self
            .call
            .release_key::<R>(self.repository, version.as_str());
        let wish = Wish {
            owner: claim.owner(),
            absent_at,
            ..Wish::new(key, Subject::Release, self.packed.digest().to_owned())
        };
        match self.call.app.ledger.claim(wish, self.call.deadline).await {
            Ok(held) => Ok(Reserved::Ours(held)),
            Err(LedgerError::Refused(Refusal::Busy { .. })) => Ok(Reserved::Busy),
            Err(LedgerError::Refused(_)) => Ok(Reserved::Done),
            Err(error) => Err(error.into()),
        }
    }

    /// Pushes under a number that this push holds, and notes how that ended.
    async fn attempt(
        &self,
        version: &ReleaseVersion,
        mut held: Held,
        claim: &mut Claim,
        mode: Mode,
    ) -> Result<Attempt, Error> {
        let attempt = match self.known(version, &held, mode).await {
            Ok(Some(known)) => match claim.begin(version).await {
                Ok(()) => self.push_and_publish(version, known, Some(&mut held)).await,
                Err(error) => Err(Failed::unclear(error)),
            },
            Ok(None) => Ok(Attempt::Taken(another())),
            Err(error) => Err(Failed::unclear(error)),
        };
        match attempt {
            Ok(attempt) => {
                held.done(None).await;
                Ok(attempt)
            }
            Err(Failed { error, trace }) => {
                held.give_up(trace).await;
                Err(error)
            }
        }
    }

    /// What is known of a number that this push holds; nothing when it is somebody else's release.
    async fn known(
        &self,
        version: &ReleaseVersion,
        held: &Held,
        mode: Mode,
    ) -> Result<Option<Known>, Error> {
        let there = match held.granted.before {
            Before::Nothing | Before::Outcome(_) => None,
            Before::Pushed => Some(Content::Ours),
            Before::Unclear => Some(self.look(version).await?),
        };
        // The next number of one push may hold the same files as another's: that is another release.
        let (is_asked, was_absent) = match mode {
            Mode::Asked { was_absent } => (true, was_absent),
            Mode::Next => (false, true),
        };
        let may_finish = is_asked || held.granted.is_mine;
        let known = |is_ours, was_absent| {
            Some(Known {
                is_ours,
                was_absent,
            })
        };
        Ok(match there {
            None => known(false, was_absent),
            Some(Content::Nothing) => known(false, true),
            Some(Content::Ours) if may_finish => known(true, false),
            Some(Content::Ours | Content::Other) => None,
        })
    }

    /// Sends the files, looks whether they are there, and makes them public: as soon as the registry has confirmed that
    /// the caller may push, and not before.
    async fn push_and_publish(
        &self,
        version: &ReleaseVersion,
        known: Known,
        held: Option<&mut Held>,
    ) -> Result<Attempt, Failed> {
        let registry = self.registry.within(self.call.less_reserve());
        let confirm = self.visibility.is_possible();
        let uploaded = registry.upload(self.repository, version, self.packed, confirm);
        let mut uploaded = match uploaded.await {
            Ok(uploaded) => uploaded,
            Err(error @ RegistryError::Taken { .. }) => return Ok(Attempt::Taken(error)),
            Err(error) => return Err(Failed::before(Error::pushing(&error))),
        };
        let (mut was_private, mut warnings) = (None, Vec::new());
        if R::CONFIRMS_BY_UPLOAD {
            was_private = Some(self.lacks_publishing().await);
            match self.make_public(PartlyDone::default()).await {
                Ok(left_undone) => warnings = left_undone,
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
            && self.visibility.is_possible()
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
    async fn lacks_publishing(&self) -> bool {
        let Some(oauth) = self.visibility.oauth() else {
            return false;
        };
        let private = self.registry.is_private(self.repository, oauth).await;
        private.unwrap_or(false)
    }

    async fn make_public(&self, done: PartlyDone) -> Result<Vec<String>, Error> {
        let (registry, repository) = (self.registry, self.repository);
        self.visibility
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
    async fn look(&self, version: &ReleaseVersion) -> Result<Content, Error> {
        let content = self.content(version).await;
        content.map_err(|error| Error::listing(self.repository, &error))
    }

    async fn content(&self, version: &ReleaseVersion) -> Result<Content, RegistryError> {
        self.registry
            .content(self.repository, version, self.packed)
            .await
    }
}

impl Failed {
    /// The registry does not have the release.
    fn before(error: Error) -> Self {
        Failed {
            error,
            trace: Trace::None,
        }
    }

    /// The registry may have the release: who comes next has to ask.
    fn unclear(error: Error) -> Self {
        Failed {
            error,
            trace: Trace::Unclear,
        }
    }
}

/// The registry has the release, and these are not its files.
fn another() -> RegistryError {
    RegistryError::Taken {
        reason: "with another content".to_owned(),
        transient: false,
    }
}
