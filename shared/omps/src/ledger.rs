//! The state machine of the ledger's entries: for releases, for requests that may be repeated, and for the order of
//! builds. It is pure: from an entry, a step and the time it computes the next entry, or refuses the step.
//!
//! | entry | who claims it, and why |
//! |---|---|
//! | a *release* of a repository, by its name | a push reserves it before it sends the first byte, so that no other push uses it |
//! | a *bundle* of a repository, by its tag | a push holds it, so that no push of another content, or of a release, uses the tag |
//! | a *request* (idempotency key, upload, event) | a push holds it, so that a repetition waits, and then gets the same answer |
//! | the *newest* build of a package | a push by event holds it, so that builds are released in the order of their completion |
//! | the *catalog* of an organization | whoever moves its tag holds it; what is to be done for it waits in the entry ([`pending`]) |
//!
//! A claim holds an entry until a given time. If the holder dies, the entry stays as it is. After that time another
//! process can take the entry over; [`Granted`] says what the dead holder may have done. The tests print every
//! transition as a table. The stores contain none of these rules: they only compare and swap whole entries
//! ([`claims`]).

pub(crate) mod claims;
mod dynamo_db;
mod memory;
pub(crate) mod pending;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use pending::Queue;

/// Milliseconds since 1970.
pub(crate) type Millis = u64;

/// The kind of an entry. It decides who may claim an entry that is held or done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// A release of a repository: it is created once.
    Release,
    /// The tag of a bundle: every push with that content may write it, several at once as well.
    Bundle,
    /// A request that may be repeated: every repetition gets the first answer.
    Request,
    /// The newest released build of a package: one build after the other claims it.
    Newest,
    /// The catalog of an organization: one writer after the other holds it.
    Catalog,
}

/// The state of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Nobody holds it: it was given up, or deleted.
    Free,
    /// Somebody holds it, and the registry has confirmed nothing yet.
    Reserved,
    /// The registry has confirmed the release. It may still have to be made public.
    Pushed,
    /// The work is finished.
    Done,
    /// Somebody is deleting the release.
    Deleting,
}

/// One entry. A store replaces it as a whole, and only if it has not changed since it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The number of changes so far.
    pub revision: u64,
    /// The state.
    pub state: State,
    /// The present or last holder: a random id for each attempt.
    pub holder: String,
    /// The request that the holder works for; empty if the request has no identity.
    pub owner: String,
    /// When others may take it over.
    pub held_until: Millis,
    /// The digest of the release's content, or of the request.
    pub content: String,
    /// The release that the holder of a request started to push.
    pub begun: Option<String>,
    /// The result: the answer to a request, or the newest build of a package.
    pub outcome: Option<Value>,
    /// What the next holder is asked to do, in the order in which it was asked for; of a catalog.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<Value>,
    /// The time of the last change.
    pub changed_at: Millis,
    /// The time from which the entry counts as free.
    pub forgotten_at: Millis,
}

/// A change that a process requests for an entry.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// To hold it for a push.
    Claim(Claim),
    /// To hold it in order to delete the release.
    Delete(Claim),
    /// To ask whoever holds it next for some work.
    Queue(Queue),
    /// The holder records its progress.
    Note {
        /// The id of the holder.
        holder: String,
        /// The progress.
        note: Note,
    },
}

/// A request to hold an entry.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    /// The kind of the entry.
    pub subject: Subject,
    /// A random id for this attempt.
    pub holder: String,
    /// The request that the holder works for; empty if the request has no identity.
    pub owner: String,
    /// When others may take it over.
    pub until: Millis,
    /// The digest of the release's content, or of the request.
    pub content: String,
    /// The revision of an entry that says that the release exists, although the registry does not have it (any more).
    pub refuted: Option<u64>,
    /// The time from which the entry counts as free.
    pub forgotten_at: Millis,
}

