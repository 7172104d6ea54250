//! The verdict on one operator, reached on this machine: open, apply, judge, as the service does.

use omps_operator::archive::{self, Files};
use omps_operator::bundle_image::Validation;
use omps_operator::{Limits, Operator, OperatorError, changes};

use crate::arguments::Format;
use crate::report::{Change, Finding, Severity, ValidationInfo};
use crate::rules_file::OrganizationRules;

/// Bytes that the files of a zip may have together: the service's default, `zipfile_max_uncompressed_size`.
const MAX_UNCOMPRESSED: u64 = 20_971_520;

/// The verdict, and what it is about.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) is_valid: bool,
    /// The verdict in a sentence.
    pub(crate) message: String,
    /// The repository that a push would go to.
    pub(crate) repository: Option<String>,
    pub(crate) extracted_files: Vec<String>,
    pub(crate) info: ValidationInfo,
    /// What the rules changed.
    pub(crate) changes: Vec<Change>,
    /// The files whose lines the findings name.
    pub(crate) files: Files,
}

/// Judges a zip.
pub(crate) fn judge(zip: &[u8], organization: &OrganizationRules, strict: bool) -> Verdict {
    let mut verdict = Verdict::default();
    let limits = Limits::new(MAX_UNCOMPRESSED);
    verdict.files = archive::extract(zip, &limits).unwrap_or_default();
    verdict.extracted_files = verdict.files.keys().cloned().collect();
    let judged = judge_into(&mut verdict, zip, &limits, organization, strict);
    verdict.is_valid = judged.is_ok();
    (verdict.message, verdict.info) = match judged {
        Ok(info) => ("The manifests are valid.".to_owned(), info),
        Err(error) => {
            let info = in_our_types(&error.validation_info());
            (sentence(&error), info)
        }
    };
    verdict
}

fn judge_into(
    verdict: &mut Verdict,
    zip: &[u8],
    limits: &Limits,
    organization: &OrganizationRules,
    strict: bool,
) -> Result<ValidationInfo, OperatorError> {
    let format = organization.format.unwrap_or(Format::BundleImage);
    let operator = Operator::open(zip, limits)?;
    let name = organization.rules.package_name(&operator.package().name);
    verdict.repository = Some(name.clone());
    let operator = match organization.rules.is_empty() {
        true => operator,
        false => {
            let with_json = format == Format::BundleImage;
            let before = operator.files().clone();
            let operator = operator.apply(&organization.rules, with_json)?;
            let changes = changes(&before, operator.files());
            verdict.changes = changes.into_iter().map(Change::from).collect();
            operator
        }
    };
    verdict.files.clone_from(operator.files());
    let info = match format {
        Format::AppRegistry => {
            let (_, report) = operator.judge(&name)?.into_courier_bundle()?;
            report.validation_info()
        }
        Format::BundleImage => {
            let validation = match strict || organization.is_strict {
                true => Validation::Strict,
                false => Validation::Normal,
            };
            let release = operator.judge_bundles(&name, validation)?.into_release()?;
            release.verdict.validation_info()
        }
    };
    Ok(in_our_types(&info))
}

/// The message, with its causes.
fn sentence(error: &OperatorError) -> String {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if !message.ends_with(&text) {
            message = format!("{message}: {text}");
        }
        cause = error.source();
    }
    message
}

/// The crate's report has the shape that the service sends.
fn in_our_types(info: &omps_operator::report::ValidationInfo) -> ValidationInfo {
    let sent = serde_json::to_value(info).and_then(serde_json::from_value);
    sent.unwrap_or_else(|error| ValidationInfo {
        // A defect of ours; it must not look like an operator without findings.
        errors: vec![format!("the report cannot be read: {error}")],
        ..ValidationInfo::default()
    })
}

impl Verdict {
    /// The findings, and at least one where the operator is not valid: some refusals have no place.
    pub(crate) fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.info.findings.iter()
    }

    /// Whether the message says what no finding does.
    pub(crate) fn has_only_a_message(&self) -> bool {
        let mut findings = self.findings();
        !self.is_valid
            && findings
                .all(|finding| matches!(finding.severity, Severity::Warning | Severity::Hint))
    }
}
