//! What a release brings to its package: roots of channels, bundles and their edges.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::base64;
use super::package::Entry;
use crate::bundle_image::{Bundle, Release};

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
    /// What a release brings, whose bundles are in a repository such as `quay.io/org/etcd`.
    #[must_use]
    pub fn of_release(release: &Release, repository: &str) -> Self {
        let bundles = release.bundles.iter();
        Upload {
            default_channel: release.default_channel.clone(),
            lists_all_channels: release.lists_all_channels(),
            channels: release.channels.clone(),
            bundles: bundles
                .map(|bundle| Uploaded::of(bundle, repository))
                .collect(),
        }
    }
}

impl Uploaded {
    /// The image is named by the digest of the bundle: the release's changes with its number.
    fn of(bundle: &Bundle, repository: &str) -> Self {
        let upgrade = bundle.upgrade();
        Uploaded {
            bundle: bundle.fbc(&format!("{repository}@{}", bundle.manifest.digest)),
            entry: Entry {
                name: bundle.name.clone(),
                replaces: upgrade.replaces.clone(),
                skips: upgrade.skips.clone(),
                skip_range: upgrade.skip_range.clone(),
            },
            icon: bundle.icon().filter(|icon| is_readable(icon)).cloned(),
        }
    }
}

/// Whether opm reads an icon; one that it does not read would stop the whole catalog.
fn is_readable(icon: &Json) -> bool {
    let data = icon["base64data"].as_str();
    data.is_some_and(|data| base64::check(data).is_ok())
}
