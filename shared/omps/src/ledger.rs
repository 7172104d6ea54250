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
mod entry;
mod memory;
pub(crate) mod pending;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

pub(crate) use entry::{Before, Claim, Entry, Granted, Note, Refusal, State, Step, Subject, Trace};

/// Milliseconds since 1970.
pub(crate) type Millis = u64;

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