/// The progress that the holder of an entry records.
#[derive(Debug, Clone)]
pub(crate) enum Note {
    /// The holder starts to push this release.
    Begun(String),
    /// The registry has confirmed the release.
    Pushed,
    /// The work is finished, with this result.
    Done(Option<Value>),
    /// The holder gives the entry up.
    GivenUp(Trace),
    /// The registry has confirmed that the release is deleted.
    Deleted,
    /// Some of the pending work is done, with this result.
    Settled {
        /// What is done.
        done: Vec<Value>,
        /// The result.
        outcome: Value,
    },
}

/// What the registry may have after the holder gave up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    /// The release is certainly not in the registry.
    None,
    /// The release may be in the registry: the next holder has to check.
    Unclear,
}

/// A claim that was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// What the earlier holders have done.
    pub before: Before,
    /// Whether the previous holder worked for the same request.
    pub is_mine: bool,
}

/// What the earlier holders have done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// Nothing: there was no holder, or each gave up without a trace.
    Nothing,
    /// The release may be in the registry: the holder has to check.
    Unclear,
    /// The release is in the registry. It may still have to be made public.
    Pushed,
    /// The result of the earlier claims.
    Outcome(Option<Value>),
}

/// Why a step is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Another process holds the entry.
    Busy {
        /// The time at which its claim ends at the latest.
        until: Millis,
    },
    /// The request was answered before, with this result.
    Replay(Option<Value>),
    /// The entry is done, or it is for another content.
    Conflict {
        /// The result, if there is one.
        outcome: Option<Value>,
        /// The entry's revision.
        revision: u64,
        /// When it was changed last.
        changed_at: Millis,
    },
    /// Another process has taken the entry over.
    Lost,
    /// So much work is pending that no more is taken.
    Full,
}

/// The answer to a claim on an entry that had no holder before.
const FRESH: Granted = Granted {
    before: Before::Nothing,
    is_mine: false,
};

/// Applies a step to an entry.
///
/// # Errors
/// [`Refusal`]: the entry does not change.
pub(crate) fn take(
    entry: Option<&Entry>,
    step: &Step,
    now: Millis,
) -> Result<(Entry, Granted), Refusal> {
    // An entry whose time is over is free, whether the store has deleted it or not.
    let free = entry
        .filter(|entry| entry.forgotten_at <= now)
        .map(|entry| Entry {
            state: State::Free,
            ..entry.clone()
        });
    let entry = free.as_ref().or(entry);
    match step {
        Step::Claim(claim) => claimed(entry, claim, now),
        Step::Delete(claim) => deleting(entry, claim, now),
        Step::Queue(queue) => Ok((queue.onto(entry, now)?, FRESH)),
        Step::Note { holder, note } => {
            let held = entry.filter(|entry| entry.holder == *holder);
            let next = noted(held.ok_or(Refusal::Lost)?, note, now)?;
            Ok((next, FRESH))
        }
    }
}

/// Decides whether a claim is granted, and what its holder learns about the earlier holders.
fn claimed(entry: Option<&Entry>, claim: &Claim, now: Millis) -> Result<(Entry, Granted), Refusal> {
    let Some(before) = entry else {
        return Ok((claim.entry(None, State::Reserved, now), FRESH));
    };
    let is_mine = !claim.owner.is_empty() && before.owner == claim.owner;
    let is_held = before.held_until > now && !is_mine;
    let is_same = before.content == claim.content;
    let is_gone = claim.refuted == Some(before.revision);
    let is_done = before.state == State::Done;
    let outcome = || before.outcome.clone();
    let busy = Err(Refusal::Busy {
        until: before.held_until,
    });
    let conflict = || {
        Err(Refusal::Conflict {
            outcome: outcome(),
            revision: before.revision,
            changed_at: before.changed_at,
        })
    };
    let granted = |state, left| {
        let entry = claim.entry(Some(before), state, now);
        Ok((
            entry,
            Granted {
                before: left,
                is_mine,
            },
        ))
    };
    match (before.state, claim.subject) {
        (State::Free, _) => granted(State::Reserved, Before::Nothing),

        // The same bundle: whoever writes it, it is the same.
        (State::Reserved | State::Done, Subject::Bundle) if is_same && (is_held || is_done) => {
            Err(Refusal::Replay(outcome()))
        }

        (State::Reserved | State::Pushed | State::Deleting, _) if is_held => busy,
        (State::Reserved, Subject::Request) if !is_same => conflict(),
        (State::Reserved, Subject::Newest | Subject::Catalog) => {
            granted(State::Reserved, Before::Outcome(outcome()))
        }
        (State::Reserved | State::Deleting, _) => granted(State::Reserved, Before::Unclear),
        (State::Pushed | State::Done, Subject::Release | Subject::Bundle) if is_gone => {
            granted(State::Reserved, Before::Unclear)
        }
        (State::Pushed, _) if is_same => granted(State::Pushed, Before::Pushed),
        (State::Pushed, _) => conflict(),

        (State::Done, Subject::Newest | Subject::Catalog) => {
            granted(State::Reserved, Before::Outcome(outcome()))
        }
        (State::Done, Subject::Request) if is_same => Err(Refusal::Replay(outcome())),
        // The previous holder died after the release was done and before the answer was sent.
        (State::Done, Subject::Release) if is_same && is_mine => {
            granted(State::Pushed, Before::Pushed)
        }
        (State::Done, Subject::Request | Subject::Release | Subject::Bundle) => conflict(),
    }
}

