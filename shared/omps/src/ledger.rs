//! What happens to an entry of the ledger: one machine for releases, for requests that may come again, and for the order
//! of builds. Pure: an entry, a step and the time in; the next entry or a refusal out.
//!
//! | entry | who claims it, and why |
//! |---|---|
//! | a *release* of a repository | a push reserves it before the first byte goes out, so that no other push takes it |
//! | a *bundle* of a repository, by its tag | a push holds it, so that no push of another content takes the tag |
//! | a *request* (idempotency key, upload, event) | a push holds it, so that a repetition waits, and later gets the same answer |
//! | the *newest* build of a package | a push by event holds it, so that builds are released in the order in which they ended |
//!
//! Whoever claims an entry holds it until a time. A holder that dies leaves the entry as it is; who comes after that time
//! takes it over, and knows by [`Granted`] what the dead holder may have done. The tests print every transition as a
//! table. The stores know nothing of this: they only compare and swap whole entries ([`claims`]).

pub mod claims;
mod dynamo_db;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Milliseconds since 1970.
pub type Millis = u64;

/// How much the clocks of two processes may differ.
const CLOCK_SKEW: Millis = 60_000;

/// What an entry stands for; it decides who may claim what is held, or done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// A release of a repository: made once.
    Release,
    /// The tag of a bundle: made by whoever has that content, several at once as well.
    Bundle,
    /// A request that may come again: answered as the first time.
    Request,
    /// The newest released build of a package: claimed by one build after the other.
    Newest,
}

/// Where an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nobody has it: it was given up, or deleted.
    Free,
    /// Somebody works on it, and nothing is known to be in the registry.
    Reserved,
    /// The registry has confirmed the release; it is not public yet, where it is to be.
    Pushed,
    /// Nothing is left to do.
    Done,
    /// Somebody deletes the release.
    Deleting,
}

/// One entry. A store swaps it as a whole, and only for the one that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts the changes.
    pub revision: u64,
    /// Where it is.
    pub state: State,
    /// Who holds it, or held it last: a random id for each attempt.
    pub holder: String,
    /// The request on whose behalf it is held; empty when that has no identity.
    pub owner: String,
    /// When others may take it over.
    pub held_until: Millis,
    /// What is released, or asked for: a digest.
    pub content: String,
    /// The release that the holder of a request was about to push.
    pub begun: Option<String>,
    /// What came of it: the answer to a request, the newest build of a package.
    pub outcome: Option<Value>,
    /// When it was changed last.
    pub changed_at: Millis,
    /// When nobody needs it any more.
    pub forgotten_at: Millis,
}

/// What is asked of an entry.
#[derive(Debug, Clone)]
pub enum Step {
    /// To hold it.
    Claim(Claim),
    /// To hold it for deleting the release.
    Delete(Claim),
    /// Its holder notes something.
    Note {
        /// Who says so.
        holder: String,
        /// What.
        note: Note,
    },
}

/// The wish to hold an entry.
#[derive(Debug, Clone)]
pub struct Claim {
    /// What the entry stands for.
    pub subject: Subject,
    /// A random id.
    pub holder: String,
    /// The request on whose behalf; empty when that has no identity.
    pub owner: String,
    /// When others may take it over.
    pub until: Millis,
    /// What is to be released, or is asked for: a digest.
    pub content: String,
    /// When the registry was seen not to have the release: an entry that was done well before is of the past.
    pub absent_at: Option<Millis>,
    /// When nobody needs the entry any more.
    pub forgotten_at: Millis,
}

/// What the holder of an entry notes.
#[derive(Debug, Clone)]
pub enum Note {
    /// It is about to push this release.
    Begun(String),
    /// The registry has confirmed the release.
    Pushed,
    /// Nothing is left to do.
    Done(Option<Value>),
    /// The holder gives it up.
    GivenUp(Trace),
    /// The registry has confirmed that the release is gone.
    Deleted,
}

