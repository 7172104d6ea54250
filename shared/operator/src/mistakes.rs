//! The mistakes that people make most when they zip manifests, and how each looks from inside the zip.

use crate::archive::{self, Files, is_of_macos, name_of};
use crate::manifests;
use crate::report::rules::{self, Rule};
use crate::report::{Field, Location, Report, shortened};
use crate::yaml::{self, Budget, Value, YamlVersion};

/// Files that are listed one by one, in findings and in a finding.
const MAX_LISTED: usize = 20;
const MAX_NAMED: usize = 5;

/// Characters of a name, or of a kind, in a message.
const MAX_NAME: usize = 100;

/// Files that are read in search of a package file that is in the wrong place.
const MAX_READ: usize = 200;

/// What an upload without a package file has instead.
pub(crate) fn instead_of_package(files: &Files, budget: &mut Budget) -> Report {
    let mut report = Report::default();
    let seen = look(files, budget);
    if let Some((name, location)) = &seen.package {
        add_misplaced(name, location, files, &mut report);
    }
    for (path, format) in archives(files).take(MAX_LISTED) {
        let location = Location::start_of(path, format);
        report.add(&rules::ARCHIVE_INSIDE, &location, &[path, format]);
    }
    if report.findings.is_empty() {
        let location = seen.anything(files);
        report.add(&rules::NO_PACKAGE_FILE, &location, &[]);
    }
    note_macos(files, &mut report);
    report
}

/// Where a package file is that is not at the top level.
pub(crate) fn around_package(files: &Files, budget: &mut Budget) -> Report {
    let mut report = Report::default();
    if let Some((name, location)) = &look(files, budget).package {
        add_misplaced(name, location, files, &mut report);
    }
    report
}

/// A ready-made bundle, where package manifests are asked for.
pub(crate) fn bundle_instead(directory: &str, files: &Files) -> Report {
    let mut report = Report::default();
    let annotations = format!("{directory}metadata/annotations.yaml");
    let path = match files.contains_key(&annotations) {
        true => annotations,
        false => format!("{directory}manifests"),
    };
    let location = Location::start_of(path.as_str(), "a bundle");
    report.add(&rules::BUNDLE_INSTEAD, &location, &[&path]);
    note_macos(files, &mut report);
    report
}

/// Notes what package manifests have that nobody meant to send, or that is not read for its name.
pub(crate) fn note(files: &Files, report: &mut Report) {
    note_macos(files, report);
    let paths = files.keys().map(String::as_str);
    let misnamed = paths.filter(|path| path.matches('/').count() <= 1 && is_misnamed(path));
    for path in misnamed.take(MAX_LISTED) {
        let location = Location::start_of(path, extension(path));
        report.note(&rules::YAML_EXTENSION, &location, &[path]);
    }
}

/// Notes the files that macOS adds to a zip.
pub(crate) fn note_macos(files: &Files, report: &mut Report) {
    let mut paths = files.keys().filter(|path| is_of_macos(path));
    let Some(first) = paths.next() else { return };
    let found = match paths.count() {
        0 => "a file that macOS wrote".to_owned(),
        more => format!("the first of {} files that macOS wrote", more + 1),
    };
    let location = Location::start_of(first.as_str(), found);
    report.note(&rules::MACOS_FILES, &location, &[first]);
}

/// What the YAML files of an upload are.
#[derive(Default)]
struct Seen {
    /// The highest package file: its name, and where that is.
    package: Option<(String, Location)>,
    /// The others, with their kinds.
    others: Vec<(Location, String)>,
    /// A file that would be the package file, if it had the key.
    channels: Option<Location>,
}

