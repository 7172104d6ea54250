//! Calls to other services, for every client: their time limits, what is tried again and when, and answers read up to a
//! limit.

#[cfg(test)]
pub mod scripted;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use backon::{ExponentialBuilder, Retryable};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use serde_json::Value;
use tokio::time::timeout;

use crate::deadline::Deadline;
use crate::telemetry::{metrics, trace};

/// Bytes of an answer in JSON or XML that are read.
pub const ANSWER_LIMIT: usize = 16 << 20;
/// Bytes of an answer that is no success. What comes after them tells nobody anything.
const FAILURE_LIMIT: usize = 1 << 20;
/// How often a call that can be repeated is made.
const TRIES: usize = 3;
/// The longest pause before the second try; each further one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause of all, unless the service asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Another service, as one request of ours calls it.
#[derive(Clone)]
pub struct Upstream {
    client: Client,
    service: &'static str,
    call_timeout: Duration,
    deadline: Deadline,
}

/// What a service answered, whatever the status.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body. Of an answer that is no success, its start.
    pub body: Vec<u8>,
    /// Whether the request was sent before and got no clear answer: it may have taken effect then. A refusal by 429 is
    /// clear.
    pub repeated: bool,
}

/// No answer came, or none that could be read.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No connection, no answer in time, or one that broke off.
    #[error("{service} could not be reached: {problem}")]
    Unreachable {
        /// Who was called.
        service: &'static str,
        /// The causes, down to the root.
        problem: String,
    },
    /// More than was to be read.
    #[error("{service}'s answer is larger than {limit} bytes")]
    TooLarge {
        /// Who was called.
        service: &'static str,
        /// The limit.
        limit: usize,
    },
}

/// A try that got no clear answer.
struct Failure {
    /// What came instead.
    outcome: Result<Response, CallError>,
    /// The pause that the service asks for.
    pause: Option<Duration>,
    /// Whether another try is of no use.
    is_final: bool,
}

/// What one try may take.
#[derive(Clone, Copy)]
struct Call {
    /// Bytes of the answer.
    limit: usize,
    /// When all tries must be over.
    until: Deadline,
    /// How long the service may be silent.
    patience: Duration,
}

impl Upstream {
    /// A service whose calls may take `call_timeout`, their retries included, but not past `deadline`.
    pub fn new(
        client: Client,
        service: &'static str,
        call_timeout: Duration,
        deadline: Deadline,
    ) -> Self {
        Upstream {
            client,
            service,
            call_timeout,
            deadline,
        }
    }

