//! A CSV → `bundle.yaml` → the CSV again: what a flat push writes is what was read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omps_operator::archive::Files;
use omps_operator::courier_bundle;
use omps_operator::manifests::Manifests;
use omps_operator::yaml::{Budget, Value, YamlVersion, read};
use omps_fuzz::{as_csv, budget, let_the_parser_panic, same};

const PACKAGE: &[u8] = b"packageName: a\nchannels: [{name: b, currentCSV: c}]\n";

fuzz_target!(init: let_the_parser_panic(), |bytes: &[u8]| {
    let csv = as_csv(bytes);
    let Ok(before) = read(&csv, YamlVersion::V1_1, &mut budget()) else {
        return;
    };
    let files = Files::from([
        ("p.yaml".to_owned(), PACKAGE.to_vec()),
        ("c.yaml".to_owned(), csv),
    ]);
    let Ok(manifests) = Manifests::read(&files, &mut budget()) else {
        return;
    };
    let _verdict = manifests.verdict("a").validation_info();
    let bundle =
        courier_bundle::write(&manifests, files).expect("what was read can be written");

    let text = &bundle["bundle.yaml"];
    let shown = String::from_utf8_lossy(text);
    let mut budget = Budget::default();
    let root =
        read(text, YamlVersion::V1_1, &mut budget).unwrap_or_else(|error| panic!("{error} in {shown:?}"));
    let list = root
        .get("data")
        .and_then(|data| data.get("clusterServiceVersions"));
    let list = list.and_then(|list| list.as_str()).expect("a text");
    let list = read(list.as_bytes(), YamlVersion::V1_1, &mut budget)
        .unwrap_or_else(|error| panic!("{error} in {shown:?}"));
    let Value::Sequence(items) = &list.value else {
        panic!("no list: {shown:?}")
    };
    assert_eq!(items.len(), 1, "{shown:?}");
    // A description that is not text becomes text.
    let description = before.get("spec").and_then(|spec| spec.get("description"));
    if description.is_none_or(|description| description.as_str().is_some()) {
        assert!(same(&before.value, &items[0].value), "{shown:?}");
    }
});