/// Reads the YAML files, the highest first.
fn look(files: &Files, budget: &mut Budget) -> Seen {
    let mut seen = Seen::default();
    let mut paths: Vec<(&String, &Vec<u8>)> = files
        .iter()
        .filter(|(path, _)| is_meant_as_yaml(path) && !is_of_macos(path))
        .collect();
    paths.sort_by_key(|(path, _)| path.matches('/').count());
    for (path, bytes) in paths.into_iter().take(MAX_READ) {
        let root = match yaml::read(bytes, YamlVersion::V1_1, budget) {
            Ok(root) => root,
            Err(error) if error.ends_all() => break,
            Err(_) => continue,
        };
        let file = path.as_str().into();
        let document = Field::root(&file, &root);
        if let Some(name) = document.get("packageName") {
            let text = name.value().to_python().unwrap_or_default();
            let text = shortened(&text, MAX_NAME).into_owned();
            seen.package = Some((text, name.location()));
            break;
        }
        if seen.channels.is_none() {
            seen.channels = document.get("channels").map(|channels| channels.location());
        }
        let kind = match document.get("kind").as_ref().map(Field::value) {
            Some(Value::String(kind)) => {
                format!("{path} of kind {}", shortened(kind, MAX_NAME))
            }
            _ => format!("{path} without a kind"),
        };
        seen.others.push((document.location(), kind));
    }
    seen
}

impl Seen {
    /// Where a person may start to look, and what is there in place of a package file.
    fn anything(&self, files: &Files) -> Location {
        if let Some(channels) = &self.channels {
            let found = "channels, but no packageName beside them".to_owned();
            return Location {
                field: "packageName".to_owned(),
                found,
                ..channels.clone()
            };
        }
        if let Some((first, _)) = self.others.first() {
            let kinds = self.others.iter().map(|(_, kind)| kind.as_str());
            return Location::start_of(first.file.clone(), listed(kinds, self.others.len()));
        }
        let names = files.keys().map(String::as_str);
        let first = files.keys().next().map_or("", String::as_str);
        let found = match files.len() {
            0 => "no file at all".to_owned(),
            count => format!(
                "no YAML file that can be read, but {}",
                listed(names, count)
            ),
        };
        Location::start_of(first, found)
    }
}

/// Reports a package file that is not where it is looked for.
fn add_misplaced(name: &str, location: &Location, files: &Files, report: &mut Report) {
    let path = &*location.file;
    let mut add = |rule: &Rule, found: String| {
        let location = Location {
            found: format!("packageName {name}, {found}"),
            ..location.clone()
        };
        report.add(rule, &location, &[path]);
    };
    let depth = path.matches('/').count();
    if depth == 0 {
        if is_misnamed(path) {
            add(
                &rules::PACKAGE_EXTENSION,
                format!("in a file that ends in {}", extension(path)),
            );
        }
        return;
    }
    let found = match depth {
        1 => "one folder down".to_owned(),
        _ => format!("{depth} folders down"),
    };
    let folder = &path[..path.rfind('/').map_or(0, |slash| slash + 1)];
    let mut others = files.keys().filter(|other| !is_of_macos(other));
    match others.all(|other| other.starts_with(folder)) {
        true => add(&rules::FOLDER_AROUND, found),
        false => add(&rules::PACKAGE_BELOW, found),
    }
}

/// Files that are archives themselves, and of which format.
fn archives(files: &Files) -> impl Iterator<Item = (&str, &'static str)> {
    files
        .iter()
        .filter_map(|(path, bytes)| Some((path.as_str(), archive::Format::of_archive(bytes)?)))
}

/// Whether a file is YAML by its name, but for the case of its extension.
fn is_misnamed(path: &str) -> bool {
    is_meant_as_yaml(path) && !manifests::is_yaml(name_of(path)) && !is_of_macos(path)
}

/// Whether a person takes a file for YAML by its name; operator-courier does so where the extension is in lower case.
fn is_meant_as_yaml(path: &str) -> bool {
    manifests::is_yaml(&name_of(path).to_ascii_lowercase())
}

fn extension(path: &str) -> &str {
    path.rfind('.').map_or("", |dot| &path[dot..])
}

/// The first names, and how many more there are.
fn listed<'a>(names: impl Iterator<Item = &'a str>, count: usize) -> String {
    let first: Vec<&str> = names.take(MAX_NAMED).collect();
    let first = first.join(", ");
    match count.saturating_sub(MAX_NAMED) {
        0 => first,
        more => format!("{first} and {more} more files"),
    }
}
