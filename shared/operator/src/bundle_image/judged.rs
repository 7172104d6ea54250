//! The verdict on all bundles of an upload, and their order.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::annotations::ANNOTATIONS_FILE;
use super::annotations::Annotations;
use super::convert::{self, Converted};
use super::document::Exhausted;
use super::draft::Draft;
use super::ready_made;
use super::released::Form;
use super::tag::Number;
use super::upload::ReadyMade;
use super::verdict::findings::Findings;
use super::verdict::{self, Validation, Verdict, format, rule};
use crate::archive::Files;
use crate::manifests::Manifests;
use crate::manifests::package_name::PackageName;
use crate::report::{Location, Report};
use crate::yaml::{self, Budget};

/// Bundles that are not refused, oldest first.
#[derive(Debug)]
pub struct JudgedBundles {
    pub(super) package: String,
    pub(super) default_channel: Option<String>,
    /// The package manifest; nothing where the bundles were uploaded.
    package_file: Option<Arc<str>>,
    /// The roots of each channel.
    pub(super) channels: BTreeMap<String, Vec<String>>,
    pub(super) form: Form,
    pub(super) bundles: Vec<(Number, Draft)>,
    verdict: Verdict,
    /// How many values may be read of them once more.
    pub(super) values: u32,
}

/// Bundles that one upload may hold: more than any package has versions.
const MAX_BUNDLES: usize = 300;

/// Bytes of all bundles of one upload, a file counting in each that has it.
const MAX_BYTES: usize = 256 << 20;

/// Bytes of one text in a bundle's files: past what one object may have in a cluster, so that the bundle is told how big it
/// is.
const MAX_SCALAR: usize = 4 << 20;

/// What may be read of an upload's bundles: as many values as of its files.
pub(crate) fn fresh_budget(values: u32) -> Budget {
    Budget::new(yaml::ReadLimits {
        scalar: MAX_SCALAR,
        total: values,
        ..yaml::ReadLimits::default()
    })
}

impl JudgedBundles {
    /// What was found without being refused.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The package manifest, where there is one.
    pub(crate) fn package_file(&self) -> Option<&str> {
        self.package_file.as_deref()
    }

    /// Adds what was noted outside the verdict.
    pub(crate) fn note(&mut self, notes: Report) {
        self.verdict.courier.notes.extend(notes.notes);
    }
}

/// Why bundles do not come to be.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// This upload may read no more.
    Exhausted(Exhausted),
    /// The verdict refuses them.
    Refused(Box<Verdict>),
}

impl From<Exhausted> for Refusal {
    fn from(exhausted: Exhausted) -> Self {
        Refusal::Exhausted(exhausted)
    }
}

/// Makes bundles of package manifests that operator-courier accepts, and judges them.
pub(crate) fn judge_package_manifests(
    files: &Files,
    manifests: &Manifests,
    package: &PackageName,
    courier: Report,
    validation: Validation,
    values: u32,
) -> Result<JudgedBundles, Refusal> {
    let (mut budget, mut findings) = (fresh_budget(values), Findings::default());
    let converted = convert::convert(files, manifests, &package.name, &mut budget, &mut findings)?;
    let Converted {
        drafts,
        default_channel,
        channels,
    } = converted;
    let place = manifests.package.location();
    let bundles = judge_all(drafts, &place, &mut budget, &mut findings)?;
    let verdict = conclude(courier, findings, validation)?;
    Ok(JudgedBundles {
        package: package.name.clone(),
        default_channel: Some(default_channel),
        package_file: Some(place.file),
        channels,
        form: Form::Package,
        bundles,
        verdict,
        values,
    })
}

/// Judges bundles that somebody has made. `notes` are what was noted of them before.
pub(crate) fn judge_ready_made(
    files: &Files,
    upload: &ReadyMade,
    package: &PackageName,
    notes: Report,
    validation: Validation,
    values: u32,
) -> Result<JudgedBundles, Refusal> {
    let (mut budget, mut findings) = (fresh_budget(values), Findings::default());
    say_left_out(upload, &mut findings);
    let mut drafts = Vec::new();
    for directory in &upload.directories {
        let draft = ready_made::read(files, directory, &mut budget)?;
        let split = upload
            .split
            .iter()
            .filter(|file| file.path.starts_with(directory));
        findings.of_bundle(Some(draft.name()));
        convert::say_split(split.cloned(), &mut findings);
        drafts.push(draft);
    }
    findings.of_bundle(None);
    check_packages(&drafts, &package.name, &mut findings);
    let bundles = judge_all(
        drafts,
        &Location::start_of(package.file.as_str(), ""),
        &mut budget,
        &mut findings,
    )?;
    let verdict = conclude(notes, findings, validation)?;
    let newest = bundles
        .last()
        .and_then(|(_, draft)| draft.annotations.as_ref());
    Ok(JudgedBundles {
        package: package.name.clone(),
        default_channel: newest
            .and_then(|annotations| annotations.default_channel())
            .map(str::to_owned),
        package_file: None,
        channels: roots(&bundles),
        form: Form::Bundle,
        bundles,
        verdict,
        values,
    })
}

