//! What an upload holds: package manifests, or bundles that somebody has made.

use std::collections::BTreeSet;

use super::annotations::ANNOTATIONS_FILE;
use super::document::may_be_manifest;
use super::ready_made;
use super::splitting::{self, Cut, SplitFile};
use crate::archive::Files;
use crate::manifests::package_name::PackageNameError;
use crate::yaml::Budget;

/// Ready-made bundles: where each lies, and what was split in them.
#[derive(Debug)]
pub(crate) struct ReadyMade {
    /// The directories that hold a `manifests/`: empty, or with a slash at the end.
    pub(crate) directories: Vec<String>,
    /// Files that held several documents.
    pub(crate) split: Vec<SplitFile>,
    /// Directories with a `manifests/`, beside bundles that have their annotations.
    pub(crate) left_out: Vec<String>,
}

impl ReadyMade {
    /// Finds the bundles in an upload, and splits their files of several documents.
    pub(crate) fn find(files: &mut Files) -> Option<Self> {
        let (complete, incomplete) =
            directories(files)
                .into_iter()
                .partition::<Vec<_>, _>(|directory| {
                    files.contains_key(&format!("{directory}{ANNOTATIONS_FILE}"))
                });
        let (directories, left_out) = match complete.is_empty() {
            true => (incomplete, Vec::new()),
            false => (complete, incomplete),
        };
        if directories.is_empty() {
            return None;
        }
        let mut found = ReadyMade {
            directories,
            split: Vec::new(),
            left_out,
        };
        found.split = splitting::split_files(files, |path| found.is_manifest(path));
        Some(found)
    }

    /// The directory of the first bundle.
    pub(crate) fn first(&self) -> &str {
        self.directories.first().map_or("", String::as_str)
    }

    /// Sets the package in the annotations of every bundle of the package `old`.
    ///
    /// # Errors
    /// [`PackageNameError::Edit`] names the file.
    pub(crate) fn set_package(
        &self,
        old: &str,
        name: &str,
        files: &mut Files,
        budget: &mut Budget,
    ) -> Result<(), PackageNameError> {
        for directory in &self.directories {
            let file = format!("{directory}{ANNOTATIONS_FILE}");
            if let Some(bytes) = files.get_mut(&file) {
                ready_made::set_package(bytes, old, name, budget)
                    .map_err(|error| PackageNameError::Edit { file, error })?;
            }
        }
        Ok(())
    }

    /// Takes away what stands around the only document of each manifest, so that rules can be applied to it.
    pub(crate) fn cut(&self, files: &mut Files) -> Vec<Cut> {
        splitting::cut_only_documents(files, |path| self.is_manifest(path))
    }

    /// Whether a file lies in the `manifests/` of a bundle, and may be one by its name.
    pub(crate) fn is_manifest(&self, path: &str) -> bool {
        let mut directories = self.directories.iter();
        may_be_manifest(path)
            && directories.any(|directory| {
                let inner = path.strip_prefix(directory.as_str());
                inner.is_some_and(|inner| inner.starts_with("manifests/"))
            })
    }

    /// Whether at least one bundle has its annotations.
    pub(crate) fn has_annotations(&self, files: &Files) -> bool {
        let mut directories = self.directories.iter();
        directories.any(|directory| files.contains_key(&format!("{directory}{ANNOTATIONS_FILE}")))
    }
}

/// Every directory that has a file in `manifests/`, or annotations.
fn directories(files: &Files) -> BTreeSet<String> {
    let paths = files.keys().map(String::as_str);
    paths
        .filter_map(bundle_directory)
        .map(str::to_owned)
        .collect()
}

/// What stands before the first `manifests/`, or before `metadata/annotations.yaml`.
fn bundle_directory(path: &str) -> Option<&str> {
    let mut at = 0;
    for segment in path.split_inclusive('/') {
        if segment == "manifests/" || &path[at..] == ANNOTATIONS_FILE {
            return Some(&path[..at]);
        }
        at += segment.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(paths: &[&str]) -> Option<Vec<String>> {
        let mut files: Files = paths
            .iter()
            .map(|path| ((*path).to_owned(), Vec::new()))
            .collect();
        ReadyMade::find(&mut files).map(|bundles| bundles.directories)
    }

    #[test]
    fn a_bundle_is_a_directory_with_manifests_and_annotations() {
        let cases: [(&str, &[&str], &[&str]); 5] = [
            (
                "at the root",
                &["manifests/a.yaml", "metadata/annotations.yaml"],
                &[""],
            ),
            (
                "in a folder",
                &["b/manifests/a.yaml", "b/metadata/annotations.yaml"],
                &["b/"],
            ),
            (
                "several, as pkgman-to-bundle writes them",
                &[
                    "bundle-1/bundle/manifests/a.yaml",
                    "bundle-1/bundle/metadata/annotations.yaml",
                    "bundle-2/bundle/manifests/a.yaml",
                    "bundle-2/bundle/metadata/annotations.yaml",
                ],
                &["bundle-1/bundle/", "bundle-2/bundle/"],
            ),
            ("without metadata", &["manifests/a.yaml"], &[""]),
            (
                "a folder in manifests is none",
                &["manifests/manifests/a.yaml", "metadata/annotations.yaml"],
                &[""],
            ),
        ];
        for (case, paths, wanted) in cases {
            assert_eq!(found(paths).unwrap(), wanted, "{case}");
        }
        assert_eq!(found(&["package.yaml", "1.0.0/csv.yaml"]), None);
    }
}
