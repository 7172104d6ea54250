//! From package manifests to bundles: one a directory in the nested layout, one a CSV in the flat one.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::annotations::ANNOTATIONS_FILE;
use super::annotations::Annotations;
use super::channels::Channels;
use super::document::{self, Document, Exhausted, may_be_manifest};
use super::draft::Draft;
use super::splitting;
use super::verdict::findings::Findings;
use super::verdict::rule;
use crate::archive::{Files, name_of};
use crate::manifests::{Layout, Manifests};
use crate::report::{Field, Location};
use crate::yaml::Budget;

/// What package manifests come to.
pub(super) struct Converted {
    pub(super) drafts: Vec<Draft>,
    pub(super) default_channel: String,
    /// The heads of every channel.
    pub(super) channels: BTreeMap<String, Vec<String>>,
}

/// Makes the bundles of an upload that operator-courier accepts.
///
/// # Errors
/// This upload may read no more.
pub(super) fn convert(
    files: &Files,
    manifests: &Manifests,
    package: &str,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Converted, Exhausted> {
    let place = Field::root(&manifests.package.file, &manifests.package.root);
    let channels = Channels::read(&place, findings);
    let source = document::at(&place, "channels").unwrap_or(place).location();
    let groups = match manifests.layout {
        Layout::Nested => nested(files, manifests, budget, findings)?,
        Layout::Flat => {
            let documents = read_directory(files, "", budget, findings)?;
            flat(documents, findings)
        }
    };
    let csvs: Vec<Rc<Document>> = groups
        .iter()
        .filter_map(|group| csv_of(group))
        .cloned()
        .collect();
    channels.check(&csvs, findings);
    let drafts = groups
        .into_iter()
        .map(|group| draft(group, &source, package, &channels));
    Ok(Converted {
        drafts: drafts.collect(),
        default_channel: channels.default.clone(),
        channels: channels.heads(),
    })
}

type Group = Vec<Rc<Document>>;

fn csv_of(group: &Group) -> Option<&Rc<Document>> {
    group.iter().find(|document| document.is_csv())
}

fn draft(group: Group, source: &Location, package: &str, channels: &Channels) -> Draft {
    let name = csv_of(&group).map_or("", |csv| csv.object_name());
    let channels_of = channels.of(name);
    let annotations = Annotations::made(source.clone(), package, &channels_of, &channels.default);
    let others = BTreeMap::from([(ANNOTATIONS_FILE.to_owned(), annotations.to_yaml().into())]);
    Draft {
        place: group
            .first()
            .map_or_else(|| source.clone(), |document| document.location()),
        annotations: Some(annotations),
        unreadable: None,
        is_ready_made: false,
        manifests: group,
        no_manifests: Vec::new(),
        misplaced: Vec::new(),
        release_config: None,
        others,
    }
}

/// A bundle for each directory with a CSV.
fn nested(
    files: &Files,
    manifests: &Manifests,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Vec<Group>, Exhausted> {
    let versions = manifests.versions.iter();
    let csv_files = versions.filter_map(|version| version.csvs.first());
    let directories: BTreeSet<&str> = csv_files
        .filter_map(|(path, _)| Some(path.split_once('/')?.0))
        .collect();
    let directories = directories.into_iter();
    directories
        .map(|directory| read_directory(files, &format!("{directory}/"), budget, findings))
        .collect()
}

/// The manifests of a directory; what lies below it, and what is none, is left out.
fn read_directory(
    files: &Files,
    directory: &str,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Group, Exhausted> {
    let inside = files
        .range(directory.to_owned()..)
        .take_while(|(path, _)| path.starts_with(directory));
    let mut candidates = BTreeMap::new();
    for (path, bytes) in inside.filter(|(path, _)| may_be_manifest(path)) {
        let name = &path[directory.len()..];
        if !name.contains('/') && !name.starts_with('.') {
            candidates.insert(path.clone(), bytes.clone());
        } else if !directory.is_empty() {
            let message =
                format!("{path} does not lie beside the CSV, and is left out of the bundle");
            findings.say(
                &rule::LEFT_OUT,
                Location::start_of(path.as_str(), name),
                message,
            );
        }
    }
    say_split(
        splitting::split_files(&mut candidates, may_be_manifest),
        findings,
    );
    let mut group = Group::new();
    for (path, bytes) in candidates {
        match Document::read(&path.as_str().into(), &bytes.into(), budget)? {
            Ok(document) if document.place().get("packageName").is_none() => {
                group.push(Rc::new(document));
            }
            Ok(_) => {}
            // operator-courier has read all that it takes for YAML.
            Err(other) if !crate::manifests::is_yaml(name_of(&path)) => {
                let message = format!("{path} is no manifest, and is left out of the bundle");
                findings.say(&rule::LEFT_OUT, other.location, message);
            }
            Err(_) => {}
        }
    }
    Ok(group)
}

/// Says which files were split, and which could not be.
pub(super) fn say_split(
    split: impl IntoIterator<Item = splitting::SplitFile>,
    findings: &mut Findings,
) {
    for file in split {
        let location = Location::start_of(
            file.path.as_str(),
            format!("{} documents", file.parts.len()),
        );
        match file.taken {
            Some(taken) => {
                let message = format!(
                    "{} has several documents, one of which would be {taken}, which is there already",
                    file.path
                );
                findings.say(&rule::SPLIT_NAME, location, message);
            }
            None => {
                let parts: Vec<&str> = file.parts.iter().map(|part| name_of(part)).collect();
                let message = format!(
                    "{} has several documents; they become {}",
                    file.path,
                    parts.join(", ")
                );
                findings.say(&rule::SPLIT, location, message);
            }
        }
    }
}

/// A bundle for each CSV, with the CRDs that it owns. What nobody owns goes with the only CSV.
fn flat(documents: Group, findings: &mut Findings) -> Vec<Group> {
    let (csvs, others): (Group, Group) = documents
        .into_iter()
        .partition(|document| document.is_csv());
    if csvs.len() == 1 {
        let mut group = [csvs, others].concat();
        group.sort_by(|a, b| a.path.cmp(&b.path));
        return vec![group];
    }
    let mut owners: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, csv) in csvs.iter().enumerate() {
        for name in owned_names(csv) {
            owners.entry(name).or_default().push(index);
        }
    }
    let mut groups: Vec<Group> = csvs.iter().map(|csv| vec![csv.clone()]).collect();
    for document in others {
        let owners = owners
            .get(document.object_name())
            .filter(|_| document.is_crd());
        match owners {
            Some(owners) => owners
                .iter()
                .for_each(|owner| groups[*owner].push(document.clone())),
            None => findings.say(&rule::NO_OWNER, document.location(), no_owner(&document)),
        }
    }
    for group in &mut groups {
        group.sort_by(|a, b| a.path.cmp(&b.path));
    }
    groups
}

fn no_owner(document: &Document) -> String {
    format!(
        "{}: {} {} belongs to no CSV, and there are several",
        document.path,
        document.kind(),
        document.object_name()
    )
}

/// The names of the CRDs that a CSV owns, each once.
fn owned_names(csv: &Document) -> HashSet<&str> {
    let owned = document::items(&csv.place(), "spec.customresourcedefinitions.owned").into_iter();
    owned
        .filter_map(|item| document::text(&item, "name"))
        .collect()
}
