//! Telemetry: the log, for people or machines, and the trace that calls belong to.

pub mod audit;
mod escapes;
mod lines;
pub mod metrics;
pub mod scrub;
pub mod trace;

use std::env;
use std::io::{IsTerminal, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Deserialize;
use serde_json::{Map, json};
use tracing::field::{Empty, Value};
use tracing::{Level, Span};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// The target of audit lines. They are written at every log level.
pub const AUDIT: &str = "omps::audit";

/// The level from which events are logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// Normal events, and all below.
    #[default]
    Info,
    /// Events that may be problems, and errors.
    Warning,
    /// Errors only.
    Error,
    /// The same as `Error`: this service has no events of a higher level.
    Critical,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text for people.
    Text,
    /// One JSON object in each line.
    Json,
}

/// Starts logging to standard output. Without a format, the log is text on a terminal, and otherwise JSON. It may be
/// called only once.
pub fn init(level: LogLevel, format: Option<LogFormat>) {
    init_to(stdout, level, format);
}

/// Starts logging to `writer`. It may be called only once.
pub fn init_to<W>(writer: W, level: LogLevel, format: Option<LogFormat>)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let level = match level {
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
    let mut constant = Map::from_iter([("service".to_owned(), json!("omps"))]);
    if let Some(function) = function_name() {
        constant.insert("function_name".to_owned(), json!(function));
    }
    let lines = lines::Lines {
        format: format.unwrap_or(default),
        constant,
        writer,
    };
    let wanted = Targets::new()
        .with_default(level)
        .with_target(AUDIT, Level::INFO);
    tracing_subscriber::registry()
        .with(lines.with_filter(wanted))
        .init();
}

/// The name of the Lambda function, if this process is one.
pub fn function_name() -> Option<String> {
    env::var("AWS_LAMBDA_FUNCTION_NAME").ok()
}

/// Whether the current invocation is the first of a Lambda function's process. To be asked once for an invocation.
pub fn is_cold_start() -> bool {
    static IS_WARM: AtomicBool = AtomicBool::new(false);
    let is_cold = function_name().is_some() && !IS_WARM.swap(true, Ordering::Relaxed);
    if is_cold {
        metrics::count_cold_start();
    }
    is_cold
}

/// The span of a request. Its fields are in every line that is logged for the request; [`note`] fills the empty ones.
pub fn request_span(request_id: &str, is_cold_start: bool) -> Span {
    let span = tracing::error_span!(
        "request",
        request_id,
        cold_start = Empty,
        organization = Empty,
        repo = Empty,
        version = Empty,
        nvr = Empty,
        digest = Empty,
        dry_run = Empty,
    );
    if is_cold_start {
        span.record("cold_start", true);
    }
    span
}

/// Sets a field in the span of the current request.
pub fn note(field: &'static str, value: impl Value) {
    Span::current().record(field, value);
}
