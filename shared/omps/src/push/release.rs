//! Making packed files a release, once: its number is reserved before anything is sent, its content is looked at before
//! anybody hears of success, and what an interrupted push has left is finished.

mod dry_run;
mod reserving;
mod sending;

use serde_json::Value;

use crate::call::Call;
use crate::error::Error;
use crate::ledger::claims::Held;
use crate::ledger::{Before, Millis, Trace};
use crate::registry::{Content, Contents, Packed as _, Registry, RegistryError, Repository};
use crate::release::ReleaseVersion;
use crate::releases::Record;
use crate::telemetry;
use crate::visibility::Visibility;

use reserving::Reserved;

use super::cataloging::Cataloging;
use super::immutable_tags::ImmutableTags;
use super::numbering::Numbering;
use super::once::Claim;

/// Packed files on their way to a repository.
pub(super) struct Release<'a, R: Registry> {
    call: Call<'a>,
    registry: &'a R,
    repository: &'a Repository,
    packed: &'a R::Packed,
    wishes: &'a Wishes,
    cataloging: &'a Cataloging<'a>,
}

/// What the organization wants of its repository beside the release.
pub(super) struct Wishes {
    pub(super) visibility: Visibility,
    pub(super) immutable_tags: ImmutableTags,
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
    pub(super) fn new(
        call: Call<'a>,
        registry: &'a R,
        repository: &'a Repository,
        packed: &'a R::Packed,
        wishes: &'a Wishes,
        cataloging: &'a Cataloging<'a>,
    ) -> Self {
        Release {
            call,
            registry,
            repository,
            packed,
            wishes,
            cataloging,
        }
    }

    /// Publishes the files under the number that was asked for, or under the next one that is free.
    ///
    /// # Errors
    /// Those of pushing and of making public.
    pub(super) async fn publish(
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
        let reserved = self.reserve(&version, claim, Millis::MAX).await?;
        let attempt = match reserved {
            Reserved::Ours(held) => {
                let mode = Mode::Asked { was_absent };
                self.attempt(&version, held, claim, mode).await?
            }
            Reserved::Busy => Attempt::Taken(under_way()),
            // Another push has released it in this moment, and a push would replace that release.
            Reserved::Done { .. }
                if R::REPLACES && self.look(&version).await? == Content::Nothing =>
            {
                Attempt::Taken(RegistryError::Taken {
                    reason: "it was released a moment ago".to_owned(),
                    transient: true,
                })
            }
            // The registry refuses in its own words; or the release lacks being public, and this push repairs that.
            Reserved::Done { .. } => {
                self.cataloging.announce(self.repository, &version).await?;
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
        let mut begun = claim.begun().filter(|begun| *begun != first);
        let mut next = first;
        while !self.call.deadline.left().is_zero() {
            let version = begun.take().unwrap_or_else(|| {
                let after = next.next_major();
                std::mem::replace(&mut next, after)
            });
            if self.packed.needs(&version) {
                continue;
            }
            telemetry::note("version", version.as_str());
            let reserved = self.reserve(&version, claim, listed_at).await?;
            let Reserved::Ours(held) = reserved else {
                continue;
            };
            if let Attempt::Released(contents) =
                self.attempt(&version, held, claim, Mode::Next).await?
            {
                return Ok((version, contents));
            }
        }
        Err(no_number())
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
            Ok(Some(known)) => match self.announce(version, claim).await {
                Ok(()) => self.push_and_publish(version, known, Some(&mut held)).await,
                Err(error) => Err(Failed::unclear(error)),
            },
            Ok(None) => Ok(Attempt::Taken(another())),
            Err(error) => Err(Failed::unclear(error)),
        };
        match attempt {
            Ok(attempt) => {
                let record = self.record(&attempt, &held);
                held.done(record).await;
                Ok(attempt)
            }
            Err(Failed { error, trace }) => {
                held.give_up(trace).await;
                Err(error)
            }
        }
    }

    /// Notes which release is about to be pushed: for a repetition of the request, and for the catalog.
    async fn announce(&self, version: &ReleaseVersion, claim: &mut Claim) -> Result<(), Error> {
        claim.begin(version).await?;
        self.cataloging.announce(self.repository, version).await
    }

    /// What the ledger keeps of a number that this push made a release; nothing new of one that an earlier try of it made
    /// and recorded.
    fn record(&self, attempt: &Attempt, held: &Held) -> Option<Value> {
        match attempt {
            Attempt::Released(_) if held.granted.before == Before::Pushed && held.has_outcome() => {
                None
            }
            Attempt::Released(contents) => {
                Record::new(contents, self.packed.digest()).into_outcome()
            }
            Attempt::Taken(_) => None,
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

fn no_number() -> Error {
    Error::ServiceUnavailable(
        "No release number was free before the time of the request was up".to_owned(),
    )
}

/// Another push holds the number.
fn under_way() -> RegistryError {
    RegistryError::Taken {
        reason: "another push of this release is under way".to_owned(),
        transient: true,
    }
}

/// The registry has the release, and these are not its files.
fn another() -> RegistryError {
    RegistryError::Taken {
        reason: "with another content".to_owned(),
        transient: false,
    }
}
