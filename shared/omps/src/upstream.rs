//! Calls to other services. All clients use it: it adds time limits, retries and a size limit for answers.

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

/// The largest size, in bytes, of an answer in JSON or XML.
pub const ANSWER_LIMIT: usize = 16 << 20;
/// The largest part, in bytes, that is read of an answer with an error status. The rest is not useful.
const FAILURE_LIMIT: usize = 1 << 20;
/// How often a repeatable call is made at most.
const TRIES: usize = 3;
/// The longest pause before the second attempt. Each further pause may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause before any attempt, unless the service asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Another service, for the calls of one request.
#[derive(Clone)]
pub struct Upstream {
    client: Client,
    service: &'static str,
    call_timeout: Duration,
    deadline: Deadline,
}

/// The answer of a service, with any status.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; if the status is an error, only its first part.
    pub body: Vec<u8>,
    /// Whether an earlier attempt got no clear answer, so that it may have taken effect. An answer 429 is clear: the
    /// request had no effect.
    pub repeated: bool,
}

/// No answer came, or it could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// There was no connection, no answer in time, or an incomplete answer.
    #[error("{service} could not be reached: {problem}")]
    Unreachable {
        /// The name of the service.
        service: &'static str,
        /// The chain of causes.
        problem: String,
    },
    /// The answer is larger than allowed.
    #[error("{service}'s answer is larger than {limit} bytes")]
    TooLarge {
        /// The name of the service.
        service: &'static str,
        /// The limit, in bytes.
        limit: usize,
    },
}

/// An attempt that failed.
struct Failure {
    /// The answer with an error status, or the reason why there is no answer.
    outcome: Result<Response, CallError>,
    /// The pause that the service asks for.
    pause: Option<Duration>,
    /// Whether another attempt would fail, too.
    is_final: bool,
}

/// The limits of one attempt.
#[derive(Clone, Copy)]
struct AttemptLimits {
    /// The largest size of the answer, in bytes.
    limit: usize,
    /// The time by which all attempts must end.
    until: Deadline,
    /// How long to wait while the service sends nothing.
    patience: Duration,
}

impl Upstream {
    /// A service whose calls must end within `call_timeout`, including retries, and before `deadline`.
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

    /// The client with which to build requests.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Sends a request that may safely arrive twice. It is sent again if the connection fails, or if the service is
    /// overloaded or restarting.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn send_repeatable(
        &self,
        request: impl Fn() -> RequestBuilder,
        limit: usize,
    ) -> Result<Response, CallError> {
        self.repeat(request, limit, is_temporary).await
    }

    /// Checks that the service answers with JSON that has a member with this name.
    ///
    /// # Errors
    /// The reason, as text for people.
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
            false => Err(format!("its answer is not JSON with '{member}'")),
        }
    }

    /// Like [`Upstream::send_repeatable`], but the request is also sent again after every 5xx. For work that must not
    /// stay half done.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn send_persistently(
        &self,
        request: impl Fn() -> RequestBuilder,
        limit: usize,
    ) -> Result<Response, CallError> {
        let is_retried = |status: StatusCode| is_temporary(status) || status.is_server_error();
        self.repeat(request, limit, is_retried).await
    }

    async fn repeat(
        &self,
        request: impl Fn() -> RequestBuilder,
        limit: usize,
        is_retried: fn(StatusCode) -> bool,
    ) -> Result<Response, CallError> {
        let until = self.deadline.or_after(self.call_timeout);
        let repeated = AtomicBool::new(false);
        let attempt = |tries_before| {
            let patience = patience(until, tries_before);
            let limits = AttemptLimits {
                limit,
                until,
                patience,
            };
            self.attempt(request(), limits, is_retried, &repeated)
        };
        let response = self.retry(until, attempt).await;
        response.or_else(|failure| failure.outcome)
    }

    /// Makes up to [`TRIES`] attempts, with pauses between them. `attempt` receives the number of earlier attempts.
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

    /// Sends a request once. If `is_retried` accepts the status of the answer, the attempt has failed.
    async fn attempt(
        &self,
        request: RequestBuilder,
        limits: AttemptLimits,
        is_retried: fn(StatusCode) -> bool,
        repeated: &AtomicBool,
    ) -> Result<Response, Failure> {
        let started = Instant::now();
        let answer = self.answer(request, limits).await;
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
                match is_retried(status) {
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

    /// Sends a request and reads the answer, up to its size limit. It stops if the service sends nothing for longer
    /// than
    /// `limits.patience`.
    async fn answer(
        &self,
        mut request: RequestBuilder,
        limits: AttemptLimits,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), CallError> {
        let failed = |error| self.unreachable(error);
        if let Some(trace) = trace::current() {
            request = request.header(trace::HEADER, trace);
        }
        let sent = request.timeout(limits.until.left()).send();
        let sent = timeout(limits.patience, sent).await;
        let mut response = sent.map_err(|_| self.silent(limits))?.map_err(failed)?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut body = Vec::new();
        loop {
            let chunk = timeout(limits.patience, response.chunk()).await;
            let chunk = chunk.map_err(|_| self.silent(limits))?.map_err(failed)?;
            let Some(chunk) = chunk else { break };
            if !status.is_success() && body.len() + chunk.len() > limits.limit.min(FAILURE_LIMIT) {
                break;
            }
            if body.len() + chunk.len() > limits.limit {
                return Err(CallError::TooLarge {
                    service: self.service,
                    limit: limits.limit,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok((status, headers, body))
    }

    fn silent(&self, limits: AttemptLimits) -> CallError {
        CallError::Unreachable {
            service: self.service,
            problem: format!("no answer within {:.1} s", limits.patience.as_secs_f32()),
        }
    }

    /// The error with its chain of causes, without the URL.
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

/// How long to wait for a silent service: half of the remaining time, so that another attempt is possible; for the last
/// attempt, all of it.
fn patience(until: Deadline, tries_before: usize) -> Duration {
    match tries_before + 1 < TRIES {
        true => until.left() / 2,
        false => until.left(),
    }
}

/// Whether a status means that the same request may succeed a little later.
fn is_temporary(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// The pause that the service asks for, or a random one up to `longest`, so that not all clients return at the same
/// time.
/// `None` if the pause would last longer than the remaining time.
fn pause_after(failure: &Failure, longest: Duration, until: Deadline) -> Option<Duration> {
    let pause = failure
        .pause
        .unwrap_or_else(|| longest.mul_f32(fastrand::f32()));
    (pause < until.left()).then_some(pause)
}

/// The value of `Retry-After`, which is a number of seconds or a date.
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
