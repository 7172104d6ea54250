//! The worker for the messages of the queue. It returns the ids of the messages that the queue should deliver again.
//!
//! A message may ask for several pushes. The ledger has a claim for each, so that a message that is delivered twice
//! publishes once. For each push that succeeds or fails for good the worker sends an outcome. If a push may succeed
//! later, the worker reports its message as failed, and the queue delivers it again.

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
use crate::koji::FinishedBuild;
use crate::names::OrganizationName;
use crate::push::{self, Identity, Kind, PushRequest, Pushed};
use crate::source::Source;
use crate::telemetry::{self, metrics, trace};
use crate::token::{Token, Tokens};

/// How many organizations are served at the same time. The pushes to one organization run one after the other, because
/// they would take each other's versions.
const AT_ONCE: usize = 4;

/// Does the pushes that messages ask for.
pub struct Worker {
    /// Where the outcomes are sent.
    pub outcomes: Outcomes,
}

/// The messages that the queue delivers in one call.
#[derive(Debug, Deserialize)]
pub struct Batch {
    /// The messages.
    #[serde(rename = "Records")]
    pub messages: Vec<Message>,
}

/// A message of the queue.
#[derive(Debug, Deserialize)]
pub struct Message {
    /// The id by which the worker reports that the message failed.
    #[serde(rename = "messageId")]
    pub id: String,
    /// The text from S3, EventBridge or a user.
    pub body: String,
    /// What the queue knows of the message.
    #[serde(default)]
    pub attributes: Attributes,
}

/// What the queue knows of a message.
#[derive(Debug, Default, Deserialize)]
pub struct Attributes {
    /// The trace of the service that sent the message, if it is traced.
    #[serde(rename = "AWSTraceHeader")]
    pub trace: Option<String>,
}

/// The answer to the queue: it delivers the failed messages again and removes the others.
#[derive(Debug, Serialize)]
pub struct BatchResponse {
    /// The failed messages, in the order of the batch.
    #[serde(rename = "batchItemFailures")]
    pub failures: Vec<BatchItemFailure>,
}

/// A message that failed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct BatchItemFailure {
    /// The id of the message.
    #[serde(rename = "itemIdentifier")]
    pub id: String,
}

/// A push that a message asks for.
struct Job<'a> {
    message: &'a Message,
    push: EventPush,
}

/// What all messages of a batch have in common.
#[derive(Clone, Copy)]
struct Invocation<'a> {
    app: &'a App,
    deadline: Deadline,
    is_cold_start: bool,
}

impl Worker {
    /// A worker that sends outcomes to EventBridge. The environment configures it.
    pub fn on_aws(app: &App) -> Self {
        Worker {
            outcomes: Outcomes::on_event_bridge(app.aws.clone()),
        }
    }

    /// Does the pushes that the messages ask for, until the deadline.
    pub async fn work(&self, app: &App, batch: &Batch, deadline: Deadline) -> BatchResponse {
        let invocation = Invocation {
            app,
            deadline,
            is_cold_start: telemetry::is_cold_start(),
        };
        let jobs = self.jobs(invocation, &batch.messages).await;
        let ids = jobs.values().flatten().map(|job| &*job.message.id);
        let mut unsettled: Vec<&str> = ids.collect();
        let queues: Vec<_> = jobs
            .into_values()
            .map(|jobs| self.in_turn(invocation, jobs))
            .collect();
        let settled: Vec<Option<&str>> = stream::iter(queues)
            .flatten_unordered(AT_ONCE)
            .take_until(tokio::time::sleep(deadline.left()))
            .collect()
            .await;
        // If a push has not ended when the time is up, its message is delivered again.
        for id in settled.into_iter().flatten() {
            let one = unsettled.iter().position(|unsettled| *unsettled == id);
            one.map(|one| unsettled.swap_remove(one));
        }
        let ids = batch.messages.iter().map(|message| &message.id);
        let failures = ids.filter(|id| unsettled.contains(&id.as_str())).cloned();
        BatchResponse {
            failures: failures.map(|id| BatchItemFailure { id }).collect(),
        }
    }