    /// What requests are built with.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Sends a request that does no harm when it arrives twice: again when the connection fails, or the service is
    /// overloaded or restarting.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn send_repeatable(
        &self,
        request: impl Fn() -> RequestBuilder,
        limit: usize,
    ) -> Result<Response, CallError> {
        self.repeat(request, limit, is_passing).await
    }

    /// Whether the service answers with JSON that has a member of that name.
    ///
    /// # Errors
    /// Why not, for people.
    pub async fn has_member(&self, url: Url, member: &str) -> Result<(), String> {
        let request = || self.client.get(url.clone());
        let response = self.send_repeatable(request, ANSWER_LIMIT).await;
        let response = response.map_err(|error| error.to_string())?;
        if response.status != StatusCode::OK {
            return Err(format!("answered {}", response.status));
        }
        let body: Result<Value, _> = serde_json::from_slice(&response.body);
        match body.is_ok_and(|body| body.get(member).is_some()) {
            true => Ok(()),
            false => Err(format!("its answer is no JSON with '{member}'")),
        }
    }

    /// As [`Upstream::send_repeatable`], and again after every error of the service's own: for what must not stay half
    /// done.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn send_persistently(
        &self,
        request: impl Fn() -> RequestBuilder,
        limit: usize,
    ) -> Result<Response, CallError> {
        let again = |status: StatusCode| is_passing(status) || status.is_server_error();
        self.repeat(request, limit, again).await
    }

    async fn repeat(
        &self,
        request: impl Fn() -> RequestBuilder,
        limit: usize,
        again: fn(StatusCode) -> bool,
    ) -> Result<Response, CallError> {
        let until = self.deadline.or_after(self.call_timeout);
        let repeated = AtomicBool::new(false);
        let attempt = |tries_before| {
            let patience = patience(until, tries_before);
            let call = Call {
                limit,
                until,
                patience,
            };
            self.attempt(request(), call, again, &repeated)
        };
        let response = self.retry(until, attempt).await;
        response.or_else(|failure| failure.outcome)
    }

    /// Makes up to [`TRIES`] attempts, with pauses between them. Each gets the number of those before.
    async fn retry<T, A: Future<Output = Result<T, Failure>>>(
        &self,
        until: Deadline,
        attempt: impl Fn(usize) -> A,
    ) -> Result<T, Failure> {
        let pauses = ExponentialBuilder::new()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(TRIES - 1);
        let tried = AtomicUsize::new(0);
        (|| attempt(tried.fetch_add(1, Ordering::Relaxed)))
            .retry(pauses)
            .when(|failure| !failure.is_final)
            .adjust(|failure, pause| pause_after(failure, pause?, until))
            .notify(|failure, pause| self.log_retry(failure, pause))
            .await
    }

    /// Sends a request once; an answer whose status is for `again` is a failure.
    async fn attempt(
        &self,
        request: RequestBuilder,
        call: Call,
        again: fn(StatusCode) -> bool,
        repeated: &AtomicBool,
    ) -> Result<Response, Failure> {
        let started = Instant::now();
        let answer = self.answer(request, call).await;
        metrics::time_upstream(self.service, started.elapsed());
        let refused = |(status, ..): &(StatusCode, _, _)| *status == StatusCode::TOO_MANY_REQUESTS;
        let repeated = match answer.as_ref().is_ok_and(refused) {
            true => repeated.load(Ordering::Relaxed),
            false => repeated.swap(true, Ordering::Relaxed),
        };
        match answer {
            Ok((status, headers, body)) => {
                let response = Response {
                    status,
                    headers,
                    body,
                    repeated,
                };
                match again(status) {
                    false => Ok(response),
                    true => Err(Failure {
                        pause: retry_after(&response.headers),
                        outcome: Ok(response),
                        is_final: false,
                    }),
                }
            }
            Err(error) => Err(Failure {
                is_final: matches!(error, CallError::TooLarge { .. }),
                outcome: Err(error),
                pause: None,
            }),
        }
    }

    /// Sends a request, and reads the answer up to its limit. A service that is silent for longer than the call's
    /// patience is not waited for.
    async fn answer(
        &self,
        mut request: RequestBuilder,
        call: Call,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), CallError> {
        let failed = |error| self.unreachable(error);
        if let Some(trace) = trace::current() {
            request = request.header(trace::HEADER, trace);
        }
        let sent = request.timeout(call.until.left()).send();
        let sent = timeout(call.patience, sent).await;
        let mut response = sent.map_err(|_| self.silent(call))?.map_err(failed)?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut body = Vec::new();
        loop {
            let chunk = timeout(call.patience, response.chunk()).await;
            let chunk = chunk.map_err(|_| self.silent(call))?.map_err(failed)?;
            let Some(chunk) = chunk else { break };
            if !status.is_success() && body.len() + chunk.len() > call.limit.min(FAILURE_LIMIT) {
                break;
            }
            if body.len() + chunk.len() > call.limit {
                return Err(CallError::TooLarge {
                    service: self.service,
                    limit: call.limit,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok((status, headers, body))
    }

    fn silent(&self, call: Call) -> CallError {
        CallError::Unreachable {
            service: self.service,
            problem: format!("no answer within {:.1} s", call.patience.as_secs_f32()),
        }
    }

    /// Why there is no answer, to the root, without the URL.
    fn unreachable(&self, error: reqwest::Error) -> CallError {
        let error = error.without_url();
        let mut problem = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            problem.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        let service = self.service;
        CallError::Unreachable { service, problem }
    }

    fn log_retry(&self, failure: &Failure, pause: Duration) {
        let problem = match &failure.outcome {
            Ok(response) => format!("answered {}", response.status),
            Err(error) => error.to_string(),
        };
        let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(upstream = self.service, problem, pause_ms, "called again");
    }
}

/// How long a service may be silent: half of the time that is left, so that another try has time, and all of it for the
/// last one.
fn patience(until: Deadline, tries_before: usize) -> Duration {
    match tries_before + 1 < TRIES {
        true => until.left() / 2,
        false => until.left(),
    }
}

/// Whether a status says that the same request may succeed a little later.
fn is_passing(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// The pause that the service asks for, else any up to `longest`, so that clients do not come back all at once. None
/// when the time is up before.
fn pause_after(failure: &Failure, longest: Duration, until: Deadline) -> Option<Duration> {
    let pause = failure
        .pause
        .unwrap_or_else(|| longest.mul_f32(fastrand::f32()));
    (pause < until.left()).then_some(pause)
}

/// `Retry-After`, in seconds or as a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let date = httpdate::parse_http_date(value).ok()?;
            Some(date.duration_since(SystemTime::now()).unwrap_or_default())
        }
    }
}
