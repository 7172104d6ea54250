//! Files → manifests: the package, and its CSVs and CRDs by version, in operator-courier's flat or nested layout.

mod crd;
pub(crate) mod csv;
mod json;
mod package;
pub mod package_name;
mod verdict;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::archive::Files;
use crate::report::rules;
use crate::report::{MAX_FINDINGS, MAX_TEXT, Place, Report, Spot, ValidationInfo};
use crate::yaml::{self, Budget, ReadError, Value, Version};
use crd::Crd;
use csv::Csv;
use package::Package;

/// How the files lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// All CSVs and CRDs beside the package file.
    Flat,
    /// A directory a version beside the package file.
    Nested,
}

/// What an archive says about an operator.
#[derive(Debug)]
pub struct Manifests {
    /// How the files lie.
    pub layout: Layout,
    pub(crate) package: Package,
    /// One in the flat layout; in the nested one, one a directory that holds a CSV.
    pub(crate) versions: Vec<Documents>,
}

/// The CRDs and CSVs of one directory, by file, in the order of their names.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    pub(crate) crds: Vec<(Arc<str>, Crd)>,
    pub(crate) csvs: Vec<(Arc<str>, Csv)>,
}

/// Why files are no manifests. The texts are operator-courier's.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    #[error("Courier requires valid input YAML files: {file}: {error}")]
    Unreadable { file: String, error: ReadError },
    #[error("{}: kind must be a string, found {found}", .spot.file)]
    Kind {
        spot: Box<Spot>,
        found: &'static str,
    },
    #[error("Only 1 package is expected to exist in source root folder.")]
    SeveralPackages { first: Arc<str>, second: Box<Spot> },
    #[error("Bundle does not contain any packages.")]
    NoPackage,
    #[error(
        "The source directory structure is not in valid flat or nested format,because no valid CSV file is found in root or manifest directories."
    )]
    NoCsv { package: Box<Spot> },
}

impl LayoutError {
    /// Where it is, as far as it is in a file.
    pub fn validation_info(&self) -> ValidationInfo {
        match self {
            LayoutError::Unreadable { file, error } => ValidationInfo::unreadable(file, error),
            LayoutError::SeveralPackages { first, second } => {
                let found = format!("a second package beside {first}");
                ValidationInfo::layout(&rules::PACKAGES, second, found)
            }
            LayoutError::NoCsv { package } => {
                let found = "no ClusterServiceVersion beside it, nor in a directory beside it";
                ValidationInfo::layout(&rules::NO_CSV, package, found.to_owned())
            }
            LayoutError::Kind { spot, .. } => ValidationInfo::unfit(spot, "a string"),
            LayoutError::NoPackage => ValidationInfo::default(),
        }
    }
}

/// What a file is to operator-courier.
enum Document {
    Package(Package),
    Crd(Crd),
    Csv(Csv),
    Ignored,
}

impl Manifests {
    /// Reads the YAML files of the top level and of the first-level directories.
    ///
    /// # Errors
    /// [`LayoutError`], found in the reference's order.
    pub fn read(files: &Files, budget: &mut Budget) -> Result<Self, LayoutError> {
        let (root, directories) = by_directory(files);
        let mut package = None;
        let mut flat = Documents::default();
        let mut kept = Kept::default();
        for (path, bytes) in root {
            match read_document(path, bytes, budget)? {
                Document::Package(second) => {
                    if let Some(Package { file: first, .. }) = package {
                        let second = Box::new(second.spot());
                        return Err(LayoutError::SeveralPackages { first, second });
                    }
                    package = Some(second);
                }
                other => flat.add(path, other, &mut kept),
            }
        }
        let package = package.ok_or(LayoutError::NoPackage)?;
        let mut versions = Vec::new();
        for files in directories.values() {
            let mut documents = Documents::default();
            for (path, bytes) in files {
                documents.add(path, read_document(path, bytes, budget)?, &mut kept);
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
            let package = Box::new(package.spot());
            return Err(LayoutError::NoCsv { package });
        };
        Ok(Manifests {
            layout,
            package,
            versions,
        })
    }
}

impl Documents {
    fn add(&mut self, path: &str, document: Document, kept: &mut Kept) {
        match document {
            Document::Crd(mut crd) => {
                kept.bound_findings(&mut crd.report);
                self.crds.push((path.into(), crd));
            }
            Document::Csv(mut csv) => {
                kept.bound_owned(&mut csv, &path.into());
                kept.bound_findings(&mut csv.report);
                self.csvs.push((path.into(), csv));
            }
            Document::Package(_) | Document::Ignored => {}
        }
    }
}

type Listing<'a> = Vec<(&'a str, &'a [u8])>;

/// CRDs that all CSVs may own together: more than any operator has.
const MAX_OWNED: usize = 10_000;

/// What has piled up of many files before the verdict.
#[derive(Default)]
struct Kept {
    findings: usize,
    bytes: usize,
    owned: usize,
}

impl Kept {
    fn bound_findings(&mut self, report: &mut Report) {
        self.findings += report.findings.len();
        self.bytes += report.bytes();
        if self.findings > 4 * MAX_FINDINGS || self.bytes > 4 * MAX_TEXT {
            report.forget();
        }
    }

