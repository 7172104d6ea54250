//! The rules of a package file.

use std::rc::Rc;
use std::sync::Arc;

use super::csv::Csv;
use super::{Layout, crd::is_empty};
use crate::report::rules;
use crate::report::{Place, Report, Spot, describe};
use crate::yaml::{Node, Value};

/// The package file: a map with the key `packageName`.
#[derive(Debug)]
pub struct Package {
    /// Path in the archive.
    pub file: Arc<str>,
    /// Its document.
    pub root: Rc<Node>,
}

impl Package {
    /// Where the package says its name.
    pub fn spot(&self) -> Spot {
        let root = Place::root(&self.file, &self.root);
        root.get("packageName").unwrap_or(root).spot()
    }

    /// Checks the package against the CSVs of one version and against the repository that it is pushed to.
    pub fn check(&self, layout: Layout, csvs: &[&Csv], repository: &str, report: &mut Report) {
        let root = Place::root(&self.file, &self.root);
        let fits = match root.get("channels") {
            None => {
                report.missing(&rules::PACKAGE_CHANNELS, &root, "channels");
                false
            }
            Some(channels) => check_channels(&channels, layout, csvs, report),
        };
        let Some(name) = root.get("packageName").filter(|_| fits) else {
            return;
        };
        if !matches!(name.value(), Value::String(text) if text == repository) {
            match name.value().to_python() {
                Some(text) => report.add(
                    &rules::PACKAGE_NAME_MATCH,
                    &name.spot(),
                    &[&text, repository],
                ),
                None => report.unfit(&name, "a string"),
            }
        }
    }
}

/// Channels of a package: more than any has, and each is looked up among the CSVs.
const MAX_CHANNELS: usize = 1_000;

/// Whether the channels are in order; a missing `currentCSV` is an error that the reference does not count here.
fn check_channels(
    channels: &Place<'_>,
    layout: Layout,
    csvs: &[&Csv],
    report: &mut Report,
) -> bool {
    if is_empty(channels.value()) {
        report.wrong(&rules::PACKAGE_CHANNELS_EMPTY, channels);
        return false;
    }
    let Some(items) = channels.items() else {
        report.unfit(channels, "a list");
        return false;
    };
    if matches!(channels.value(), Value::Sequence(channels) if channels.len() > MAX_CHANNELS) {
        let wanted = format!("a list of at most {MAX_CHANNELS} channels");
        report.unfit(channels, &wanted);
        return false;
    }
    let mut fits = true;
    for channel in items {
        if !channel.must_be_map(report) {
            fits = false;
            continue;
        }
        if channel.get("name").is_none() {
            report.missing(&rules::CHANNEL_NAME, &channel, "name");
            fits = false;
        }
        match channel.get("currentCSV") {
            None => report.missing(&rules::CHANNEL_CSV, &channel, "currentCSV"),
            Some(_) if layout == Layout::Nested => {}
            Some(current)
                if csvs
                    .iter()
                    .any(|csv| csv.name.as_ref() == Some(current.value())) => {}
            Some(current) => {
                match current.value().to_python() {
                    Some(name) => {
                        let names = csvs.iter().filter_map(|csv| csv.name.as_ref());
                        let names: Vec<String> = names.take(5).map(describe).collect();
                        let there = || format!("the CSVs are {}", names.join(", "));
                        let spot = current.spot();
                        report.unlike(&rules::CHANNEL_CSV_UNKNOWN, &spot, &[&name], there);
                    }
                    None => report.unfit(&current, "the name of a CSV"),
                }
                fits = false;
            }
        }
    }
    fits
}
