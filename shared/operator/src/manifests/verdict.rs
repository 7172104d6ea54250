//! The verdict: every rule over every version, reported in operator-courier's order.

use super::crd::{Crd, Named};
use super::csv::Csv;
use super::{Layout, Manifests};
use crate::report::Report;

impl Manifests {
    /// Checks all versions: the CRDs, the CSVs, then the package, which must have the repository's name.
    pub fn verdict(&self, repository: &str) -> Report {
        let mut report = Report::default();
        // In the nested layout the reference says of each version again what it says of the package.
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
            let named = Named::new(&crds, &mut report);
            for csv in &csvs {
                report.extend(&csv.report);
                csv.check_owned(&named, &mut report);
            }
            match self.layout {
                Layout::Nested => report.extend(&package),
                Layout::Flat => self
                    .package
                    .check(self.layout, &csvs, repository, &mut report),
            }
        }
        report
    }
}