/// What a holder that gives up may have left in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    /// Nothing, for sure.
    None,
    /// The release may be there: who comes next has to ask.
    Unclear,
}

/// A claim that was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// What the holders before have left.
    pub before: Before,
    /// Whether the holder before worked on behalf of the same request.
    pub is_mine: bool,
}

/// What the holders before have left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// Nothing: nobody was there, or all was given up.
    Nothing,
    /// The release may be in the registry: that has to be asked.
    Unclear,
    /// The release is in the registry, and may lack being public.
    Pushed,
    /// What came of the claims before.
    Outcome(Option<Value>),
}

/// Why a step is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody else holds it.
    Busy {
        /// Until then at most.
        until: Millis,
    },
    /// It is done with this very content: a request is answered with what came of it then.
    Replay(Option<Value>),
    /// It is done, or taken for another content.
    Conflict {
        /// What came of it.
        outcome: Option<Value>,
    },
    /// Somebody else has taken it over.
    Lost,
}

/// A claim of what nobody had before.
const FRESH: Granted = Granted {
    before: Before::Nothing,
    is_mine: false,
};

/// Takes a step.
///
/// # Errors
/// [`Refusal`]: the entry stays as it is.
pub fn take(entry: Option<&Entry>, step: &Step, now: Millis) -> Result<(Entry, Granted), Refusal> {
    // What nobody needs any more is free, whether the store has deleted it or not.
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
        Step::Note { holder, note } => {
            let held = entry.filter(|entry| entry.holder == *holder);
            let next = noted(held.ok_or(Refusal::Lost)?, note, now)?;
            Ok((next, FRESH))
        }
    }
}

/// Who may hold an entry, and what it then knows.
fn claimed(entry: Option<&Entry>, claim: &Claim, now: Millis) -> Result<(Entry, Granted), Refusal> {
    let Some(before) = entry else {
        return Ok((claim.entry(None, State::Reserved, now), FRESH));
    };
    let is_mine = !claim.owner.is_empty() && before.owner == claim.owner;
    let is_held = before.held_until > now && !is_mine;
    let is_same = before.content == claim.content;
    let is_done = before.state == State::Done;
    let is_gone = claim
        .absent_at
        .is_some_and(|absent_at| before.changed_at + CLOCK_SKEW < absent_at);
    let outcome = || before.outcome.clone();
    let busy = Err(Refusal::Busy {
        until: before.held_until,
    });
    let conflict = || Err(Refusal::Conflict { outcome: outcome() });
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
        (State::Reserved, Subject::Newest) => granted(State::Reserved, Before::Outcome(outcome())),
        (State::Reserved | State::Deleting, _) => granted(State::Reserved, Before::Unclear),
        (State::Pushed | State::Done, Subject::Release | Subject::Bundle) if is_gone => {
            granted(State::Reserved, Before::Unclear)
        }
        (State::Pushed, _) if is_same => granted(State::Pushed, Before::Pushed),
        (State::Pushed, _) => conflict(),

        (State::Done, Subject::Newest) => granted(State::Reserved, Before::Outcome(outcome())),
        (State::Done, Subject::Request) if is_same => Err(Refusal::Replay(outcome())),
        // The holder died between the release and the answer.
        (State::Done, Subject::Release) if is_same && is_mine => {
            granted(State::Pushed, Before::Pushed)
        }
        (State::Done, Subject::Request | Subject::Release | Subject::Bundle) => conflict(),
    }
}

/// A release may be deleted unless somebody is about to push or delete it.
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

/// What a note makes of an entry that its writer holds.
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
    /// The entry that this claim makes of the one before.
    fn entry(&self, before: Option<&Entry>, state: State, now: Millis) -> Entry {
        // What is free remembers nothing; what is taken over keeps what the one before noted.
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
            changed_at: now,
            forgotten_at: self.forgotten_at,
        }
    }
}

/// The time on this machine's clock.
pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    millis(since.unwrap_or_default())
}

/// A duration in the ledger's unit.
pub fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}
