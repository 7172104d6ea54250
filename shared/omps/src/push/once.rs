//! A push that may be asked for again is done once: the first request with an identity pushes, those after it get the
//! same answer, and one that was interrupted is finished.

use std::time::Duration;

use serde_json::Value;

use crate::api::PushAnswer;
use crate::call::Call;
use crate::error::Error;
use crate::ledger::claims::{Held, LedgerError, Wish};
use crate::ledger::{Refusal, Subject, Trace};
use crate::release::ReleaseVersion;

/// By what a request is known when it comes again.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// What it comes from.
    pub kind: Kind,
    /// The text that is the same when it comes again.
    pub key: String,
    /// A digest of everything that is asked for: a request that has the same key and asks for something else is
    /// another request.
    pub content: String,
}

/// What gives a request its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The header `Idempotency-Key`.
    Key,
    /// An upload, which is pushed once.
    Upload,
    /// A message of the queue, which may be delivered more than once.
    Event,
}

/// What becomes of a request.
pub(super) enum Begun {
    /// It is to be done now.
    Now(Claim),
    /// It was answered with this before.
    Before(Value),
}

/// The right to do what a request asks for. A request without identity needs none.
pub(super) struct Claim(Option<(Held, String)>);

/// Claims a request.
///
/// # Errors
/// Somebody else works on it, it asks for something else than before, or the ledger cannot be used.
pub(super) async fn begin(call: Call<'_>, identity: Option<&Identity>) -> Result<Begun, Error> {
    let Some(identity) = identity else {
        return Ok(Begun::Now(Claim(None)));
    };
    let mut wish = Wish::new(
        format!("request/{}", identity.key),
        Subject::Request,
        identity.content.clone(),
    );
    if identity.kind == Kind::Key {
        /// How long a key is known.
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        wish.known_for = DAY;
    }
    match call.app.ledger.claim(wish, call.deadline).await {
        Ok(held) => Ok(Begun::Now(Claim(Some((held, identity.key.clone()))))),
        Err(LedgerError::Refused(Refusal::Replay(Some(answer)))) => Ok(Begun::Before(answer)),
        Err(LedgerError::Refused(refusal)) => Err(identity.refused(&refusal)),
        Err(error) => Err(error.into()),
    }
}

impl Identity {
    fn refused(&self, refusal: &Refusal) -> Error {
        let release = match refusal {
            Refusal::Conflict {
                outcome: Some(answer),
                ..
            } => pushed_as(answer),
            _ => String::new(),
        };
        match (self.kind, refusal) {
            (Kind::Key, Refusal::Conflict { .. }) => Error::KeyReuse,
            (Kind::Key, _) => Error::KeyInUse,
            (Kind::Upload, Refusal::Conflict { .. }) => Error::UploadedFile(format!(
                "The upload was asked for before with another path or query{release}; an upload is pushed once"
            )),
            (Kind::Upload, _) => Error::ServiceUnavailable(
                "The upload is being pushed by another request".to_owned(),
            ),
            (Kind::Event, _) => Error::ServiceUnavailable(
                "The same is being pushed for another delivery of this message".to_owned(),
            ),
        }
    }
}

/// What an answer says of the release.
fn pushed_as(answer: &Value) -> String {
    let text = |member| answer.get(member).and_then(Value::as_str);
    match (text("repo"), text("version")) {
        (Some(repo), Some(version)) => format!(", and became release {version} of {repo}"),
        _ => String::new(),
    }
}

impl Claim {
    /// The request's identity, for what is reserved on its behalf; empty when it has none.
    pub(super) fn owner(&self) -> String {
        self.0
            .as_ref()
            .map_or(String::new(), |(_, key)| key.clone())
    }

    /// The release that an interrupted try of the same request was about to push.
    pub(super) fn begun(&self) -> Option<ReleaseVersion> {
        let (held, _) = self.0.as_ref()?;
        ReleaseVersion::parse(held.begun()?).ok()
    }

    /// Notes which release is about to be pushed.
    ///
    /// # Errors
    /// The ledger cannot be used, or another process does the same: then it must not be pushed.
    pub(super) async fn begin(&mut self, version: &ReleaseVersion) -> Result<(), Error> {
        match &mut self.0 {
            Some((held, _)) if held.begun() != Some(version.as_str()) => {
                Ok(held.begin(version.to_string()).await?)
            }
            _ => Ok(()),
        }
    }

    /// Notes how the push ended: an answer is kept for who asks again, an error lets the next one try.
    pub(super) async fn end(self, result: &Result<PushAnswer, Error>) {
        let Some((held, _)) = self.0 else { return };
        match result {
            Ok(answer) => match serde_json::to_value(answer) {
                Ok(answer) => held.done(Some(answer)).await,
                Err(defect) => {
                    tracing::error!(%defect, "an answer cannot be written down");
                    held.give_up(Trace::Unclear).await;
                }
            },
            // What was begun stays noted where the release may be there.
            Err(error) if error.may_have_pushed() => held.give_up(Trace::Unclear).await,
            Err(_) => held.give_up(Trace::None).await,
        }
    }
}
