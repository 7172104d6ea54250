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
use omps_operator::bundle_image::Validation;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::Instrument;

use super::message::{self, Event, EventPush};
use super::order::{self, Order};
use super::outcome::{End, Outcome, Outcomes};
use crate::app::App;
use crate::call::Call;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::names::OrganizationName;
use crate::push::{self, Identity, Kind, PushRequest, Pushed};
use crate::source::Source;
use crate::telemetry::{self, metrics};
use crate::token::{Token, Tokens};

/// How many organizations are served at once. Pushes to one wait for each other: they would take each other's versions.
const AT_ONCE: usize = 4;

/// What pushes by event need beside the application.
pub struct Worker {
    /// Where what came of them is reported.
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
    /// A worker that reports to EventBridge, as the environment says.
    pub fn on_aws(app: &App) -> Self {
        Worker {
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
            for event in message::read(body, &app.config) {
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
            let attempt = AssertUnwindSafe(attempt(Call::new(app, deadline), push, id));
            let result = attempt.catch_unwind().await;
            match result.unwrap_or_else(|panic| Err(Error::of_panic(&*panic))) {
                Ok((end, detail)) => {
                    let outcome = Outcome::new(end, detail, asked.clone(), id);
                    self.outcomes.send(outcome).await;
                    Some(id)
                }
                Err(error) if error.is_transient() => {
                    metrics::count_failure(error.id());
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

    /// Reports a failure that no other try will change.
    async fn fail(&self, error: &Error, asked: Value, id: &str) {
        metrics::count_failure(error.id());
        log(error, "failed for good");
        let detail = json!(error.answer(id));
        let outcome = Outcome::new(End::Failed, detail, asked, id);
        self.outcomes.send(outcome).await;
    }
}

/// Pushes, in the order in which builds ended. A version in the message overrules that order.
async fn attempt(call: Call<'_>, push: EventPush, id: &str) -> Result<(End, Value), Error> {
    // Without a robot nobody needs to be asked.
    robot(&*call.tokens(&push.organization).await?, &push.organization)?;
    let (Source::Build(nvr), None) = (&push.source, &push.version) else {
        return Ok((End::Succeeded, push_once(call, push, id).await?));
    };
    let build = call.koji().finished(nvr).await?;
    let turn = match order::take(call, &push.organization, &build).await? {
        Order::Turn(turn) => turn,
        Order::Superseded { by } => {
            let detail =
                json!({"organization": push.organization, "nvr": nvr, "superseded_by": by});
            return Ok((End::Superseded, detail));
        }
    };
    let pushed = push_once(call, push, id).await;
    turn.end(pushed.is_ok()).await;
    Ok((End::Succeeded, pushed?))
}

/// Pushes with the organization's own robot, unless that was done already: then the answer of that time is marked as
/// repeated.
async fn push_once(call: Call<'_>, mut push: EventPush, id: &str) -> Result<Value, Error> {
    if let Source::Object(object) = &mut push.source
        && object.revision.is_none()
    {
        object.revision = call.app.objects.revision(object).await?;
    }
    let organization = &push.organization;
    let tokens = call.tokens(organization).await?;
    let mut pushed = push::push(call, request(&push, robot(&tokens, organization)?, id)).await;
    if let Err(Error::QuayAuthorization { .. }) = &pushed {
        // The token may have been rotated since it was read.
        let renewed = call.renewed_tokens(organization, &tokens).await?;
        if !Arc::ptr_eq(&renewed, &tokens) {
            let robot = robot(&renewed, organization)?;
            pushed = push::push(call, request(&push, robot, id)).await;
        }
    }
    match pushed? {
        Pushed::Now(answer) => serde_json::to_value(answer)
            .map_err(|error| Error::Internal(format!("an answer is no JSON: {error}"))),
        Pushed::Before(mut answer) => {
            answer["repeated"] = json!(true);
            Ok(answer)
        }
    }
}

fn request(push: &EventPush, token: Token, id: &str) -> PushRequest {
    PushRequest {
        organization: push.organization.clone(),
        repository: None,
        version: push.version.clone(),
        source: push.source.clone(),
        token,
        identity: Some(identity(push, id)),
        full_report: false,
        with_catalog: false,
        validation: Validation::Normal,
    }
}

/// What makes two messages ask for the same push: one build or one object, one version, one organization. A message that
/// forces its push is the same as itself alone, however often it is delivered.
fn identity(push: &EventPush, id: &str) -> Identity {
    let mut key = format!("{}/{}", push.organization, push.source.name());
    if let Some(version) = &push.version {
        key = format!("{key}@{version}");
    }
    if push.force {
        key = format!("{key}/force/{id}");
    }
    Identity {
        kind: Kind::Event,
        content: key.clone(),
        key,
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
    let (id, reason) = (error.id(), error.to_string());
    match error {
        Error::Internal(cause) => tracing::error!(error = id, cause, "{what}"),
        _ => tracing::warn!(error = id, reason, "{what}"),
    }
}
