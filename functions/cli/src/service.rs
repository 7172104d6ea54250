//! The client of the service: a request, its answer or error, and the same request again where that can help.

mod progress;

use std::net::IpAddr;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, StatusCode, Url};
use serde_json::Value;

use crate::Failure;
use crate::arguments::Where;
use crate::output::{Escaped, WARNING, eprint};
use crate::settings::Settings;
use progress::Counted;

/// The longest wait that the service may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Bytes of an answer: more than any report has.
const LONGEST_ANSWER: usize = 64 << 20;

/// The service, and how patiently it is asked.
pub(crate) struct Service {
    client: Client,
    base: Url,
    retries: usize,
}

/// A request that can be sent again.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
}

/// What a request sends.
pub(crate) enum Body {
    Nothing,
    Whole(Bytes),
    /// With a progress bar, where somebody watches.
    Watched(Bytes),
}

/// What the service said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The body as JSON; null where it is none.
    pub(crate) body: Value,
    /// The body.
    pub(crate) bytes: Vec<u8>,
    pub(crate) headers: HeaderMap,
}

/// Why there is no answer.
pub(crate) struct Unanswered {
    pub(crate) problem: String,
    /// Whether the service may have done what was asked for.
    pub(crate) may_have_arrived: bool,
}

impl Answer {
    /// A text of the body.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.body[key].as_str().unwrap_or_default()
    }

    /// Whether the push was done before.
    pub(crate) fn is_replayed(&self) -> bool {
        self.headers.contains_key("idempotency-replayed")
    }

    /// What went wrong, in a line.
    pub(crate) fn problem(&self) -> String {
        let status = self.status;
        let (id, message) = (self.text("error"), self.text("message"));
        let request = self.headers.get("x-request-id");
        let request = request.and_then(|id| id.to_str().ok()).unwrap_or("-");
        match id.is_empty() {
            true => format!("the service answered {status}, and not as omps does"),
            false => format!("{message} ({id}, {status}, request {request})"),
        }
    }
}

impl Request {
    /// A request without body.
    pub(crate) fn new(method: Method, url: Url) -> Self {
        Request {
            method,
            url,
            headers: HeaderMap::new(),
            body: Body::Nothing,
        }
    }

    /// With a token.
    #[must_use]
    pub(crate) fn by(mut self, token: &HeaderValue) -> Self {
        self.headers.insert(AUTHORIZATION, token.clone());
        self
    }

    fn build(&self, client: &Client) -> RequestBuilder {
        let request = client
            .request(self.method.clone(), self.url.clone())
            .headers(self.headers.clone());
        match &self.body {
            Body::Nothing => request,
            Body::Whole(bytes) => request.body(bytes.clone()),
            Body::Watched(bytes) => request.body(reqwest::Body::wrap(Counted::new(bytes.clone()))),
        }
    }
}

impl Service {
    /// The service that options, environment or file name.
    ///
    /// # Errors
    /// No address, or one that is no address.
    pub(crate) fn new(place: &Where, settings: &Settings) -> Result<Self, Failure> {
        let url = place.url.as_ref().or(settings.url.as_ref());
        let url = url.ok_or_else(|| {
            Failure::Usage(
                "no service: use --url or OMPS_URL, as in https://omps.example.com".to_owned(),
            )
        })?;
        Ok(Service {
            client: client(place.timeout)?,
            base: base(url)?,
            retries: place.retries.into(),
        })
    }

