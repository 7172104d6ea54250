//! `omps validate`: the verdict on directories and zips, reached on this machine.

use std::path::Path;

use serde_json::json;

use crate::Failure;
use crate::arguments::{ReportForm, Validate};
use crate::folder;
use crate::output::{self, ERROR, Escaped, diff, json, sarif, text};
use crate::rules_file::{self, OrganizationRules};
use crate::settings::Settings;
use crate::verdict::{self, Verdict};

/// What a verdict without a place most often says, and what to do then.
const NO_PACKAGE: &str = "Could not find packageName";
const NO_PACKAGE_ADVICE: &str = "  = help: Give the folder that has the package file (packageName, channels) at its top, or that of a bundle with manifests/ and metadata/.\n\n";

/// A verdict and what it is about, as it is named in reports.
struct Input {
    /// The path as it was given, without `./`.
    name: String,
    /// What precedes a file's path for people: `deploy/`, `manifests.zip/`.
    prefix: String,
    is_directory: bool,
    verdict: Verdict,
}

pub(super) fn run(asked: &Validate) -> Result<(), Failure> {
    let rules = rules(asked)?;
    let mut inputs = Vec::new();
    for path in &asked.paths {
        inputs.push(judge(path, &rules, asked.strict)?);
    }
    match asked.output {
        ReportForm::Text => inputs
            .iter()
            .try_for_each(|input| output::print(&for_people(input)))?,
        ReportForm::Json => inputs
            .iter()
            .try_for_each(|input| output::print(&for_programs(input)))?,
        ReportForm::Sarif => output::print(&json::text(&for_code_scanning(&inputs)))?,
    }
    match inputs.iter().all(|input| input.verdict.is_valid) {
        true => Ok(()),
        false => Err(Failure::Invalid),
    }
}

fn rules(asked: &Validate) -> Result<OrganizationRules, Failure> {
    let mut rules = match &asked.rules {
        None => OrganizationRules::default(),
        Some(file) => {
            let organization = asked.organization.clone();
            let Some(organization) = organization.or(Settings::read()?.organization) else {
                let problem = "--rules needs --organization: whose rules are to be applied";
                return Err(Failure::Usage(problem.to_owned()));
            };
            rules_file::read(file, &asked.section, &organization)?
        }
    };
    rules.format = asked.format.or(rules.format);
    Ok(rules)
}

fn judge(path: &Path, rules: &OrganizationRules, strict: bool) -> Result<Input, Failure> {
    let zip = folder::zip_of(path).map_err(|error| Failure::Usage(error.to_string()))?;
    let name = path.to_string_lossy();
    let name = name
        .strip_prefix("./")
        .unwrap_or(&name)
        .trim_end_matches('/');
    let prefix = match name {
        "." | "" => String::new(),
        name => format!("{name}/"),
    };
    Ok(Input {
        name: name.to_owned(),
        prefix,
        is_directory: path.is_dir(),
        verdict: verdict::judge(&zip, rules, strict),
    })
}

fn for_people(input: &Input) -> String {
    let verdict = &input.verdict;
    let mut report = diff::text(&verdict.changes);
    if !report.is_empty() {
        report.push('\n');
    }
    report += &text::findings(&verdict.info, &input.prefix, &verdict.files);
    if verdict.has_only_a_message() {
        let message = Escaped(&verdict.message);
        report += &format!("{ERROR}error{ERROR:#}: {message}\n");
        if verdict.message.starts_with(NO_PACKAGE) {
            report += NO_PACKAGE_ADVICE;
        }
    }
    let what = match &verdict.repository {
        Some(repository) => format!("{}, the package {repository}", input.name),
        None => input.name.clone(),
    };
    report + &text::conclusion(verdict.is_valid, &what, &verdict.info)
}

/// As the service answers, with what the rules changed; one document for each operator.
fn for_programs(input: &Input) -> String {
    let verdict = &input.verdict;
    json::text(&json!({
        "input": input.name,
        "repo": verdict.repository,
        "extracted_files": verdict.extracted_files,
        "valid": verdict.is_valid,
        "message": verdict.message,
        "validation_info": verdict.info,
        "changes": verdict.changes,
    }))
}

fn for_code_scanning(inputs: &[Input]) -> serde_json::Value {
    let operators = inputs.iter().map(|input| sarif::Judged {
        input: &input.name,
        // A file in a zip is none of the repository: its own path has to do.
        prefix: if input.is_directory {
            &input.prefix
        } else {
            ""
        },
        findings: input.verdict.findings().collect(),
        refusal: input
            .verdict
            .has_only_a_message()
            .then_some(input.verdict.message.as_str()),
    });
    sarif::log(&operators.collect::<Vec<_>>())
}