    fn bound_owned(&mut self, csv: &mut Csv, file: &Arc<str>) {
        self.owned += csv.owned.len();
        if self.owned > MAX_OWNED {
            csv.give_up_owned(file);
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

/// Whether operator-courier takes a file for YAML: by its extension, in lower case. `.yaml` alone is a hidden file
/// without one.
pub fn is_yaml(name: &str) -> bool {
    let stem = name
        .strip_suffix(".yaml")
        .or_else(|| name.strip_suffix(".yml"));
    stem.is_some_and(|stem| !stem.trim_start_matches('.').is_empty())
}

fn read_document(path: &str, bytes: &[u8], budget: &mut Budget) -> Result<Document, LayoutError> {
    let root =
        yaml::read(bytes, Version::V1_1, budget).map_err(|error| LayoutError::Unreadable {
            file: path.to_owned(),
            error,
        })?;
    let file: Arc<str> = path.into();
    let place = Place::root(&file, &root);
    if root.get("packageName").is_some() {
        return Ok(Document::Package(Package { file, root }));
    }
    Ok(match root.get("kind").map(|kind| &kind.value) {
        Some(Value::String(kind)) if kind == "CustomResourceDefinition" => {
            Document::Crd(Crd::read(&place))
        }
        Some(Value::String(kind)) if kind == "ClusterServiceVersion" => {
            Document::Csv(Csv::read(&place))
        }
        Some(kind @ (Value::Sequence(_) | Value::Mapping(_))) => {
            let (spot, found) = (place.get("kind").unwrap_or(place).spot(), kind.kind());
            let spot = Box::new(spot);
            return Err(LayoutError::Kind { spot, found });
        }
        _ => Document::Ignored,
    })
}

#[cfg(test)]
mod tests {
    use super::{Budget, Files, Manifests, is_yaml};
    use crate::courier_bundle::{self, CourierBundleError};
    use crate::report::{MAX_FINDINGS, Severity};

    #[test]
    fn findings_past_all_bounds_are_not_listed_and_still_count() {
        let package = "packageName: a\nchannels: [{name: b, currentCSV: c}]\n";
        let versions = "{}, ".repeat(MAX_FINDINGS + 1);
        let crd = format!("kind: CustomResourceDefinition\nspec: {{versions: [{versions}]}}\n");
        let mut files = Files::from([("package.yaml".to_owned(), package.into())]);
        for version in 0..6 {
            let csv = "kind: ClusterServiceVersion\n";
            files.insert(format!("{version}/csv.yaml"), csv.into());
            files.insert(format!("{version}/crd.yaml"), crd.clone().into_bytes());
        }

        let report = Manifests::read(&files, &mut Budget::default())
            .unwrap()
            .verdict("a");

        assert!(!report.is_valid());
        assert_eq!(report.findings.len(), MAX_FINDINGS);
    }

    #[test]
    fn warnings_alone_never_make_manifests_invalid() {
        let package = "packageName: a\nchannels: [{name: b, currentCSV: c}]\n";
        let csv = "apiVersion: a\nkind: ClusterServiceVersion\nmetadata: {name: c}\n\
                   spec: {installModes: [], install: {strategy: deployment, spec: {deployments: []}}}\n";
        let mut files = Files::from([("package.yaml".to_owned(), package.into())]);
        for version in 0..MAX_FINDINGS {
            files.insert(format!("{version}/csv.yaml"), csv.into());
        }

        let report = Manifests::read(&files, &mut Budget::default())
            .unwrap()
            .verdict("a");

        assert!(report.is_valid());
        assert_eq!(report.findings.len(), MAX_FINDINGS);
    }

    fn operator(package: &str, csv: &str, crd: &str) -> Files {
        Files::from([
            ("crd.yaml".to_owned(), crd.into()),
            ("csv.yaml".to_owned(), csv.into()),
            ("package.yaml".to_owned(), package.into()),
        ])
    }

    #[test]
    fn what_is_kept_of_long_values_is_short() {
        let (digits, binary) = ("7".repeat(4_000), "a".repeat(4_000));
        for value in [digits, format!("!!binary {binary}")] {
            let crd = format!(
                "kind: CustomResourceDefinition\nspec: {{versions: [&x {{name: {value}}}{}]}}\n",
                ", *x".repeat(500)
            );
            let files = operator("packageName: a\n", "kind: ClusterServiceVersion\n", &crd);
            let manifests = Manifests::read(&files, &mut Budget::default()).unwrap();
            let kept = format!("{:?}", manifests.versions);
            assert!(kept.len() < 500 * 1_000, "{}", kept.len());
        }
    }

    #[test]
    fn lists_that_are_looked_up_again_and_again_are_short() {
        let many = |item: &str| vec![item; 1_001].join(", ");
        let package = format!(
            "packageName: a\nchannels: [{}]\n",
            many("{name: b, currentCSV: c}")
        );
        let crd = format!(
            "kind: CustomResourceDefinition\nspec: {{versions: [{}]}}\n",
            many("{name: v, served: true, storage: false}")
        );
        let files = operator(&package, "kind: ClusterServiceVersion\n", &crd);
        let verdict = Manifests::read(&files, &mut Budget::default())
            .unwrap()
            .verdict("a");
        let messages = verdict.messages(Severity::Error);
        for wanted in ["at most 1000 channels", "at most 1000 versions"] {
            assert!(
                messages.iter().any(|message| message.contains(wanted)),
                "{wanted}"
            );
        }
    }

    #[test]
    fn a_report_has_no_more_text_than_an_answer_can_hold() {
        let name = "n".repeat(900);
        let owned = format!("{{name: {name}, kind: a, version: b}}");
        let csv = format!(
            "kind: ClusterServiceVersion\nspec: {{customresourcedefinitions: {{owned: [{}]}}}}\n",
            vec![owned.as_str(); 1_000].join(", ")
        );
        let mut files = operator("packageName: a\n", &csv, "");
        for number in 0..4 {
            files.insert(format!("csv{number}.yaml"), csv.clone().into());
        }
        let report = Manifests::read(&files, &mut Budget::default())
            .unwrap()
            .verdict("a");
        assert!(!report.is_valid());
        assert!(report.bytes() < (1 << 20) + 10_000, "{}", report.bytes());
    }

    #[test]
    fn a_bundle_of_deep_lists_does_not_grow_without_end() {
        let deep = format!(
            "x: {}[{}]{}\n",
            "{a: ".repeat(100),
            "a, ".repeat(190_000),
            "}".repeat(100)
        );
        let crd = format!("kind: CustomResourceDefinition\n{deep}");
        let files = operator("packageName: a\n", "kind: ClusterServiceVersion\n", &crd);
        let manifests = Manifests::read(&files, &mut Budget::default()).unwrap();
        let error = courier_bundle::write(&manifests, files).unwrap_err();
        assert!(matches!(error, CourierBundleError::TooLarge(_)), "{error}");
    }

    #[test]
    fn yaml_files_are_told_by_their_extension() {
        for name in ["a.yaml", "a.yml", "a.b.yaml", "a..yml"] {
            assert!(is_yaml(name), "{name}");
        }
        for name in [".yaml", "..yml", "a.YAML", "a.json", "yaml", "a.yaml "] {
            assert!(!is_yaml(name), "{name}");
        }
    }
}
