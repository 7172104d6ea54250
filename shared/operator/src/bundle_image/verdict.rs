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
mod images;
mod layout;
mod names;
mod object;
mod olm_v1;
mod owned;
mod pipelines;
mod range;
mod reference;
pub(crate) mod rule;

use super::document::{Document, Exhausted};
use super::draft::Draft;
use crate::yaml::Budget;
use findings::Findings;

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