/// Allows the deletion of a release unless another process is pushing or deleting it.
fn deleting(
    entry: Option<&Entry>,
    claim: &Claim,
    now: Millis,
) -> Result<(Entry, Granted), Refusal> {
    if let Some(Entry {
        state: State::Reserved | State::Pushed | State::Deleting,
        held_until,
        ..
    }) = entry
        && *held_until > now
    {
        return Err(Refusal::Busy { until: *held_until });
    }
    Ok((claim.entry(entry, State::Deleting, now), FRESH))
}

/// Applies a note of the holder to its entry.
fn noted(held: &Entry, note: &Note, now: Millis) -> Result<Entry, Refusal> {
    let next = |state| Entry {
        revision: held.revision + 1,
        state,
        changed_at: now,
        ..held.clone()
    };
    match (held.state, note) {
        (State::Reserved, Note::Begun(release)) => Ok(Entry {
            begun: Some(release.clone()),
            ..next(State::Reserved)
        }),
        (State::Reserved, Note::Pushed) => Ok(next(State::Pushed)),
        (State::Reserved | State::Pushed, Note::Done(outcome)) => Ok(Entry {
            outcome: outcome.clone().or_else(|| held.outcome.clone()),
            held_until: 0,
            ..next(State::Done)
        }),
        (State::Reserved, Note::Settled { done, outcome }) => Ok(Entry {
            outcome: Some(outcome.clone()),
            pending: pending::without(&held.pending, done),
            held_until: 0,
            ..next(State::Done)
        }),
        (State::Deleting, Note::Deleted) | (State::Reserved, Note::GivenUp(Trace::None)) => {
            Ok(Entry {
                held_until: 0,
                ..next(State::Free)
            })
        }
        (state @ (State::Reserved | State::Pushed | State::Deleting), Note::GivenUp(_)) => {
            Ok(Entry {
                held_until: 0,
                ..next(state)
            })
        }
        _ => Err(Refusal::Lost),
    }
}

impl Claim {
    /// The entry after this claim is granted.
    fn entry(&self, before: Option<&Entry>, state: State, now: Millis) -> Entry {
        // A free entry keeps nothing. An entry that is taken over keeps the notes of the previous holder.
        let kept = before.filter(|before| before.state != State::Free);
        Entry {
            revision: before.map_or(0, |before| before.revision) + 1,
            state,
            holder: self.holder.clone(),
            owner: self.owner.clone(),
            held_until: self.until,
            content: self.content.clone(),
            begun: kept.and_then(|before| before.begun.clone()),
            outcome: kept.and_then(|before| before.outcome.clone()),
            pending: before.map_or_else(Vec::new, |before| before.pending.clone()),
            changed_at: now,
            forgotten_at: self.forgotten_at,
        }
    }
}

/// The present time, from this machine's clock.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    millis(since.unwrap_or_default())
}

/// A duration in milliseconds.
pub(crate) fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}
