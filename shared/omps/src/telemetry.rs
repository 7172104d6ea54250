//! What the process says of itself: log lines for people or machines, and the trace that its calls belong to.

mod json;
pub mod trace;

use std::env;
use std::io::{self, IsTerminal, Write, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Map, json};
use tracing::field::Empty;
use tracing::{Level, Span};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Config, LogFormat, LogLevel};
use crate::metrics;
use crate::scrub::scrub;

/// The target of audit lines, which are written whatever the log level.
pub const AUDIT: &str = "omps::audit";

/// Starts logging to standard output, as the configuration says. To be called once.
pub fn init(config: &Config) {
    init_to(stdout, config);
}

/// Starts logging to another place. To be called once.
pub fn init_to<W>(writer: W, config: &Config)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let level = match config.log_level {
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Info => Level::INFO,
        LogLevel::Warning => Level::WARN,
        LogLevel::Error | LogLevel::Critical => Level::ERROR,
    };
    let default = if stdout().is_terminal() {
        LogFormat::Text
    } else {
        LogFormat::Json
    };
    let lines = match config.log_format.unwrap_or(default) {
        LogFormat::Text => tracing_subscriber::fmt::layer()
            .with_target(false)
            .with_writer(Scrubbing(writer))
            .boxed(),
        LogFormat::Json => {
            let mut constant = Map::from_iter([("service".to_owned(), json!("omps"))]);
            if let Some(function) = function_name() {
                constant.insert("function_name".to_owned(), json!(function));
            }
            json::JsonLines { constant, writer }.boxed()
        }
    };
    let wanted = Targets::new()
        .with_default(level)
        .with_target(AUDIT, Level::INFO);
    tracing_subscriber::registry()
        .with(lines.with_filter(wanted))
        .init();
}

/// The Lambda function that this process is, if it is one.
pub fn function_name() -> Option<String> {
    env::var("AWS_LAMBDA_FUNCTION_NAME").ok()
}

/// What is known of a request, for every line that is logged while it is answered. What is empty is recorded when it is
/// found out.
pub fn request_span(request_id: &str) -> Span {
    static IS_WARM: AtomicBool = AtomicBool::new(false);
    let span = tracing::error_span!(
        "request",
        request_id,
        cold_start = Empty,
        organization = Empty,
        repo = Empty,
        version = Empty,
        nvr = Empty,
        digest = Empty,
    );
    if function_name().is_some() && !IS_WARM.swap(true, Ordering::Relaxed) {
        span.record("cold_start", true);
        metrics::count_cold_start();
    }
    span
}

/// Notes something that was found out of the current request.
pub fn note(field: &'static str, value: &str) {
    Span::current().record(field, value);
}

/// Says what the service was started with: each organization, without its secrets.
pub fn log_start(config: &Config, unknown_variables: &[String]) {
    for variable in unknown_variables {
        tracing::warn!(variable, "unknown environment variable");
    }
    for (name, organization) in &config.organizations {
        let tokens = organization.tokens();
        let has_token = tokens.oauth.is_some() || tokens.quay.is_some();
        if config.secrets_prefix.is_some() && has_token {
            tracing::warn!(
                organization = %name,
                "tokens in the configuration mean nothing: secrets_prefix is set"
            );
        }
        tracing::info!(
            organization = %name,
            public = organization.public,
            has_token,
            in_secrets_manager = config.secrets_prefix.is_some(),
            has_rules = !organization.rules.is_empty(),
            "organization configured"
        );
    }
}

/// Takes secrets out of lines.
struct Scrubbing<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Scrubbing<W> {
    type Writer = Scrubbed<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Scrubbed(self.0.make_writer())
    }
}

/// A line without secrets. It is written at once, as a whole.
struct Scrubbed<W>(W);

impl<W: Write> Write for Scrubbed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        self.0.write_all(scrub(&line).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
