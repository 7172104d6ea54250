//! The rules of a package file.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use super::csv::Csv;
use super::{Layout, crd::is_empty};
use crate::report::rules;
use crate::report::{Field, Location, Report, describe};
use crate::yaml::{Node, Value};

/// The package file: a map with the key `packageName`.
#[derive(Debug)]
pub(crate) struct PackageFile {
    /// Path in the archive.
    pub(crate) file: Arc<str>,
    /// Its document.
    pub(crate) root: Rc<Node>,
}

impl PackageFile {
    /// Where the package's name is.
    pub(crate) fn location(&self) -> Location {
        let root = Field::root(&self.file, &self.root);
        root.get("packageName").unwrap_or(root).location()
    }

    /// Notes the channels whose head is none of the CSVs, which operator-courier does not look at in the nested layout.
    pub(crate) fn note_unknown_heads(&self, csvs: &[&Csv], report: &mut Report) {
        let values = || csvs.iter().filter_map(|csv| csv.name.as_ref());
        let names: HashSet<&str> = values().filter_map(text_of).collect();
        let root = Field::root(&self.file, &self.root);
        let channels = root.get("channels");
        let channels = channels.iter().filter_map(Field::items).flatten();
        let heads = channels.filter_map(|channel| channel.get("currentCSV"));
        let unknown = heads.filter_map(|head| {
            let name = text_of(head.value()).filter(|name| !names.contains(name))?;
            Some((name, head))
        });
        for (name, head) in unknown.take(MAX_NOTED) {
            let found = describe(head.value());
            let location = Location {
                found: format!("{found}, but {}", described(values())),
                ..head.location()
            };
            report.note(&rules::CURRENT_CSV, &location, &[name]);
        }
    }

    /// Checks the package against the CSVs of one version and against the repository that it is pushed to.
    pub(crate) fn check(
        &self,
        layout: Layout,
        csvs: &[&Csv],
        repository: &str,
        report: &mut Report,
    ) {
        let root = Field::root(&self.file, &self.root);
        let channels = root.require("channels", &rules::PACKAGE_CHANNELS, report);
        let are_valid =
            channels.is_some_and(|channels| check_channels(&channels, layout, csvs, report));
        // operator-courier compares the names only when the channels are in order.
        let Some(name) = root.get("packageName").filter(|_| are_valid) else {
            return;
        };
        if matches!(name.value(), Value::String(text) if text == repository) {
            return;
        }
        match name.value().to_python() {
            Some(text) => {
                let values = [text.as_str(), repository];
                report.add(&rules::PACKAGE_NAME_MATCH, &name.location(), &values);
            }
            None => report.wrong_type(&name, "a string"),
        }
    }
}

/// Channels that are noted one by one.
const MAX_NOTED: usize = 20;

fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// Channels of a package: more than any has. Each is looked up among the CSVs.
const MAX_CHANNELS: usize = 1_000;

/// Whether the channels are in order. A missing `currentCSV` is an error that operator-courier does not count here.
fn check_channels(
    channels: &Field<'_>,
    layout: Layout,
    csvs: &[&Csv],
    report: &mut Report,
) -> bool {
    if is_empty(channels.value()) {
        report.wrong_value(&rules::PACKAGE_CHANNELS_EMPTY, channels);
        return false;
    }
    let Some(items) = channels.items() else {
        report.wrong_type(channels, "a list");
        return false;
    };
    if items.len() > MAX_CHANNELS {
        let expected = format!("a list of at most {MAX_CHANNELS} channels");
        report.wrong_type(channels, &expected);
        return false;
    }
    let mut are_valid = true;
    for channel in items {
        are_valid &= channel.is_map(report) && check_channel(&channel, layout, csvs, report);
    }
    are_valid
}

fn check_channel(channel: &Field<'_>, layout: Layout, csvs: &[&Csv], report: &mut Report) -> bool {
    let has_name = channel
        .require("name", &rules::CHANNEL_NAME, report)
        .is_some();
    let Some(current) = channel.require("currentCSV", &rules::CHANNEL_CSV, report) else {
        return has_name;
    };
    let names = || csvs.iter().filter_map(|csv| csv.name.as_ref());
    if layout == Layout::Nested || names().any(|name| name == current.value()) {
        return has_name;
    }
    match current.value().to_python() {
        Some(name) => {
            let described = || described(names());
            let location = current.location();
            report.mismatch(&rules::CHANNEL_CSV_UNKNOWN, &location, &[&name], described);
        }
        None => report.wrong_type(&current, "the name of a CSV"),
    }
    false
}

/// The names of the CSVs that are there.
fn described<'a>(names: impl Iterator<Item = &'a Value>) -> String {
    let names: Vec<String> = names.take(5).map(describe).collect();
    match names.is_empty() {
        true => "no CSV has a name".to_owned(),
        false => format!("the CSVs are {}", names.join(", ")),
    }
}
