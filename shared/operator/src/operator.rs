//! The way of an operator from a zip to what a registry takes: open, apply, judge, pack.

use crate::archive::{self, ArchiveError, Files};
use crate::courier_bundle::{self, CourierBundle, CourierBundleError};
use crate::limits::Limits;
use crate::manifests::package_name::{self, PackageName, PackageNameError};
use crate::manifests::{LayoutError, Manifests};
use crate::report::{Report, ValidationInfo};
use crate::rules::{self, RuleError, Rules};
use crate::yaml::Budget;

/// An operator's files, whose package is known.
pub struct Operator {
    files: Files,
    package: PackageName,
    /// What may still be read of its files.
    budget: Budget,
    limits: Limits,
}

/// An operator that the verdict does not refuse.
pub struct Judged {
    files: Files,
    manifests: Manifests,
    report: Report,
}

/// Why an operator is refused.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The zip is no zip, too large, or has more than one reading.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// No file says what the package is called, or the one that says so cannot be changed.
    #[error(transparent)]
    PackageName(#[from] PackageNameError),
    /// A rule of the organization cannot be applied.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The files are not what operator-courier takes for manifests.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The verdict found errors.
    #[error("Resulting bundle is invalid, input yaml is improperly defined.")]
    Invalid(Box<Report>),
    /// The files cannot be put into the form that the registry takes.
    #[error(transparent)]
    CourierBundle(#[from] CourierBundleError),
}

impl OperatorError {
    /// What was found: messages and places.
    pub fn validation_info(&self) -> ValidationInfo {
        match self {
            OperatorError::PackageName(error) => error.validation_info(),
            OperatorError::Rule(error) => error.validation_info(),
            OperatorError::Layout(error) => error.validation_info(),
            OperatorError::Invalid(report) => report.validation_info(),
            OperatorError::Archive(_) | OperatorError::CourierBundle(_) => {
                ValidationInfo::default()
            }
        }
    }
}

impl Operator {
    /// Opens a zip, and finds the package's name in it.
    ///
    /// # Errors
    /// [`OperatorError::Archive`] and [`OperatorError::PackageName`].
    pub fn open(zip: &[u8], limits: &Limits) -> Result<Self, OperatorError> {
        let files = archive::extract(zip, limits)?;
        let mut budget = Budget::default();
        let package = package_name::find(&files, &mut budget)?;
        Ok(Operator {
            files,
            package,
            budget,
            limits: limits.clone(),
        })
    }

    /// The package's name, and the file that says it.
    pub fn package(&self) -> &PackageName {
        &self.package
    }

    /// Every file, as a sorted relative path.
    pub fn file_names(&self) -> Vec<String> {
        self.files.keys().cloned().collect()
    }

    /// Applies an organization's rules: the package's suffix, then the registries, then the annotations.
    ///
    /// # Errors
    /// [`OperatorError::PackageName`] and [`OperatorError::Rule`] name the file.
    pub fn apply(mut self, rules: &Rules) -> Result<Self, OperatorError> {
        let name = rules.package_name(&self.package.name);
        package_name::set(&mut self.package, name, &mut self.files, &mut self.budget)?;
        rules::replace_registries(&mut self.files, &rules.replace_registry, &self.limits)?;
        rules::set_annotations(
            &mut self.files,
            &rules.csv_annotations,
            &self.package.name,
            &mut self.budget,
        )?;
        Ok(self)
    }

    /// Reaches the verdict on the operator as a release of `repository`.
    ///
    /// # Errors
    /// [`OperatorError::Layout`] and [`OperatorError::Invalid`].
    pub fn judge(mut self, repository: &str) -> Result<Judged, OperatorError> {
        let manifests = Manifests::read(&self.files, &mut self.budget)?;
        let report = manifests.verdict(repository);
        if !report.is_valid() {
            return Err(OperatorError::Invalid(Box::new(report)));
        }
        Ok(Judged {
            files: self.files,
            manifests,
            report,
        })
    }
}

impl Judged {
    /// What the verdict found without refusing.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The files as App Registry takes them, and the report.
    ///
    /// # Errors
    /// [`OperatorError::CourierBundle`]
    pub fn into_courier_bundle(self) -> Result<(CourierBundle, Report), OperatorError> {
        let bundle = courier_bundle::write(&self.manifests, self.files)?;
        Ok((bundle, self.report))
    }
}
