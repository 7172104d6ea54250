//! Real operators in a catalog: all at once, and version by version.

use std::collections::BTreeMap;

use omps_operator::CatalogLimits;
use omps_operator::bundle_image::Release;
use omps_operator::catalog::{Package, Upload, check};

use super::{Files, files_below, release, rows, shared};

/// Real operators that omps pushes: the others are refused before a catalog is asked.
fn accepted() -> Option<Vec<(String, Release)>> {
    let shared = shared()?;
    let packages = rows(&shared.join("bundles/packages.jsonl")).into_iter();
    let accepted = packages.filter(|package| package["expect"] == "accepted");
    let releases = accepted.map(|package| {
        let case = package["case"].as_str().unwrap();
        let mut files = Files::new();
        files_below(&shared.join("corpus/cases").join(case), "", &mut files);
        (case.to_owned(), release(&files).unwrap())
    });
    Some(releases.collect())
}

fn upload_of(release: &Release) -> Upload {
    Upload::of_release(release, |bundle| {
        let digest = &bundle.manifest.digest;
        Some(format!("quay.io/org/{}@{digest}", release.package))
    })
}

/// Pushes the bundles one by one into the default channel. Whether one was refused.
fn meets_a_refusal(release: &Release) -> bool {
    let whole = upload_of(release);
    let default = release.default_channel.clone().unwrap();
    let mut package = Package::empty(&release.package);
    for bundle in whole.bundles {
        let root = bundle.entry.name.clone();
        let step = Upload {
            default_channel: Some(default.clone()),
            lists_all_channels: false,
            channels: BTreeMap::from([(default.clone(), vec![root])]),
            bundles: vec![bundle],
        };
        match package.merge(&step) {
            Ok(merged) => package = merged.package,
            Err(_) => return true,
        }
    }
    false
}

#[test]
fn every_real_operator_is_clean_in_a_catalog() {
    let Some(releases) = accepted() else { return };
    for (case, release) in &releases {
        let merged = Package::empty(&release.package).merge(&upload_of(release));
        let merged = merged.unwrap_or_else(|refused| panic!("{case}: {refused}"));
        let package = merged.package;
        assert_eq!(check(&package.objects()), Ok(()), "{case}");
        for (channel, roots) in &release.channels {
            assert_eq!(package.head(channel), Some(roots[0].as_str()), "{case}");
        }
        let again = package.merge(&upload_of(release)).unwrap().package;
        assert_eq!(again.bytes(), package.bytes(), "{case}");
        let back =
            Package::read(package.name(), &package.bytes(), &CatalogLimits::default()).unwrap();
        assert_eq!(back, package, "{case}");
    }
    assert_eq!(releases.len(), 37);
}

#[test]
fn version_by_version_two_real_operators_meet_a_refusal() {
    let Some(releases) = accepted() else { return };
    let refused = releases
        .iter()
        .filter(|(_, release)| meets_a_refusal(release));
    let refused: Vec<&str> = refused.map(|(case, _)| case.as_str()).collect();
    assert_eq!(refused, ["co.apicurio-registry.flat", "uco.nfd-operator"]);
}
