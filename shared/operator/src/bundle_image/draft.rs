//! A bundle before the verdict: what it would hold, and what is wrong with how it lies.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::annotations::Annotations;
use super::document::{Document, NoManifest};
use crate::report::Location;

/// A bundle before the verdict.
#[derive(Debug)]
pub(crate) struct Draft {
    /// What its package and channels are; nothing when no file says so.
    pub(crate) annotations: Option<Annotations>,
    /// Why the file that should say so cannot be read, and where.
    pub(crate) unreadable: Option<(Location, String)>,
    /// Whether it was uploaded as it is.
    pub(crate) is_ready_made: bool,
    /// The objects of `manifests/`, by file name.
    pub(crate) manifests: Vec<Rc<Document>>,
    /// Files of `manifests/` that are no manifests.
    pub(crate) no_manifests: Vec<NoManifest>,
    /// Files that may not lie where they do: a rule's message for each.
    pub(crate) misplaced: Vec<Misplaced>,
    /// The files of `metadata/` and `tests/`, by their path in the image.
    pub(crate) others: BTreeMap<String, Arc<[u8]>>,
    /// `release-config.yaml` beside a ready-made bundle: operator-pipelines reads it, and it is not shipped.
    pub(crate) release_config: Option<Arc<[u8]>>,
    /// Where the bundle lies, for what is said of no file.
    pub(crate) place: Location,
}

/// A file that may not lie in `manifests/`.
#[derive(Debug)]
pub(crate) enum Misplaced {
    /// In a sub-folder.
    SubFolder(Location),
    /// Its name starts with a dot.
    Hidden(Location),
}

impl Draft {
    /// The bundle's ClusterServiceVersions; a good bundle has one.
    pub(crate) fn csvs(&self) -> impl Iterator<Item = &Rc<Document>> {
        self.manifests.iter().filter(|document| document.is_csv())
    }

    /// The bundle's CSV: opm takes the first.
    pub(crate) fn csv(&self) -> Option<&Rc<Document>> {
        self.csvs().next()
    }

    /// The bundle's CustomResourceDefinitions.
    pub(crate) fn crds(&self) -> impl Iterator<Item = &Rc<Document>> {
        self.manifests.iter().filter(|document| document.is_crd())
    }

    /// The bundle's name: the CSV's `metadata.name`.
    pub(crate) fn name(&self) -> &str {
        self.csv().map_or("", |csv| csv.object_name())
    }

    /// The files of the image's layer, by path.
    pub(crate) fn files(&self) -> BTreeMap<String, Arc<[u8]>> {
        let manifests = self.manifests.iter();
        let mut files: BTreeMap<_, _> = manifests
            .map(|document| {
                (
                    format!("manifests/{}", document.name()),
                    document.bytes.clone(),
                )
            })
            .collect();
        files.extend(
            self.others
                .iter()
                .map(|(path, bytes)| (path.clone(), bytes.clone())),
        );
        files
    }
}
