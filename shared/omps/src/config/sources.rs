//! The sources of a configuration: a section of a TOML file, and environment variables, which override it.

use std::env;

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::problems::{Places, Problems};
use super::{ConfigError, DEFAULT_SECTION, environment, from_omps};
use crate::nearest::nearest;

/// Variables that the configuration file does not have.
const OTHER_VARIABLES: [&str; 16] = [
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
    // The command line's.
    "OMPS_URL",
    "OMPS_ORGANIZATION",
    "OMPS_TOKEN",
    "OMPS_IDEMPOTENCY_KEY",
];
/// How many errors of syntax are reported: later ones often follow from earlier ones.
const MOST_SYNTAX_ERRORS: usize = 5;

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

/// A section of a configuration: its values, where they come from, and what is wrong already.
#[derive(Debug)]
pub(super) struct Section {
    pub table: Table,
    pub problems: Problems,
}

impl Section {
    /// The section of the file that `OMPS_CONF_FILE` names, if any, with the environment over it.
    pub(super) fn from_env() -> Result<Self, ConfigError> {
        let mut section = match file_of_env() {
            Some((path, section)) => {
                let text = std::fs::read_to_string(&path).map_err(|error| {
                    let path = path.clone();
                    ConfigError::Unreadable { path, error }
                })?;
                Self::of_file(&path, &text, &section)?
            }
            None => Section {
                table: Table::new(),
                problems: Problems::default(),
            },
        };
        let (variables, no_texts) = environment::variables(env::vars_os());
        for name in no_texts {
            section
                .problems
                .add_text(format!("{name}: the value of the variable is not UTF-8"));
        }
        section.overlay(variables);
        Ok(section)
    }

    /// The section of a TOML text with this name.
    ///
    /// # Errors
    /// [`ConfigError`]: the text is not TOML, or it has no such section.
    pub(super) fn of_toml(text: &str, section: &str) -> Result<Self, ConfigError> {
        Self::of_file("config.py", text, section)
    }

    fn of_file(path: &str, text: &str, section: &str) -> Result<Self, ConfigError> {
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            return Err(match from_omps::names_in(text) {
                Some(names) => ConfigError::Python {
                    path: path.to_owned(),
                    names,
                },
                None => not_toml(text, &errors),
            });
        }
        let mut file: Table = text.parse().map_err(|error| not_toml(text, &[error]))?;
        match file.remove(section) {
            Some(Value::Table(values)) => {
                let mut problems = Problems::default();
                if let Some(DeValue::Table(table)) =
                    table.get_ref().get(section).map(toml::Spanned::get_ref)
                {
                    add_lines(text, "", table, &mut problems.places);
                }
                Ok(Section {
                    table: values,
                    problems,
                })
            }
            _ => {
                let names: Vec<String> = file.keys().map(|name| format!("[{name}]")).collect();
                let found = match names.is_empty() {
                    true => "none".to_owned(),
                    false => names.join(", "),
                };
                Err(ConfigError::NoSection {
                    wanted: section.to_owned(),
                    found,
                })
            }
        }
    }

    /// Overrides the values of the file with variables. Unknown variables are problems.
    fn overlay(&mut self, variables: impl IntoIterator<Item = (String, String)>) {
        // A template cannot always leave a variable out, so an empty variable counts as absent.
        for (variable, text) in variables.into_iter().filter(|(_, text)| !text.is_empty()) {
            let key = variable.trim_start_matches("OMPS_").to_lowercase();
            let greenwave_key = key
                .strip_prefix("greenwave_")
                .filter(|key| GREENWAVE_KEYS.contains(key));
            let places = &mut self.problems.places;
            if TEXTS.contains(&key.as_str()) {
                places.variables.insert(key.clone(), variable);
                self.table.insert(key, Value::String(text));
            } else if NUMBERS.contains(&key.as_str()) {
                places.variables.insert(key.clone(), variable);
                // A text that is not a number stays a text; the configuration then refuses it and names the key.
                let number = text.parse().map_or(Value::String(text), Value::Integer);
                self.table.insert(key, number);
            } else if let Some(key) = greenwave_key {
                places
                    .variables
                    .insert(format!("greenwave.{key}"), variable);
                let greenwave = self.table.entry("greenwave").or_insert(Table::new().into());
                // A value that is not a table stays as it is; the configuration then refuses it.
                if let Value::Table(greenwave) = greenwave {
                    greenwave.insert(key.to_owned(), Value::String(text));
                }
            } else if !OTHER_VARIABLES.contains(&&*variable) && !is_service_link(&variable, &text) {
                self.problems.add_text(unknown_variable(&variable));
            }
        }
    }
}

/// The path of the configuration file, and the name of its section, as the environment says.
pub(super) fn file_of_env() -> Option<(String, String)> {
    let variable = |name| env::var(name).ok().filter(|text| !text.is_empty());
    let section = variable("OMPS_CONF_SECTION");
    let section = section.unwrap_or_else(|| DEFAULT_SECTION.to_owned());
    Some((variable("OMPS_CONF_FILE")?, section))
}

