//! The sources of a configuration: a section of a TOML file, and environment variables, which override it.

use toml::{Table, Value};

use super::ConfigError;

/// Variables that the configuration file does not have.
const OTHER_VARIABLES: [&str; 12] = [
    "OMPS_CONF_FILE",
    "OMPS_CONF_SECTION",
    "OMPS_LISTEN",
    "OMPS_METRICS_LISTEN",
    "OMPS_VALIDATE_WORKERS",
    "OMPS_BODY_BUDGET",
    "OMPS_ANSWER_BUDGET",
    "OMPS_MAX_CONNECTIONS",
    "OMPS_MAX_CONNECTIONS_PER_PEER",
    "OMPS_LEAST_RATE",
    "OMPS_IDLE_TIMEOUT",
    "OMPS_STACK",
];

/// The section of a TOML text with this name.
///
/// # Errors
/// [`ConfigError`]: the text is not TOML, or it has no such section.
pub(crate) fn section_of(text: &str, section: &str) -> Result<Table, ConfigError> {
    let mut file: Table = text.parse().map_err(|error| not_toml(text, &error))?;
    match file.remove(section) {
        Some(Value::Table(table)) => Ok(table),
        _ => {
            let names: Vec<String> = file.keys().map(|name| format!("[{name}]")).collect();
            let found = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            };
            Err(ConfigError::NoSection {
                wanted: section.to_owned(),
                found,
            })
        }
    }
}

fn not_toml(text: &str, error: &toml::de::Error) -> ConfigError {
    let at = error.span().map_or(0, |span| span.start);
    ConfigError::NotToml {
        line: 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count(),
        problem: error.message().to_owned(),
    }
}

/// Overrides the values of the file with variables, and returns the names of unknown variables.
pub(crate) fn overlay(table: &mut Table, variables: Vec<(String, String)>) -> Vec<String> {
    const TEXTS: [&str; 15] = [
        "log_level",
        "log_format",
        "default_release_version",
        "quay_url",
        "kojihub_url",
        "kojiroot_url",
        "release_format",
        "registry_url",
        "secrets_prefix",
        "ca_file",
        "upload_bucket",
        "upload_dir",
        "public_url",
        "ledger_table",
        "data_dir",
    ];
    const NUMBERS: [&str; 3] = [
        "request_timeout",
        "zipfile_max_uncompressed_size",
        "max_content_length",
    ];
    const GREENWAVE_KEYS: [&str; 3] = ["url", "context", "product_version"];
    let mut unknown = Vec::new();
    // A template cannot always leave a variable out, so an empty variable counts as absent.
    for (variable, text) in variables.into_iter().filter(|(_, text)| !text.is_empty()) {
        let key = variable.trim_start_matches("OMPS_").to_lowercase();
        let greenwave_key = key
            .strip_prefix("greenwave_")
            .filter(|key| GREENWAVE_KEYS.contains(key));
        if TEXTS.contains(&key.as_str()) {
            table.insert(key, Value::String(text));
        } else if NUMBERS.contains(&key.as_str()) {
            // A text that is not a number stays a text; the configuration then refuses it and names the key.
            let number = text.parse().map_or(Value::String(text), Value::Integer);
            table.insert(key, number);
        } else if let Some(key) = greenwave_key {
            let greenwave = table.entry("greenwave").or_insert(Table::new().into());
            // A value that is not a table stays as it is; the configuration then refuses it.
            if let Value::Table(greenwave) = greenwave {
                greenwave.insert(key.to_owned(), Value::String(text));
            }
        } else if !OTHER_VARIABLES.contains(&variable.as_str()) {
            unknown.push(variable);
        }
    }
    unknown
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Config;
    use super::*;
    use crate::telemetry::LogLevel;

    #[test]
    fn a_missing_section_is_reported_with_the_present_ones() {
        let error = Config::from_toml("[DevConfig]\n", "ProdConfig")
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "the configuration has no section [ProdConfig]; it has [DevConfig]"
        );
    }

    #[test]
    fn variables_override_the_file_and_unknown_ones_are_reported() {
        let mut table = section_of("[P]\nrequest_timeout = 5", "P").unwrap();
        let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let variables = vec![
            set("OMPS_REQUEST_TIMEOUT", "7"),
            set("OMPS_LOG_LEVEL", "DEBUG"),
            set("OMPS_LISTEN", "x"),
            set("OMPS_TYPO", "1"),
            set("OMPS_CA_FILE", ""),
            set("OMPS_GREENWAVE_URL", "https://greenwave.example.com"),
            set("OMPS_GREENWAVE_CONTEXT", "push"),
            set("OMPS_GREENWAVE_PRODUCT_VERSION", "9"),
        ];
        assert_eq!(overlay(&mut table, variables), ["OMPS_TYPO"]);
        let config = Config::from_table(table).unwrap();
        assert_eq!(config.request_timeout, Duration::from_secs(7));
        assert_eq!(config.log_level, LogLevel::Debug);
        assert_eq!(config.ca_file, None);
        let greenwave = config.greenwave.unwrap();
        assert_eq!(greenwave.url.as_str(), "https://greenwave.example.com/");
        assert_eq!(
            (&*greenwave.context, &*greenwave.product_version),
            ("push", "9")
        );
    }

    #[test]
    fn a_greenwave_variable_does_not_hide_an_error_in_the_file() {
        let mut table = section_of("[P]\ngreenwave = 5", "P").unwrap();
        overlay(
            &mut table,
            vec![("OMPS_GREENWAVE_CONTEXT".to_owned(), "push".to_owned())],
        );
        let error = Config::from_table(table).unwrap_err().to_string();
        assert!(error.contains("greenwave"), "{error}");
    }
}