/// Finds out which package ready-made bundles are of.
///
/// # Errors
/// What is wrong with the annotations, where none names a package.
pub(crate) fn package_of(
    files: &Files,
    upload: &ReadyMade,
    budget: &mut Budget,
) -> Result<PackageName, Refusal> {
    let mut findings = Findings::default();
    for directory in &upload.directories {
        let draft = ready_made::read_frame(files, directory, budget)?;
        let annotations = draft.annotations.as_ref();
        if let Some(name) = annotations
            .map(Annotations::package)
            .filter(|name| !name.is_empty())
        {
            return Ok(PackageName {
                file: format!("{directory}{ANNOTATIONS_FILE}"),
                name: name.to_owned(),
            });
        }
        format::check_metadata(&draft, &mut findings);
    }
    let verdict = Verdict::new(Report::default(), findings, Validation::Normal);
    Err(Refusal::Refused(Box::new(verdict)))
}

fn say_left_out(upload: &ReadyMade, findings: &mut Findings) {
    for directory in &upload.left_out {
        let file: Arc<str> = format!("{directory}manifests").into();
        let message = format!("{file} has no {ANNOTATIONS_FILE} beside it, and is left out");
        findings.say(&rule::LEFT_OUT, Location::start_of(file, ""), message);
    }
}

/// All bundles of an upload are of one package.
fn check_packages(drafts: &[Draft], package: &str, findings: &mut Findings) {
    let annotations = drafts.iter().filter_map(|draft| draft.annotations.as_ref());
    for other in annotations.filter(|other| ![package, ""].contains(&other.package())) {
        let message = format!(
            "the upload has bundles of several packages: {package} and {}",
            other.package()
        );
        findings.say(
            &rule::PACKAGES_DIFFER,
            other.location(super::annotations::PACKAGE),
            message,
        );
    }
}

/// Judges each bundle, and puts them into order.
fn judge_all(
    drafts: Vec<Draft>,
    place: &Location,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Vec<(Number, Draft)>, Exhausted> {
    let size: usize = drafts
        .iter()
        .flat_map(|draft| draft.files().into_values())
        .map(|file| file.len())
        .sum();
    if drafts.len() > MAX_BUNDLES || size > MAX_BYTES {
        let message = format!(
            "the upload comes to {} bundles of {size} bytes together; {MAX_BUNDLES} of {MAX_BYTES} bytes are allowed",
            drafts.len()
        );
        findings.say(&rule::RELEASE_SIZE, place.clone(), message);
        return Ok(Vec::new());
    }
    let mut bundles = Vec::new();
    for draft in drafts {
        verdict::judge(&draft, budget, findings)?;
        let number = draft.csv().and_then(|csv| Number::of(csv));
        bundles.extend(number.map(|number| (number, draft)));
    }
    bundles.sort_by(|(a, first), (b, second)| {
        let precedence = a.precedence(b);
        precedence
            .then_with(|| a.version.cmp(&b.version))
            .then_with(|| first.name().cmp(second.name()))
    });
    check_order(&bundles, findings);
    Ok(bundles)
}

/// Every bundle has a name and a tag of its own, and one is the newest.
fn check_order(bundles: &[(Number, Draft)], findings: &mut Findings) {
    let (mut names, mut tags) = (HashMap::new(), HashMap::new());
    for (number, draft) in bundles {
        let (name, tag) = (draft.name(), number.tag());
        let location = draft
            .csv()
            .map_or_else(|| draft.place.clone(), |csv| csv.location());
        if let Some(other) = names.insert(name, location.file.clone()) {
            let message = format!(
                "two bundles have the name {name}: those of {other} and {}",
                location.file
            );
            findings.say(&rule::BUNDLE_TWICE, location.clone(), message);
        }
        if !number.has_room() {
            let message = format!("{name}: the tag {tag} has more than 128 characters");
            findings.say(&rule::TAG_LENGTH, location.clone(), message);
        }
        if let Some(other) = tags.insert(tag.clone(), name) {
            let message = format!("{other} and {name} have one tag: {tag}");
            findings.say(&rule::TAG_TWICE, location, message);
        }
    }
    if let [.., (a, first), (b, second)] = bundles
        && a.precedence(b).is_eq()
    {
        let location = second
            .csv()
            .map_or_else(|| second.place.clone(), |csv| csv.location());
        let message = format!(
            "it is not clear which is the newest: {} or {}",
            first.name(),
            second.name()
        );
        findings.say(&rule::TAG_UNCLEAR, location, message);
    }
}

fn conclude(
    courier: Report,
    findings: Findings,
    validation: Validation,
) -> Result<Verdict, Refusal> {
    let is_refused =
        findings.refused() || validation == Validation::Strict && findings.has_errors();
    let verdict = Verdict::new(courier, findings, validation);
    match is_refused {
        true => Err(Refusal::Refused(Box::new(verdict))),
        false => Ok(verdict),
    }
}

/// The bundles that name each channel.
fn roots(bundles: &[(Number, Draft)]) -> BTreeMap<String, Vec<String>> {
    let mut roots: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (_, draft) in bundles {
        for channel in draft.annotations.iter().flat_map(Annotations::channels) {
            roots
                .entry(channel)
                .or_default()
                .push(draft.name().to_owned());
        }
    }
    roots
}