    /// Does the jobs of one organization one after the other.
    fn in_turn<'a>(
        &'a self,
        invocation: Invocation<'a>,
        jobs: Vec<Job<'a>>,
    ) -> BoxStream<'a, Option<&'a str>> {
        let settled = move |job| self.settled(invocation, job);
        stream::iter(jobs).then(settled).boxed()
    }

    /// The jobs that the messages ask for, by organization. A message without a job is logged; for a wrong message an
    /// outcome is sent.
    async fn jobs<'a>(
        &self,
        invocation: Invocation<'_>,
        messages: &'a [Message],
    ) -> BTreeMap<OrganizationName, Vec<Job<'a>>> {
        let mut jobs: BTreeMap<_, Vec<Job<'a>>> = BTreeMap::new();
        for message in messages {
            let Message { id, body, .. } = message;
            let span = telemetry::request_span(id, invocation.is_cold_start);
            for event in message::read(body, &invocation.app.config) {
                match event {
                    Event::Push(push) => {
                        let job = Job { message, push };
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

    /// Does a job. Returns the id of its message, or `None` if the message must be delivered again.
    async fn settled<'a>(&self, invocation: Invocation<'_>, job: Job<'a>) -> Option<&'a str> {
        let Job { message, push } = job;
        let id = &*message.id;
        let asked = push.message();
        let settling = async {
            let call = Call::new(invocation.app, invocation.deadline);
            let attempt = AssertUnwindSafe(attempt(call, push, id));
            let result = attempt.catch_unwind().await;
            match result.unwrap_or_else(|panic| Err(Error::of_panic(&*panic))) {
                Ok((end, detail)) => {
                    let outcome = Outcome::new(end, detail, asked.clone(), id);
                    self.outcomes.send(outcome).await;
                    Some(id)
                }
                Err(error) if error.is_transient() => {
                    metrics::count_failure(error.id());
                    log(&error, "failed, will be tried again");
                    None
                }
                Err(error) => {
                    self.fail(&error, asked.clone(), id).await;
                    Some(id)
                }
            }
        };
        let span = telemetry::request_span(id, invocation.is_cold_start);
        let trace = message.attributes.trace.as_deref().and_then(trace::named);
        let trace = trace.or_else(trace::current);
        trace::within(trace, settling.instrument(span)).await
    }

    /// Sends the outcome of a push that failed for good.
    async fn fail(&self, error: &Error, asked: Value, id: &str) {
        metrics::count_failure(error.id());
        log(error, "failed for good");
        let detail = json!(error.answer(id));
        let outcome = Outcome::new(End::Failed, detail, asked, id);
        self.outcomes.send(outcome).await;
    }
}

/// Pushes, in the order in which builds were completed. If the message names a version, the order does not matter.
async fn attempt(call: Call<'_>, mut push: EventPush, id: &str) -> Result<(End, Value), Error> {
    // Checked first: without a robot's token no other service needs to be asked.
    robot(&*call.tokens(&push.organization).await?, &push.organization)?;
    let Source::Build(asked) = &push.source else {
        return Ok((End::Succeeded, push_once(call, push, id).await?));
    };
    let build = call.koji().finished(asked).await?;
    of_package(&build, push.package.as_deref())?;
    // From here on, the build has the name that Koji gives it.
    push.source = Source::Build(build.nvr.clone());
    if push.version.is_some() {
        return Ok((End::Succeeded, push_once(call, push, id).await?));
    }
    let turn = match order::take(call, &push.organization, &build).await? {
        Order::Turn(turn) => turn,
        Order::Superseded { by } => {
            let detail =
                json!({"organization": push.organization, "nvr": build.nvr, "superseded_by": by});
            return Ok((End::Superseded, detail));
        }
    };
    let pushed = push_once(call, push, id).await;
    turn.end(pushed.is_ok()).await;
    Ok((End::Succeeded, pushed?))
}

/// Checks that a build is of the package that an event names. An event is only a claim; Koji's answer counts.
fn of_package(build: &FinishedBuild, claimed: Option<&str>) -> Result<(), Error> {
    match claimed {
        Some(claimed) if claimed != build.name => Err(Error::BadRequest(format!(
            "Build {} is of package {}, and not of {claimed} as its event says",
            build.nvr, build.name
        ))),
        _ => Ok(()),
    }
}

/// Pushes with the organization's own robot. If the same push was done before, returns its answer, with the key
/// `repeated`.
async fn push_once(call: Call<'_>, mut push: EventPush, id: &str) -> Result<Value, Error> {
    if let Source::Object(object) = &mut push.source
        && object.revision.is_none()
    {
        object.revision = call.app.objects.revision(object).await?;
    }
    let organization = &push.organization;
    let tokens = call.tokens(organization).await?;
    let mut pushed = push::push(
        call,
        request(&push, robot(&tokens, organization)?, id),
        no_worker(),
    )
    .await;
    if let Err(Error::QuayAuthorization { .. }) = &pushed {
        // The token may have been rotated after it was read.
        let renewed = call.renewed_tokens(organization, &tokens).await?;
        if !Arc::ptr_eq(&renewed, &tokens) {
            let robot = robot(&renewed, organization)?;
            pushed = push::push(call, request(&push, robot, id), no_worker()).await;
        }
    }
    match pushed? {
        Pushed::Now(answer) => serde_json::to_value(answer)
            .map_err(|error| Error::Internal(format!("an answer cannot be serialized: {error}"))),
        Pushed::Before(mut answer) => {
            answer["repeated"] = json!(true);
            Ok(answer)
        }
    }
}

/// A function has one push at a time for an organization, and needs no worker.
async fn no_worker() -> Result<(), Error> {
    Ok(())
}

fn request(push: &EventPush, token: Token, id: &str) -> PushRequest {
    PushRequest {
        organization: push.organization.clone(),
        repository: None,
        version: push.version.clone(),
        source: push.source.clone(),
        token,
        identity: Some(identity(push, id)),
        dry_run: false,
        full_report: false,
        with_catalog: false,
        validation: Validation::Normal,
    }
}

/// The identity of a push: two messages ask for the same push if they have the same source, version and organization. A
/// message with `force` has its own identity, which stays the same when the queue delivers it again.
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

/// The token of the organization's robot, which pushes by event use.
fn robot(tokens: &Tokens, organization: &OrganizationName) -> Result<Token, Error> {
    tokens.quay.clone().ok_or_else(|| {
        Error::BadRequest(format!(
            "Organization {organization} has no quay_token, which pushes by event require"
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
