//! The way of an operator from a zip to what a registry takes: open, apply, judge, pack.

mod changes;

pub use changes::{Change, changes};

use crate::archive::{self, ArchiveError, Files};
use crate::bundle_image::{
    self, JudgedBundles, PackError, ReadyMade, Refusal, Validation, Verdict,
};
use crate::courier_bundle::{self, CourierBundle, CourierBundleError};
use crate::limits::Limits;
use crate::manifests::package_name::{self, PackageName, PackageNameError};
use crate::manifests::{LayoutError, Manifests};
use crate::mistakes;
use crate::report::{Report, ValidationInfo};
use crate::rules::{self, RuleError, Rules};
use crate::unjudged;
use crate::yaml::{Budget, ReadLimits};

/// An operator's files, whose package is known.
pub struct Operator {
    files: Files,
    /// The paths that the archive has.
    names: Vec<String>,
    package: PackageName,
    /// Bundles that somebody has made; nothing where the files are package manifests.
    ready_made: Option<ReadyMade>,
    /// What was noted while rules were applied.
    notes: Report,
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
    /// No file says what the package is called; the report has what is there instead.
    #[error("{}", PackageNameError::Missing)]
    Unpackaged(Box<Report>),
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
    /// There is no package file, and of the bundles none says which package it is of.
    #[error("{} {}", PackageNameError::Missing, .0.first_refusal())]
    NoPackage(Box<Verdict>),
    /// The verdict on bundles refuses one of them.
    #[error("{}", .0.first_refusal())]
    Refused(Box<Verdict>),
    /// The bundles cannot be packed.
    #[error(transparent)]
    Pack(#[from] PackError),
}

impl OperatorError {
    /// What was found: messages and places.
    pub fn validation_info(&self) -> ValidationInfo {
        match self {
            OperatorError::PackageName(error) => error.validation_info(),
            OperatorError::Rule(error) => error.validation_info(),
            OperatorError::Layout(error) => error.validation_info(),
            OperatorError::Unpackaged(report) => ValidationInfo::before_rules(report),
            OperatorError::Invalid(report) => report.validation_info(),
            OperatorError::NoPackage(verdict) | OperatorError::Refused(verdict) => {
                verdict.validation_info()
            }
            OperatorError::Archive(_)
            | OperatorError::CourierBundle(_)
            | OperatorError::Pack(_) => ValidationInfo::default(),
        }
    }
}

impl From<Refusal> for OperatorError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Refused(verdict) => OperatorError::Refused(verdict),
            Refusal::Exhausted(exhausted) => LayoutError::Unreadable {
                file: exhausted.file.to_string(),
                error: exhausted.error,
            }
            .into(),
        }
    }
}

