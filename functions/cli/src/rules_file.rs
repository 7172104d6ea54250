//! An organization's part of omps' configuration file, as far as it decides what becomes of an operator.

use std::fs;
use std::path::Path;

use omps_operator::rules::{Annotation, Replacement, Rules};
use serde::Deserialize;
use toml::Table;

use crate::Failure;
use crate::arguments::Format;

/// What an organization asks of its operators.
#[derive(Debug, Default)]
pub(crate) struct OrganizationRules {
    pub(crate) rules: Rules,
    pub(crate) format: Option<Format>,
    pub(crate) is_strict: bool,
}

/// The part of an organization's table that is about operators. The service checks the rest: `omps-server --check-config`.
#[derive(Debug, Default, Deserialize)]
struct OrganizationTable {
    #[serde(default)]
    replace_registry: Vec<Replacement>,
    package_name_suffix: Option<String>,
    #[serde(default)]
    csv_annotations: Vec<Annotation>,
    release_format: Option<Format>,
    #[serde(default)]
    validation: Validation,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Validation {
    #[default]
    Normal,
    Strict,
}

/// Reads an organization's rules from a configuration file of omps.
///
/// # Errors
/// What is wrong with the file; the section or the organization that it lacks.
pub(crate) fn read(
    path: &Path,
    section: &str,
    organization: &str,
) -> Result<OrganizationRules, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("cannot read {}: {error}", path.display())))?;
    parse(&text, section, organization)
        .map_err(|problem| Failure::Usage(format!("{}: {problem}", path.display())))
}

fn parse(text: &str, section: &str, organization: &str) -> Result<OrganizationRules, String> {
    // The line of the file may hold a token: the message is enough.
    let mut file: Table = text
        .parse()
        .map_err(|error: toml::de::Error| error.message().to_owned())?;
    let found: Vec<String> = file.keys().cloned().collect();
    let Some(toml::Value::Table(mut section_table)) = file.remove(section) else {
        return Err(format!(
            "there is no section [{section}]; it has {}",
            found.join(", ")
        ));
    };
    let format = section_table.remove("release_format");
    let format: Option<Format> = format
        .map(toml::Value::try_into)
        .transpose()
        .map_err(|error: toml::de::Error| format!("release_format: {}", error.message()))?;
    let Some(toml::Value::Table(mut organizations)) = section_table.remove("organizations") else {
        return Err(format!("the section [{section}] has no organizations"));
    };
    let found: Vec<String> = organizations.keys().cloned().collect();
    let table = organizations.remove(organization).ok_or_else(|| {
        format!(
            "there is no organization {organization}; it has {}",
            found.join(", ")
        )
    })?;
    let table: OrganizationTable = table.try_into().map_err(|error: toml::de::Error| {
        format!("organization {organization}: {}", error.message())
    })?;
    Ok(OrganizationRules {
        rules: Rules {
            package_name_suffix: table.package_name_suffix,
            replace_registry: table.replace_registry,
            csv_annotations: table.csv_annotations,
        },
        format: table.release_format.or(format),
        is_strict: table.validation == Validation::Strict,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
[ProdConfig]
release_format = "app-registry"
[ProdConfig.organizations.acme]
public = true
oauth_token = "secret"
package_name_suffix = "-acme"
replace_registry = [{ old = "quay.io/dev", new = "quay.io/acme" }]
validation = "strict"
"#;

    #[test]
    fn an_organizations_rules_are_read_and_what_is_of_the_service_is_passed_over() {
        let acme = parse(FILE, "ProdConfig", "acme").unwrap();

        assert_eq!(acme.rules.package_name("etcd"), "etcd-acme");
        assert_eq!(acme.rules.replace_registry.len(), 1);
        assert_eq!(
            (acme.format, acme.is_strict),
            (Some(Format::AppRegistry), true)
        );
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_without_the_tokens_beside_it() {
        for (section, organization, change, problem) in [
            (
                "Dev",
                "acme",
                ("", ""),
                "no section [Dev]; it has ProdConfig",
            ),
            (
                "ProdConfig",
                "other",
                ("", ""),
                "no organization other; it has acme",
            ),
            (
                "ProdConfig",
                "acme",
                ("\"strict\"", "\"harsh\""),
                "unknown variant `harsh`",
            ),
            (
                "ProdConfig",
                "acme",
                ("oauth_token = \"secret\"", "oauth_token = \"secret"),
                "string",
            ),
        ] {
            let text = FILE.replace(change.0, change.1);
            let text = if change.0.is_empty() {
                FILE.to_owned()
            } else {
                text
            };

            let error = parse(&text, section, organization).unwrap_err();

            assert!(error.contains(problem), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
