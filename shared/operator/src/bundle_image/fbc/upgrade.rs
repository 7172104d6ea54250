//! What a CSV says of upgrades, and its icon: a catalog has them outside of the bundle's `olm.bundle`.

use serde_json::{Value as Json, json};

use crate::bundle_image::document::{Document, absent, items, text, text_of, texts};
use crate::report::Location;

/// What a bundle leads on from, the same in every channel.
#[derive(Debug, Clone)]
pub struct Upgrade {
    /// `spec.replaces`
    pub replaces: Option<String>,
    /// `spec.skips`
    pub skips: Vec<String>,
    /// The annotation `olm.skipRange`.
    pub skip_range: Option<String>,
    /// Where `spec.replaces` stands in the CSV, or would.
    pub location: Location,
}

impl Upgrade {
    pub(super) fn of(csv: &Document) -> Self {
        let filled = |text: &&str| !text.is_empty();
        let annotations = csv.at("metadata.annotations");
        let skip_range = annotations.and_then(|map| map.get("olm.skipRange"));
        let skip_range = skip_range
            .as_ref()
            .and_then(|place| text_of(place.value()))
            .filter(filled);
        let csv = csv.place();
        let replaces = text(&csv, "spec.replaces").filter(filled);
        let skips = texts(&csv, "spec.skips").into_iter();
        Upgrade {
            replaces: replaces.map(str::to_owned),
            skips: skips.map(str::to_owned).collect(),
            skip_range: skip_range.map(str::to_owned),
            location: csv
                .get("spec")
                .and_then(|spec| spec.get("replaces"))
                .map_or_else(|| absent(&csv, "spec.replaces"), |place| place.location()),
        }
    }
}

/// `base64data` and `mediatype` of the first icon.
pub(super) fn icon(csv: &Document) -> Option<Json> {
    let icons = items(&csv.place(), "spec.icon");
    let icon = icons.first()?;
    let data = text(icon, "base64data").filter(|data| !data.is_empty())?;
    Some(json!({"base64data": data, "mediatype": text(icon, "mediatype").unwrap_or_default()}))
}
