//! Files → manifests: the package, and its CSVs and CRDs by version, in operator-courier's flat or nested layout.

mod crd;
pub(crate) mod csv;
mod json;
mod package;
pub mod package_name;
pub(crate) mod readings;
#[cfg(test)]
mod tests;
mod verdict;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::archive::Files;
use crate::report::rules;
use crate::report::{Field, Location, MAX_FINDINGS, MAX_TEXT, Report, ValidationInfo, describe};
use crate::yaml::{self, Budget, ReadError, Value, YamlVersion};
use crd::Crd;
use csv::Csv;
use package::PackageFile;

/// How the files are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// All CSVs and CRDs are beside the package file.
    Flat,
    /// Each version has a directory beside the package file.
    Nested,
}

/// The manifests of an operator.
#[derive(Debug)]
pub struct Manifests {
    /// How the files are laid out.
    pub(crate) layout: Layout,
    pub(crate) package: PackageFile,
    /// One in the flat layout; in the nested layout, one for each directory with a CSV.
    pub(crate) versions: Vec<Documents>,
    /// Keys that a cluster may take for others, in all files.
    ambiguous: Report,
    /// YAML files of another kind than CSVs and CRDs.
    unknown: Report,
}

/// The CRDs and CSVs of one directory, by file, in the order of their names.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    pub(crate) crds: Vec<(Arc<str>, Crd)>,
    pub(crate) csvs: Vec<(Arc<str>, Csv)>,
}

/// Why files are not manifests. Most texts are operator-courier's.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    #[error("Courier requires valid input YAML files: {file}: {error}")]
    Unreadable {
        file: String,
        #[source]
        error: ReadError,
    },
    #[error("{}: kind must be a string, found {found}", .location.file)]
    Kind {
        location: Box<Location>,
        found: &'static str,
    },
    #[error("Only 1 package is expected to exist in source root folder.")]
    SeveralPackages {
        first: Arc<str>,
        second: Box<Location>,
    },
    #[error("Bundle does not contain any packages.")]
    NoPackage,
    #[error(
        "The source directory structure is not in valid flat or nested format,because no valid CSV file is found in root or manifest directories."
    )]
    NoCsv {
        package: Box<Location>,
        /// What may be it all the same.
        notes: Box<Report>,
    },
}

impl LayoutError {
    /// Where it is, when it is in a file.
    pub(crate) fn validation_info(&self) -> ValidationInfo {
        match self {
            LayoutError::Unreadable { file, error } => ValidationInfo::unreadable(file, error),
            LayoutError::SeveralPackages { first, second } => {
                let found = format!("a second package beside {first}");
                ValidationInfo::layout(&rules::PACKAGES, second, found)
            }
            LayoutError::NoCsv { package, notes } => {
                let found = "no ClusterServiceVersion beside it, nor in a directory beside it";
                let mut info = ValidationInfo::layout(&rules::NO_CSV, package, found.to_owned());
                info.findings.extend_from_slice(&notes.notes);
                info
            }
            LayoutError::Kind { location, .. } => ValidationInfo::wrong_type(location, "a string"),
            LayoutError::NoPackage => ValidationInfo::default(),
        }
    }
}

/// What a file is to operator-courier.
enum Document {
    Package(PackageFile),
    Crd(Crd),
    Csv(Csv),
    /// Where its kind is, and the kind in a few words.
    Ignored(Location, String),
}

impl Manifests {
    /// Reads the YAML files of the top level and of the first-level directories.
    ///
    /// # Errors
    /// [`LayoutError`]: the one that operator-courier finds first.
    pub fn read(files: &Files, budget: &mut Budget) -> Result<Self, LayoutError> {
        let (root, directories) = by_directory(files);
        let mut package = None;
        let mut ambiguous = Report::default();
        let mut flat = Documents::default();
        let mut totals = Totals::default();
        for (path, bytes) in root {
            match read_document(path, bytes, budget, &mut ambiguous)? {
                Document::Package(second) => {
                    if let Some(PackageFile { file: first, .. }) = package {
                        let second = Box::new(second.location());
                        return Err(LayoutError::SeveralPackages { first, second });
                    }
                    package = Some(second);
                }
                other => flat.add(path, other, &mut totals),
            }
        }
        let package = package.ok_or(LayoutError::NoPackage)?;
        let mut versions = Vec::new();
        for files in directories.values() {
            let mut documents = Documents::default();
            for (path, bytes) in files {
                let document = read_document(path, bytes, budget, &mut ambiguous)?;
                documents.add(path, document, &mut totals);
            }
            if !documents.csvs.is_empty() {
                versions.push(documents);
            }
        }
        let layout = if !versions.is_empty() {
            Layout::Nested
        } else if !flat.csvs.is_empty() {
            versions.push(flat);
            Layout::Flat
        } else {
            let package = Box::new(package.location());
            let notes = Box::new(totals.unknown);
            return Err(LayoutError::NoCsv { package, notes });
        };
        Ok(Manifests {
            layout,
            package,
            versions,
            ambiguous,
            unknown: totals.unknown,
        })
    }
}

