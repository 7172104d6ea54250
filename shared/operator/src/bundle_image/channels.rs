//! The channels of package manifests, and which of them a bundle is in.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use super::annotations::go_text;
use super::document::{self, Document, absent, text};
use super::verdict::findings::Findings;
use super::verdict::rule;
use crate::report::{Field, Location};
use crate::yaml::Value;

/// What a package file says of its channels.
#[derive(Debug)]
pub(super) struct Channels {
    /// Each channel and the CSV at its head, in the package's order.
    channels: Vec<Channel>,
    /// The channel that a subscription without one gets.
    pub(super) default: String,
}

#[derive(Debug)]
struct Channel {
    name: String,
    head: String,
    /// Where the head is named.
    location: Location,
}

impl Channels {
    /// Reads a package file's document, and says what is wrong with its channels.
    pub(super) fn read(package: &Field<'_>, findings: &mut Findings) -> Self {
        let items = document::items(package, "channels").into_iter();
        let channels: Vec<Channel> = items
            .filter_map(|item| Channel::read(&item, findings))
            .collect();
        let default = default_channel(package, &channels, findings);
        Channels { channels, default }
    }

    /// Every channel's head, by the channel's name.
    pub(super) fn heads(&self) -> BTreeMap<String, Vec<String>> {
        let channels = self.channels.iter();
        channels
            .map(|channel| (channel.name.clone(), vec![channel.head.clone()]))
            .collect()
    }

    /// The channels whose head is this CSV, in the package's order; the default channel where there is none.
    pub(super) fn of(&self, csv: &str) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for channel in self.channels.iter().filter(|channel| channel.head == csv) {
            if !names.contains(&channel.name) {
                names.push(channel.name.clone());
            }
        }
        if names.is_empty() {
            names.push(self.default.clone());
        }
        names
    }

    /// Says which heads no CSV has, and which bundles come into the default channel though no path of it has them.
    pub(super) fn check(&self, csvs: &[Rc<Document>], findings: &mut Findings) {
        let names: HashSet<&str> = csvs.iter().map(|csv| csv.object_name()).collect();
        for channel in self
            .channels
            .iter()
            .filter(|channel| !names.contains(&*channel.head))
        {
            let message = format!(
                "channel.currentCSV {} of channel {} is the name of no CSV",
                channel.head, channel.name
            );
            findings.say(&rule::CHANNELS, channel.location.clone(), message);
        }
        let paths = Paths::new(csvs);
        let on_default = paths.from(self.heads_of(|name| name == self.default));
        let on_others = paths.from(self.heads_of(|name| name != self.default));
        for csv in csvs {
            let name = csv.object_name();
            if on_others.contains(name) && !on_default.contains(name) && !self.is_head(name) {
                findings.of_bundle(Some(name));
                let message = format!(
                    "{name} is on the upgrade path of another channel alone, and its annotations name the default channel {}",
                    self.default
                );
                findings.say(&rule::CHANNEL_PATH, csv.location(), message);
            }
        }
        findings.of_bundle(None);
    }

    fn heads_of(&self, is_wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = &str> {
        let channels = self
            .channels
            .iter()
            .filter(move |channel| is_wanted(&channel.name));
        channels.map(|channel| channel.head.as_str())
    }

    fn is_head(&self, csv: &str) -> bool {
        self.channels.iter().any(|channel| channel.head == csv)
    }
}

impl Channel {
    fn read(item: &Field<'_>, findings: &mut Findings) -> Option<Self> {
        let name_place = item.get("name")?;
        let name = go_text(name_place.value())?;
        if let Value::Float(_) = name_place.value() {
            let message = format!("the channel's name is a number, and reads as {name}");
            findings.say(&rule::CHANNEL_NUMBER, name_place.location(), message);
        }
        if name.is_empty() || name.contains(|letter: char| letter == ',' || letter.is_whitespace())
        {
            let message = format!(
                "channel {name:?}: a name has no comma and no white space, and is not empty"
            );
            findings.say(&rule::CHANNELS, name_place.location(), message);
        }
        let head = item.get("currentCSV")?;
        Some(Channel {
            name,
            head: go_text(head.value()).unwrap_or_default(),
            location: head.location(),
        })
    }
}

/// The default channel: the package's, else the only one.
fn default_channel(package: &Field<'_>, channels: &[Channel], findings: &mut Findings) -> String {
    let written = package.get("defaultChannel");
    let name = written.as_ref().and_then(|place| go_text(place.value()));
    let names: Vec<&str> = channels
        .iter()
        .map(|channel| channel.name.as_str())
        .collect();
    match name.filter(|name| !name.is_empty()) {
        Some(name) => {
            if !names.contains(&name.as_str()) {
                let location = written.map_or_else(|| package.location(), |place| place.location());
                let message = format!(
                    "defaultChannel {name} is no channel; the channels are {}",
                    names.join(", ")
                );
                findings.say(&rule::CHANNELS, location, message);
            }
            name
        }
        None if names.len() > 1 => {
            let message = format!(
                "packageName: defaultChannel is missing, and there are several channels: {}",
                names.join(", ")
            );
            findings.say(&rule::CHANNELS, absent(package, "defaultChannel"), message);
            String::new()
        }
        None => names
            .first()
            .map_or_else(String::new, |name| (*name).to_owned()),
    }
}

/// What each CSV replaces and skips.
struct Paths<'a>(BTreeMap<&'a str, Vec<&'a str>>);

impl<'a> Paths<'a> {
    fn new(csvs: &'a [Rc<Document>]) -> Self {
        let steps = csvs.iter().map(|csv| {
            let place = csv.place();
            let mut steps = document::texts(&place, "spec.skips");
            steps.extend(text(&place, "spec.replaces"));
            (csv.object_name(), steps)
        });
        Paths(steps.collect())
    }

    /// Every CSV that is reached from the heads.
    fn from<'b>(&'b self, heads: impl Iterator<Item = &'b str>) -> HashSet<&'b str> {
        let mut reached = HashSet::new();
        let mut open: Vec<&str> = heads.collect();
        while let Some(name) = open.pop() {
            if reached.insert(name) {
                open.extend(self.0.get(name).into_iter().flatten());
            }
        }
        reached
    }
}