impl Operator {
    /// Opens a zip, and finds the package's name in it.
    ///
    /// # Errors
    /// [`OperatorError::Archive`], [`OperatorError::PackageName`], [`OperatorError::Unpackaged`] and
    /// [`OperatorError::NoPackage`].
    pub fn open(zip: &[u8], limits: &Limits) -> Result<Self, OperatorError> {
        let mut files = archive::extract(zip, limits)?;
        let names = files.keys().cloned().collect();
        let size: usize = files.values().map(Vec::len).sum();
        let mut budget = Budget::new(ReadLimits {
            total: limits.values_of(zip.len() as u64, size as u64),
            ..ReadLimits::default()
        });
        let (package, ready_made) = match package_name::find(&files, &mut budget) {
            Ok(package) => (package, None),
            Err(error) => open_ready_made(&mut files, error, &mut budget)?,
        };
        Ok(Operator {
            files,
            names,
            package,
            ready_made,
            notes: Report::default(),
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
        self.names.clone()
    }

    /// The files as they are now: after [`Operator::apply`], with what the rules changed. In ready-made bundles, each
    /// document of a file that has several is a file of its own.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Applies an organization's rules: the package's suffix, then the registries, then the annotations. `with_json`: to
    /// the JSON manifests of bundle images, too, which an App Registry takes as they are.
    ///
    /// # Errors
    /// [`OperatorError::PackageName`] and [`OperatorError::Rule`] name the file.
    pub fn apply(mut self, rules: &Rules, with_json: bool) -> Result<Self, OperatorError> {
        let name = rules.package_name(&self.package.name);
        match &self.ready_made {
            None => package_name::set(&mut self.package, name, &mut self.files, &mut self.budget)?,
            Some(ready_made) if self.package.name != name => {
                let old = &self.package.name;
                ready_made.set_package(old, &name, &mut self.files, &mut self.budget)?;
                self.package.name = name;
            }
            Some(_) => {}
        }
        let (mut files, others): (Files, Files) = std::mem::take(&mut self.files)
            .into_iter()
            .partition(|(path, _)| !rules::is_json(path) || self.is_bundle_json(path, with_json));
        self.notes = self.apply_to(&mut files, rules)?;
        files.extend(others);
        self.files = files;
        Ok(self)
    }

    /// Whether a JSON file is, or may become, a bundle's manifest. Ready-made bundles are for nothing but bundle images.
    fn is_bundle_json(&self, path: &str, with_json: bool) -> bool {
        match &self.ready_made {
            Some(bundles) => bundles.is_manifest(path),
            // A folder of the upload becomes a bundle, or its top level does.
            None => with_json && path.matches('/').count() <= 1,
        }
    }

    /// Replaces registries and sets annotations; answers what was noted. Neither takes from what the verdict may read, nor
    /// from each other: an organization's rules make no operator too large to be judged.
    fn apply_to(&self, files: &mut Files, rules: &Rules) -> Result<Report, RuleError> {
        rules::replace_registries(files, &rules.replace_registry, &self.limits)?;
        let cuts = self.ready_made.as_ref().map(|bundles| bundles.cut(files));
        let mut budget = self.budget.anew();
        rules::set_annotations(
            files,
            &rules.csv_annotations,
            &self.package.name,
            &mut budget,
        )?;
        bundle_image::restore(files, cuts.unwrap_or_default());
        let (mut notes, mut budget) = (Report::default(), self.budget.anew());
        let replacements = &rules.replace_registry;
        rules::check_spelling(files, replacements, &self.limits, &mut budget, &mut notes)?;
        Ok(notes)
    }

    /// Reaches the verdict on the operator as a release of `repository` in an App Registry, which has no ready-made bundles.
    ///
    /// # Errors
    /// [`OperatorError::Layout`], [`OperatorError::Invalid`], and [`OperatorError::Unpackaged`].
    pub fn judge(mut self, repository: &str) -> Result<Judged, OperatorError> {
        if let Some(ready_made) = &self.ready_made {
            let report = mistakes::bundle_instead(ready_made.first(), &self.files);
            return Err(OperatorError::Unpackaged(Box::new(report)));
        }
        let (manifests, mut report) = self.judge_manifests(repository)?;
        unjudged::note_ride_alongs(&self.files, &manifests, &mut report);
        Ok(Judged {
            files: self.files,
            manifests,
            report,
        })
    }

    /// Reaches the verdict on the operator as bundle images of `repository`: operator-courier's on package manifests, and
    /// behind it, or alone on ready-made bundles, the verdict on each bundle.
    ///
    /// # Errors
    /// Those of [`Operator::judge`], and [`OperatorError::Refused`].
    pub fn judge_bundles(
        mut self,
        repository: &str,
        validation: Validation,
    ) -> Result<JudgedBundles, OperatorError> {
        let values = self.budget.total();
        if let Some(ready_made) = &self.ready_made {
            let mut notes = std::mem::take(&mut self.notes);
            mistakes::note_macos(&self.files, &mut notes);
            let (files, package) = (&self.files, &self.package);
            let mut judged = bundle_image::judge_ready_made(
                files, ready_made, package, notes, validation, values,
            )?;
            unjudged::note_left_out(&self.files, &mut judged);
            return Ok(judged);
        }
        let (manifests, courier) = self.judge_manifests(repository)?;
        let (files, package) = (&self.files, &self.package);
        let mut judged = bundle_image::judge_package_manifests(
            files, &manifests, package, courier, validation, values,
        )?;
        unjudged::note_left_out(&self.files, &mut judged);
        Ok(judged)
    }

    /// operator-courier's verdict.
    fn judge_manifests(&mut self, repository: &str) -> Result<(Manifests, Report), OperatorError> {
        let manifests = Manifests::read(&self.files, &mut self.budget).map_err(|mut error| {
            if let LayoutError::NoCsv { notes, .. } = &mut error {
                notes.notes.append(&mut self.notes.notes);
                mistakes::note(&self.files, notes);
            }
            error
        })?;
        let mut report = manifests.verdict(repository);
        report.notes.append(&mut self.notes.notes);
        mistakes::note(&self.files, &mut report);
        if !report.is_valid() {
            return Err(OperatorError::Invalid(Box::new(report)));
        }
        Ok((manifests, report))
    }
}

/// Finds the bundles of an upload without a package file, or whose first files cannot be searched for one.
fn open_ready_made(
    files: &mut Files,
    missing: PackageNameError,
    budget: &mut Budget,
) -> Result<(PackageName, Option<ReadyMade>), OperatorError> {
    let is_missing = matches!(missing, PackageNameError::Missing);
    let found = ReadyMade::find(files).filter(|found| is_missing || found.has_annotations(files));
    let Some(found) = found else {
        return Err(match is_missing {
            true => {
                OperatorError::Unpackaged(Box::new(mistakes::instead_of_package(files, budget)))
            }
            false => missing.into(),
        });
    };
    match bundle_image::package_of(files, &found, budget) {
        Ok(package) => Ok((package, Some(found))),
        Err(Refusal::Refused(mut verdict)) => {
            let mistakes = mistakes::around_package(files, budget);
            verdict.courier.notes.extend(mistakes.findings);
            Err(OperatorError::NoPackage(verdict))
        }
        Err(refusal) => Err(refusal.into()),
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