impl Manifests {
    /// The package file, and the CSVs and CRDs of every version.
    pub(crate) fn judged_files(&self) -> impl Iterator<Item = &str> {
        let versions = self.versions.iter();
        let of_versions = versions.flat_map(|version| {
            let crds = version.crds.iter().map(|(path, _)| &**path);
            crds.chain(version.csvs.iter().map(|(path, _)| &**path))
        });
        of_versions.chain([&*self.package.file])
    }
}

impl Documents {
    fn add(&mut self, path: &str, document: Document, totals: &mut Totals) {
        match document {
            Document::Crd(mut crd) => {
                totals.bound_findings(&mut crd.report);
                self.crds.push((path.into(), crd));
            }
            Document::Csv(mut csv) => {
                totals.bound_owned(&mut csv, &path.into());
                totals.bound_findings(&mut csv.report);
                self.csvs.push((path.into(), csv));
            }
            Document::Ignored(location, kind) => totals.note_unknown(&location, &kind),
            Document::Package(_) => {}
        }
    }
}

type Listing<'a> = Vec<(&'a str, &'a [u8])>;

/// CRDs that all CSVs together may own: more than any operator has.
const MAX_OWNED: usize = 10_000;

/// What the files together keep in memory until the verdict.
#[derive(Default)]
struct Totals {
    findings: usize,
    bytes: usize,
    owned: usize,
    /// Files of unknown kinds.
    unknown: Report,
}

/// Files of unknown kinds that are listed.
const MAX_UNKNOWN: usize = 20;

impl Totals {
    fn bound_findings(&mut self, report: &mut Report) {
        self.findings += report.findings.len();
        self.bytes += report.bytes();
        if self.findings > 4 * MAX_FINDINGS || self.bytes > 4 * MAX_TEXT {
            report.drop_findings();
        }
    }

    fn note_unknown(&mut self, location: &Location, kind: &str) {
        if self.unknown.notes.len() < MAX_UNKNOWN {
            let values = [&*location.file, kind];
            self.unknown.note(&rules::UNKNOWN_KIND, location, &values);
        }
    }

    fn bound_owned(&mut self, csv: &mut Csv, file: &Arc<str>) {
        self.owned += csv.owned.len();
        if self.owned > MAX_OWNED {
            csv.drop_owned(file);
        }
    }
}

/// The YAML files of the top level, and those of each first-level directory.
fn by_directory(files: &Files) -> (Listing<'_>, BTreeMap<&str, Listing<'_>>) {
    let mut root = Vec::new();
    let mut directories: BTreeMap<_, Listing<'_>> = BTreeMap::new();
    for (path, bytes) in files {
        let (directory, name) = path
            .split_once('/')
            .map_or((None, path.as_str()), |(first, rest)| (Some(first), rest));
        if name.contains('/') || !is_yaml(name) {
            continue;
        }
        match directory {
            None => root.push((path.as_str(), bytes.as_slice())),
            Some(directory) => directories
                .entry(directory)
                .or_default()
                .push((path, bytes)),
        }
    }
    (root, directories)
}

/// Whether operator-courier takes a file for YAML, by its extension in lower case. `.yaml` alone is a hidden file without
/// an extension.
pub(crate) fn is_yaml(name: &str) -> bool {
    let stem = name
        .strip_suffix(".yaml")
        .or_else(|| name.strip_suffix(".yml"));
    stem.is_some_and(|stem| !stem.trim_start_matches('.').is_empty())
}

fn read_document(
    path: &str,
    bytes: &[u8],
    budget: &mut Budget,
    ambiguous: &mut Report,
) -> Result<Document, LayoutError> {
    let root =
        yaml::read(bytes, YamlVersion::V1_1, budget).map_err(|error| LayoutError::Unreadable {
            file: path.to_owned(),
            error,
        })?;
    let file: Arc<str> = path.into();
    let document = Field::root(&file, &root);
    readings::check(&document, &mut |location| {
        let values = [path, location.field.as_str(), location.found.as_str()];
        ambiguous.add(&rules::AMBIGUOUS_KEY, &location, &values);
    });
    if root.get("packageName").is_some() {
        return Ok(Document::Package(PackageFile { file, root }));
    }
    Ok(match root.get("kind").map(|kind| &kind.value) {
        Some(Value::String(kind)) if kind == "CustomResourceDefinition" => {
            Document::Crd(Crd::read(&document))
        }
        Some(Value::String(kind)) if kind == "ClusterServiceVersion" => {
            Document::Csv(Csv::read(&document, bytes))
        }
        Some(kind @ (Value::Sequence(_) | Value::Mapping(_))) => {
            let location = document.get("kind").unwrap_or(document).location();
            return Err(LayoutError::Kind {
                location: Box::new(location),
                found: kind.kind(),
            });
        }
        kind => {
            let kind = kind.map_or("it has no kind".to_owned(), |kind| {
                format!("its kind is {}", describe(kind))
            });
            let location = document.get("kind").unwrap_or(document).location();
            Document::Ignored(location, kind)
        }
    })
}
