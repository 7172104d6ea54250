//! The verdict: every rule on every version, reported in operator-courier's order.

use super::crd::{Crd, CrdsByName};
use super::csv::Csv;
use super::{Layout, Manifests};
use crate::report::{Report, rules};

/// Rules that a file breaks which is there, and has a wrong kind.
const ASKS_FOR_FILES: [&str; 3] = [
    rules::OWNED_UNKNOWN.id,
    rules::CHANNEL_CSV_UNKNOWN.id,
    rules::CURRENT_CSV.id,
];

impl Manifests {
    /// Checks all versions: the CRDs, the CSVs, then the package, which must have the repository's name.
    pub fn verdict(&self, repository: &str) -> Report {
        let mut report = self.ambiguous.clone();
        // In the nested layout operator-courier repeats for each version what it reports about the package.
        let mut package = Report::default();
        if self.layout == Layout::Nested {
            self.package
                .check(self.layout, &[], repository, &mut package);
        }
        for version in &self.versions {
            let crds: Vec<&Crd> = version.crds.iter().map(|(_, crd)| crd).collect();
            let csvs: Vec<&Csv> = version.csvs.iter().map(|(_, csv)| csv).collect();
            for crd in &crds {
                report.extend(&crd.report);
            }
            let by_name = CrdsByName::new(&crds, &mut report);
            for csv in &csvs {
                report.extend(&csv.report);
                csv.check_owned(&by_name, &mut report);
            }
            match self.layout {
                Layout::Nested => report.extend(&package),
                Layout::Flat => self
                    .package
                    .check(self.layout, &csvs, repository, &mut report),
            }
        }
        if self.layout == Layout::Nested {
            let csvs = self.versions.iter().flat_map(|version| &version.csvs);
            let csvs: Vec<&Csv> = csvs.map(|(_, csv)| csv).collect();
            self.package.note_unknown_heads(&csvs, &mut report);
        }
        let mut told = report.findings.iter().chain(&report.notes);
        if told.any(|finding| ASKS_FOR_FILES.contains(&finding.rule)) {
            report.notes.extend_from_slice(&self.unknown.notes);
        }
        report
    }
}
