//! Files of an upload that nothing judged: those that a release has all the same, and those that no bundle image has.

use std::collections::HashSet;

use crate::archive::{self, Files};
use crate::bundle_image::{self, JudgedBundles};
use crate::courier_bundle;
use crate::manifests::{Layout, Manifests};
use crate::report::rules::{self, Rule};
use crate::report::{Location, Report};

/// Files that are listed one by one.
const MAX_LISTED: usize = 100;

/// Notes the files of a nested upload that App Registry gets, though no rule looks at them: readers of such a tree walk
/// through all of it.
pub(crate) fn note_ride_alongs(files: &Files, manifests: &Manifests, report: &mut Report) {
    if manifests.layout == Layout::Flat {
        return; // the release is one file
    }
    let judged: HashSet<&str> = manifests.judged_files().collect();
    let others = files.keys().map(String::as_str);
    let others = others.filter(|path| !judged.contains(path) && !courier_bundle::is_left_out(path));
    let others = others.filter(|path| !archive::is_of_macos(path));
    note(&rules::UNJUDGED_FILE, others, report);
}

/// Notes the files that bundles ship without a look at them, and those that no bundle has.
pub(crate) fn note_left_out(files: &Files, bundles: &mut JudgedBundles) {
    let (judged, shipped) = (bundles.judged_files(), bundles.shipped_files());
    let verdict = bundles.verdict();
    let told: HashSet<&str> = verdict
        .findings
        .iter()
        .map(|finding| &*finding.file)
        .collect();
    let is_unknown = |path: &&str| {
        let is_split = bundle_image::may_be_manifest(path)
            && judged.contains(&bundle_image::part_name(path, 1));
        let is_judged = judged.contains(*path) || is_split;
        !is_judged && !told.contains(path) && !archive::is_of_macos(path)
    };
    let package = bundles.package_file();
    let others = files.keys().map(String::as_str).filter(is_unknown);
    let (shipped, left_out): (Vec<&str>, Vec<&str>) = others
        .filter(|path| Some(*path) != package)
        .partition(|path| shipped.contains(*path));
    let mut report = Report::default();
    note(&rules::UNJUDGED_FILE, shipped.into_iter(), &mut report);
    note(&rules::LEFT_OUT_FILE, left_out.into_iter(), &mut report);
    bundles.note(report);
}

/// Notes the first paths one by one, and how many more there are.
fn note<'a>(rule: &Rule, mut paths: impl Iterator<Item = &'a str>, report: &mut Report) {
    let place = |path: &str| Location::start_of(path, "a file that nothing judged");
    for path in paths.by_ref().take(MAX_LISTED) {
        report.note(rule, &place(path), &[path]);
    }
    if let Some(path) = paths.next() {
        let named = match paths.count() {
            0 => path.to_owned(),
            1 => format!("{path} and 1 more file"),
            more => format!("{path} and {more} more files"),
        };
        report.note(rule, &place(path), &[&named]);
    }
}
