//! A `config.py` of OMPS as TOML. Its literals are read; nothing of it runs.

mod python;

use toml::{Table, Value};

use super::Config;
use python::{Assignment, Class, Module};

/// Settings that OMPS has and this service does not need.
const NOT_NEEDED: [&str; 4] = ["secret_key", "debug", "testing", "log_format"];
/// Settings with the same name here, in lower case.
const SAME: [&str; 9] = [
    "log_level",
    "default_release_version",
    "kojihub_url",
    "kojiroot_url",
    "request_timeout",
    "zipfile_max_uncompressed_size",
    "max_content_length",
    "greenwave",
    "organizations",
];

const FIRST_LINE: &str = "# Made from a config.py of OMPS, which pushed to the App Registry of quay.io. omps pushes bundle images there; for a Quay\n# that still has App Registry, set quay_url and release_format = \"app-registry\".";

/// A configuration that was converted.
#[derive(Debug)]
pub struct Converted {
    /// The TOML, with comments about what was left out.
    pub toml: String,
    /// What could not be read, or is not valid here, each with its line in the Python file or its key.
    pub problems: Vec<String>,
}

/// Converts the text of a `config.py`: each class becomes a table, with what it inherits.
///
/// # Errors
/// The text has no class.
pub fn convert(text: &str) -> Result<Converted, String> {
    let Module { classes, unread } = python::read(text);
    if classes.is_empty() {
        return Err("the file has no class such as ProdConfig".to_owned());
    }
    let unread = unread
        .into_iter()
        .map(|place| format!("{place}: not an assignment"));
    let (mut problems, mut comments) = (unread.collect::<Vec<_>>(), Vec::new());
    let mut sections = Table::new();
    for class in &classes {
        let section = section(class, &mut problems, &mut comments);
        sections.insert(class.name.clone(), Value::Table(section));
    }
    comments.dedup();
    let comments: String = comments
        .iter()
        .map(|comment| format!("# {comment}\n"))
        .collect();
    let toml = toml::to_string(&sections).map_err(|error| error.to_string())?;
    let toml = format!("{FIRST_LINE}\n{comments}\n{toml}");
    for class in &classes {
        if let Err(error) = Config::from_toml(&toml, &class.name) {
            problems.push(format!("in the TOML, [{}]: {error}", class.name));
        }
    }
    problems.dedup();
    Ok(Converted { toml, problems })
}

fn section(class: &Class, problems: &mut Vec<String>, comments: &mut Vec<String>) -> Table {
    let mut section = Table::new();
    for Assignment { name, line, value } in &class.assignments {
        let key = name.to_lowercase();
        match value {
            _ if NOT_NEEDED.contains(&key.as_str()) => {
                comments.push(format!("Line {line}: {name} is not needed."));
            }
            _ if !SAME.contains(&key.as_str()) => {
                comments.push(format!("Line {line}: {name} is no setting of omps."));
            }
            Ok(None) => comments.push(format!(
                "Line {line}: {name} is None, which is the default."
            )),
            Ok(Some(value)) => drop(section.insert(key.clone(), renamed(&key, value.clone()))),
            Err(problem) => problems.push(format!("line {line}: {name} cannot be read: {problem}")),
        }
    }
    section
}

/// A value as it is written here.
fn renamed(key: &str, value: Value) -> Value {
    match (key, value) {
        ("log_level", Value::String(level)) => Value::String(level.to_uppercase()),
        ("organizations", Value::Table(mut organizations)) => {
            for (_, organization) in &mut organizations {
                // The name before `package_name_suffix`.
                if let Value::Table(organization) = organization
                    && let Some(suffix) = organization.remove("repository_suffix")
                {
                    organization.insert("package_name_suffix".to_owned(), suffix);
                }
            }
            Value::Table(organizations)
        }
        (_, value) => value,
    }
}

/// What the settings of a Python configuration are called here; nothing if the text is no such configuration.
pub(super) fn names_in(text: &str) -> Option<String> {
    let is_python = text
        .lines()
        .any(|line| line.starts_with("class ") && line.contains(':'));
    let classes = python::read(text).classes;
    if !is_python || classes.is_empty() {
        return None;
    }
    let mut names: Vec<String> = Vec::new();
    for assignment in classes.iter().flat_map(|class| &class.assignments) {
        let key = assignment.name.to_lowercase();
        let name = match SAME.contains(&key.as_str()) {
            true => format!("{} is {key}", assignment.name),
            false => format!("{} is not needed", assignment.name),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Some(names.join(", "))
}

#[cfg(test)]
mod tests;
