//! What opm, operator-sdk, OLM v1 and operator-pipelines would say of a bundle: refused, error or warning.
//!
//! Refused is what opm or OLM cannot take. What operator-sdk calls an error is reported, and refuses only in strict mode:
//! most operators that people run have some. Each file below is one validator or one concern; [`rule`] is the table of
//! all rules.

mod addresses;
mod bundle;
mod crd;
mod csv;
mod csv_fields;
mod dependencies;
mod examples;
pub(crate) mod findings;
pub(crate) mod format;
mod good_practices;
mod hub;
pub(crate) mod images;
mod layout;
mod names;
mod object;
mod olm_v1;
mod owned;
mod pipelines;
mod range;
mod readings;
pub(crate) mod reference;
pub(crate) mod rule;

use super::document::{Document, Exhausted};
use super::draft::Draft;
use crate::report::{Finding, OfBundle, Report, Severity, ValidationInfo};
use crate::yaml::Budget;
use findings::Findings;

/// What refuses a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Validation {
    /// What opm or OLM cannot take.
    #[default]
    Normal,
    /// What operator-sdk calls an error, too.
    Strict,
}

/// What was found in an upload's bundles.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// What operator-courier says of package manifests.
    pub courier: Report,
    /// What the verdict on bundles says, the worst first.
    pub findings: Vec<Finding>,
    validation: Validation,
}

impl Validation {
    fn refuses(self, severity: Severity) -> bool {
        match severity {
            Severity::Refused => true,
            Severity::Error => self == Validation::Strict,
            Severity::Warning | Severity::Hint => false,
        }
    }
}

impl Verdict {
    pub(crate) fn new(courier: Report, findings: Findings, validation: Validation) -> Self {
        Verdict {
            courier,
            findings: findings.into_list(),
            validation,
        }
    }

    /// The findings that refuse the upload.
    pub fn refusals(&self) -> impl Iterator<Item = &Finding> {
        let findings = self.findings.iter();
        findings.filter(|finding| self.validation.refuses(finding.severity))
    }

    /// The message of the first refusal; empty when nothing is refused.
    pub fn first_refusal(&self) -> &str {
        self.refusals()
            .next()
            .map_or("", |finding| &finding.message)
    }

    /// The lists as an answer carries them: operator-courier's words, the refusals' messages behind its errors, and the
    /// findings of both.
    pub fn validation_info(&self) -> ValidationInfo {
        let mut errors = self.courier.messages(Severity::Error);
        errors.extend(self.refusals().map(|finding| finding.message.clone()));
        let of_courier = self.courier.findings.iter().chain(&self.courier.notes);
        let of_courier = of_courier.map(|finding| Finding {
            of_bundle: Some(OfBundle {
                bundle: None,
                says: &[],
            }),
            ..finding.clone()
        });
        ValidationInfo {
            errors,
            warnings: self.courier.messages(Severity::Warning),
            findings: of_courier.chain(self.findings.iter().cloned()).collect(),
        }
    }
}

/// A bundle that has a CSV, as most rules look at it.
struct Subject<'a> {
    draft: &'a Draft,
    csv: &'a Document,
    /// The CSV's `metadata.name`.
    name: &'a str,
}

/// Reaches the verdict on one bundle.
///
/// # Errors
/// This upload may read no more.
pub(super) fn judge(
    draft: &Draft,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<(), Exhausted> {
    findings.of_bundle(Some(draft.name()));
    if draft.is_ready_made {
        format::check(draft, findings);
    }
    layout::check(draft, findings);
    if layout::has_long_list(draft, findings) {
        findings.of_bundle(None);
        return Ok(());
    }
    readings::check(draft, findings);
    bundle::check_size(draft, findings);
    let dependencies = dependencies::check(draft, budget, findings)?;
    object::check(draft, findings);
    crd::check(draft, findings);
    pipelines::check_kinds(draft, findings);
    if let Some(csv) = draft.csv() {
        let subject = Subject {
            draft,
            csv,
            name: csv.object_name(),
        };
        check_csv(&subject, &dependencies, findings);
    }
    findings.of_bundle(None);
    Ok(())
}

fn check_csv(subject: &Subject<'_>, dependencies: &[String], findings: &mut Findings) {
    csv_fields::check(subject.csv, findings);
    csv::check(subject, findings);
    examples::check(subject, findings);
    owned::check(subject, findings);
    bundle::check(subject, findings);
    hub::check(subject, findings);
    good_practices::check(subject, findings);
    olm_v1::check(subject, dependencies, findings);
    pipelines::check(subject, findings);
    images::check(subject, findings);
}
