//! An entry of the ledger, the steps that processes request, and the answers to them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Millis;
use super::pending::Queue;

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
