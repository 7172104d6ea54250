//! Calls to other services, for every client: their time limits, what is tried again and when, and answers read up to a
//! limit.

#[cfg(test)]
pub mod scripted;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use backon::{ExponentialBuilder, Retryable};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, StatusCode, Url};

use crate::metrics;
use crate::telemetry::trace;

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
/// What is encoded in a path segment: all but the unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// When something must be done.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline that is so far away, a year at most.
    pub fn after(time: Duration) -> Self {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
        Deadline(Instant::now() + time.min(YEAR))
    }

    /// The deadline of a Lambda function that ends so many milliseconds after 1970, less what it keeps to say that its
    /// time is up. An end in the past is none: such a function would not run.
    pub fn of_function(end: u64, reserve: Duration) -> Option<Self> {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .ok()?;
        let left = Duration::from_millis(end).checked_sub(now)?;
        Some(Deadline::after(left.saturating_sub(reserve)))
    }

    /// This deadline, or the one that is so far away when that comes first.
    #[must_use]
    pub fn or_after(self, time: Duration) -> Self {
        Deadline(self.0.min(Deadline::after(time).0))
    }

    /// The time until then.
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

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
    /// Whether the request was sent before, and got no clear answer: it may have taken effect then.
    pub repeated: bool,
}

/// What is known of a change whose answer did not come.
#[derive(Debug)]
pub enum LookUp<T> {
    /// What became of it.
    Settled(T),
    /// It took no effect: it may be sent again.
    Undone,
    /// Nothing: it must not be sent again.
    Unknown,
}

/// What came of a change.
#[derive(Debug)]
pub enum Sent<T> {
    /// The service's answer.
    Answered(Response),
    /// What the look-up told.
    LookedUp(T),
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
struct Miss {
    /// What came instead.
    outcome: Result<Response, CallError>,
    /// The pause that the service asks for.
    pause: Option<Duration>,
    /// Whether another try is of no use, or may do harm.
    last: bool,
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
        let attempt = |repeated| self.attempt(request(), limit, until, again, repeated);
        let response = self.retry(until, attempt).await;
        response.or_else(|miss| miss.outcome)
    }

    /// Sends a request that must take effect once. After a try without a clear answer `look_up` tells whether it has;
    /// where it has not, the request is sent again.
    ///
    /// # Errors
    /// [`CallError`] of the request's last try.
    pub async fn send_once<T, L: Future<Output = LookUp<T>>>(
        &self,
        request: impl Fn() -> RequestBuilder,
        limit: usize,
        look_up: impl Fn() -> L,
    ) -> Result<Sent<T>, CallError> {
        let until = self.deadline.or_after(self.call_timeout);
        let attempt = |repeated| {
            let sent = self.attempt(request(), limit, until, is_passing, repeated);
            let look_up = &look_up;
            async move {
                let miss = match sent.await {
                    Ok(response) => return Ok(Sent::Answered(response)),
                    Err(miss) => miss,
                };
                match look_up().await {
                    LookUp::Settled(outcome) => Ok(Sent::LookedUp(outcome)),
                    LookUp::Undone => Err(miss),
                    LookUp::Unknown => Err(Miss { last: true, ..miss }),
                }
            }
        };
        let sent = self.retry(until, attempt).await;
        sent.or_else(|miss| miss.outcome.map(Sent::Answered))
    }

    /// Makes up to [`TRIES`] attempts, with pauses between them. Each is told whether there was one before.
    async fn retry<T, A: Future<Output = Result<T, Miss>>>(
        &self,
        until: Deadline,
        attempt: impl Fn(bool) -> A,
    ) -> Result<T, Miss> {
        let pauses = ExponentialBuilder::new()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(TRIES - 1);
        let tried = AtomicBool::new(false);
        (|| attempt(tried.swap(true, Ordering::Relaxed)))
            .retry(pauses)
            .when(|miss| !miss.last)
            .adjust(|miss, pause| pause_after(miss, pause?, until))
            .notify(|miss, pause| self.log_retry(miss, pause))
            .await
    }

    /// Sends a request once; an answer whose status is for `again` is none.
    async fn attempt(
        &self,
        request: RequestBuilder,
        limit: usize,
        until: Deadline,
        again: fn(StatusCode) -> bool,
        repeated: bool,
    ) -> Result<Response, Miss> {
        match self.call(request, limit, until).await {
            Ok((status, headers, body)) => {
                let pause = retry_after(&headers);
                let response = Response {
                    status,
                    headers,
                    body,
                    repeated,
                };
                match again(status) {
                    false => Ok(response),
                    true => Err(Miss {
                        outcome: Ok(response),
                        pause,
                        last: false,
                    }),
                }
            }
            Err(error) => Err(Miss {
                last: matches!(error, CallError::TooLarge { .. }),
                outcome: Err(error),
                pause: None,
            }),
        }
    }

    /// Sends a request, and reads the answer up to its limit.
    async fn call(
        &self,
        request: RequestBuilder,
        limit: usize,
        until: Deadline,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), CallError> {
        let started = Instant::now();
        let answer = self.answer(request, limit, until).await;
        metrics::time_upstream(self.service, started.elapsed());
        answer
    }

    async fn answer(
        &self,
        mut request: RequestBuilder,
        limit: usize,
        until: Deadline,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), CallError> {
        let failed = |error| self.unreachable(error);
        if let Some(trace) = trace::current() {
            request = request.header(trace::HEADER, trace);
        }
        let mut response = request.timeout(until.left()).send().await.map_err(failed)?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if !status.is_success() && body.len() + chunk.len() > limit.min(FAILURE_LIMIT) {
                break;
            }
            if body.len() + chunk.len() > limit {
                let service = self.service;
                return Err(CallError::TooLarge { service, limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok((status, headers, body))
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

    fn log_retry(&self, miss: &Miss, pause: Duration) {
        let problem = match &miss.outcome {
            Ok(response) => format!("answered {}", response.status),
            Err(error) => error.to_string(),
        };
        let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(upstream = self.service, problem, pause_ms, "called again");
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
fn pause_after(miss: &Miss, longest: Duration, until: Deadline) -> Option<Duration> {
    let pause = miss
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

/// A URL below a base; nothing in a segment can lead out of it, as long as that is not `.` or `..`.
pub fn below<'a>(base: &Url, segments: impl IntoIterator<Item = &'a str>) -> Url {
    let mut url = base.clone();
    let mut path = url.path().trim_end_matches('/').to_owned();
    for segment in segments {
        path.push('/');
        path.extend(utf8_percent_encode(segment, SEGMENT));
    }
    url.set_path(&path);
    url
}
