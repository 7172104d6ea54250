//! What a release brings to its package: roots of channels, bundles and their edges.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::base64;
use super::package::Entry;
use crate::bundle_image::{Bundle, Form, Release, ReleasedBundle, ReleasedPackage, Upgrade};

/// What a release brings to its package.
#[derive(Debug, Clone, Default)]
pub struct Upload {
    /// The channel that a subscription without one gets.
    pub default_channel: Option<String>,
    /// Whether `channels` are all that the package has, as in package manifests; ready-made bundles name their own alone.
    pub lists_all_channels: bool,
    /// The roots of each channel.
    pub channels: BTreeMap<String, Vec<String>>,
    /// The bundles.
    pub bundles: Vec<Uploaded>,
}

/// A bundle of an upload.
#[derive(Debug, Clone)]
pub struct Uploaded {
    /// Its `olm.bundle`.
    pub bundle: Json,
    /// What it leads on from, the same in every channel.
    pub entry: Entry,
    /// `base64data` and `mediatype` of its CSV's icon.
    pub icon: Option<Json>,
}

impl Upload {
    /// What a release brings, whose bundles have these images, `quay.io/org/etcd@sha256:…`. One without an image is in no
    /// catalog.
    #[must_use]
    pub fn of_release(release: &Release, image: impl Fn(&Bundle) -> Option<String>) -> Self {
        let bundles = release.bundles.iter().filter_map(|bundle| {
            let bundle_of = bundle.fbc(&image(bundle)?);
            let (upgrade, icon) = (bundle.upgrade(), bundle.icon());
            Some(Uploaded::new(&bundle.name, bundle_of, upgrade, icon))
        });
        Upload {
            default_channel: release.default_channel.clone(),
            lists_all_channels: release.lists_all_channels(),
            channels: release.channels.clone(),
            bundles: bundles.collect(),
        }
    }

    /// What a release in a registry brings: its package, and those of its bundles that are there, each with its image.
    #[must_use]
    pub fn of_released<'a>(
        package: ReleasedPackage,
        bundles: impl Iterator<Item = (&'a ReleasedBundle, &'a str)>,
    ) -> Self {
        let bundles = bundles.map(|(bundle, image)| {
            let (upgrade, icon) = (bundle.upgrade(), bundle.icon());
            Uploaded::new(bundle.name(), bundle.fbc(image), upgrade, icon)
        });
        Upload {
            default_channel: package.default,
            lists_all_channels: package.form == Form::Package,
            channels: package.channels,
            bundles: bundles.collect(),
        }
    }
}

impl Uploaded {
    fn new(name: &str, bundle: Json, upgrade: &Upgrade, icon: Option<&Json>) -> Self {
        Uploaded {
            bundle,
            entry: Entry {
                name: name.to_owned(),
                replaces: upgrade.replaces.clone(),
                skips: upgrade.skips.clone(),
                skip_range: upgrade.skip_range.clone(),
            },
            icon: icon.filter(|icon| is_readable(icon)).cloned(),
        }
    }
}

/// Whether opm reads an icon; one that it does not read would stop the whole catalog.
fn is_readable(icon: &Json) -> bool {
    let data = icon["base64data"].as_str();
    data.is_some_and(|data| base64::check(data).is_ok())
}
