//! Where a configuration comes from: a section of a TOML file, and the environment over it.

use toml::{Table, Value};

use super::ConfigError;

/// Variables that are not part of the configuration file.
const OTHER_VARIABLES: [&str; 3] = ["OMPS_CONF_FILE", "OMPS_CONF_SECTION", "OMPS_LISTEN"];

/// One section of a TOML text.
///
/// # Errors
/// [`ConfigError`]: no TOML, or no such section.
pub fn section_of(text: &str, section: &str) -> Result<Table, ConfigError> {
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

/// Puts variables over the file's values, and returns the names of those that mean nothing.
pub fn overlay(table: &mut Table, variables: Vec<(String, String)>) -> Vec<String> {
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
    const OF_GREENWAVE: [&str; 3] = ["url", "context", "product_version"];
    let mut unknown = Vec::new();
    // Templates cannot always leave a variable out: an empty one is none.
    for (variable, text) in variables.into_iter().filter(|(_, text)| !text.is_empty()) {
        let key = variable.trim_start_matches("OMPS_").to_lowercase();
        let of_greenwave = key
            .strip_prefix("greenwave_")
            .filter(|key| OF_GREENWAVE.contains(key));
        if TEXTS.contains(&key.as_str()) {
            table.insert(key, Value::String(text));
        } else if NUMBERS.contains(&key.as_str()) {
            // What is no number stays text, and is refused with the key's name.
            let number = text.parse().map_or(Value::String(text), Value::Integer);
            table.insert(key, number);
        } else if let Some(key) = of_greenwave {
            let greenwave = table.entry("greenwave").or_insert(Table::new().into());
            // What is no table stays what it is, and is refused.
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
    fn a_missing_section_is_told_with_those_that_are_there() {
        let error = Config::from_toml("[DevConfig]\n", "ProdConfig")
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "the configuration has no section [ProdConfig]; it has [DevConfig]"
        );
    }

    #[test]
    fn variables_win_over_the_file_and_unknown_ones_are_told() {
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
    fn a_variable_of_greenwave_does_not_hide_what_is_wrong_in_the_file() {
        let mut table = section_of("[P]\ngreenwave = 5", "P").unwrap();
        overlay(
            &mut table,
            vec![("OMPS_GREENWAVE_CONTEXT".to_owned(), "push".to_owned())],
        );
        let error = Config::from_table(table).unwrap_err().to_string();
        assert!(error.contains("greenwave"), "{error}");
    }
}
