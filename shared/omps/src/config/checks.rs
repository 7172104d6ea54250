//! Reads a section as a configuration, and finds everything that is wrong with it: each key is read alone.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::sources::Section;
use super::{Config, ConfigError, GreenwaveConfig, Problems, registries};
use crate::nearest::nearest;
use crate::organization::Organization;

/// The longest name of an organization.
const LONGEST_NAME: usize = 128;

/// The configuration that a section holds.
///
/// # Errors
/// [`ConfigError::Invalid`] with all problems.
pub(super) fn config_of(section: Section) -> Result<Config, ConfigError> {
    let Section {
        table,
        mut problems,
    } = section;
    for (key, value) in &table {
        match (key.as_str(), value) {
            ("greenwave", Value::Table(greenwave)) => check_greenwave(greenwave, &mut problems),
            ("organizations", Value::Table(organizations)) => {
                for (name, organization) in organizations {
                    check_organization(name, organization, &mut problems);
                }
                names_differ(organizations.keys(), &mut problems);
            }
            _ => check_alone::<Config>(key, key, value, &mut problems),
        }
    }
    check_together(&table, &mut problems);
    if !problems.is_empty() {
        return Err(ConfigError::Invalid(problems));
    }
    match Value::Table(table).try_into::<Config>() {
        Ok(config) => {
            registries::check(&config, &mut problems);
            match problems.is_empty() {
                true => Ok(config),
                false => Err(ConfigError::Invalid(problems)),
            }
        }
        Err(error) => {
            problems.add_text(error.message().to_owned());
            Err(ConfigError::Invalid(problems))
        }
    }
}

/// Settings that exclude or need each other.
fn check_together(table: &Table, problems: &mut Problems) {
    let has = |key| table.contains_key(key);
    if has("ledger_table") && has("data_dir") {
        problems.add("data_dir", "ledger_table and data_dir exclude each other");
    }
    if has("upload_dir") && has("upload_bucket") {
        problems.add(
            "upload_dir",
            "upload_dir and upload_bucket exclude each other",
        );
    } else if has("upload_dir") && !has("public_url") {
        problems.add(
            "upload_dir",
            "requires public_url, where clients put their uploads",
        );
    }
}

/// No two organizations are the same but for upper and lower case: a registry may not tell them apart.
fn names_differ<'a>(names: impl Iterator<Item = &'a String>, problems: &mut Problems) {
    let mut seen = BTreeMap::new();
    for name in names {
        if let Some(other) = seen.insert(name.to_ascii_lowercase(), name) {
            let problem =
                format!("the name differs from organizations.{other} only in upper and lower case");
            problems.add(&format!("organizations.{name}"), problem);
        }
    }
}

fn check_greenwave(table: &Table, problems: &mut Problems) {
    const COMPLETE: [(&str, &str); 3] = [
        ("url", "http://greenwave"),
        ("context", "-"),
        ("product_version", "-"),
    ];
    for (key, _) in COMPLETE {
        if !table.contains_key(key) {
            problems.add(&format!("greenwave.{key}"), "is missing");
        }
    }
    for (key, value) in table {
        let complete = COMPLETE.map(|(key, value)| (key.to_owned(), Value::from(value)));
        let mut whole = Table::from_iter(complete);
        whole.insert(key.clone(), value.clone());
        check::<GreenwaveConfig>(&format!("greenwave.{key}"), whole, problems);
    }
}

fn check_organization(name: &str, value: &Value, problems: &mut Problems) {
    let place = format!("organizations.{name}");
    if let Err(error) = crate::names::OrganizationName::parse(name) {
        problems.add(&place, error);
    } else if name.len() > LONGEST_NAME {
        problems.add(
            &place,
            format!("the name is longer than {LONGEST_NAME} characters"),
        );
    }
    let Value::Table(table) = value else {
        problems.add(&place, format!("is a {}, wanted a table", value.type_str()));
        return;
    };
    for (key, value) in table {
        match value {
            // Each rule alone, so that each has its line.
            Value::Array(rules) if rules.iter().all(Value::is_table) => {
                for (index, rule) in rules.iter().enumerate() {
                    let rules = Value::Array(vec![rule.clone()]);
                    let place = format!("{place}.{key}[{index}]");
                    check_alone::<Organization>(&place, key, &rules, problems);
                }
            }
            _ => check_alone::<Organization>(&format!("{place}.{key}"), key, value, problems),
        }
    }
}

/// Checks a table that has only this key.
fn check_alone<T: DeserializeOwned>(
    place: &str,
    key: &str,
    value: &Value,
    problems: &mut Problems,
) {
    let table = Table::from_iter([(key.to_owned(), value.clone())]);
    check::<T>(place, table, problems);
}

fn check<T: DeserializeOwned>(place: &str, table: Table, problems: &mut Problems) {
    if let Err(error) = Value::Table(table).try_into::<T>() {
        let message = error.message();
        let unknown = unknown_key(place, message);
        let message = unknown.unwrap_or_else(|| message.trim_end().replace('\n', " "));
        // Some messages name their key themselves.
        let key = place.rsplit('.').next().unwrap_or(place);
        let key = key.split('[').next().unwrap_or(key);
        let message = message
            .strip_prefix(&format!("{key}: "))
            .unwrap_or(&message);
        problems.add(place, message);
    }
}

/// The message for a key that serde does not know, with the known one that is most like it.
fn unknown_key(place: &str, message: &str) -> Option<String> {
    let mut names = message
        .strip_prefix("unknown field ")?
        .split('`')
        .skip(1)
        .step_by(2);
    let unknown = names.next()?;
    let known: Vec<&str> = names.collect();
    let is_place = place.ends_with(unknown);
    let what = if is_place {
        "unknown key".to_owned()
    } else {
        format!("unknown key {unknown}")
    };
    Some(match nearest(unknown, known.iter().copied()) {
        Some(nearest) => format!("{what}; the nearest known is {nearest}"),
        None => format!("{what}; known are {}", known.join(", ")),
    })
}
