//! Logging: one line an event, text for people, JSON for machines.

use std::io::{IsTerminal, stdout};

use tracing::Level;

use crate::config::{Config, LogFormat, LogLevel};

/// Starts logging to standard output, as the configuration says. To be called once.
pub fn init(config: &Config) {
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
    let logger = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false);
    match config.log_format.unwrap_or(default) {
        LogFormat::Text => logger.init(),
        LogFormat::Json => logger
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .init(),
    }
}

/// Says what the service was started with: each organization, without its secrets.
pub fn log_start(config: &Config, unknown_variables: &[String]) {
    for variable in unknown_variables {
        tracing::warn!(variable, "unknown environment variable");
    }
    for (name, organization) in &config.organizations {
        tracing::info!(
            organization = %name,
            public = organization.public,
            has_token = organization.oauth_token.is_some(),
            has_rules = organization.has_rules(),
            "organization configured"
        );
    }
}