/// Whether Kubernetes sets this variable in every pod beside a service whose name starts with `omps`.
fn is_service_link(variable: &str, value: &str) -> bool {
    ["_SERVICE_HOST", "_SERVICE_PORT", "_PORT_"]
        .iter()
        .any(|part| variable.contains(part))
        || variable.ends_with("_PORT") && value.contains("://")
}

fn unknown_variable(variable: &str) -> String {
    let of_greenwave = GREENWAVE_KEYS.iter().map(|key| format!("greenwave_{key}"));
    let settings = TEXTS.iter().chain(&NUMBERS).map(|key| (*key).to_owned());
    let variables = settings
        .chain(of_greenwave)
        .map(|key| format!("OMPS_{}", key.to_uppercase()));
    let mut known: Vec<String> = variables.collect();
    known.extend(OTHER_VARIABLES.map(str::to_owned));
    match nearest(variable, known.iter().map(String::as_str)) {
        Some(nearest) => format!("{variable}: unknown variable; the nearest known is {nearest}"),
        None => format!(
            "{variable}: unknown variable; unset it. Organizations can only be set in the file"
        ),
    }
}

fn not_toml(text: &str, errors: &[toml::de::Error]) -> ConfigError {
    let mut problems = Problems::default();
    for error in errors.iter().take(MOST_SYNTAX_ERRORS) {
        let at = error.span().map_or(0, |span| span.start);
        problems.add_text(format!("line {}: {}", line_of(text, at), error.message()));
    }
    ConfigError::NotToml(problems)
}

/// The line, counted from one, of a place in a text.
fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// Notes the line of each key below `parent`.
fn add_lines(text: &str, parent: &str, table: &DeTable<'_>, places: &mut Places) {
    for (name, value) in table {
        let key = match parent {
            "" => name.get_ref().to_string(),
            parent => format!("{parent}.{}", name.get_ref()),
        };
        let line = line_of(text, name.span().start);
        match value.get_ref() {
            DeValue::Table(table) => add_lines(text, &key, table, places),
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let line = line_of(text, item.span().start);
                    places.lines.insert(format!("{key}[{index}]"), line);
                }
            }
            _ => {}
        }
        places.lines.insert(key, line);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Config;
    use super::super::checks::config_of;
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

    fn section(text: &str, variables: &[(&str, &str)]) -> Section {
        let mut section = Section::of_toml(text, "P").unwrap();
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        section.overlay(variables);
        section
    }

    #[test]
    fn variables_override_the_file() {
        let section = section(
            "[P]\nrequest_timeout = 5",
            &[
                ("OMPS_REQUEST_TIMEOUT", "7"),
                ("OMPS_LOG_LEVEL", "DEBUG"),
                ("OMPS_LISTEN", "x"),
                ("OMPS_CA_FILE", ""),
                ("OMPS_GREENWAVE_URL", "https://greenwave.example.com"),
                ("OMPS_GREENWAVE_CONTEXT", "push"),
                ("OMPS_GREENWAVE_PRODUCT_VERSION", "9"),
            ],
        );
        let config = config_of(section).unwrap();
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
    fn wrong_and_unknown_variables_stop_the_start() {
        let section = section(
            "[P]\nrequest_timeout = 5",
            &[
                ("OMPS_QUAY_ULR", "https://quay.io"),
                ("OMPS_TYPO", "1"),
                ("OMPS_REQUEST_TIMEOUT", "soon"),
            ],
        );
        let error = config_of(section).unwrap_err().to_string();
        assert_eq!(
            error,
            "configuration:\n  \
             OMPS_QUAY_ULR: unknown variable; the nearest known is OMPS_QUAY_URL\n  \
             OMPS_TYPO: unknown variable; unset it. Organizations can only be set in the file\n  \
             OMPS_REQUEST_TIMEOUT: request_timeout: invalid type: string \"soon\", expected a nonzero u64"
        );
    }

    #[test]
    fn variables_that_kubernetes_sets_for_services_are_ignored() {
        let section = section(
            "[P]",
            &[
                ("OMPS_SERVICE_HOST", "10.0.0.1"),
                ("OMPS_SERVICE_PORT_HTTP", "8080"),
                ("OMPS_PORT", "tcp://10.0.0.1:8080"),
                ("OMPS_PORT_8080_TCP_ADDR", "10.0.0.1"),
                ("OMPS_SERVER_PORT", "tcp://10.0.0.1:8080"),
            ],
        );
        assert!(config_of(section).is_ok());
    }

    #[test]
    fn a_greenwave_variable_does_not_hide_an_error_in_the_file() {
        let section = section("[P]\ngreenwave = 5", &[("OMPS_GREENWAVE_CONTEXT", "push")]);
        let error = config_of(section).unwrap_err().to_string();
        assert!(error.contains("greenwave"), "{error}");
    }
}
