//! The worker behind the queue: messages in, the ids of those out that are worth another try.
//!
//! A message may ask for several pushes. Each is claimed in the ledger, so that a message which comes twice publishes once;
//! and each that comes to an end is told as an outcome. What may succeed later fails its message, which the queue
//! delivers again; what never will is told, and done with.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::Instrument;

use crate::app::App;
use crate::error::Error;
use crate::event::{self, Archive, Event, EventPush, Object, Revision};
use crate::ledger::{Claim, Claimed};
use crate::metrics;
use crate::names::OrganizationName;
use crate::objects::{ObjectError, Objects};
use crate::outcome::{Outcome, Outcomes};
use crate::push::{self, PushRequest, Receipt};
use crate::secrets::Tokens;
use crate::source::Source;
use crate::telemetry;
use crate::token::Token;
use crate::upstream::Deadline;

/// How many organizations are served at once. Pushes to one wait for each other: they would take each other's versions.
const AT_ONCE: usize = 4;

/// What pushes by event need beside the application.
pub struct Worker {
    /// Where the zips are.
    pub objects: Objects,
    /// Where it is told what came of them.
    pub outcomes: Outcomes,
}

/// What the queue hands over at once.
#[derive(Debug, Deserialize)]
pub struct Batch {
    /// Its messages.
    #[serde(rename = "Records")]
    pub messages: Vec<Message>,
}

/// A message of the queue.
#[derive(Debug, Deserialize)]
pub struct Message {
    /// By which it fails.
    #[serde(rename = "messageId")]
    pub id: String,
    /// S3's, EventBridge's, or somebody's own.
    pub body: String,
}

/// The messages that the queue is to deliver again; it forgets the others.
#[derive(Debug, Serialize)]
pub struct Failures {
    /// In the order of the batch.
    #[serde(rename = "batchItemFailures")]
    pub messages: Vec<Failure>,
}

/// A message that failed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Its id.
    #[serde(rename = "itemIdentifier")]
    pub id: String,
}

/// A push that a message asks for.
struct Job<'a> {
    id: &'a str,
    push: EventPush,
}

impl Worker {
    /// A worker at S3 and EventBridge, as the environment says.
    pub fn on_aws(app: &App) -> Self {
        Worker {
            objects: Objects::in_s3(app.aws.clone()),
            outcomes: Outcomes::on_event_bridge(app.aws.clone()),
        }
    }

    /// Does what the messages ask for, as far as it can be done by the deadline.
    pub async fn work(&self, app: &App, batch: &Batch, deadline: Deadline) -> Failures {
        let jobs = self.jobs(app, &batch.messages).await;
        let mut unsettled: Vec<&str> = jobs.values().flatten().map(|job| job.id).collect();
        let queues: Vec<_> = jobs
            .into_values()
            .map(|jobs| self.in_turn(app, jobs, deadline))
            .collect();
        let settled: Vec<Option<&str>> = stream::iter(queues)
            .flatten_unordered(AT_ONCE)
            .take_until(tokio::time::sleep(deadline.left()))
            .collect()
            .await;
        // What is not known to be done when the time is up is to be delivered again.
        for id in settled.into_iter().flatten() {
            let one = unsettled.iter().position(|unsettled| *unsettled == id);
            one.map(|one| unsettled.swap_remove(one));
        }
        let ids = batch.messages.iter().map(|message| &message.id);
        let failures = ids.filter(|id| unsettled.contains(&id.as_str())).cloned();
        Failures {
            messages: failures.map(|id| Failure { id }).collect(),
        }
    }

