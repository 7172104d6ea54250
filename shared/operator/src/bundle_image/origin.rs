//! Which files of the archive the bundles come from, and which of those something looked at.

use std::collections::HashSet;

use super::annotations::ANNOTATIONS_FILE;
use super::judged::JudgedBundles;

/// Files of a ready-made bundle, beside its manifests, that something reads.
const READY_MADE_FILES: [&str; 7] = [
    ANNOTATIONS_FILE,
    "metadata/dependencies.yaml",
    "metadata/properties.yaml",
    "tests/scorecard/config.yaml",
    "release-config.yaml",
    "Dockerfile",
    "bundle.Dockerfile",
];

impl JudgedBundles {
    /// Paths of the archive that a rule looked at, or that a bundle has for its package.
    pub(crate) fn judged_files(&self) -> HashSet<String> {
        let drafts = self.bundles.iter().map(|(_, draft)| draft);
        let of_draft = drafts.flat_map(|draft| {
            let directory = draft.place.file.strip_suffix("manifests");
            let own = directory.filter(|_| draft.is_ready_made);
            let own = own.into_iter().flat_map(|directory| {
                let known = READY_MADE_FILES.iter();
                known.map(move |known| format!("{directory}{known}"))
            });
            own.chain(
                draft
                    .manifests
                    .iter()
                    .map(|document| document.path.to_string()),
            )
        });
        of_draft.collect()
    }

    /// Paths of the archive that the bundles ship beside their manifests.
    pub(crate) fn shipped_files(&self) -> HashSet<String> {
        let ready_made = self.bundles.iter().map(|(_, draft)| draft);
        let ready_made = ready_made.filter(|draft| draft.is_ready_made);
        let others = ready_made.flat_map(|draft| {
            let directory = draft.place.file.strip_suffix("manifests");
            let directory = directory.unwrap_or_default();
            let others = draft.others.keys();
            others.map(move |other| format!("{directory}{other}"))
        });
        others.collect()
    }
}