    /// The address of a route.
    ///
    /// # Errors
    /// A name that an address leaves out: without the release's, a request to delete it would delete all.
    pub(crate) fn url(&self, segments: &[&str]) -> Result<Url, Failure> {
        if let Some(name) = segments
            .iter()
            .find(|name| matches!(**name, "" | "." | ".."))
        {
            return Err(Failure::Usage(format!(
                "{name:?} is no name of an organization, a repository, a release or a build"
            )));
        }
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("v2").extend(segments);
        }
        Ok(url)
    }

    /// Sends a request until it is answered, and again while the answer says that this helps.
    ///
    /// # Errors
    /// The service cannot be reached. An answer that is no success is none.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, Failure> {
        let sent = self.send_until_answered(request).await;
        sent.map_err(|unanswered| Failure::Service(unanswered.problem))
    }

    /// As [`Service::send`], for what must be known of a request without an answer.
    ///
    /// # Errors
    /// [`Unanswered`]
    pub(crate) async fn send_until_answered(
        &self,
        request: &Request,
    ) -> Result<Answer, Unanswered> {
        let mut has_arrived = false;
        let mut waits = ExponentialBuilder::default()
            .with_min_delay(Duration::from_secs(1))
            .with_max_delay(Duration::from_secs(20))
            .with_max_times(self.retries)
            .with_jitter()
            .build();
        loop {
            let (problem, asked_for) = match self.send_once(request).await {
                Ok(answer) if !is_passing(&answer) => return Ok(answer),
                Ok(answer) => match waits.next() {
                    None => return Ok(answer),
                    Some(wait) => (
                        answer.problem(),
                        retry_after(&answer.headers).unwrap_or(wait),
                    ),
                },
                Err(mut unanswered) => {
                    has_arrived |= unanswered.may_have_arrived;
                    unanswered.may_have_arrived = has_arrived;
                    match waits.next() {
                        None => return Err(unanswered),
                        Some(wait) => (unanswered.problem, wait),
                    }
                }
            };
            eprint(&format!(
                "{WARNING}warning{WARNING:#}: {}; again in {:.0} s\n",
                Escaped(&problem),
                asked_for.as_secs_f64().ceil()
            ));
            tokio::time::sleep(asked_for).await;
        }
    }

    async fn send_once(&self, request: &Request) -> Result<Answer, Unanswered> {
        let failed = |error: reqwest::Error| {
            let place = self.base.host_str().unwrap_or_default();
            Unanswered {
                may_have_arrived: !error.is_connect(),
                problem: format!(
                    "{place} cannot be reached: {}",
                    causes(&error.without_url())
                ),
            }
        };
        let mut response = request.build(&self.client).send().await.map_err(failed)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(Unanswered {
                    may_have_arrived: true,
                    problem: "the answer is too long for omps".to_owned(),
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
            bytes: body,
            headers,
        })
    }
}

/// A client that hands a token to nobody else: it follows no redirection.
///
/// # Errors
/// The system's certificates cannot be used.
pub(crate) fn client(timeout: u64) -> Result<Client, Failure> {
    Client::builder()
        .user_agent(concat!("omps-cli/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(timeout))
        .build()
        .map_err(|error| Failure::Service(causes(&error)))
}

/// An address without query; one in plain HTTP is warned of.
///
/// # Errors
/// It is no address.
pub(crate) fn base(text: &str) -> Result<Url, Failure> {
    let is_http = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let url = Url::parse(text).ok().filter(is_http).ok_or_else(|| {
        Failure::Usage(format!(
            "{text:?} is not an address as in https://omps.example.com"
        ))
    })?;
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(Failure::Usage(
            "the address has a user, a query or a fragment, which omps does not send".to_owned(),
        ));
    }
    if url.scheme() == "http" && !is_this_machine(&url) {
        let host = url.host_str().unwrap_or_default();
        eprint(&format!(
            "{WARNING}warning{WARNING:#}: {} is reached without TLS: others can read what is sent, tokens too\n",
            Escaped(host)
        ));
    }
    Ok(url)
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Whether the same request can have another answer soon.
fn is_passing(answer: &Answer) -> bool {
    let is_running =
        answer.status == StatusCode::CONFLICT && answer.text("error") == "IdempotencyKeyInUse";
    is_running || matches!(answer.status.as_u16(), 429 | 502 | 503 | 504)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

/// An error with its causes: reqwest's own words say little.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