    /// Does the jobs of one organization, one after the other.
    fn in_turn<'a>(
        &'a self,
        app: &'a App,
        jobs: Vec<Job<'a>>,
        deadline: Deadline,
    ) -> BoxStream<'a, Option<&'a str>> {
        let settled = move |job| self.settled(app, job, deadline);
        stream::iter(jobs).then(settled).boxed()
    }

    /// What the messages ask for, by organization. What asks for nothing is logged, what asks for nonsense is told.
    async fn jobs<'a>(
        &self,
        app: &App,
        messages: &'a [Message],
    ) -> BTreeMap<OrganizationName, Vec<Job<'a>>> {
        let mut jobs: BTreeMap<_, Vec<Job<'a>>> = BTreeMap::new();
        for Message { id, body } in messages {
            let span = telemetry::request_span(id);
            for event in event::read(body, &app.config) {
                match event {
                    Event::Push(push) => {
                        let job = Job { id, push };
                        let queue = jobs.entry(job.push.organization.clone());
                        queue.or_default().push(job);
                    }
                    Event::Dropped(reason) => {
                        span.in_scope(|| tracing::info!(reason, "dropped"));
                    }
                    Event::Refused(problem) => {
                        let asked = json!({"message": body});
                        let error = Error::BadRequest(problem);
                        let failing = self.fail(&error, asked, id);
                        failing.instrument(span.clone()).await;
                    }
                }
            }
        }
        jobs
    }

    /// Does a job. Returns the id of its message, unless that is to be delivered again.
    async fn settled<'a>(&self, app: &App, job: Job<'a>, deadline: Deadline) -> Option<&'a str> {
        let Job { id, push } = job;
        let asked = push.message();
        let settling = async {
            let attempt = AssertUnwindSafe(self.attempt(app, push, &asked, id, deadline));
            let result = attempt.catch_unwind().await;
            match result.unwrap_or_else(|panic| Err(Error::of_panic(&*panic))) {
                Ok(()) => Some(id),
                Err(error) if error.is_transient() => {
                    metrics::count_failure(error.kind().1);
                    log(&error, "to be tried again");
                    None
                }
                Err(error) => {
                    self.fail(&error, asked.clone(), id).await;
                    Some(id)
                }
            }
        };
        settling.instrument(telemetry::request_span(id)).await
    }

    /// Pushes, unless that was done already.
    async fn attempt(
        &self,
        app: &App,
        mut push: EventPush,
        asked: &Value,
        id: &str,
        deadline: Deadline,
    ) -> Result<(), Error> {
        if let Archive::Object(object) = &mut push.archive
            && object.revision.is_none()
        {
            object.revision = self.objects.revision(object).await?;
        }
        let claim = match app.ledger.claim(key(&push), deadline).await? {
            Claimed::Ours(claim) => claim,
            Claimed::Done(done) => {
                let (repo, version) = (done.repo, done.version);
                tracing::info!(repo, version, "pushed already");
                return Ok(());
            }
            Claimed::Busy => {
                let message = "The same is being pushed for another delivery of this message";
                return Err(Error::ServiceUnavailable(message.to_owned()));
            }
        };
        match self.push(app, push, &claim, deadline).await {
            Ok(receipt) => {
                let (repo, version) = (receipt.repo.clone(), receipt.version.clone());
                // Told before it is done: told twice, should this process end between the two, but never not at all.
                let outcome = Outcome::new(Ok(receipt), asked.clone(), id);
                self.outcomes.send(outcome).await;
                claim.done(&repo, &version).await;
                Ok(())
            }
            Err(error) => {
                claim.release().await;
                Err(error)
            }
        }
    }

    async fn push(
        &self,
        app: &App,
        push: EventPush,
        claim: &Claim,
        deadline: Deadline,
    ) -> Result<Receipt, Error> {
        let organization = push.organization;
        let source = match push.archive {
            Archive::Build(nvr) => Source::Koji(nvr),
            Archive::Object(object) => {
                let limit = app.config.max_archive_size();
                Source::Zip(self.objects.read(&object, limit).await?)
            }
        };
        let request = |token| PushRequest {
            organization: organization.clone(),
            repository: None,
            version: push.version.clone(),
            source: source.clone(),
            token,
            deadline,
            claim: Some(claim),
        };
        let tokens = app.tokens(&organization, deadline).await?;
        let pushed = push::push(app, request(robot(&tokens, &organization)?)).await;
        if !matches!(pushed, Err(Error::QuayAuthorization { .. })) {
            return pushed;
        }
        // The token may have been rotated since it was read.
        let renewed = app.renewed_tokens(&organization, &tokens, deadline).await?;
        match Arc::ptr_eq(&renewed, &tokens) {
            true => pushed,
            false => push::push(app, request(robot(&renewed, &organization)?)).await,
        }
    }

    /// Tells of a failure that no other try will mend.
    async fn fail(&self, error: &Error, asked: Value, id: &str) {
        metrics::count_failure(error.kind().1);
        log(error, "failed for good");
        let outcome = Outcome::new(Err(error), asked, id);
        self.outcomes.send(outcome).await;
    }
}

/// The token that an organization's pushes by event are made with.
fn robot(tokens: &Tokens, organization: &OrganizationName) -> Result<Token, Error> {
    tokens.quay.clone().ok_or_else(|| {
        Error::BadRequest(format!(
            "Organization {organization} has no quay_token, which pushes by event need"
        ))
    })
}

fn log(error: &Error, what: &str) {
    let (id, reason) = (error.kind().1, error.to_string());
    match error {
        Error::Internal(cause) => tracing::error!(error = id, cause, "{what}"),
        _ => tracing::warn!(error = id, reason, "{what}"),
    }
}

/// What makes two pushes the same: one build, or one object, for one organization.
fn key(push: &EventPush) -> String {
    let organization = &push.organization;
    match &push.archive {
        Archive::Build(nvr) => format!("{organization}/koji/{nvr}"),
        Archive::Object(Object {
            bucket,
            key,
            revision,
        }) => {
            let revision = revision.as_ref().map_or("", |revision| match revision {
                Revision::Version(version) => version,
                Revision::Etag(etag) => etag,
            });
            format!("{organization}/s3/{bucket}/{key}/{revision}")
        }
    }
}

impl From<ObjectError> for Error {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::Unreachable { .. } => Error::ServiceUnavailable(error.to_string()),
            ObjectError::NotFound(_)
            | ObjectError::Replaced(_)
            | ObjectError::Refused { .. }
            | ObjectError::TooLarge { .. } => Error::UploadedFile(error.to_string()),
        }
    }
}
