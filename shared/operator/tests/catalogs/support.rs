//! A small package, and what is uploaded to it.

use std::collections::BTreeMap;

use omps_operator::catalog::{Entry, Package, Upload, Uploaded};
use serde_json::json;

pub(crate) fn uploaded(version: &str, replaces: Option<&str>) -> Uploaded {
    let name = format!("p.v{version}");
    let image = format!("quay.io/org/p@sha256:{}", "a".repeat(64));
    let package = json!({"type": "olm.package", "value": {"packageName": "p", "version": version}});
    Uploaded {
        bundle: json!({
            "schema": "olm.bundle", "name": name, "package": "p", "image": image,
            "properties": [package],
        }),
        entry: Entry {
            name,
            replaces: replaces.map(str::to_owned),
            skips: Vec::new(),
            skip_range: None,
        },
        icon: None,
    }
}

pub(crate) fn upload(root: &str, bundles: Vec<Uploaded>) -> Upload {
    Upload {
        default_channel: Some("stable".into()),
        lists_all_channels: true,
        channels: BTreeMap::from([("stable".into(), vec![root.into()])]),
        bundles,
    }
}

pub(crate) fn first() -> Package {
    let upload = upload("p.v1.0.0", vec![uploaded("1.0.0", None)]);
    Package::empty("p").merge(&upload).unwrap().package
}

/// A package with a chain of versions.
pub(crate) fn chain(count: u64) -> Package {
    let version = |number: u64| format!("1.{number}.0");
    let bundles = (0..count).map(|number| {
        let before = number
            .checked_sub(1)
            .map(|number| format!("p.v{}", version(number)));
        uploaded(&version(number), before.as_deref())
    });
    let upload = upload(&format!("p.v{}", version(count - 1)), bundles.collect());
    Package::empty("p").merge(&upload).unwrap().package
}
