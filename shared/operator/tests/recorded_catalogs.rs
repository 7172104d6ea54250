//! What real opm says of 155 small catalogs, and 78 worked merges, compared with ours, where those recordings are
//! present: `../shared` beside the workspace.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::path::Path;

use omps_operator::CatalogLimits;
use omps_operator::catalog::{Entry, Package, Refusal, Upload, Uploaded, check, read_objects};
use serde_json::Value;

fn rows(name: &str) -> Option<Vec<Value>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/catalogs");
    let Ok(text) = std::fs::read_to_string(path.join(name)) else {
        eprintln!("SKIPPED: {} has no recordings", path.display());
        return None;
    };
    let rows = text.lines().map(|line| serde_json::from_str(line).unwrap());
    Some(rows.collect())
}

/// The leaves of a message as opm prints it.
fn leaves(message: &str) -> BTreeSet<String> {
    if !message.starts_with("invalid index:\n") {
        return BTreeSet::from([message.to_owned()]);
    }
    let depth = |line: &str| line.find("── ").unwrap_or(0);
    let lines: Vec<&str> = message.lines().collect();
    let last = lines.len() - 1;
    let leaves = lines
        .iter()
        .enumerate()
        .filter(|(index, line)| *index == last || depth(lines[index + 1]) <= depth(line));
    leaves
        .map(|(_, line)| line.split_once("── ").unwrap().1.to_owned())
        .collect()
}

fn leaves_of(refusal: &Refusal) -> BTreeSet<String> {
    refusal.leaves().into_iter().map(str::to_owned).collect()
}

fn text_of(row: &Value) -> String {
    match row["raw"].as_str() {
        Some(raw) => raw.to_owned(),
        None => {
            let objects = row["fbc"].as_array().unwrap().iter();
            objects.map(|object| format!("{object}\n")).collect()
        }
    }
}

#[test]
fn every_recorded_verdict_and_message_is_opm_s() {
    let Some(rows) = rows("validate.jsonl") else {
        return;
    };
    let mut wrong = Vec::new();
    for row in &rows {
        let found = match read_objects(text_of(row).as_bytes(), &CatalogLimits::default()) {
            Ok(objects) => check(&objects).map_err(|refusal| leaves_of(&refusal)),
            Err(error) => Err(BTreeSet::from([error.to_string()])),
        };
        let wanted = match row["error"].as_str() {
            None => Ok(()),
            Some(error) => Err(leaves(error)),
        };
        let fits = match row["kind"] == "document" {
            true => found.is_ok() == wanted.is_ok(),
            false => found == wanted,
        };
        if !fits {
            wrong.push(format!("{}: {found:?}, not {wanted:?}", row["id"]));
        }
    }
    assert!(!rows.is_empty());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn upload_of(row: &Value) -> Upload {
    let upload = &row["upload"];
    let texts = |value: &Value| -> Vec<String> {
        let items = value.as_array().into_iter().flatten();
        items
            .map(|item| item.as_str().unwrap().to_owned())
            .collect()
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let channels = upload["channels"].as_array().unwrap().iter();
    let bundles = upload["bundles"].as_array().unwrap().iter();
    Upload {
        default_channel: text(&upload["defaultChannel"]),
        lists_all_channels: upload["form"] == "package",
        channels: channels
            .map(|channel| (text(&channel["name"]).unwrap(), texts(&channel["roots"])))
            .collect(),
        bundles: bundles
            .map(|bundle| Uploaded {
                entry: Entry {
                    name: text(&bundle["bundle"]["name"]).unwrap(),
                    replaces: text(&bundle["replaces"]),
                    skips: texts(&bundle["skips"]),
                    skip_range: text(&bundle["skipRange"]),
                },
                bundle: bundle["bundle"].clone(),
                icon: bundle.get("icon").cloned(),
            })
            .collect(),
    }
}

fn objects(value: &Value) -> Vec<Value> {
    value.as_array().unwrap().clone()
}

fn difference(row: &Value) -> Option<String> {
    if let Some(parts) = row["parts"].as_array() {
        let all: Vec<Value> = parts.iter().flat_map(objects).collect();
        let is_whole = all == objects(&row["result"]) && check(&all).is_ok();
        return (!is_whole).then(|| "parts".to_owned());
    }
    let upload = &row["upload"];
    let present = objects(&row["present"]);
    let name = upload["package"]
        .as_str()
        .or(present.first().and_then(|first| first["name"].as_str()));
    let present = Package::of_objects(name.unwrap(), present.clone()).unwrap();
    if let Some(names) = row["delete"].as_array() {
        let names: Vec<String> = names
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect();
        let deleted = present.delete(&names);
        let fits = deleted.package.objects() == objects(&row["result"])
            && Value::from(deleted.kept.clone()) == row["kept"];
        return (!fits).then(|| format!("{deleted:?}"));
    }
    let merged = match present.merge(&upload_of(row)) {
        Err(refused) => {
            let wanted = row["refused"]["message"].as_str().map(leaves);
            let fits = Some(leaves_of(&refused.refusal)) == wanted;
            return (!fits).then(|| refused.to_string());
        }
        Ok(merged) => merged,
    };
    let named = |rule: &str, names: &Value| format!("{rule} {names}");
    let warnings = merged.warnings.iter();
    let warnings: BTreeSet<String> = warnings
        .map(|warning| named(warning.rule, &Value::from(warning.names.clone())))
        .collect();
    let wanted = row["warnings"].as_array().into_iter().flatten();
    let wanted: BTreeSet<String> = wanted
        .map(|warning| named(warning["rule"].as_str().unwrap(), &warning["names"]))
        .collect();
    let again = merged.package.merge(&upload_of(row)).unwrap().package;
    let fits = row["result"].as_array() == Some(&merged.package.objects())
        && warnings == wanted
        && again == merged.package
        && Package::read(
            merged.package.name(),
            &merged.package.bytes(),
            &CatalogLimits::default(),
        )
        .unwrap()
            == merged.package;
    (!fits).then(|| format!("{warnings:?} {:?}", merged.package.objects()))
}

#[test]
fn every_worked_merge_comes_out_as_worked() {
    let Some(rows) = rows("merges.jsonl") else {
        return;
    };
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|row| difference(row).map(|found| format!("{}: {found}", row["id"])))
        .collect();
    assert!(!rows.is_empty());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
