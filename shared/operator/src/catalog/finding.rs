//! A merge that opm would refuse, as the verdict on an upload says it: at the CSV that is to be changed.

use super::merge::MergeRefused;
use crate::bundle_image::verdict::findings::Findings;
use crate::bundle_image::verdict::rule;
use crate::bundle_image::{Release, Validation, Verdict};
use crate::report::{Location, Report};

/// How opm's message on several heads begins: what advice is for.
const SEVERAL_HEADS: &str = "multiple channel heads found in graph";

impl MergeRefused {
    /// What opm says of the catalog, as the verdict on the release that it cannot take.
    pub fn verdict(&self, release: &Release) -> Verdict {
        let mut findings = Findings::default();
        let advised = self.advice.first().map(|advice| &advice.bundle);
        let bundles = &release.bundles;
        let advised = bundles.iter().find(|known| Some(&known.name) == advised);
        let bundle = advised.or(release.newest());
        findings.of_bundle(bundle.map(|bundle| bundle.name.as_str()));
        let location = bundle.and_then(|bundle| bundle.location().cloned());
        let location = location.unwrap_or_else(|| Location::start_of("", ""));
        for message in self.messages() {
            findings.say(&rule::CATALOG, location.clone(), message);
        }
        Verdict::new(Report::default(), findings, Validation::Normal)
    }

    /// opm's leaves, word for word; behind the first on several heads, what to write instead.
    pub fn messages(&self) -> Vec<String> {
        let mut advice = self.advice.iter().map(|advice| advice.message.as_str());
        let leaves = self.refusal.leaves().into_iter();
        let messages = leaves.map(|leaf| match leaf.starts_with(SEVERAL_HEADS) {
            true => {
                let advice: Vec<&str> = advice.by_ref().collect();
                [&[leaf], &advice[..]].concat().join("; ")
            }
            false => leaf.to_owned(),
        });
        messages.collect()
    }
}
